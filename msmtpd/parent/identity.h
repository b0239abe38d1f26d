/* SPDX-License-Identifier: ISC */
/* identity: the users that children become, and their environments. */

#ifndef IDENTITY_H
#define IDENTITY_H

#include <sys/types.h>

#include "msmtpd.h"

/* A user that a child becomes. */
struct identity {
	uid_t		 uid;
	gid_t		 gid;
	uint32_t	 ngroups;
	gid_t		 groups[MSMTPD_GROUPS_MAX];
	char		 name[64];
	char		 home[512];
	char		 shell[512];
};

/*
 * identity_lookup: fill in id from the user database.  Where there is no such
 * user, or its uid is 0, the process ends with EX_NOUSER and an error that
 * names option and, for a missing user, useradd(8) with useradd_args.
 */
void	identity_lookup(struct identity *, const char *name,
	    const char *option, const char *useradd_args);

/*
 * identity_env: a fresh environment for a command run as id: PATH, TZ and
 * LANG of the daemon (PATH has a default), HOME, USER, LOGNAME, SHELL of id,
 * and LANGUAGE=en, so that gettext(3) translates nothing.
 * Allocated; fatal where there is no memory.
 */
char	**identity_env(const struct identity *);

/*
 * identity_passthrough: the environment as it is, without what a service
 * manager has said to the daemon only, and with LANGUAGE=en.
 */
char	**identity_passthrough(void);

#endif
