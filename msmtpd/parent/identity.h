/* SPDX-License-Identifier: ISC */

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
 * identity_lookup: fill in id from the user database.  option is the option
 * that names the user, useradd_args what useradd(8) is to be given to create
 * it, both for the error, which ends the process with EX_NOUSER and that
 * command.  A user with uid 0 is refused the same way: the command never runs
 * as root.
 */
void	identity_lookup(struct identity *, const char *name,
	    const char *option, const char *useradd_args);

/*
 * identity_env: a fresh environment for a command run as id: PATH, TZ and
 * LANG of the daemon (PATH has a default), HOME, USER, LOGNAME, SHELL of id.
 * Allocated; fatal where there is no memory.
 */
char	**identity_env(const struct identity *);

/*
 * identity_passthrough: the environment as it is, without what a service
 * manager has said to the daemon only.
 */
char	**identity_passthrough(void);

#endif
