/* SPDX-License-Identifier: ISC */

/*
 * The limit: with K commands at a time, write S octets to a memfd and
 * posix_spawn the command on it; nothing else.  No server that starts the
 * command for each mail can be faster.  A latency is that from posix_spawn
 * to the command's end.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

struct slot {
	pid_t		pid;	/* 0: free */
	uint64_t	begin;
};

extern char	**environ;

static struct slot	*slots;
static size_t		 nslots = 16;
static char		*message;
static struct stats	 st;

static void
start(struct slot *slot, char **argv)
{
	posix_spawn_file_actions_t	fa;
	size_t				off;
	ssize_t				n;
	int				fd;

	if ((fd = memfd_create("mail", MFD_CLOEXEC)) == -1)
		err(1, "memfd_create");
	for (off = 0; off < st.size; off += (size_t)n)
		if ((n = write(fd, message + off, st.size - off)) == -1)
			err(1, "write");
	/* The command shares the position. */
	if (lseek(fd, 0, SEEK_SET) == -1)
		err(1, "lseek");
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, fd, STDIN_FILENO);
	slot->begin = stats_now();
	errno = posix_spawn(&slot->pid, argv[0], &fa, NULL, argv, environ);
	if (errno != 0)
		err(1, "%s", argv[0]);
	posix_spawn_file_actions_destroy(&fa);
	close(fd);
}

/* Wait until one of the commands ends; returns its slot, free again. */
static struct slot *
finish(void)
{
	pid_t	pid;
	size_t	i;
	int	status;

	if ((pid = waitpid(-1, &status, 0)) == -1)
		err(1, "waitpid");
	if (status != 0)
		errx(1, "the command failed, status 0x%x", (unsigned)status);
	for (i = 0; slots[i].pid != pid; i++)
		;
	slots[i].pid = 0;
	stats_add(&st, stats_now() - slots[i].begin);
	return (&slots[i]);
}

int
main(int argc, char **argv)
{
	static const char	 usage[] = "limit [--sessions=K] [--mails=M] "
				    "[--size=S] [--json] command ...";
	size_t			 mails = 1000, size = 4096, begun = 0;
	const struct stats_option opts[] = {
		{ "sessions", &nslots, 10000 }, { "mails", &mails, 10000000 },
		{ "size", &size, 1 << 30 }, { NULL, NULL, 0 }
	};

	argv += stats_options(argc, argv, opts, usage);
	if (*argv == NULL)
		errx(2, "usage: %s", usage);
	stats_init(&st, mails, size);
	message = stats_message(size);
	if ((slots = calloc(nslots, sizeof(*slots))) == NULL)
		err(1, NULL);
	alarm(600);
	st.begin = stats_now();
	for (; begun < nslots && begun < mails; begun++)
		start(&slots[begun], argv);
	while (begun < mails) {
		start(finish(), argv);
		begun++;
	}
	while (st.n < mails)
		finish();
	st.end = stats_now();
	stats_print(&st);
	return (0);
}
