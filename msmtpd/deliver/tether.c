/* SPDX-License-Identifier: ISC */

/*
 * A pipe that nothing is ever written to.  fcntl(2) has the kernel send a
 * signal to an end's owner when there is news of the pipe, and the only news
 * is that the other end has been closed.  Both are ours alone, close-on-exec,
 * so that happens when we end; in which order is the kernel's affair, and so
 * each end has the signal for the other's close.
 *
 * One case is left.  A child that is about to execute another command has
 * copies of both ends; if it closes its own in the very moment when ours are
 * closed, each of us may be the last to close one, with none of them left to
 * be told.  The command itself is killed all the same (PR_SET_PDEATHSIG).
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
	/* A page instead of sixteen of what a user may have in pipes; without
	 * that it does as well. */
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
