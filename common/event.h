/* SPDX-License-Identifier: ISC */
/* event: the event loop, of level-triggered epoll(7) and monotonic timers. */

#ifndef EVENT_H
#define EVENT_H

#include <sys/tree.h>

#include <stdint.h>

/*
 * A process has one event loop.  Descriptors and timers live in the structs of
 * their users; nothing is allocated after event_init().
 *
 * The functions differ from those of the same name in libevent: event_add()
 * also does what event_set() does there, takes the events of epoll_ctl(2)
 * instead of a timeout, and watches until event_del(), however often it
 * reports; event_loop() takes no flags.
 */
struct event {
	void	(*fn)(int fd, uint32_t events, void *arg);
	void	 *arg;
	int	  fd;		/* -1: not watched */
	uint32_t  events;	/* EPOLLIN, EPOLLOUT, ... */
};

struct timer {
	void		(*fn)(void *arg);
	void		 *arg;
	int64_t		  at;		/* ms of event_now(); 0: not set */
	uint64_t	  order;	/* among timers of the same time */
	RB_ENTRY(timer)	  entry;
};

/* event_init: prepare the loop.  Returns 0, or -1 with errno of
 * epoll_create1(2). */
int	event_init(void);

/*
 * event_add: watch fd for events (0: only EPOLLERR and EPOLLHUP) and call fn
 * with those that came.  Returns 0, or -1 with errno of epoll_ctl(2) (ENOMEM,
 * ENOSPC; EPERM for a regular file).
 */
int	event_add(struct event *, int fd, uint32_t events,
	    void (*)(int, uint32_t, void *), void *);

/* event_mod: watch for other events; no system call where they are the same.
 * A failure is fatal: on a watched descriptor only ENOMEM is possible. */
void	event_mod(struct event *, uint32_t events);

/*
 * event_del: stop watching; call it before the descriptor is closed.  fn is
 * not called again, not even for events that epoll has reported already, so
 * that the struct may be freed.  No-op where fd is -1 (not watched), to which
 * the fd of a new struct must be set.
 */
void	event_del(struct event *);

/*
 * timer_set: call fn(arg) once, ms milliseconds after event_now(), or as soon
 * as possible for ms <= 0; moves a timer that is set already.  Timers of the
 * same millisecond run in the order in which they were set.  A timer must be
 * zeroed before its first use.
 */
void	timer_set(struct timer *, int64_t ms, void (*)(void *), void *);

/* timer_clear: cancel a timer.  No-op where the timer is not set. */
void	timer_clear(struct timer *);

/* event_now: CLOCK_MONOTONIC in ms at the loop's last wake-up, never 0. */
int64_t	event_now(void);

/*
 * event_turn: one turn of the loop: wait, run the timers that are due, then
 * the callbacks of descriptors with events.  Returns 1; 0 after event_exit(),
 * without a turn where event_exit() was called before it; or -1 with errno of
 * epoll_pwait(2).
 * event_loop: take turns until event_turn() returns 0 or -1; returns that.
 */
int	event_turn(void);
int	event_loop(void);

/* event_exit: end the loop; no further callback of this turn is called. */
void	event_exit(void);

#endif
