/* SPDX-License-Identifier: ISC */
/* kinds: how an option takes its argument, and how --check prints its value. */

#ifndef KINDS_H
#define KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "settings.h"

#define KINDS_GIB	(1024ULL * 1024 * 1024)

/* A letter that may follow a number, and what it multiplies the number by. */
struct unit {
	char		 letter;
	uint64_t	 factor;
};

struct row;

/* How an option takes its argument, and how --check prints its value. */
struct kind {
	/* Take arg (NULL for an option without one), or end the process with
	 * EX_USAGE and a message that begins with the option's name. */
	void	(*set)(struct options *, const struct row *, const char *arg);
	/* NULL: --check does not print the value, or setup.c prints what the
	 * value means on this machine. */
	void	(*print)(const struct options *, const struct row *, FILE *);
	const struct unit *units;	/* the largest first; NULL: none */
	const char	*hint;	/* ends a message that refuses arg, or NULL */
	bool	 listens;	/* means nothing with --inetd */
};

/* An option: all that the parser, --help and --check know about it. */
struct row {
	const char	*group;		/* --help begins a group, else "" */
	const char	*name;
	const char	*argument;	/* as --help calls it; NULL: none */
	const struct kind *kind;
	size_t		 where;		/* the value in struct options ... */
	size_t		 size;		/* ... and its octets */
	uint64_t	 least, most;	/* a number, octets, or how often */
	const char	*def;		/* as an argument; NULL: none */
	const char	*help;
};

/* Each has no argument, a number (with a unit), a string, a path or a word. */
extern const struct kind	 kind_flag, kind_ask, kind_number, kind_size,
				 kind_port, kind_interface, kind_socket,
				 kind_mode, kind_string, kind_path,
				 kind_hostname, kind_word, kind_log, kind_auth;

#endif
