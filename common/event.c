/* SPDX-License-Identifier: ISC */
/* event: the event loop, of epoll(7) and a tree of timers. */

#include <sys/epoll.h>

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "event.h"
#include "log.h"

#define BATCH_MAX	64	/* events taken from the kernel at once */

static int			 epfd = -1;
static int			 leaving;
static int64_t			 now = 1;

/* What epoll_pwait(2) has reported; event_del() clears entries. */
static struct epoll_event	 batch[BATCH_MAX];
static int			 nbatch;

/* The timers that are set, by time; those of the same time in the order in
 * which they were set. */
static RB_HEAD(timers, timer)	 timers = RB_INITIALIZER(&timers);
static uint64_t			 norder;

static int
timer_cmp(const struct timer *a, const struct timer *b)
{
	if (a->at != b->at)
		return (a->at < b->at ? -1 : 1);
	return (a->order < b->order ? -1 : a->order > b->order);
}

RB_PROTOTYPE(timers, timer, entry, timer_cmp)
RB_GENERATE(timers, timer, entry, timer_cmp)

void
timer_set(struct timer *t, int64_t ms, void (*fn)(void *), void *arg)
{
	timer_clear(t);
	t->fn = fn;
	t->arg = arg;
	if (ms <= 0)
		t->at = now;
	else
		t->at = ms < INT64_MAX - now ? now + ms : INT64_MAX;
	t->order = norder++;
	RB_INSERT(timers, &timers, t);
}

void
timer_clear(struct timer *t)
{
	if (t->at == 0)
		return;
	RB_REMOVE(timers, &timers, t);
	t->at = 0;
}

/* Run the timers that are due, but none that is set meanwhile: a timer that
 * sets itself again at once must not keep descriptors from their turn. */
static void
run_timers(void)
{
	const uint64_t	 end = norder;
	struct timer	*t;

	while (!leaving && (t = RB_MIN(timers, &timers)) != NULL &&
	    t->at <= now && t->order < end) {
		timer_clear(t);
		t->fn(t->arg);
	}
}

int
event_init(void)
{
	now = clock_ms();
	epfd = epoll_create1(EPOLL_CLOEXEC);
	return (epfd == -1 ? -1 : 0);
}

int
event_add(struct event *ev, int fd, uint32_t events,
    void (*fn)(int, uint32_t, void *), void *arg)
{
	struct epoll_event	 ee = { .events = events, .data.ptr = ev };

	ev->fn = fn;
	ev->arg = arg;
	ev->events = events;
	ev->fd = -1;
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ee) == -1)
		return (-1);
	ev->fd = fd;
	return (0);
}

void
event_mod(struct event *ev, uint32_t events)
{
	struct epoll_event	 ee = { .events = events, .data.ptr = ev };

	if (ev->fd != -1 && ev->events == events)
		return;
	if (epoll_ctl(epfd, EPOLL_CTL_MOD, ev->fd, &ee) == -1)
		fatal("epoll_ctl: descriptor %d", ev->fd);
	ev->events = events;
}

void
event_del(struct event *ev)
{
	int	 i;

	if (ev->fd == -1)
		return;
	/* A failure means that fd was closed too early.  If a copy of fd is
	 * open elsewhere, epoll would report to memory that is freed. */
	if (epoll_ctl(epfd, EPOLL_CTL_DEL, ev->fd, NULL) == -1)
		fatal("epoll_ctl: descriptor %d", ev->fd);
	ev->fd = -1;
	for (i = 0; i < nbatch; i++) {
		if (batch[i].data.ptr == ev)
			batch[i].data.ptr = NULL;
	}
}

int64_t
event_now(void)
{
	return (now);
}

static int
wait_ms(void)
{
	const struct timer	*t;
	int64_t			 ms;

	if ((t = RB_MIN(timers, &timers)) == NULL)
		return (-1);
	/* The last turn may have taken long: now is too old. */
	ms = t->at - clock_ms();
	if (ms <= 0)
		return (0);
	return (ms < INT_MAX ? (int)ms : INT_MAX);
}

static void
run_events(void)
{
	struct event	*ev;
	uint32_t	 events;
	int		 i;

	for (i = 0; i < nbatch && !leaving; i++) {
		if ((ev = batch[i].data.ptr) == NULL)
			continue;
		/* event_mod() may have been called since epoll_pwait(2). */
		events = batch[i].events & (ev->events | EPOLLERR | EPOLLHUP);
		if (events != 0)
			ev->fn(ev->fd, events, ev->arg);
	}
	nbatch = 0;
}

int
event_turn(void)
{
	int	 n;

	if (!leaving) {
		/* The call of all architectures and C libraries, which so
		 * is one row in the tables of sandbox_*.c. */
		n = epoll_pwait(epfd, batch, BATCH_MAX, wait_ms(), NULL);
		if (n == -1 && errno != EINTR)
			return (-1);
		nbatch = n == -1 ? 0 : n;
		now = clock_ms();
		run_timers();
		run_events();
	}
	if (!leaving)
		return (1);
	leaving = 0;
	return (0);
}

int
event_loop(void)
{
	int	 n;

	while ((n = event_turn()) == 1)
		continue;
	return (n);
}

void
event_exit(void)
{
	leaving = 1;
}
