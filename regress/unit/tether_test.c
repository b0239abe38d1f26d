/* SPDX-License-Identifier: ISC */

/*
 * What a tether promises is about the end of the process that has it, so a
 * child has it: it starts a process group, two processes each, and ends as
 * the row says.  The group is gone when nobody holds the writing end of the
 * pipe that all of it has inherited.
 */

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "deliver/tether.h"

#define PATIENCE	20000	/* ms, for what is to happen */
#define WHILE		300	/* ms, for what is not to happen */
#define GROUPS		2

enum end {
	END_KILL,			/* kill -9 */
	END_EXIT,
	END_SEGV,
	END_EXEC			/* another program, which ends */
};

static const struct row {
	const char	*name;
	enum end	 end;
	int		 held[GROUPS];	/* in turn: which group, -1 none */
	bool		 dies[GROUPS];
} rows[] = {
	{ "SIGKILL", END_KILL, { 0, 0 }, { true, false } },
	{ "exit", END_EXIT, { 0, 0 }, { true, false } },
	{ "SIGSEGV", END_SEGV, { 0, 0 }, { true, false } },
	{ "execve", END_EXEC, { 0, 0 }, { true, false } },
	{ "held no more", END_KILL, { 0, -1 }, { false, false } },
	{ "another held instead", END_KILL, { 0, 1 }, { false, true } },
	{ "held after none", END_KILL, { -1, 1 }, { false, true } },
};

/* In the leader of a group: one process more, and both wait.  That it has
 * come so far, and has nothing of the tether, the leader says before. */
static void __attribute__((noreturn))
member(int ready)
{
	if (setpgid(0, 0) == -1 || fork() == -1 || write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	for (;;)
		pause();
}

static void __attribute__((noreturn))
end(enum end how)
{
	static char	*argv[] = { NULL, NULL };

	switch (how) {
	case END_KILL:
		raise(SIGKILL);
		break;
	case END_SEGV:
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		break;
	case END_EXEC:
		argv[0] = strdup("true");
		execv("/bin/true", argv);
		break;
	case END_EXIT:
		break;
	}
	_exit(0);
}

/* Each group's pipe, the pids of the leaders to the test. */
static void __attribute__((noreturn))
holder(const struct row *r, int alive[GROUPS][2], int told)
{
	struct tether	 t;
	pid_t		 pids[GROUPS];
	int		 i, k, ready[2];
	char		 byte;

	if (tether_init(&t) == -1 || pipe2(ready, O_CLOEXEC) == -1)
		_exit(1);
	for (i = 0; i < GROUPS; i++) {
		if ((pids[i] = fork()) == -1)
			_exit(1);
		if (pids[i] == 0) {
			for (k = 0; k < GROUPS; k++)
				if (k != i)
					close(alive[k][1]);
			/* execve(2) closes it for a command. */
			close(t.fds[0]);
			close(t.fds[1]);
			close(told);
			close(ready[0]);
			member(ready[1]);
		}
		if (setpgid(pids[i], pids[i]) == -1 && errno != EACCES)
			_exit(1);
		close(alive[i][1]);
	}
	/* A leader and its child say so, each: a copy of the tether's ends
	 * that is closed while we end could take the signal with it. */
	for (i = 0; i < 2 * GROUPS; i++)
		if (read(ready[0], &byte, 1) != 1)
			_exit(1);
	for (i = 0; i < GROUPS; i++)
		if (tether_hold(&t, r->held[i] == -1 ? 0 :
		    pids[r->held[i]]) == -1)
			_exit(1);
	if (write(told, pids, sizeof(pids)) != sizeof(pids))
		_exit(1);
	close(told);
	end(r->end);
}

/* Whether nobody has the other end, after that many ms at most. */
static bool
gone(int fd, int ms)
{
	struct pollfd	 pfd = { fd, POLLIN, 0 };

	return (poll(&pfd, 1, ms) == 1 && (pfd.revents & POLLHUP) != 0);
}

static void
run(const struct row *r)
{
	pid_t	 pid, pids[GROUPS];
	int	 alive[GROUPS][2], told[2], i;

	if (pipe2(told, O_CLOEXEC) == -1)
		err(1, "pipe2");
	for (i = 0; i < GROUPS; i++)
		if (pipe2(alive[i], O_CLOEXEC) == -1)
			err(1, "pipe2");
	if ((pid = fork()) == 0)
		holder(r, alive, told[1]);
	if (pid == -1)
		err(1, "fork");
	close(told[1]);
	for (i = 0; i < GROUPS; i++)
		close(alive[i][1]);
	if (read(told[0], pids, sizeof(pids)) != sizeof(pids))
		errx(1, "%s: no groups", r->name);
	close(told[0]);
	if (waitpid(pid, NULL, 0) != pid)
		err(1, "waitpid");
	/* First those who are to die: the others have had as long then, or
	 * for a while. */
	for (i = 0; i < GROUPS; i++)
		if (r->dies[i])
			ok(gone(alive[i][0], PATIENCE), "%s: group %d ends "
			    "with its holder", r->name, i);
	for (i = 0; i < GROUPS; i++) {
		if (!r->dies[i]) {
			ok(!gone(alive[i][0], r->dies[0] || r->dies[1] ? 0 :
			    WHILE), "%s: group %d goes on", r->name, i);
		}
		/* Also one that should have gone, or it would be waited for. */
		kill(-pids[i], SIGKILL);
		ok(gone(alive[i][0], PATIENCE), "%s: nothing of it is left",
		    r->name);
		close(alive[i][0]);
	}
	while (waitpid(-1, NULL, 0) != -1)
		;
}

/* Nothing to hold with is no error, and a failure leaves no descriptor. */
static void
none(void)
{
	struct tether	 t = { { -1, -1 } };
	struct rlimit	 old, few;
	int		 fd;

	is_int(tether_hold(&t, getpid()), 0, "no tether holds nobody");
	if ((fd = dup(0)) == -1 || getrlimit(RLIMIT_NOFILE, &old) == -1)
		err(1, "descriptors");
	few = old;
	few.rlim_cur = (rlim_t)fd + 1;
	close(fd);
	setrlimit(RLIMIT_NOFILE, &few);
	t.fds[0] = t.fds[1] = 0;
	is_int(tether_init(&t), -1, "no tether of one descriptor");
	is_int(errno, EMFILE, "EMFILE");
	ok(t.fds[0] == -1 && t.fds[1] == -1, "it is none");
	is_int(dup(0), fd, "no descriptor is left");
	close(fd);
	setrlimit(RLIMIT_NOFILE, &old);
}

int
main(void)
{
	size_t	 i;

	/* Orphans are ours to wait for. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		err(1, "prctl");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i]);
	none();
	return (done_testing());
}
