/* SPDX-License-Identifier: ISC */

#ifndef CHILD_H
#define CHILD_H

#include "imsg.h"
#include "msmtpd.h"
#include "peer.h"

/* What front and deliver have in common: the parent, and how they start. */
extern struct peer	 child_parent;

/*
 * child_init: in a child that has just been executed: close what was
 * inherited but the two sockets, log to the parent under this name, start
 * the event loop and wait for the settings, which are checked.  Fatal on
 * failure.  At exit what still waits for the parent is sent, where it takes
 * it at once.
 */
void	child_init(const char *name, struct config *);

/* child_wait: before confinement: the parent's next message, which must be of
 * this type.  Fatal on failure. */
void	child_wait(struct imsg *, uint32_t type);

/*
 * child_run: tell the parent that we are confined and run the event loop,
 * handing its messages to dispatch.  The process ends with *status after
 * event_exit(), and when the parent is gone.
 */
void	child_run(void (*dispatch)(struct imsg *), const int *status)
	    __attribute__((noreturn));

/* child_empty: fatal unless the message has neither body nor descriptor. */
void	child_empty(const struct imsg *);

/* child_pong: answer a ping. */
void	child_pong(const struct imsg *);

/* child_ongone: what to do when the parent is gone, before the process ends. */
void	child_ongone(void (*)(void));

#endif
