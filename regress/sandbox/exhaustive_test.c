/*
 * Copyright (c) 2026 The msmtpd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * Every system call, made for real: a child confines itself as the process
 * of the daemon does and makes the raw call.  What survives must be what the
 * tables allow.  Arguments are as harmless as they can be, -1 but where a
 * table wants something else, should a filter let through what it must not.
 */

#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "log.h"
#include "msmtpd.h"
#include "policy.h"
#include "tap.h"

#define NR_MAX		1024
#define NR_I386		512
#define X32_BIT		0x40000000
#define UNUSED_ID	64999		/* a user and group of nobody's */

enum way {
	WAY_NATIVE,
	WAY_X32,
	WAY_INT80
};

/* How a child ended. */
enum fate {
	SURVIVED,
	KILLED,				/* by SIGSYS */
	OTHERWISE			/* blocked, crashed, did not start */
};

static struct config	 conf;
static char		 dir[] = "/tmp/msmtpd-exhaustive-XXXXXX";
static char		 logfile[64];

static void
no_log(void *arg, int pri, const char *text)
{
	(void)arg;
	if (pri <= LOG_ERR)
		diag("%s", text);
}

static long
make_call(enum way way, long nr, const uint64_t a[6])
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

static void
confine_as(const struct policy *p)
{
	struct confine_log	 log = { NULL, 0 };

	if (p->rules == filter_front) {
		conf.inetd = (p->when & FILTER_LISTEN) == 0;
		confine_front(&conf);
		return;
	}
	if (p->when & FILTER_FILE)
		log.file = logfile;
	log.syslog = (p->when & FILTER_SYSLOG) != 0;
	confine_parent(&log);
}

static enum fate
fate_of(pid_t pid)
{
	int	 status;

	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		err(1, "child");
	if (WIFSIGNALED(status))
		return (WTERMSIG(status) == SIGSYS ? KILLED : OTHERWISE);
	/* 1 is fatal()'s. */
	return (WEXITSTATUS(status) == 1 ? OTHERWISE : SURVIVED);
}

/*
 * uretprobe and uprobe, x86_64's 335 and 336, are the kernel's trampolines
 * for uprobes.  Recent kernels do not ask any filter about them; outside of a
 * trampoline they do nothing: SIGILL and ENXIO.
 */
static bool
unfiltered(int nr)
{
#ifdef __x86_64__
	return (nr == 335 || nr == 336);
#else
	(void)nr;
	return (false);
#endif
}

static enum fate
try(const struct policy *p, enum way way, long nr, const uint64_t args[6])
{
	pid_t	 pid;

	if ((pid = fork()) == 0) {
		alarm(20);
		if (p != NULL)
			confine_as(p);
		make_call(way, nr, args);
		_exit(0);
	}
	return (fate_of(pid));
}

static int
expect(const struct policy *p, enum way way, int nr, const uint64_t args[6],
    enum fate want)
{
	enum fate	 got = try(p, way, nr, args);

	if (got == want)
		return (0);
	diag("%s: way %d, number %d(%#llx, %#llx, %#llx, %#llx): %s", p->name,
	    way, nr, (unsigned long long)args[0], (unsigned long long)args[1],
	    (unsigned long long)args[2], (unsigned long long)args[3],
	    got == SURVIVED ? "survived" : got == KILLED ? "killed" :
	    "neither survived nor killed by the filter");
	return (1);
}

static const uint64_t	 ones[6] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL,
			    ~0ULL };

/* Each number, with -1 everywhere: only what has no conditions survives. */
static void
numbers(const struct policy *p)
{
	int	 nr, wrong = 0, survivors = 0;
	bool	 allowed;

	for (nr = 0; nr < NR_MAX; nr++) {
		if (unfiltered(nr))
			continue;
		allowed = policy_allows(p, nr, ones);
		survivors += allowed;
		wrong += expect(p, WAY_NATIVE, nr, ones, allowed ? SURVIVED :
		    KILLED);
	}
	is_int(wrong, 0, "%s: of numbers 0 to %d the %d that the table allows "
	    "survive", p->name, NR_MAX - 1, survivors);
}

