/* SPDX-License-Identifier: ISC */
/* Arguments that carry power, spelt out by hand: what the tables mean. */

#ifndef POWERS_H
#define POWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Calls whose arguments decide, and what the sandbox must say of them: written
 * down without the tables of the daemon, which could be wrong themselves.
 */
struct power {
	const char	*process;	/* policy's name, or "deliver" */
	const char	*call, *what;
	uint64_t	 args[6];
	bool		 allowed;
};

extern const struct power	 powers[];
extern const size_t		 npowers;

#endif
