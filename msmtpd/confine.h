/* SPDX-License-Identifier: ISC */

#ifndef CONFINE_H
#define CONFINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct config;

enum confine_proc {
	CONFINE_PARENT,
	CONFINE_FRONT,
	CONFINE_DELIVER
};

/*
 * What the parent's log needs once it is confined; decides what its table
 * and its Landlock ruleset hold.
 */
struct confine_log {
	const char	*file;		/* --log=FILE: absolute path; or NULL */
	int		 syslog;	/* --log=syslog: reconnects */
};

/*
 * confine_front, confine_deliver: give up, in a child that has its
 * descriptors and its settings and has seen nothing untrusted, all that its
 * job does not need, in this order: chroot and change of user (where
 * conf->drop says so), capabilities, securebits, resource limits, dumpable,
 * MDWE, no_new_privs, Landlock, seccomp.  Any failure is fatal; a kernel
 * without Landlock is logged.  Ends with one log line that says what is in
 * force ("uid 990, chroot /var/empty/msmtpd, seccomp 19 calls, landlock abi
 * 7"; log_init() has named the process).
 *
 * deliver's own limits are put back for each command (confine_command()).
 * confine_front returns how many descriptors front may have, which where the
 * limit could not be raised is less than full use of the settings needs.
 */
uint64_t confine_front(const struct config *);
void	confine_deliver(const struct config *);

/*
 * confine_deliver_room: the part of confine_deliver() that raises the limit
 * of descriptors, for who has to open some before the rest.  Returns whether
 * the limit is all that full use of the settings needs.
 */
bool	confine_deliver_room(const struct config *);

/*
 * confine_parent: the same for the parent, once its children are up and its
 * listeners are passed on.
 */
void	confine_parent(const struct confine_log *);

/*
 * confine_command: in a vfork(2) child of deliver, before execve(2): a nested
 * Landlock domain, so that the command can neither signal nor trace deliver,
 * and the resource limits that the daemon was started with.  Async-signal-
 * safe, changes nothing in memory.  Returns 0, or -1 with errno set.
 */
int	confine_command(void);

/*
 * confine_print: for --print-sandbox: from the tables that are loaded, what
 * each process may call and why.
 */
void	confine_print(FILE *);

/*
 * confine_summary: for --check: one line each on the protections this kernel
 * gives ("landlock abi 7", "seccomp yes", "mdwe yes").
 */
void	confine_summary(FILE *);

#endif
