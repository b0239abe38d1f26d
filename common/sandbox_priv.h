/* SPDX-License-Identifier: ISC */

#ifndef SANDBOX_PRIV_H
#define SANDBOX_PRIV_H

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <stdbool.h>
#include <stddef.h>

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

/*
 * Giving up privileges.  Whatever fails is fatal, with a message that says
 * what is missing; "must" is whether a refusal (EPERM) is one: it is where we
 * started as root, it is the normal answer where we did not.  What the system
 * calls do is in capabilities(7), prctl(2), capset(2), setresuid(2) and
 * setgroups(2).
 */

/*
 * sandbox_rootdir: open a directory that is to be a root directory.  It must
 * be empty, and only root may write to it.  Returns the descriptor,
 * close-on-exec, which the caller closes.
 */
int	sandbox_rootdir(const char *);

/* sandbox_chroot: make such a directory the root and the current one
 * (chroot(2)). */
void	sandbox_chroot(const char *);

/* sandbox_bounding: empty the capability bounding set (PR_CAPBSET_DROP). */
void	sandbox_bounding(int must);

/*
 * sandbox_securebits: no capabilities for uid 0, by no way, locked
 * (PR_SET_SECUREBITS).  From then on a change of user keeps them:
 * sandbox_caps() must follow.
 */
void	sandbox_securebits(int must);

/* sandbox_user: become this user, for good: real, effective and saved ids,
 * supplementary groups. */
void	sandbox_user(uid_t, gid_t, const gid_t *, size_t);

/* sandbox_caps: empty the ambient, permitted, effective and inheritable
 * sets. */
void	sandbox_caps(void);

/* sandbox_prove: try to come back; fatal where that succeeds. */
void	sandbox_prove(void);

/* sandbox_quiet: no core file, not dumpable (so not traceable either). */
void	sandbox_quiet(void);

/* sandbox_nnp: no_new_privs. */
void	sandbox_nnp(void);

/*
 * sandbox_mdwe: no memory that is or was writable becomes executable
 * (PR_SET_MDWE(2const), Linux 6.3); unless inherit is true, in this process
 * alone, not in what it executes (Linux 6.6).  Where who started this one has
 * set it for all, that stays.  Returns whether it is in force.
 */
int	sandbox_mdwe(bool inherit);

/*
 * sandbox_deathsig: be killed when the parent dies; parent is getppid() of
 * before, so that its death in between is noticed.  After a change of user,
 * which clears this.  The kernel asks whether the dying parent may send us a
 * signal: a parent of another user that has lost CAP_KILL by then may not, so
 * that the end of its socket has to tell us.
 */
void	sandbox_deathsig(pid_t parent);

/* sandbox_limit: setrlimit(2), soft and hard; what is above the hard limit
 * that is in force becomes that.  The string is its name, for the error. */
void	sandbox_limit(sandbox_resource, rlim_t, const char *);

/*
 * sandbox_raise: raise the soft limit to want, and the hard limit where we
 * may.  Returns the soft limit that is in force then; *old is what it was.
 */
rlim_t	sandbox_raise(sandbox_resource, rlim_t want, struct rlimit *old);

#endif
