/* SPDX-License-Identifier: ISC */
/* System calls tried by number, each in a process of its own. */

#ifndef CALLS_H
#define CALLS_H

#include <sys/syscall.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct config;

/* The C library's headers may be older. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open	434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd	438
#endif

#define NR_MAX		1024
#define NR_I386		512

/*
 * No child makes a call that takes that long, on the slowest machine; one
 * that blocks for good is ended by SIGALRM, which no test expects.
 */
#define CALL_SECONDS	300

enum way {
	WAY_NATIVE,
	WAY_X32,
	WAY_INT80
};

/* How a child ended, beside the errno values. */
#define KILLED_BY(sig)	(1000 + (sig))
#define ENDED(status)	(2000 + (status))

/* -1 in each argument: a bad descriptor, pointer, flag and length. */
extern const uint64_t	 call_ones[6];

/* call_make: as syscall(2); of int 0x80, the kernel's own return value. */
long	call_make(enum way, long nr, const uint64_t [6]);

/*
 * call_leave: as _exit(2); where exit_group(2) is refused, by exit(2), and
 * where that is, too, by SIGILL.  It does not return, but must not say so: a
 * sanitizer that knows calls sigaltstack(2) before, which may be refused.
 */
void	call_leave(int);

/* call_wait: the child's end, KILLED_BY() or ENDED(). */
int	call_wait(pid_t);

/*
 * call_unfiltered: uretprobe and uprobe, x86_64's 335 and 336, are the
 * kernel's trampolines for uprobes.  Recent kernels do not ask any filter
 * about them; outside of a trampoline they do nothing.
 * call_idle: whether this end, an errno value or KILLED_BY(), says so: SIGILL
 * or ENXIO, EPROTO since Linux 7.
 */
bool	call_unfiltered(int nr);
bool	call_idle(int end);

/* call_int80: whether this kernel runs i386's calls. */
bool	call_int80(void);

/*
 * call_config: settings as the parent would send them; as root, a user that
 * nobody is.  Errors of the daemon's code are shown from then on.
 */
void	call_config(struct config *);

#endif
