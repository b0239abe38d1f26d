/* SPDX-License-Identifier: ISC */

/* test_clock: the event loop's clock, for tests of what takes minutes. */

#include <sys/epoll.h>
#include <sys/syscall.h>

#include <err.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "clock.h"
#include "event.h"
#include "test_clock.h"

static int64_t	 now = 1;

/* In place of common/clock.c. */
int64_t
clock_ms(void)
{
	return (now);
}

/* In place of the C library's. */
int
epoll_pwait(int fd, struct epoll_event *events, int max, int ms,
    const sigset_t *mask)
{
	int	 n;

	(void)mask;
	n = (int)syscall(SYS_epoll_pwait, fd, events, max, 0, NULL, 0);
	if (n == 0 && ms == -1)
		errx(1, "the event loop would wait for ever");
	if (n == 0)
		now += ms;
	return (n);
}

static void
passed(void *arg)
{
	*(bool *)arg = true;
}

void
test_clock_pass(int64_t ms)
{
	struct timer	 t = { 0 };
	bool		 done = false;

	timer_set(&t, ms, passed, &done);
	while (!done) {
		if (event_turn() == -1)
			err(1, "event_turn");
	}
}
