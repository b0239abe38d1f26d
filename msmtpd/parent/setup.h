/* SPDX-License-Identifier: ISC */
/* setup: all that parent decides and opens before its children start. */

#ifndef SETUP_H
#define SETUP_H

#include "mail/command.h"
#include "identity.h"
#include "listen.h"
#include "msmtpd.h"
#include "options.h"
#include "proc.h"
#include "rules.h"

struct setup {
	struct options	 options;
	struct command	 command;	/* resolved */
	struct rules	 rules;		/* of --rules */
	struct listeners listeners;	/* with --inetd descriptors 0 and 1 */
	struct identity	*users;		/* by enum proc_user; NULL: not
					 * started as root */
	bool		 root;
	char		*names;		/* names_list() */
	size_t		 names_len;
	struct config	 conf[PROC_MAX];	/* each child's settings */
	char		**env[PROC_MAX];	/* and environment */
};

/*
 * setup_options: read the command line, resolve the command and the users.
 * --help, --version, --print-sandbox and --check end here.  An error ends the
 * process with the status that the manual's EXIT STATUS names.
 */
void	setup_options(struct setup *, int, char **);

/*
 * setup_resources: open the log, fetch the password, bind the listeners,
 * reach the service manager.  An error ends the process the same way.  With
 * --inetd no descriptor above 2 may be in use before: it is closed.
 */
void	setup_resources(struct setup *);

#endif
