/* SPDX-License-Identifier: ISC */

#ifndef STATS_H
#define STATS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What load, limit and memfd_loop have in common: a clock and a report. */
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

/* stats_print: one line, as JSON where json is not 0.  Sorts. */
void	stats_print(struct stats *, FILE *, int json);

/* stats_number: s as a number from 1 to max, or exits naming the option. */
size_t	stats_number(const char *option, const char *s, size_t max);

/* stats_message: a mail of size octets with CRLF line ends and, behind it,
 * the final ".\r\n".  Its length without that is size. */
char	*stats_message(size_t size);

#endif
