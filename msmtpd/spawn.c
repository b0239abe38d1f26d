/* SPDX-License-Identifier: ISC */

#include <sys/auxv.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "msmtpd.h"
#include "spawn.h"

static int	 spawn_exe = -1, spawn_null = -1;

void
spawn_init(void)
{
	const char	*path = (const char *)(uintptr_t)getauxval(AT_EXECFN);

	spawn_exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (spawn_exe == -1 && path != NULL)	/* no /proc here */
		spawn_exe = open(path, O_PATH | O_CLOEXEC);
	if (spawn_exe == -1)
		fatal_status(EX_OSERR, "cannot open my own program: %s",
		    strerror(errno));
	if ((spawn_null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		fatal_status(EX_OSERR, "/dev/null: %s", strerror(errno));
}

void
spawn_signals(void (*how)(int))
{
	static const int	 ours[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE,
				    SIGXFSZ };
	struct sigaction	 sa;
	sigset_t		 none;
	size_t			 i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = how;
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaction(ours[i], &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn))
spawn_exec(const char *title, int parent, int peer, char *const *env)
{
	char	*argv[2];
	int	 exe;

	spawn_signals(SIG_IGN);
	/* Out of the way of the places that they go to. */
	exe = fcntl(spawn_exe, F_DUPFD_CLOEXEC, 10);
	parent = fcntl(parent, F_DUPFD_CLOEXEC, 10);
	peer = fcntl(peer, F_DUPFD_CLOEXEC, 10);
	if (exe == -1 || dup2(parent, MSMTPD_FD_PARENT) == -1 ||
	    dup2(peer, MSMTPD_FD_PEER) == -1 || dup2(spawn_null, 0) == -1 ||
	    dup2(spawn_null, 1) == -1)
		fatal("%s: dup", title);
#ifndef SANITIZE
	/* Its log is the socket; sanitizers alone write here. */
	if (dup2(spawn_null, 2) == -1)
		fatal("%s: dup", title);
#endif
	argv[0] = (char *)(uintptr_t)title;
	argv[1] = NULL;
	fexecve(exe, argv, env);
	_exit(EX_OSERR);
}

pid_t
spawn_child(const char *title, int parent, int peer, char *const *env)
{
	pid_t	 pid;

	if ((pid = fork()) == -1)
		fatal_status(EX_OSERR, "%s: fork: %s", title, strerror(errno));
	if (pid == 0)
		spawn_exec(title, parent, peer, env);
	close(parent);
	close(peer);
	return (pid);
}

void
spawn_done(void)
{
	close(spawn_exe);
	close(spawn_null);
	spawn_exe = spawn_null = -1;
}
