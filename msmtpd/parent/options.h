/* SPDX-License-Identifier: ISC */

#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "logger.h"
#include "msmtpd.h"

/* How printf(3) writes the name that begins a line of --check, so that values
 * are aligned. */
#define CHECK_NAME	"%-16s "

/* The arguments of an option that may be repeated. */
struct strings {
	const char	*v[MSMTPD_LISTENERS_MAX];
	size_t		 n;
};

/* The command line; each option is a row in options.c. */
struct options {
	struct config	 conf;		/* limits, chroot; no identity yet;
					 * hostname "" without --hostname */
	struct strings	 interfaces;	/* 1 and more */
	uint16_t	 port;		/* 0: the kernel chooses */
	bool		 address_given;	/* --interface or --port */
	const char	*command;
	enum logger_kind log;
	const char	*logfile;	/* LOGGER_FILE: its absolute path */
	const char	*user;
	const char	*privsep_user;
	bool		 user_given;	/* --user, --privsep-user, --chroot */
	char		*auth_user;	/* NULL: no --auth */
	const char	*passwordeval;	/* NULL: ask on the terminal */
	bool		 check;
	bool		 print_sandbox;
};

/*
 * options_parse: fill in the settings from the arguments, or their defaults.
 * --help and --version print and exit with 0; an unknown option, a malformed
 * or out-of-range number, an empty argument and a stray operand end the
 * process with EX_USAGE and a line that names the option.
 */
void	options_parse(struct options *, int, char **);

/* options_printed: what was asked for is on standard output: exit with 0, or
 * with EX_IOERR where it could not be written. */
void	options_printed(void) __attribute__((noreturn));

/* options_print: for --check: the settings in effect, one a line. */
void	options_print(const struct options *, FILE *);

#endif
