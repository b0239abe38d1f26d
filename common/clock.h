/* SPDX-License-Identifier: ISC */

#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/*
 * clock_ms: CLOCK_MONOTONIC in whole milliseconds, never 0.  Fatal where
 * clock_gettime(2) is refused, which no kernel does by itself.
 */
int64_t	clock_ms(void);

#endif
