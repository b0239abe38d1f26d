/* SPDX-License-Identifier: ISC */
/* System calls that deliver and its commands make, with arguments that work. */

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "deliver/deliver_calls.h"
#include "policy.h"
#include "samples.h"

#define MINUS		~0ULL

/* fork(2) and clone(2): the child ends at once. */
static long
call_fork(long nr, const uint64_t args[6])
{
	pid_t	 pid = (pid_t)call_make(WAY_NATIVE, nr, args);

	if (pid == 0)
		call_leave(0);
	return (pid == -1 || waitpid(pid, NULL, 0) != pid ? -1 : 0);
}

#ifdef __x86_64__
/* The child runs on our stack, and must neither call nor return. */
static long
call_vfork(long nr, const uint64_t args[6])
{
	long	 ret = nr;

	(void)args;
	__asm__ volatile("syscall; test %%rax, %%rax; jnz 1f; "
	    "mov %1, %%eax; xor %%edi, %%edi; syscall; 1:" : "+a"(ret) :
	    "i"(SYS_exit_group) : "rcx", "rdi", "r11", "cc", "memory");
	if (ret < 0) {
		errno = (int)-ret;
		return (-1);
	}
	return (waitpid((pid_t)ret, NULL, 0) == ret ? 0 : -1);
}
#endif

static void
on_signal(int sig)
{
	(void)sig;
}

static void
catch(int sig)
{
	struct sigaction	 sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;	/* no SA_RESTART */
	if (sigaction(sig, &sa, NULL) == -1)
		err(1, "sigaction");
}

/* It blocks until a signal comes: many, since the first may be too early. */
static long
call_pause(long nr, const uint64_t args[6])
{
	const struct itimerval	 often = { { 0, 10000 }, { 0, 10000 } };

	catch(SIGALRM);
	if (setitimer(ITIMER_REAL, &often, NULL) == -1)
		err(1, "setitimer");
	return (call_make(WAY_NATIVE, nr, args));
}

/* A handler's return is this call, made by the C library or the vDSO. */
static long
call_sigreturn(long nr, const uint64_t args[6])
{
	(void)nr;
	(void)args;
	catch(SIGUSR1);
	return (raise(SIGUSR1) == 0 ? 0 : -1);
}

#define ITSELF		"itself, not another process"

const struct sample samples[] = {
	/* -1 would say nothing, do harm or be refused. */
	{ "clone", { SIGCHLD }, "a child, which is waited for", call_fork, 0 },
	{ "exit", { 7 }, "does not come back", NULL, ENDED(7) },
	{ "exit_group", { 8 }, "does not come back", NULL, ENDED(8) },
	{ "fork", { 0 }, "a child, which is waited for", call_fork, 0 },
	{ "futex", { MINUS, FUTEX_WAKE }, "for -1 the kernel answers ENOSYS",
	    NULL, EINVAL },
	{ "kill", { 0, 0 }, "-1 is everybody; its own group, no signal", NULL,
	    0 },
	{ "msgget", { MINUS, 0 }, "-1 would leave a queue behind", NULL, 0 },
	{ "pause", { 0 }, "blocks", call_pause, EINTR },
	{ "prlimit64", { 0, MINUS, 0, 0 }, ITSELF, NULL, EINVAL },
	{ "rt_sigreturn", { 0 }, "needs a frame to return from",
	    call_sigreturn, 0 },
	{ "setgroups", { 0 }, "not without CAP_SETGID, whatever is asked",
	    NULL, EPERM },
#ifdef __x86_64__
	{ "vfork", { 0 }, "a child, which is waited for", call_vfork, 0 },
#endif

	/* What commands do, beside what the rows refuse. */
	{ "socket", { AF_UNIX, SOCK_STREAM }, "syslogd", NULL, 0 },
	{ "socket", { AF_INET, SOCK_STREAM }, "a smarthost", NULL, 0 },
	{ "socket", { AF_INET, SOCK_DGRAM, IPPROTO_UDP }, "a name server",
	    NULL, 0 },
	{ "socket", { AF_INET6, SOCK_STREAM, IPPROTO_TCP }, "a smarthost",
	    NULL, 0 },
	{ "socket", { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
	    "getaddrinfo(3)", NULL, 0 },
	{ "socketpair", { AF_UNIX, SOCK_STREAM, 0, MINUS }, "pipes", NULL,
	    EFAULT },
	{ "fcntl", { MINUS, F_GETFL }, "files", NULL, EBADF },
	{ "fcntl", { MINUS, F_SETFD, FD_CLOEXEC }, "files", NULL, EBADF },
	{ "fcntl", { MINUS, F_GETOWN }, "files", NULL, EBADF },
	{ "fcntl", { MINUS, F_SETOWN, 0 }, "deliver's tethers", NULL, EBADF },
	{ "ioctl", { MINUS, FIONREAD, MINUS }, "pipes", NULL, EBADF },
	{ "ioctl", { MINUS, TCGETS, MINUS }, "isatty(3)", NULL, EBADF },
	{ "ioprio_set", { IOPRIO_WHO_PROCESS, 0, 3 << 13 /* idle */ }, ITSELF,
	    NULL, 0 },
	{ "sched_setaffinity", { 0, 8, MINUS }, ITSELF, NULL, EFAULT },
	{ "sched_setattr", { 0, MINUS, 0 }, ITSELF, NULL, EFAULT },
	{ "sched_setparam", { 0, MINUS }, ITSELF, NULL, EFAULT },
	{ "sched_setscheduler", { 0, SCHED_OTHER, MINUS }, ITSELF, NULL,
	    EFAULT },
	{ "setpriority", { PRIO_PROCESS, 0, 19 }, ITSELF, NULL, 0 }
};

const size_t nsamples = sizeof(samples) / sizeof(samples[0]);

const uint64_t *
sample_args(const struct sample *s)
{
	return (s == NULL ? call_ones : s->args);
}

const struct sample *
sample_of(int nr)
{
	size_t	 i;

	for (i = 0; i < nsamples; i++)
		if (policy_nr(samples[i].name) == nr)
			return (&samples[i]);
	return (NULL);
}

long
sample_make(const struct sample *s, int nr)
{
	if (s == NULL || s->call == NULL)
		return (call_make(WAY_NATIVE, nr, sample_args(s)));
	return (s->call(nr, s->args));
}
