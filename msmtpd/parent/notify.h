/* SPDX-License-Identifier: ISC */
/* notify: what the service manager is told, sd_notify(3). */

#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/*
 * notify_init: connect to the service manager's socket (sd_notify(3):
 * NOTIFY_SOCKET; a path, or abstract with "@"), where there is one.  One that
 * cannot be reached is logged; the daemon runs without.
 */
void	notify_init(void);

/*
 * notify: send the assignments, one a line; never blocks.  What the service
 * manager has no room for is kept and sent again, in order, by a timer of the
 * event loop: a READY=1 that is lost would be missed for ever.  The first
 * other error is logged.  No-op without a service manager.
 */
void	notify(const char *, ...) __attribute__((format(printf, 1, 2)));

/* notify_alive: send WATCHDOG=1.  One that finds no room is not kept, since the
 * next one says the same. */
void	notify_alive(void);

/* notify_watchdog: how often, in ms, to send WATCHDOG=1: three times as often
 * as is demanded (WATCHDOG_USEC, WATCHDOG_PID), 1 at least; 0: not at all. */
int64_t	notify_watchdog(void);

#endif
