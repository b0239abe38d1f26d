/* SPDX-License-Identifier: ISC */

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
static void			(*atturn)(void);

/* What epoll_wait(2) has reported; event_del() takes entries out again. */
static struct epoll_event	 batch[BATCH_MAX];
static int			 nbatch;

/*
 * Timers are two heaps.  While due timers run, those that are set go to
 * fresh, so that one which sets itself again for now lets descriptors have
 * their turn first.
 */
static struct timer		*root, *fresh;
static int			 in_timers;

/*
 * A pairing heap.  Of siblings, next is the following one; prev is the one
 * before, or the parent where there is none; NULL for the root.
 */
static struct timer *
heap_meld(struct timer *a, struct timer *b)
{
	struct timer	*t;

	if (a == NULL)
		return (b);
	if (b == NULL)
		return (a);
	if (b->at < a->at) {
		t = a;
		a = b;
		b = t;
	}
	b->prev = a;
	b->next = a->child;
	if (b->next != NULL)
		b->next->prev = b;
	a->child = b;
	return (a);
}

/* Make one heap of a list of siblings: pairs first, then all from the last
 * pair back.  No recursion: the list may be as long as there are timers. */
static struct timer *
heap_combine(struct timer *first)
{
	struct timer	*a, *b, *pairs = NULL, *heap = NULL;

	while ((a = first) != NULL) {
		b = a->next;
		first = b != NULL ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b != NULL)
			b->next = b->prev = NULL;
		a = heap_meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while ((a = pairs) != NULL) {
		pairs = a->next;
		a->next = NULL;
		heap = heap_meld(heap, a);
	}
	return (heap);
}

/* Take t out; what was below it takes its place, in the same heap. */
static void
heap_remove(struct timer *t)
{
	struct timer	*sub;

	sub = heap_combine(t->child);
	if (t == root)
		root = sub;
	else if (t == fresh)
		fresh = sub;
	else {
		if (sub == NULL)
			sub = t->next;
		else if ((sub->next = t->next) != NULL)
			sub->next->prev = sub;
		if (sub != NULL)
			sub->prev = t->prev;
		if (t->prev->child == t)
			t->prev->child = sub;
		else
			t->prev->next = sub;
	}
	t->child = t->next = t->prev = NULL;
}

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
	if (in_timers)
		fresh = heap_meld(fresh, t);
	else
		root = heap_meld(root, t);
}

void
timer_clear(struct timer *t)
{
	if (t->at == 0)
		return;
	heap_remove(t);
	t->at = 0;
}

static void
run_timers(void)
{
	struct timer	*t;

	in_timers = 1;
	while (!leaving && (t = root) != NULL && t->at <= now) {
		timer_clear(t);
		t->fn(t->arg);
	}
	in_timers = 0;
	root = heap_meld(root, fresh);
	fresh = NULL;
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
	/* A descriptor closed too early could still report to freed memory
	 * (where a copy of it is open elsewhere), hence fatal. */
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
	int64_t	 ms;

	if (root == NULL)
		return (-1);
	/* Not from now: the last turn may have taken long. */
	ms = root->at - clock_ms();
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
		/* event_mod() may have changed its mind since. */
		events = batch[i].events & (ev->events | EPOLLERR | EPOLLHUP);
		if (events != 0)
			ev->fn(ev->fd, events, ev->arg);
	}
	nbatch = 0;
}

int
event_loop(void)
{
	int	 n;

	while (!leaving) {
		n = epoll_wait(epfd, batch, BATCH_MAX, wait_ms());
		if (n == -1 && errno != EINTR)
			return (-1);
		nbatch = n == -1 ? 0 : n;
		now = clock_ms();
		run_timers();
		run_events();
		if (atturn != NULL)
			atturn();
	}
	leaving = 0;
	return (0);
}

/* Nothing more is called after it but the end of the turn. */
void
event_exit(void)
{
	leaving = 1;
}

void
event_atturn(void (*fn)(void))
{
	atturn = fn;
}
