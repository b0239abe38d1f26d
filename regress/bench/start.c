/* SPDX-License-Identifier: ISC */

/*
 * How long a server started for one session (--inetd) takes until its 220:
 * start it with a socket as standard input and output, take the time until
 * the reply is there, say EHLO and QUIT, wait for it to exit 0; N times, one
 * after the other.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

extern char	**environ;

static pid_t
spawn(int fd, char **argv)
{
	posix_spawn_file_actions_t	fa;
	pid_t				pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, fd, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&fa, STDERR_FILENO, "/dev/null",
	    O_WRONLY, 0);
	errno = posix_spawn(&pid, argv[0], &fa, NULL, argv, environ);
	if (errno != 0)
		err(1, "%s", argv[0]);
	posix_spawn_file_actions_destroy(&fa);
	return (pid);
}

/* Read one reply, all its lines, which must have this code. */
static void
reply(int fd, const char *code)
{
	char	buf[2048], *line = buf;
	size_t	len = 0;
	ssize_t	n;

	do {
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			errx(1, "no reply where %s was due", code);
		len += (size_t)n;
		buf[len] = '\0';
		while (strchr(line, '\n') != NULL && line[3] == '-')
			line = strchr(line, '\n') + 1;
	} while (strchr(line, '\n') == NULL);
	if (strncmp(line, code, 3) != 0)
		errx(1, "the reply is not %s: %s", code, line);
}

static void
say(int fd, const char *line)
{
	size_t	len = strlen(line);

	if (write(fd, line, len) != (ssize_t)len)
		err(1, "write");
}

static void
run(struct stats *st, char **argv)
{
	char		rest;
	uint64_t	begin;
	pid_t		pid;
	int		pair[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		err(1, "socketpair");
	begin = stats_now();
	pid = spawn(pair[1], argv);
	close(pair[1]);
	reply(pair[0], "220");
	stats_add(st, stats_now() - begin);
	say(pair[0], "EHLO bench.example\r\n");
	reply(pair[0], "250");
	say(pair[0], "QUIT\r\n");
	reply(pair[0], "221");
	if (read(pair[0], &rest, 1) > 0)
		errx(1, "more follows the reply to QUIT");
	if (waitpid(pid, &status, 0) == -1 || status != 0)
		errx(1, "it failed, status 0x%x", (unsigned)status);
	close(pair[0]);
}

int
main(int argc, char **argv)
{
	static const char	 usage[] = "start [--runs=N] [--json] "
				    "command ...";
	struct stats		 st;
	size_t			 runs = 50;
	const struct stats_option opts[] = {
		{ "runs", &runs, 100000 }, { NULL, NULL, 0 }
	};

	argv += stats_options(argc, argv, opts, usage);
	if (*argv == NULL)
		errx(2, "usage: %s", usage);
	stats_init(&st, runs, 0);
	signal(SIGPIPE, SIG_IGN);
	alarm(600);
	st.begin = stats_now();
	while (st.n < runs)
		run(&st, argv);
	st.end = stats_now();
	stats_print(&st);
	return (0);
}
