/* SPDX-License-Identifier: ISC */
/*
 * Linked with the daemon (ld's --wrap) for memcheck alone: what valgrind can
 * not do, or cannot live with, is done another way.
 *
 *   pidfd_open(2)	valgrind 3.19 does not know it.  This program, run
 *		once more and without valgrind, opens the pidfd and sends it.
 *   fexecve(3)	A path is needed, to start valgrind again for the child; and
 *		valgrind makes of argv[0] the path, so the title that tells
 *		front and deliver what they are comes as an argument.
 *   seccomp	The filters are built, but not loaded: they would be
 *		valgrind's, too, which calls what we do not.  libseccomp has
 *		to be told what the kernel can do, for valgrind 3.19 does not
 *		know seccomp(2).
 *   setrlimit(2)	The hard limit of descriptors stays: valgrind has its own
 *		above it, and refuses to lower it.
 *   MDWE	Not set: valgrind writes the code that it runs.
 *
 * All else is the daemon as it is.
 */

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "sandbox_enter.h"
#include "sandbox.h"

#define SUFFIX		"-memcheck"
#define SECCOMP_API	3	/* has KILL_PROCESS */
#define ARG_PIDFD	"memcheck-pidfd"
#define ARG_FAULT	"memcheck-fault"

int	__real_main(int, char **);
int	__wrap_main(int, char **);
int	__wrap_fexecve(int, char *const [], char *const []);
int	__wrap_sandbox_mdwe(bool);
int	__wrap_sandbox_load(struct sandbox_filter *);
int	__real_setrlimit(__rlimit_resource_t, const struct rlimit *);
int	__wrap_setrlimit(__rlimit_resource_t, const struct rlimit *);
long	__real_syscall(long, ...);
long	__wrap_syscall(long, ...);

/* This program, and what runs it under valgrind: its name without SUFFIX. */
static char	 self[PATH_MAX], under[PATH_MAX];

static void
find_self(void)
{
	size_t	 len;
	ssize_t	 n;

	/* valgrind answers with our program, not with its own. */
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n == -1)
		err(1, "/proc/self/exe");
	self[n] = '\0';
	len = (size_t)n;
	if (len <= strlen(SUFFIX) ||
	    strcmp(self + len - strlen(SUFFIX), SUFFIX) != 0)
		errx(1, "%s: the name does not end in " SUFFIX, self);
	memcpy(under, self, len - strlen(SUFFIX));
}

/* The helper: the pidfd of the process pid goes to the socket that is its
 * standard input. */
static int
send_pidfd(const char *pid)
{
	struct imsgbuf	 ibuf;
	int		 fd;

	fd = (int)__real_syscall(SYS_pidfd_open, atoi(pid), 0);
	if (fd == -1)
		err(1, "pidfd_open");
	imsgbuf_init(&ibuf, 0, 0);
	if (imsg_compose(&ibuf, 0, 0, fd, NULL, 0) == -1)
		err(1, "imsg_compose");
	return (0);
}

static void __attribute__((noreturn))
run_helper(int sock, pid_t pid)
{
	char	 arg[] = ARG_PIDFD, number[16];
	char	*argv[] = { self, arg, number, NULL };
	char	*env[] = { NULL };

	snprintf(number, sizeof(number), "%d", (int)pid);
	if (dup2(sock, 0) != -1)
		execve(self, argv, env);
	_exit(1);
}

static int
open_pidfd(pid_t pid)
{
	struct imsgbuf	 ibuf;
	struct imsg	 imsg;
	pid_t		 helper;
	int		 fds[2], fd = -1, status;

	if (imsg_socketpair(fds) == -1)
		return (-1);
	if ((helper = fork()) == 0)
		run_helper(fds[1], pid);
	close(fds[1]);
	imsgbuf_init(&ibuf, fds[0], 0);
	if (helper != -1) {
		while (waitpid(helper, &status, 0) == -1)
			if (errno != EINTR)
				err(1, "waitpid");
		if (status == 0 && imsgbuf_get(&ibuf, &imsg) == 1) {
			fd = imsg.fd;
			imsg.fd = -1;
			imsg_free(&imsg);
		}
	}
	imsgbuf_clear(&ibuf);
	if (fd == -1)
		errno = EAGAIN;
	return (fd);
}

/* What memcheck has to find, or it finds nothing. */
static int
commit_fault(void)
{
	volatile int	*p;

	if ((p = malloc(sizeof(*p))) == NULL)
		err(1, NULL);
	/* Read before it is written, then leaked. */
	if (*p == getpid())
		puts("unlikely");
	p = NULL;
	return (p != NULL);
}

int
__wrap_main(int argc, char **argv)
{
	find_self();
	if (argc == 3 && strcmp(argv[1], ARG_PIDFD) == 0)
		return (send_pidfd(argv[2]));
	if (argc == 2 && strcmp(argv[1], ARG_FAULT) == 0)
		return (commit_fault());
	if (argc == 2 && strncmp(argv[1], "msmtpd: ", 8) == 0)
		argc--, argv++;
	if (seccomp_api_set(SECCOMP_API) != 0)
		errx(1, "seccomp_api_set");
	return (__real_main(argc, argv));
}

int
__wrap_fexecve(int fd, char *const argv[], char *const env[])
{
	char	*args[] = { under, argv[0], NULL };

	(void)fd;
	return (execve(under, args, env));
}

int
__wrap_sandbox_mdwe(bool inherit)
{
	(void)inherit;
	return (0);
}

int
__wrap_sandbox_load(struct sandbox_filter *filter)
{
	(void)filter;
	return (0);
}

int
__wrap_setrlimit(__rlimit_resource_t what, const struct rlimit *want)
{
	struct rlimit	 limit = *want, old;

	if (what == RLIMIT_NOFILE && getrlimit(what, &old) == 0 &&
	    limit.rlim_max < old.rlim_max)
		limit.rlim_max = old.rlim_max;
	return (__real_setrlimit(what, &limit));
}

/* None of the daemon's has more than four arguments. */
long
__wrap_syscall(long number, ...)
{
	long	 arg[4];
	size_t	 i;
	va_list	 ap;

	va_start(ap, number);
	for (i = 0; i < 4; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_pidfd_open)
		return (open_pidfd((pid_t)arg[0]));
	return (__real_syscall(number, arg[0], arg[1], arg[2], arg[3]));
}
