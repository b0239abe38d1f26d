/* SPDX-License-Identifier: ISC */
/* names: users and groups by name, asked for by a process of their own. */

#ifndef NAMES_H
#define NAMES_H

#include <sys/types.h>

#include <stddef.h>

#include "identity.h"

/*
 * names_open: start a process without privileges that looks up what the others
 * ask: as id where that is not NULL, else as we are.  What nsswitch.conf(5)
 * names is foreign code, which must not run in parent.
 * names_close: end it.
 */
void	names_open(const struct identity *);
void	names_close(void);

/* names_user: a user's uid.  Returns 0, or -1 where there is no such user.  A
 * lookup that fails ends the process with EX_OSERR, here and below. */
int	names_user(const char *name, uid_t *);

/*
 * names_group: the uids of all members of a group, those with it as their
 * primary group included, in ascending order, each once.  Returns their number
 * and allocates *uids (which may be NULL for 0), or returns -1 where there is
 * no such group.
 */
ssize_t	names_group(const char *name, uid_t **uids);

/*
 * names_list: users and their uids, in the order of the uids and as
 * IMSG_NAMES has them, *len octets.  Where there are more than
 * MSMTPD_USERS_MAX users, or MSMTPD_NAMES_MAX octets of them, the rest is left
 * out.  Allocated; NULL where there are none, or, with a line in the log, where
 * they cannot be looked up.
 */
char	*names_list(size_t *len);

#endif
