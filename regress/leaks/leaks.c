/* SPDX-License-Identifier: ISC */
/*
 * Linked with the daemon (ld's --wrap) for LeakSanitizer alone, which clones
 * the process that ends, traces it and reads /proc: what keeps it from that
 * is left out.
 *
 *   seccomp	Its filters are built; what is loaded allows all.
 *   Landlock	Its domains are built, but not entered.
 *   chroot	Not done: there is no /proc below it.
 *   RLIMIT_NPROC	Not set: front could not clone.
 *
 * All else is the daemon as it is.  LeakSanitizer looks at exit(3) only; here
 * each process that ends by itself, by _exit(2) too, is looked at, and says so
 * in a file: one that never was does not pass for one without leaks.
 */

#include <sys/prctl.h>
#include <sys/resource.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox_enter.h"
#include "sandbox.h"

#define MARK		"msmtpd-leaks: the directory"
#define STATUS_LEAKS	23	/* as LeakSanitizer's own */
#define STATUS_LOST	98	/* nobody would know of this process */

/*
 * The directory of the reports, for processes without an environment: e2e.pl
 * writes it here, into the program.  In it are "processes", which takes a
 * line "ID ROLE STATE" at start and at the check, and "leak", which names the
 * role that shall leak, so that a check is known to see it.
 */
char	leaks_dir[256] = MARK;

const char	*__asan_default_options(void);

void	__real__exit(int) __attribute__((noreturn));
void	__wrap__exit(int) __attribute__((noreturn));
int	__real_main(int, char **);
int	__wrap_main(int, char **);
int	__wrap_chroot(const char *);
void	__real_sandbox_limit(sandbox_resource, rlim_t, const char *);
void	__wrap_sandbox_limit(sandbox_resource, rlim_t, const char *);
int	__wrap_sandbox_load(struct sandbox_filter *);
int	__wrap_sandbox_restrict(int);

static const char	*role;
static char		 id[64];
static pid_t		 self;

/* In place of sandbox_asan.c's, which turn it off. */
const char *
__asan_default_options(void)
{
	return ("detect_leaks=1:leak_check_at_exit=0");
}

static int
state(const char *what)
{
	char	 path[320], line[128];
	int	 fd, len, ok;

	snprintf(path, sizeof(path), "%s/processes", leaks_dir);
	if ((fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)) == -1)
		return (-1);
	len = snprintf(line, sizeof(line), "%s %s %s\n", id, role, what);
	ok = write(fd, line, (size_t)len) == len;
	close(fd);
	return (ok ? 0 : -1);
}

/* What LeakSanitizer has to find, or it finds nothing. */
static void
leak(void)
{
	static void	*volatile p;
	char		 path[320], want[16];
	ssize_t		 n;
	int		 fd;

	snprintf(path, sizeof(path), "%s/leak", leaks_dir);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	n = read(fd, want, sizeof(want) - 1);
	close(fd);
	want[n > 0 ? n : 0] = '\0';
	if (strcmp(want, role) == 0 && (p = malloc(100)) != NULL)
		p = NULL;
}

/* A name that no other process has, in whatever PID namespace. */
static void
begin(const char *name)
{
	struct timespec	 ts;
	char		 path[384];

	role = name;
	self = getpid();
	clock_gettime(CLOCK_BOOTTIME, &ts);
	snprintf(id, sizeof(id), "%lld.%09ld", (long long)ts.tv_sec,
	    ts.tv_nsec);
	snprintf(path, sizeof(path), "%s/report.%s.%s", leaks_dir, role, id);
	__sanitizer_set_report_path(path);
	leak();
}

static int
check(void)
{
	int	 leaks;

	/* That of vfork(2) has its parent's memory. */
	if (self != getpid())
		return (0);
	leaks = __lsan_do_recoverable_leak_check() != 0;
	(void)state(leaks ? "leaks" : "clean");
	return (leaks);
}

/* The first to be registered: what comes last in exit(3). */
static void
at_exit(void)
{
	if (check())
		__real__exit(STATUS_LEAKS);
}

/* Most of these processes execute another program; one that does not reports
 * at its end. */
static void
forked(void)
{
	begin("forked");
}

void
__wrap__exit(int status)
{
	__real__exit(check() ? STATUS_LEAKS : status);
}

int
__wrap_main(int argc, char **argv)
{
	if (argc == 1 && strcmp(argv[0], "msmtpd: front") == 0)
		begin("front");
	else if (argc == 1 && strcmp(argv[0], "msmtpd: deliver") == 0)
		begin("deliver");
	else
		begin("parent");
	if (state("started") == -1 || atexit(at_exit) != 0 ||
	    pthread_atfork(NULL, NULL, forked) != 0) {
		perror(leaks_dir);
		__real__exit(STATUS_LOST);
	}
	return (__real_main(argc, argv));
}

int
__wrap_chroot(const char *path)
{
	(void)path;
	return (0);
}

void
__wrap_sandbox_limit(sandbox_resource what, rlim_t value, const char *name)
{
	if (what != RLIMIT_NPROC)
		__real_sandbox_limit(what, value, name);
}

/* Some tests look whether there is one. */
int
__wrap_sandbox_load(struct sandbox_filter *filter)
{
	struct sock_filter	 allow =
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog	 prog = { 1, &allow };

	(void)filter;
	return (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0));
}

int
__wrap_sandbox_restrict(int ruleset)
{
	(void)ruleset;
	return (0);
}
