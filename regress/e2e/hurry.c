/* SPDX-License-Identifier: ISC */
/*
 * Linked with the daemon in place of two functions of the C library, for the
 * tests of what takes a minute: its clock runs HURRY times as fast.
 */

#include <sys/epoll.h>

#include <time.h>

#ifndef HURRY
#define HURRY	20	/* as in lib/Msmtpd/Clients.pm */
#endif

int	__real_clock_gettime(clockid_t, struct timespec *);
int	__real_epoll_pwait(int, struct epoll_event *, int, int,
	    const sigset_t *);
int	__wrap_clock_gettime(clockid_t, struct timespec *);
int	__wrap_epoll_pwait(int, struct epoll_event *, int, int,
	    const sigset_t *);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	long long	 ns;

	if (__real_clock_gettime(clock, ts) == -1)
		return (-1);
	if (clock != CLOCK_MONOTONIC)
		return (0);
	ns = (long long)ts->tv_nsec * HURRY;
	ts->tv_sec = ts->tv_sec * HURRY + (time_t)(ns / 1000000000);
	ts->tv_nsec = (long)(ns % 1000000000);
	return (0);
}

int
__wrap_epoll_pwait(int fd, struct epoll_event *events, int max, int ms,
    const sigset_t *mask)
{
	if (ms > 0)
		ms = (ms + HURRY - 1) / HURRY;
	return (__real_epoll_pwait(fd, events, max, ms, mask));
}
