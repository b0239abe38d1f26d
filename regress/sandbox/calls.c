/* SPDX-License-Identifier: ISC */
/* System calls tried by number, each in a process of its own. */

#include <sys/syscall.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "calls.h"
#include "config.h"
#include "log.h"
#include "msmtpd.h"
#include "tap.h"

#define X32_BIT		0x40000000
#define I386_GETPID	20
#define UNUSED_ID	64999		/* a user and group that nobody has */

const uint64_t	 call_ones[6] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL };

long
call_make(enum way way, long nr, const uint64_t a[6])
{
#ifdef __x86_64__
	long	 ret;

	if (way == WAY_INT80) {
		__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr),
		    "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4]) :
		    "memory", "r8", "r9", "r10", "r11");
		return (ret);
	}
#endif
	if (way == WAY_X32)
		nr |= X32_BIT;
	return (syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

void
call_leave(int status)
{
	syscall(SYS_exit_group, status);
	syscall(SYS_exit, status);
	__builtin_trap();
}

int
call_wait(pid_t pid)
{
	int	 status;

	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		err(1, "child");
	return (WIFSIGNALED(status) ? KILLED_BY(WTERMSIG(status)) :
	    ENDED(WEXITSTATUS(status)));
}

bool
call_unfiltered(int nr)
{
#ifdef __x86_64__
	return (nr == 335 || nr == 336);
#else
	(void)nr;
	return (false);
#endif
}

bool
call_idle(int end)
{
	return (end == ENXIO || end == EPROTO || end == KILLED_BY(SIGILL));
}

bool
call_int80(void)
{
#ifdef __x86_64__
	static const uint64_t	 none[6];
	pid_t			 pid;

	if ((pid = fork()) == 0) {
		alarm(CALL_SECONDS);
		call_make(WAY_INT80, I386_GETPID, none);
		_exit(0);
	}
	return (call_wait(pid) == ENDED(0));
#else
	return (false);
#endif
}

static void
show_errors(void *arg, int pri, const char *text)
{
	(void)arg;
	if (pri <= LOG_ERR)
		diag("%s", text);
}

void
call_config(struct config *conf)
{
	log_init("", show_errors, NULL);
	config_user(conf, UNUSED_ID);
	if (!conf->drop)
		diag("not root: without change of user");
}
