/* SPDX-License-Identifier: ISC */

/*
 * Every system call, made for real: a child enters the sandbox of front or
 * parent and makes the raw call.  What survives must be what the tables allow.
 * Arguments are as harmless as they can be, -1 but where a table wants
 * something else, should a filter let through what it must not.  For deliver,
 * whose filter is of another kind: exhaustive_deliver_test.
 */

#include <sys/mman.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "front/sandbox_front.h"
#include "msmtpd.h"
#include "parent/sandbox_parent.h"
#include "policy.h"
#include "powers.h"
#include "sandbox.h"
#include "tap.h"

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
enter_sandbox(const struct policy *p)
{
	struct sandbox_log	 log = { NULL, 0 };

	if (p->rules == front_rules) {
		conf.inetd = (p->when & SANDBOX_LISTEN) == 0;
		sandbox_front(&conf);
		return;
	}
	if (p->when & SANDBOX_FILE)
		log.file = logfile;
	log.syslog = (p->when & SANDBOX_SYSLOG) != 0;
	sandbox_parent(&log);
}

static enum fate
fate_of(pid_t pid)
{
	int	 end = call_wait(pid);

	if (end == KILLED_BY(SIGSYS))
		return (KILLED);
	/* 1 is fatal()'s. */
	return (end < ENDED(0) || end == ENDED(1) ? OTHERWISE : SURVIVED);
}

static enum fate
try(const struct policy *p, enum way way, long nr, const uint64_t args[6])
{
	pid_t	 pid;

	if ((pid = fork()) == 0) {
		alarm(CALL_SECONDS);
		enter_sandbox(p);
		call_make(way, nr, args);
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

/* Each number, with -1 everywhere: only what has no conditions survives. */
static void
numbers(const struct policy *p)
{
	int	 nr, wrong = 0, survivors = 0;
	bool	 allowed;

	for (nr = 0; nr < NR_MAX; nr++) {
		if (call_unfiltered(nr))
			continue;
		allowed = policy_allows(p, nr, call_ones);
		survivors += allowed;
		wrong += expect(p, WAY_NATIVE, nr, call_ones,
		    allowed ? SURVIVED : KILLED);
	}
	is_int(wrong, 0, "%s: of numbers 0 to %d the %d that the table allows "
	    "survive", p->name, NR_MAX - 1, survivors);
}

/* Each row with what it asks for, and with each bit of it turned over. */
static void
conditions(const struct policy *p)
{
	const struct sandbox_rule	*r;
	uint64_t			 args[6];
	size_t				 i, c;
	int				 nr, bit, wrong = 0, good = 0, bad = 0;
	bool				 allowed;

	for (i = 0; i < *p->n; i++) {
		r = &p->rules[i];
		nr = policy_nr(r->name);
		memcpy(args, call_ones, sizeof(args));
		policy_arguments(r, args);
		allowed = policy_allows(p, nr, args);
		good += allowed;
		wrong += expect(p, WAY_NATIVE, nr, args, allowed ? SURVIVED :
		    KILLED);
		for (c = 0; c < SANDBOX_ARGS && r->arg[c].op != SANDBOX_NONE;
		    c++)
			for (bit = 0; bit < 64; bit++) {
				args[r->arg[c].n] ^= 1ULL << bit;
				allowed = policy_allows(p, nr, args);
				bad += !allowed;
				wrong += expect(p, WAY_NATIVE, nr, args,
				    allowed ? SURVIVED : KILLED);
				args[r->arg[c].n] ^= 1ULL << bit;
			}
	}
	is_int(wrong, 0, "%s: %d rows survive with the arguments they want, "
	    "%d forbidden arguments are killed", p->name, good, bad);
}

/* What carries power, as it is written down by hand. */
static void
power(const struct policy *p)
{
	const struct power	*w;
	size_t			 i;
	int			 wrong = 0, asked = 0;

	for (i = 0; i < npowers; i++) {
		w = &powers[i];
		if (strcmp(w->process, p->name) != 0)
			continue;
#ifdef SANITIZE
		/* Sanitizers map as they like. */
		if (strcmp(w->call, "mmap") == 0 &&
		    (w->args[2] & PROT_EXEC) == 0)
			continue;
#endif
		asked++;
		if (expect(p, WAY_NATIVE, policy_nr(w->call), w->args,
		    w->allowed ? SURVIVED : KILLED) != 0) {
			diag("%s: %s, %s", p->name, w->call, w->what);
			wrong++;
		}
	}
	is_int(wrong, 0, "%s: %d calls whose arguments carry power are "
	    "answered as they should be", p->name, asked);
}

/* The two that no filter sees must be harmless in themselves. */
static void
trampolines(const struct policy *p)
{
	int	 nr, wrong = 0, found = 0, end;
	pid_t	 pid;

	for (nr = 0; nr < NR_MAX; nr++) {
		if (!call_unfiltered(nr))
			continue;
		found++;
		if ((pid = fork()) == 0) {
			alarm(CALL_SECONDS);
			enter_sandbox(p);
			_exit(call_make(WAY_NATIVE, nr, call_ones) == -1 &&
			    call_idle(errno) ? 0 : 3);
		}
		end = call_wait(pid);
		wrong += end != ENDED(0) && !call_idle(end) &&
		    end != KILLED_BY(SIGSYS);
	}
	is_int(wrong, 0, "%s: the %d trampolines of the kernel do nothing",
	    p->name, found);
}

/* Numbers that no table of system calls has. */
static void
beyond(const struct policy *p)
{
	static const int	 nrs[] = { -1, -2, INT_MIN, NR_MAX, 4095,
				    0x3fffffff, INT_MAX };
	size_t			 i;
	int			 wrong = 0;

	for (i = 0; i < sizeof(nrs) / sizeof(nrs[0]); i++)
		wrong += expect(p, WAY_NATIVE, nrs[i], call_ones, KILLED);
	is_int(wrong, 0, "%s: negative and large numbers are killed",
	    p->name);
}

static void
foreign(const struct policy *p)
{
#ifdef __x86_64__
	int	 nr, wrong = 0;

	for (nr = 0; nr < NR_MAX; nr++)
		wrong += expect(p, WAY_X32, nr, call_ones, KILLED);
	is_int(wrong, 0, "%s: x32's numbers 0 to %d are killed", p->name,
	    NR_MAX - 1);
	if (!call_int80()) {
		skip(1, "this kernel does not run int 0x80");
		return;
	}
	for (nr = 0, wrong = 0; nr < NR_I386; nr++)
		wrong += expect(p, WAY_INT80, nr, call_ones, KILLED);
	is_int(wrong, 0, "%s: int 0x80 is killed for 0 to %d", p->name,
	    NR_I386 - 1);
#else
	(void)p;
	skip(2, "no x32 and int 0x80 on this machine");
#endif
}

int
main(void)
{
	size_t	 i;

	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(logfile, sizeof(logfile), "%s.log", dir);
	call_config(&conf);
	if (conf.drop)
		strlcpy(conf.chroot, dir, sizeof(conf.chroot));
	for (i = 0; i < npolicies; i++) {
		numbers(&policies[i]);
		conditions(&policies[i]);
		power(&policies[i]);
		trampolines(&policies[i]);
		beyond(&policies[i]);
		if ((policies[i].when & ~SANDBOX_LISTEN) == 0)
			foreign(&policies[i]);
	}
	rmdir(dir);
	return (done_testing());
}
