/* SPDX-License-Identifier: ISC */
/*
 * Linked into a daemon of its own (ld's --wrap): a wall clock that is set
 * back by a quarter of an hour each time it is read.  The monotonic clock is
 * left alone.
 */

#include <time.h>

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
