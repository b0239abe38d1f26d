/* SPDX-License-Identifier: ISC */
/* users: the names of users, for the log. */

#ifndef USERS_H
#define USERS_H

#include <stddef.h>
#include <stdint.h>

/*
 * users_add: take an IMSG_NAMES that msg_check() has let pass.  It is fatal
 * where the uids do not ascend over all of them, where there are more than
 * MSMTPD_USERS_MAX users or MSMTPD_NAMES_MAX octets, and where there is no
 * memory.
 */
void	users_add(const void *, size_t);

/* users_name: the name of this uid, or NULL. */
const char *users_name(uint32_t uid);

#endif
