/* SPDX-License-Identifier: ISC */
/* sandbox_deliver: how deliver, and each command that it runs, is confined. */

#ifndef SANDBOX_DELIVER_H
#define SANDBOX_DELIVER_H

#include <stdbool.h>

#include "msmtpd.h"

/*
 * sandbox_deliver: give up what running commands does not need, once
 * descriptors and settings are there: see sandbox_enter.h.  Fatal on failure.
 * deliver's own limits are put back for each command by sandbox_command().
 */
void	sandbox_deliver(const struct config *);

/*
 * sandbox_deliver_room: the part of sandbox_deliver() that raises the limit
 * of descriptors, for a caller who has to open some before the rest.  Returns
 * whether the limit is all that full use of the settings needs.
 */
bool	sandbox_deliver_room(const struct config *);

/*
 * sandbox_command: in a vfork(2) child of deliver, before execve(2): a nested
 * Landlock domain, so that the command can neither signal nor trace deliver,
 * and the resource limits that the daemon was started with.  Async-signal-
 * safe, changes nothing in memory.  Returns 0, or -1 with errno set.
 */
int	sandbox_command(void);

#endif
