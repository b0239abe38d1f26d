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


#include <stdint.h>
#include <time.h>

/*
 * Linked into a daemon of its own (ld's --wrap): the monotonic clock takes a
 * hundred times as long, so that a second's patience outlasts any test that
 * has to wait for its turn.
 */

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
