/* SPDX-License-Identifier: ISC */
/* sandbox_parent: what parent may do, and how it gives up the rest. */

#ifndef SANDBOX_PARENT_H
#define SANDBOX_PARENT_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox.h"

/* waitid(2): <sys/wait.h> of glibc before 2.36 has not got it. */
#ifndef P_PIDFD
#define P_PIDFD		3
#endif

/* Conditions of rows. */
#define SANDBOX_FILE	0x1U	/* --log=FILE */
#define SANDBOX_SYSLOG	0x2U	/* --log=syslog */

extern const struct sandbox_rule	 parent_rules[];
extern const size_t			 parent_rules_n;

/* What the log needs of a confined parent. */
struct sandbox_log {
	const char	*file;		/* --log=FILE: absolute path; or NULL */
	bool		 syslog;	/* --log=syslog: reconnects */
};

/*
 * sandbox_parent: give up what parent does not need once its children are up
 * and its listeners are passed on: see sandbox_enter.h.  Fatal on failure.
 */
void	sandbox_parent(const struct sandbox_log *);

#endif
