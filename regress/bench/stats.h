/* SPDX-License-Identifier: ISC */

#ifndef STATS_H
#define STATS_H

#include <stddef.h>
#include <stdint.h>

/* What load, limit, memfd_loop and start have in common: options, a clock and
 * a report. */
struct stats {
	uint64_t	*ns;		/* a latency each */
	size_t		 n, max;
	uint64_t	 begin, end;	/* of the measurement, ns */
	size_t		 size;		/* octets of a mail */
};

/* stats_now: CLOCK_MONOTONIC in ns. */
uint64_t stats_now(void);

/* stats_init: room for max latencies; exits where there is no memory. */
void	stats_init(struct stats *, size_t max, size_t size);

/* stats_add: one mail took ns nanoseconds. */
void	stats_add(struct stats *, uint64_t ns);

/* stats_print: one line on standard output, as JSON where that was asked for.
 * Sorts. */
void	stats_print(struct stats *);

/* An option --name=N, from 1 to max; with max 0 --name, which sets 1. */
struct stats_option {
	const char	*name;
	size_t		*value;
	size_t		 max;
};

/* stats_options: take the options at the beginning of argv, and --json, which
 * all have.  The table ends with a NULL name.  Returns the index of the first
 * other word; where there is a wrong option it exits with 2 and the usage. */
int	stats_options(int argc, char **argv, const struct stats_option *,
	    const char *usage);

/* stats_message: a mail of size octets with CRLF line ends and, behind it,
 * the final ".\r\n".  Its length without that is size. */
char	*stats_message(size_t size);

#endif
