/* SPDX-License-Identifier: ISC */
/* settings: what the command line has said. */

#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logger.h"
#include "logins.h"
#include "msmtpd.h"

/* How printf(3) writes the name that begins a line of --check, so that values
 * are aligned. */
#define CHECK_NAME	"%-16s "

#define OPTIONS_CHROOT	"/var/empty/msmtpd"	/* --chroot's default */

/* The arguments of an option that may be repeated. */
struct strings {
	const char	*v[MSMTPD_LISTENERS_MAX];
	size_t		 n;
};

/* The command line; each option is a row in options.c. */
struct options {
	struct config	 conf;		/* limits, chroot; no identity yet;
					 * hostname "" without --hostname */
	struct strings	 interfaces;	/* none: --socket alone */
	uint32_t	 port;		/* to 65535; 0: the kernel chooses */
	struct strings	 sockets;	/* paths of UNIX sockets */
	uint32_t	 socket_mode;
	bool		 address_given;	/* --interface, --port or --socket */
	const char	*command;
	enum logger_kind log;
	const char	*logfile;	/* LOGGER_FILE: its absolute path */
	const char	*user;
	const char	*privsep_user;
	struct logins	 logins;	/* --auth */
	const char	*rules;		/* the file; NULL: no --rules */
	const char	*as;		/* what --check asks the rules; NULL */
	bool		 user_given;	/* --user, --privsep-user, --chroot */
	bool		 check;
	bool		 print_sandbox;
};

#endif
