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


#include <time.h>

/*
 * Linked into a daemon of its own (ld's --wrap): a wall clock that is set
 * back by a quarter of an hour each time it is read.  The monotonic clock is
 * left alone.
 */

#define STEP	900

int	__real_clock_gettime(clockid_t, struct timespec *);
int	__wrap_clock_gettime(clockid_t, struct timespec *);
time_t	__wrap_time(time_t *);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	static time_t	 back;
	int		 ret;

	ret = __real_clock_gettime(clock, ts);
	if (ret == 0 && clock == CLOCK_REALTIME)
		ts->tv_sec -= back += STEP;
	return (ret);
}

time_t
__wrap_time(time_t *t)
{
	struct timespec	 ts;

	if (__wrap_clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return ((time_t)-1);
	if (t != NULL)
		*t = ts.tv_sec;
	return (ts.tv_sec);
}
