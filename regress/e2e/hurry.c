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

#include <sys/epoll.h>

#include <time.h>

/*
 * Linked with the daemon in place of two functions of the C library, for the
 * tests of what takes a minute: its clock runs HURRY times as fast.
 */

#ifndef HURRY
#define HURRY	20	/* as in lib/Msmtpd/Clients.pm */
#endif

int	__real_clock_gettime(clockid_t, struct timespec *);
int	__real_epoll_wait(int, struct epoll_event *, int, int);
int	__wrap_clock_gettime(clockid_t, struct timespec *);
int	__wrap_epoll_wait(int, struct epoll_event *, int, int);

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
__wrap_epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	if (ms > 0)
		ms = (ms + HURRY - 1) / HURRY;
	return (__real_epoll_wait(fd, events, max, ms));
}
