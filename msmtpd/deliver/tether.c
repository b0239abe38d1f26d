/* SPDX-License-Identifier: ISC */
/* tether: the kernel kills a command's process group when deliver ends. */

/*
 * A tether is a pipe to which nothing is ever written.  Each end of it has a
 * signal and an owner (F_SETSIG, F_SETOWN): the kernel sends the signal to the
 * owner when the other end is closed.  Only this process holds the two ends,
 * close-on-exec, so that both are closed when the process ends.  The kernel may
 * close either end first, and so both have the signal.
 *
 * One case is not covered.  A child that is about to execute another command
 * has copies of both ends.  If it closes its copies in the very moment in which
 * this process ends, each of the two may hold the last copy of one end: when
 * these are closed, no other end is left whose owner could get the signal.  The
 * command itself is killed all the same (PR_SET_PDEATHSIG).
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "tether.h"

int
tether_init(struct tether *t)
{
	int	 i, saved;

	if (pipe2(t->fds, O_CLOEXEC) == -1) {
		t->fds[0] = t->fds[1] = -1;
		return (-1);
	}
	for (i = 0; i < 2; i++)
		if (fcntl(t->fds[i], F_SETSIG, SIGKILL) == -1 ||
		    fcntl(t->fds[i], F_SETFL, O_ASYNC) == -1)
			goto fail;
	/* The kernel bounds the pages that the pipes of one user have: take
	 * one instead of sixteen.  Where that fails the pipe works as well. */
	(void)fcntl(t->fds[0], F_SETPIPE_SZ, 4096);
	return (0);

 fail:
	saved = errno;
	close(t->fds[0]);
	close(t->fds[1]);
	t->fds[0] = t->fds[1] = -1;
	errno = saved;
	return (-1);
}

int
tether_hold(const struct tether *t, pid_t pgrp)
{
	if (t->fds[0] == -1)
		return (0);
	if (fcntl(t->fds[0], F_SETOWN, -pgrp) == -1 ||
	    fcntl(t->fds[1], F_SETOWN, -pgrp) == -1)
		return (-1);
	return (0);
}
