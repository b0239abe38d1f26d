/* SPDX-License-Identifier: ISC */
/* clock: the monotonic clock. */

#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* clock_ms: CLOCK_MONOTONIC in whole milliseconds, never 0.  Fatal where a
 * filter refuses clock_gettime(2). */
int64_t	clock_ms(void);

#endif
