/* SPDX-License-Identifier: ISC */
/*
 * The steps by which a process confines itself.  Each process of the daemon
 * takes them in its own function, in this order: descriptors' limit,
 * sandbox_become(), other limits, MDWE, no_new_privs, Landlock, seccomp, and
 * sandbox_report().  Whatever fails is fatal; what the kernel does not have is
 * in the log.
 */

#ifndef SANDBOX_ENTER_H
#define SANDBOX_ENTER_H

#include <sys/types.h>
#include <sys/resource.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sandbox.h"
#include "sandbox_priv.h"

/* sandbox_asan.c is linked in. */
extern const int	 sandbox_asan;

/* Who a process becomes. */
struct sandbox_user {
	bool		 drop;		/* started as root: become this user */
	uid_t		 uid;
	gid_t		 gid;
	const gid_t	*groups;
	size_t		 ngroups;
	const char	*chroot;	/* NULL: none; needs drop */
};

/*
 * sandbox_timezone: read the time zone's file now, since a confined process
 * cannot; localtime_r(3) allocates the names of both halves of the year once.
 */
void	sandbox_timezone(void);

/*
 * sandbox_descriptors: raise the limit of descriptors to want, before the user
 * is changed, as only root may raise the hard limit.  Logs where the limit
 * stays lower.  Returns the soft limit in force; *old is what it was.
 */
rlim_t	sandbox_descriptors(rlim_t want, struct rlimit *old);

/*
 * sandbox_become: chroot, empty bounding set, securebits, the user, no
 * capability, the proof that there is no way back, not dumpable, and SIGKILL
 * when the parent dies, which is getppid() of before.
 */
void	sandbox_become(const struct sandbox_user *, pid_t parent);

/* sandbox_landlock: enter a domain of the ruleset, which is closed; -1 with
 * errno from sandbox_ruleset(): none, and the log says why. */
void	sandbox_landlock(int ruleset);

/* sandbox_filter: load a filter for good and free it; NULL is fatal. */
void	sandbox_filter(struct sandbox_filter *);

/* sandbox_only: load an allowlist, see sandbox_allowlist(). */
void	sandbox_only(const struct sandbox_rule *, size_t, unsigned int when);

/* sandbox_note: add to what sandbox_report() says, printf(3)-like. */
void	sandbox_note(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * sandbox_report: one log line on what is in force: "uid 990, chroot
 * /var/empty/msmtpd, seccomp 19 calls, landlock abi 7".
 */
void	sandbox_report(void);

/* sandbox_summary: print one line each on the protections that this kernel
 * gives: "landlock abi 7", "seccomp yes", "mdwe yes". */
void	sandbox_summary(FILE *);

#endif
