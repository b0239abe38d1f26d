/* SPDX-License-Identifier: ISC */
/* tether: the kernel kills a command's process group when deliver ends. */

#ifndef TETHER_H
#define TETHER_H

#include <sys/types.h>

/*
 * A tether binds a process group to this process: when this process has ended,
 * in whatever way, the kernel sends SIGKILL to all of the group (but for one
 * moment, see tether.c).  prctl(2)'s PR_SET_PDEATHSIG kills only a child, and
 * not the processes that the child has started.
 */
struct tether {
	int	 fds[2];		/* -1: it holds nothing */
};

/*
 * tether_init: make one, two descriptors, that holds nobody.  Returns 0, or
 * -1 with errno of pipe2(2) or fcntl(2) and both -1.  Not after
 * sandbox_deliver(), whose filter refuses F_SETSIG.
 */
int	tether_init(struct tether *);

/*
 * tether_hold: hold that process group instead of another; 0: hold none.
 * Returns 0, or -1 with errno of fcntl(2).  A tether that tether_init() could
 * not make does nothing, and that is 0.
 */
int	tether_hold(const struct tether *, pid_t);

#endif
