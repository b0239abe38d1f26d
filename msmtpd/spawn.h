/* SPDX-License-Identifier: ISC */

#ifndef SPAWN_H
#define SPAWN_H

#include <sys/types.h>

/* What main() goes by: argv[0] of a child, which is what ps(1) shows. */
#define TITLE_FRONT	"msmtpd: front"
#define TITLE_DELIVER	"msmtpd: deliver"

/*
 * spawn_init: open this program, so that a child is the same one whatever
 * happens to the file meanwhile.  Ends the process where it cannot.
 */
void	spawn_init(void);

/*
 * spawn_child: fork and execute this program again with title as its only
 * argument, with the two sockets as MSMTPD_FD_PARENT and MSMTPD_FD_PEER and
 * /dev/null as descriptors 0 to 2, SIGTERM, SIGINT, SIGHUP, SIGPIPE
 * and SIGXFSZ ignored.  Closes the sockets here.  Returns its pid; fatal on
 * failure.
 */
pid_t	spawn_child(const char *title, int parent, int peer, char *const *env);

/* spawn_done: no more children. */
void	spawn_done(void);

/*
 * spawn_signals: what a child of ours ignores, set to how, and no signal
 * blocked.  Async-signal-safe.
 */
void	spawn_signals(void (*how)(int));

#endif
