/* SPDX-License-Identifier: ISC */
/*
 * sandbox_enter: the steps by which a process gives up its privileges and
 * confines itself.  Each process of the daemon takes them in its own function,
 * in this order: the limit of descriptors, sandbox_become(), other limits,
 * MDWE, no_new_privs, Landlock, seccomp, and sandbox_report().  A step that
 * fails is fatal, with a message that says what is missing; the log says what
 * the kernel does not have.  The system calls are described in
 * capabilities(7), prctl(2), capset(2), setresuid(2) and setgroups(2).
 */

#ifndef SANDBOX_ENTER_H
#define SANDBOX_ENTER_H

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sandbox.h"

/* Reading this takes sandbox_asan.c into the program. */
extern const int	 sandbox_asan;

/* The C library's headers may be older than the kernel. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE			65
#define PR_MDWE_REFUSE_EXEC_GAIN	1
#endif
#ifndef PR_GET_MDWE
#define PR_GET_MDWE			66
#endif
#ifndef PR_MDWE_NO_INHERIT
#define PR_MDWE_NO_INHERIT		2
#endif

/* The kind of limit as this C library's setrlimit(2) takes it. */
#ifdef __GLIBC__
typedef __rlimit_resource_t	 sandbox_resource;
#else
typedef int			 sandbox_resource;
#endif

/* The user that a process becomes. */
struct sandbox_user {
	bool		 drop;		/* started as root: become this user */
	uid_t		 uid;
	gid_t		 gid;
	const gid_t	*groups;
	size_t		 ngroups;
	const char	*chroot;	/* NULL: none; needs drop */
};

/*
 * sandbox_timezone: read the time zone's file, which a confined process cannot
 * open.
 */
void	sandbox_timezone(void);

/*
 * sandbox_descriptors: raise the soft limit of descriptors to want, and the
 * hard limit where that is permitted.  Call it before the user is changed,
 * because only root may raise the hard limit.  Logs where the limit stays
 * lower.  Returns the soft limit in force; *old is what the limits were.
 */
rlim_t	sandbox_descriptors(rlim_t want, struct rlimit *old);

/*
 * sandbox_rootdir: open a directory that is to be a root directory.  The
 * directory must be empty, and only root may write to it.  Returns the
 * descriptor, close-on-exec, which the caller closes.
 */
int	sandbox_rootdir(const char *);

/* sandbox_user: become this user for good: real, effective and saved ids,
 * supplementary groups. */
void	sandbox_user(uid_t, gid_t, const gid_t *, size_t);

/*
 * sandbox_give_up: empty the capability bounding set, set the securebits,
 * become the user (NULL: none), empty the other sets of capabilities, prove
 * that there is no way back, and make this process neither dumpable nor
 * traceable.  With must a refusal (EPERM) of the first two is fatal, as root
 * can do both; without it that is the normal answer.
 */
void	sandbox_give_up(const struct sandbox_user *, bool must);

/*
 * sandbox_become: all that a child gives up: chroot, sandbox_give_up(),
 * sandbox_deathsig().  parent is getppid() of the child's start.
 */
void	sandbox_become(const struct sandbox_user *, pid_t parent);

/*
 * sandbox_deathsig: let the kernel kill this process when its parent dies.
 * parent is getppid() of before, so that a death in between is noticed.  Call
 * it after a change of user, which clears the setting.  The kernel sends the
 * signal with the rights of the dying parent: a parent of another user that
 * has given up CAP_KILL reaches nobody, and only the end of the parent's
 * socket tells the child.
 */
void	sandbox_deathsig(pid_t parent);

/*
 * sandbox_oom: raise our oom_score_adj (proc(5)) by so much, to 1000 at most,
 * so that the kernel ends this process before others where memory lacks.  Call
 * it before sandbox_give_up(), after which the file is root's.  Returns whether
 * it is done: there may be no /proc.
 */
bool	sandbox_oom(int more);

/* sandbox_limit: setrlimit(2), soft and hard, but no more than the present
 * hard limit.  The string is the limit's name, for the error. */
void	sandbox_limit(sandbox_resource, rlim_t, const char *);

/*
 * sandbox_mdwe: let no memory that is or was writable become executable
 * (PR_SET_MDWE(2const), Linux 6.3).  Without inherit that holds for this
 * process alone and not for the programs that it executes (Linux 6.6).  A
 * setting for all that a service manager has made before stays.  Returns
 * whether the protection is in force.
 */
int	sandbox_mdwe(bool inherit);

/* sandbox_nnp: no_new_privs. */
void	sandbox_nnp(void);

/* sandbox_landlock: enter a domain of the ruleset and close the ruleset.  For
 * -1, with errno from sandbox_ruleset(), log why there is no domain. */
void	sandbox_landlock(int ruleset);

/* sandbox_filter: load a filter for good and free it; NULL is fatal. */
void	sandbox_filter(struct sandbox_filter *);

/* sandbox_only: load an allowlist, see sandbox_allowlist(). */
void	sandbox_only(const struct sandbox_rule *, size_t, unsigned int when);

/* sandbox_note: add to the line of sandbox_report(), printf(3)-like. */
void	sandbox_note(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * sandbox_report: log one line on what is in force: "uid 990, chroot
 * /var/empty/msmtpd, seccomp 19 calls, landlock abi 7".
 */
void	sandbox_report(void);

/* sandbox_summary: print one line for each protection that this kernel has:
 * "seccomp yes", "landlock abi 7", "mdwe yes". */
void	sandbox_summary(FILE *);

#endif
