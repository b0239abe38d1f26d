/*
 * Copyright (c) 2026 The msmtpd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#ifndef SETUP_H
#define SETUP_H

#include "command.h"
#include "identity.h"
#include "listen.h"
#include "msmtpd.h"
#include "options.h"

/* All that the parent decides and opens before it starts its children. */
struct setup {
	struct options	 options;
	struct command	 command;	/* resolved */
	struct listeners listeners;	/* with --inetd descriptors 0 and 1 */
	struct users {
		struct identity	 command, front;
	}		*users;		/* started as root */
	bool		 root;
	struct config	 front, deliver;	/* their settings */
	char		**front_env, **deliver_env;
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