/* Each row with what it asks for, and with each condition broken. */
static void
conditions(const struct policy *p)
{
	static const uint64_t		 flips[] = { 1, 4, 1 << 3, 1 << 14,
					    1U << 31, 1ULL << 40 };
	const struct sandbox_rule	*r;
	uint64_t			 args[6];
	size_t				 i, k, c;
	int				 nr, wrong = 0, good = 0, bad = 0;
	bool				 allowed;

	for (i = 0; i < *p->n; i++) {
		r = &p->rules[i];
		nr = policy_nr(r->name);
		memcpy(args, ones, sizeof(args));
		policy_arguments(r, args);
		allowed = policy_allows(p, nr, args);
		good += allowed;
		wrong += expect(p, WAY_NATIVE, nr, args, allowed ? SURVIVED :
		    KILLED);
		for (c = 0; c < SANDBOX_ARGS && r->arg[c].op != SANDBOX_NONE;
		    c++)
			for (k = 0; k < sizeof(flips) / sizeof(flips[0]);
			    k++) {
				args[r->arg[c].n] ^= flips[k];
				allowed = policy_allows(p, nr, args);
				bad += !allowed;
				wrong += expect(p, WAY_NATIVE, nr, args,
				    allowed ? SURVIVED : KILLED);
				args[r->arg[c].n] ^= flips[k];
			}
	}
	is_int(wrong, 0, "%s: %d rows survive with the arguments they want, "
	    "%d forbidden arguments are killed", p->name, good, bad);
}

/* The two that no filter sees must be harmless in themselves. */
static void
trampolines(const struct policy *p)
{
	int	 nr, wrong = 0, found = 0, status;
	pid_t	 pid;

	for (nr = 0; nr < NR_MAX; nr++) {
		if (!unfiltered(nr))
			continue;
		found++;
		if ((pid = fork()) == 0) {
			alarm(20);
			confine_as(p);
			_exit(make_call(WAY_NATIVE, nr, ones) == -1 &&
			    errno == ENXIO ? 0 : 3);
		}
		if (pid == -1 || waitpid(pid, &status, 0) != pid)
			err(1, "child");
		wrong += status != 0 && !(WIFSIGNALED(status) &&
		    (WTERMSIG(status) == SIGILL ||
		    WTERMSIG(status) == SIGSYS));
	}
	is_int(wrong, 0, "%s: the %d trampolines of the kernel do nothing",
	    p->name, found);
}

static void
foreign(const struct policy *p)
{
#ifdef __x86_64__
	static const uint64_t	 none[6];
	int			 nr, wrong = 0;

	for (nr = 0; nr < NR_MAX; nr += 1)
		wrong += expect(p, WAY_X32, nr, ones, KILLED);
	is_int(wrong, 0, "%s: x32's numbers 0 to %d are killed", p->name,
	    NR_MAX - 1);
	/* 20 is i386's getpid. */
	if (try(NULL, WAY_INT80, 20, none) == OTHERWISE) {
		skip(1, "this kernel does not run int 0x80");
		return;
	}
	for (nr = 0, wrong = 0; nr < NR_I386; nr++)
		wrong += expect(p, WAY_INT80, nr, ones, KILLED);
	is_int(wrong, 0, "%s: int 0x80 is killed for 0 to %d", p->name,
	    NR_I386 - 1);
#else
	(void)p;
	skip(2, "no x32 and int 0x80 on this machine");
#endif
}

/*
 * deliver may fork, so it is confined once and its children make the calls;
 * what is allowed is not made here (tables_test has asked the filter).
 */
#define NOT_MADE	-1

