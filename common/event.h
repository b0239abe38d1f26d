/* SPDX-License-Identifier: ISC */

#ifndef EVENT_H
#define EVENT_H

#include <sys/tree.h>

#include <stdint.h>

/*
 * The event loop: level-triggered epoll(7) and monotonic timers.  There is
 * one per process.  Descriptors and timers live in their user's structs;
 * nothing is allocated after event_init().
 *
 * What differs from libevent's functions of the same name: event_add() also
 * does what event_set() does there, takes epoll's events instead of a
 * timeout, and watches until event_del(), however often it reports;
 * event_loop() takes no flags.
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
	uint64_t	  order;	/* of those at the same time */
	RB_ENTRY(timer)	  entry;
};

/* event_init: start the loop's state.  Returns 0, or -1 with errno of
 * epoll_create1(2). */
int	event_init(void);

/*
 * event_add: watch fd for events (0 is allowed: only EPOLLERR and EPOLLHUP)
 * and call fn with what came.  Returns 0, or -1 with errno of epoll_ctl(2)
 * (ENOMEM, ENOSPC; EPERM for a regular file).
 */
int	event_add(struct event *, int fd, uint32_t events,
	    void (*)(int, uint32_t, void *), void *);

/* event_mod: watch for other events; no system call where they are the same.
 * fatal on failure: none is possible on a watched descriptor but ENOMEM. */
void	event_mod(struct event *, uint32_t events);

/*
 * event_del: stop watching, before the descriptor is closed.  Of what epoll
 * has already reported nothing more is called, so the struct may be freed.
 * No-op where it is not watched; a zeroed struct must have fd set to -1.
 */
void	event_del(struct event *);

/*
 * timer_set: call fn(arg) once, ms milliseconds after event_now() or as soon
 * as possible for ms <= 0; moves a timer that is set already.  Those that are
 * due at the same millisecond run in the order in which they were set.  A
 * timer is zeroed before its first use.
 */
void	timer_set(struct timer *, int64_t ms, void (*)(void *), void *);

/* timer_clear: do not call it.  No-op where it is not set. */
void	timer_clear(struct timer *);

/* event_now: CLOCK_MONOTONIC in ms as of the loop's last wake-up, never 0. */
int64_t	event_now(void);

/*
 * event_turn: one turn of the loop: wait, run the timers that are due, then
 * what descriptors have reported.  Returns 1, 0 once event_exit() has been
 * called (by what ran in this turn, or before it, and then nothing runs), or
 * -1 with errno of epoll_wait(2).
 * event_loop: turns until one does not return 1.  Returns its 0 or -1.
 */
int	event_turn(void);
int	event_loop(void);

/* event_exit: let the turn that runs be the last; nothing more is called. */
void	event_exit(void);

#endif
