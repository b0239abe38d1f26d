/* SPDX-License-Identifier: ISC */
/*
 * Linked into a daemon of its own (ld's --wrap): the monotonic clock takes a
 * hundred times as long, so that a second's patience outlasts any test that
 * has to wait for its turn.
 */

#include <stdint.h>
#include <time.h>

#define SLOW	100
#define NANO	1000000000

int	__real_clock_gettime(clockid_t, struct timespec *);
int	__wrap_clock_gettime(clockid_t, struct timespec *);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	int64_t	 ns;
	int	 ret;

	ret = __real_clock_gettime(clock, ts);
	if (ret == 0 && clock == CLOCK_MONOTONIC) {
		ns = ((int64_t)ts->tv_sec * NANO + ts->tv_nsec) / SLOW;
		ts->tv_sec = ns / NANO;
		ts->tv_nsec = ns % NANO;
	}
	return (ret);
}