static void
deliver_call(int *result, enum way way, int nr)
{
	long	 ret;
	pid_t	 pid;

	if ((pid = fork()) == 0) {
		alarm(20);
		ret = make_call(way, nr, ones);
		*result = ret == -1 ? errno : 0;
		_exit(0);
	}
	if (fate_of(pid) == KILLED)
		*result = SIGSYS + 1000;
}

static void
deliver_child(int *result, int *x32, int *int80)
{
	int	 nr;

	confine_deliver(&conf);
	for (nr = 0; nr < NR_MAX; nr++) {
		if (policy_deliver(nr, ones) != 0)
			deliver_call(&result[nr], WAY_NATIVE, nr);
		deliver_call(&x32[nr], WAY_X32, nr);
	}
	for (nr = 0; nr < NR_I386; nr++)
		deliver_call(&int80[nr], WAY_INT80, nr);
}

static void
deliver_foreign(const int *x32, const int *int80)
{
#ifdef __x86_64__
	static const uint64_t	 none[6];
	int			 nr, wrong = 0;

	for (nr = 0; nr < NR_MAX; nr++)
		wrong += x32[nr] != SIGSYS + 1000;
	is_int(wrong, 0, "deliver: x32's numbers are killed");
	if (try(NULL, WAY_INT80, 20, none) == OTHERWISE) {
		skip(1, "this kernel does not run int 0x80");
		return;
	}
	for (nr = 0, wrong = 0; nr < NR_I386; nr++)
		wrong += int80[nr] != SIGSYS + 1000;
	is_int(wrong, 0, "deliver: int 0x80 is killed");
#else
	(void)x32;
	(void)int80;
	skip(2, "no x32 and int 0x80 on this machine");
#endif
}

static void
deliver(void)
{
	int	*shared, nr, want, wrong = 0, refused = 0;
	pid_t	 pid;

	shared = mmap(NULL, 3 * NR_MAX * sizeof(*shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	for (nr = 0; nr < 3 * NR_MAX; nr++)
		shared[nr] = NOT_MADE;
	if ((pid = fork()) == 0) {
		deliver_child(shared, shared + NR_MAX, shared + 2 * NR_MAX);
		_exit(0);
	}
	is_int(fate_of(pid), SURVIVED, "deliver is confined");
	for (nr = 0; nr < NR_MAX; nr++) {
		if (unfiltered(nr))
			continue;
		want = policy_deliver(nr, ones);
		refused += want != 0;
		if (want == 0)
			want = NOT_MADE;
		if (shared[nr] != want) {
			diag("deliver: number %d: %d instead of %d", nr,
			    shared[nr], want);
			wrong++;
		}
	}
	is_int(wrong, 0, "deliver: of numbers 0 to %d, %d are refused with "
	    "EPERM or ENOSYS as accounted", NR_MAX - 1, refused);
	deliver_foreign(shared + NR_MAX, shared + 2 * NR_MAX);
	munmap(shared, 3 * NR_MAX * sizeof(*shared));
}

int
main(void)
{
	size_t	 i;

	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(logfile, sizeof(logfile), "%s.log", dir);
	log_init("", no_log, NULL);
	conf.max_size = 1 << 20;
	conf.max_sessions = 10;
	conf.max_deliveries = 4;
	conf.drop = geteuid() == 0;
	conf.uid = conf.gid = conf.groups[0] = UNUSED_ID;
	conf.ngroups = 1;
	if (conf.drop)
		strlcpy(conf.chroot, dir, sizeof(conf.chroot));
	else
		diag("not root: without chroot and change of user");
	for (i = 0; i < npolicies; i++) {
		numbers(&policies[i]);
		conditions(&policies[i]);
		trampolines(&policies[i]);
		if ((policies[i].when & ~FILTER_LISTEN) == 0)
			foreign(&policies[i]);
	}
	deliver();
	rmdir(dir);
	return (done_testing());
}
