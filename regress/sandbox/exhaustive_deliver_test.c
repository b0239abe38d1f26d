/* SPDX-License-Identifier: ISC */

/*
 * Every system call, made for real under deliver's filters.
 *
 * What the table allows is made twice: by a child of a deliver in its sandbox,
 * and by a child of one, the control, that is the same but for the two filters,
 * which it does not load.  The kernel's answers must agree.
 *
 * An answer does not tell who gave it: without privileges, EPERM may be the
 * kernel's own.  So there is a probe: once more the same call, by a child that
 * has put a filter of its own on top, which hands this call to a tracer.
 * There is none, and the kernel then answers ENOSYS without making the call,
 * but only if no filter below is stricter: EPERM is deliver's own.  The probe
 * makes nothing happen, whatever the filters let through, so what is refused
 * with EPERM is tried by it alone.
 *
 * What is refused with ENOSYS is made once, with -1 in each argument.  Where
 * the kernel does not have a call, or a filter around this test (a container's)
 * refuses it already, nobody can tell who says so: the test names these.
 */

#include <sys/mman.h>
#include <sys/prctl.h>

#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "deliver/deliver_calls.h"
#include "deliver/sandbox_deliver.h"
#include "msmtpd.h"
#include "policy.h"
#include "powers.h"
#include "samples.h"
#include "sandbox.h"
#include "tap.h"

#define NOT_MADE	(-1)
#define NFILTERS	2

/* A call, how the table answers it, and how it was answered. */
struct trial {
	int			 nr;
	const struct sample	*sample;	/* NULL: -1 everywhere */
	int			 want;
	int			 control, outside;	/* outside: its probe */
	int			 sandboxed, probe;
};

/* The forbidden arguments of a row, and those next to them. */
struct row {
	int		 refused, passed;	/* as they should be */
	int		 wrong;			/* and of these the last: */
	uint64_t	 args[6];
	int		 answer;
};

static struct config	 conf;
static struct trial	*trials;		/* shared with the children */
static size_t		 ntrials;
static struct row	*rows;
static int		*answers;		/* to what carries power */
static int		*beyond;		/* numbers wrongly answered */
static int		*x32, *int80;
static bool		 is_control;
static int		 nfilters;

int	__real_sandbox_load(struct sandbox_filter *);
int	__wrap_sandbox_load(struct sandbox_filter *);

int
__wrap_sandbox_load(struct sandbox_filter *f)
{
	nfilters++;
	return (is_control ? 0 : __real_sandbox_load(f));
}

static void *
shared(size_t n, size_t size)
{
	void	*p;

	p = mmap(NULL, n * size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	return (p);
}

static void
plan(int nr, const struct sample *s)
{
	struct trial	*t = &trials[ntrials++];

	t->nr = nr;
	t->sample = s;
	t->want = policy_deliver(nr, sample_args(s));
	t->control = t->outside = t->sandboxed = t->probe = NOT_MADE;
}

/* Each number once, and then what further samples it has. */
static void
plan_all(void)
{
	size_t	 i;
	int	 nr;

	trials = shared(NR_MAX + nsamples, sizeof(*trials));
	rows = shared(deliver_call_args_n, sizeof(*rows));
	answers = shared(npowers, sizeof(*answers));
	beyond = shared(1, sizeof(*beyond));
	x32 = shared(NR_MAX, sizeof(*x32));
	int80 = shared(NR_I386, sizeof(*int80));
	for (nr = 0; nr < NR_MAX; nr++)
		plan(nr, sample_of(nr));
	for (i = 0; i < nsamples; i++) {
		nr = policy_nr(samples[i].name);
		if (nr != -1 && sample_of(nr) != &samples[i])
			plan(nr, &samples[i]);
	}
}

/* The filter that hands one call to a tracer, although there is no tracer. */
static void
probe(int nr)
{
	struct sock_filter	 insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog	 prog = { 4, insns };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) == -1)
		err(1, "PR_SET_SECCOMP");
}

static int
answer(long ret)
{
	return (ret == -1 ? errno : 0);
}

/* fork(2); the child does not outlive us, nor a call that blocks. */
static pid_t
child(void)
{
	pid_t	 pid = fork();

	if (pid == 0) {
		alarm(CALL_SECONDS);
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
			err(1, "PR_SET_PDEATHSIG");
	}
	return (pid);
}

/* In a child of its own, the answer or the end that it came to. */
static void
make(const struct trial *t, bool probing, int *result)
{
	pid_t	 pid;
	int	 end;

	if ((pid = child()) == 0) {
		if (probing)
			probe(t->nr);
		*result = answer(probing ? call_make(WAY_NATIVE, t->nr,
		    sample_args(t->sample)) : sample_make(t->sample, t->nr));
		call_leave(0);
	}
	if ((end = call_wait(pid)) != ENDED(0))
		*result = end;
}

#ifdef __x86_64__
static int
foreign(enum way way, int nr)
{
	pid_t	 pid;

	if ((pid = child()) == 0) {
		call_make(way, nr, call_ones);
		call_leave(0);
	}
	return (call_wait(pid));
}

static void
make_foreign(void)
{
	int	 nr;

	for (nr = 0; nr < NR_MAX; nr++)
		x32[nr] = foreign(WAY_X32, nr);
	for (nr = 0; nr < NR_I386; nr++)
		int80[nr] = foreign(WAY_INT80, nr);
}
#endif

#define TRIES_MAX	(1 + 64 * SANDBOX_ARGS)

/* Ask for each and count; in a child that may do nothing else. */
static void
try_row(int nr, const uint64_t (*args)[6], const int *want, size_t n,
    struct row *row)
{
	size_t	 i;
	int	 got;

	probe(nr);
	for (i = 0; i < n; i++) {
		got = answer(call_make(WAY_NATIVE, nr, args[i]));
		if (got == (want[i] == 0 ? ENOSYS : want[i])) {
			row->refused += want[i] != 0;
			row->passed += want[i] == 0;
		} else {
			row->wrong++;
			row->answer = got;
			memcpy(row->args, args[i], sizeof(row->args));
		}
	}
	call_leave(0);
}

/*
 * What a row refuses, and the same with each bit of what it looks at turned
 * over.  Here deliver's own pid and group are what the rows mean.
 */
static void
make_row(const struct sandbox_rule *r, struct row *row)
{
	uint64_t	 args[TRIES_MAX][6];
	size_t		 c, i, n = 1;
	pid_t		 pid;
	int		 want[TRIES_MAX], nr = policy_nr(r->name), bit;

	memcpy(args[0], sample_args(sample_of(nr)), sizeof(args[0]));
	/* Without the row's own arguments, nothing must be refused. */
	row->wrong += policy_deliver(nr, args[0]) != 0;
	policy_arguments(r, args[0]);
	row->wrong += policy_deliver(nr, args[0]) != EPERM;
	for (c = 0; c < SANDBOX_ARGS && r->arg[c].op != SANDBOX_NONE; c++)
		for (bit = 0; bit < 64; bit++) {
			memcpy(args[n], args[0], sizeof(args[n]));
			args[n++][r->arg[c].n] ^= 1ULL << bit;
		}
	for (i = 0; i < n; i++)
		want[i] = policy_deliver(nr, args[i]);
	if ((pid = child()) == 0)
		try_row(nr, (const uint64_t (*)[6])args, want, n, row);
	row->wrong += call_wait(pid) != ENDED(0);
}

/* What carries power, as it is written down by hand: nothing is made. */
static void
make_power(const struct power *w, int *result)
{
	pid_t	 pid;
	int	 nr = policy_nr(w->call);

	*result = NOT_MADE;
	if ((pid = child()) == 0) {
		probe(nr);
		*result = answer(call_make(WAY_NATIVE, nr, w->args));
		call_leave(0);
	}
	if (call_wait(pid) != ENDED(0))
		*result = NOT_MADE;
}

/* Numbers that no table of system calls has. */
static void
make_beyond(void)
{
	pid_t	 pid;
	int	 nr;

	if ((pid = child()) == 0) {
		for (nr = NR_MAX; nr < 4 * NR_MAX; nr++)
			*beyond += answer(call_make(WAY_NATIVE, nr,
			    call_ones)) != ENOSYS;
		call_leave(0);
	}
	*beyond += call_wait(pid) != ENDED(0);
}

/* In a session of its own: kill(2) must not reach who runs the test. */
static void
enter_sandbox(bool control)
{
	is_control = control;
	if (setsid() == -1)
		err(1, "setsid");
	sandbox_deliver(&conf);
	if (nfilters != NFILTERS)
		errx(1, "%d filters instead of %d", nfilters, NFILTERS);
}

static void
be_control(void)
{
	struct trial	*t;
	size_t		 i;

	enter_sandbox(true);
	for (i = 0; i < ntrials; i++) {
		t = &trials[i];
		if (t->want != 0)
			continue;
		make(t, false, &t->control);
		make(t, true, &t->outside);
	}
	call_leave(0);
}

static void
be_sandboxed(void)
{
	struct trial	*t;
	size_t		 i;

	enter_sandbox(false);
	for (i = 0; i < ntrials; i++) {
		t = &trials[i];
		if (t->want != EPERM)
			make(t, false, &t->sandboxed);
		if (t->want != ENOSYS)
			make(t, true, &t->probe);
	}
	for (i = 0; i < deliver_call_args_n; i++)
		make_row(&deliver_call_args[i], &rows[i]);
	for (i = 0; i < npowers; i++)
		if (strcmp(powers[i].process, "deliver") == 0)
			make_power(&powers[i], &answers[i]);
	make_beyond();
#ifdef __x86_64__
	make_foreign();
#endif
	call_leave(0);
}

static void
run(void (*be)(void), const char *name)
{
	pid_t	 pid;

	fflush(stdout);
	if ((pid = fork()) == 0)
		be();
	is_int(call_wait(pid), ENDED(0), "%s has entered its sandbox and made "
	    "its calls", name);
}

/* Whether the kernel itself can be told from a filter. */
static bool
told(const struct trial *t)
{
	return (t->outside == ENOSYS && t->control != ENOSYS);
}

/* The answer that the kernel itself should have given. */
static bool
plausible(const struct trial *t)
{
	if (t->sample != NULL && t->sample->answer != 0)
		return (t->control == t->sample->answer);
	return (t->control >= 0 && t->control < KILLED_BY(0) &&
	    t->control != EPERM);
}

static bool
as_wanted(const struct trial *t)
{
	switch (t->want) {
	case 0:
		return (t->sandboxed == t->control &&
		    t->probe == t->outside && t->outside > 0 &&
		    t->outside < KILLED_BY(0) && (plausible(t) || !told(t)));
	case ENOSYS:
		if (call_unfiltered(t->nr) && call_idle(t->sandboxed))
			return (true);
		return (t->sandboxed == ENOSYS);
	default:
		return (t->probe == t->want);
	}
}

static int
judge(const struct trial *t)
{
	const uint64_t	*args = sample_args(t->sample);

	if (as_wanted(t))
		return (0);
	diag("deliver: number %d(%#llx, %#llx, %#llx) (%s): table %d, control "
	    "%d and %d, sandboxed %d and %d", t->nr,
	    (unsigned long long)args[0], (unsigned long long)args[1],
	    (unsigned long long)args[2], t->sample == NULL ? "-1 everywhere" :
	    t->sample->why, t->want, t->control, t->outside, t->sandboxed,
	    t->probe);
	return (1);
}

static void
judge_numbers(void)
{
	const struct trial	*t;
	int			 nr, wrong = 0, refused = 0, untold = 0;
	int			 survivors = 0;

	for (nr = 0; nr < NR_MAX; nr++) {
		t = &trials[nr];
		wrong += judge(t);
		refused += t->want != 0;
		if (t->want == 0 && !told(t)) {
			diag("number %d: %s", nr, t->control == ENOSYS ?
			    "this kernel does not have it" :
			    "refused by a filter around this test");
			untold++;
		} else
			survivors += t->want == 0;
	}
	is_int(wrong, 0, "deliver: of numbers 0 to %d, %d are refused with "
	    "EPERM or ENOSYS as accounted, %d survive, answered as without "
	    "the filters, and %d cannot be told", NR_MAX - 1, refused,
	    survivors, untold);
	is_int(survivors + untold, sandbox_verdicts(deliver_calls,
	    deliver_calls_n, SANDBOX_ALLOW), "deliver: these are all that "
	    "the table allows");
}

static void
judge_samples(void)
{
	size_t	 i;
	int	 wrong = 0;

	for (i = NR_MAX; i < ntrials; i++)
		wrong += trials[i].want != 0 || judge(&trials[i]) != 0;
	is_int(wrong, 0, "deliver: %zu more ways to call survive",
	    ntrials - NR_MAX);
}

static void
judge_rows(void)
{
	const struct row	*r;
	size_t			 i;
	int			 wrong = 0, refused = 0, passed = 0;

	for (i = 0; i < deliver_call_args_n; i++) {
		r = &rows[i];
		wrong += r->wrong;
		refused += r->refused;
		passed += r->passed;
		if (r->wrong > 0)
			diag("deliver: row %zu, %s: %d wrong, the last is "
			    "(%#llx, %#llx, %#llx): %d", i,
			    deliver_call_args[i].name, r->wrong,
			    (unsigned long long)r->args[0],
			    (unsigned long long)r->args[1],
			    (unsigned long long)r->args[2], r->answer);
	}
	is_int(wrong, 0, "deliver: %zu rows refuse %d forbidden arguments and "
	    "let %d next to them pass", deliver_call_args_n, refused,
	    passed);
}

static void
judge_powers(void)
{
	size_t	 i;

	for (i = 0; i < npowers; i++)
		if (strcmp(powers[i].process, "deliver") == 0)
			is_int(answers[i], powers[i].allowed ? ENOSYS : EPERM,
			    "deliver: %s, %s: %s", powers[i].call,
			    powers[i].what, powers[i].allowed ? "allowed" :
			    "refused");
	is_int(*beyond, 0, "deliver: ENOSYS for numbers %d to %d", NR_MAX,
	    4 * NR_MAX - 1);
}

static void
judge_foreign(void)
{
#ifdef __x86_64__
	int	 nr, wrong = 0;

	for (nr = 0; nr < NR_MAX; nr++)
		wrong += x32[nr] != KILLED_BY(SIGSYS);
	is_int(wrong, 0, "deliver: x32's numbers 0 to %d are killed",
	    NR_MAX - 1);
	if (!call_int80()) {
		skip(1, "this kernel does not run int 0x80");
		return;
	}
	for (nr = 0, wrong = 0; nr < NR_I386; nr++)
		wrong += int80[nr] != KILLED_BY(SIGSYS);
	is_int(wrong, 0, "deliver: int 0x80 is killed for 0 to %d",
	    NR_I386 - 1);
#else
	skip(2, "no x32 and int 0x80 on this machine");
#endif
}

int
main(void)
{
	call_config(&conf);
	/* A process that no row of the table names. */
	conf.siblings[0] = policy_sibling = 1;
	conf.nsiblings = 1;
	plan_all();
	run(be_control, "deliver without its filters");
	run(be_sandboxed, "deliver");
	judge_numbers();
	judge_samples();
	judge_rows();
	judge_powers();
	judge_foreign();
	return (done_testing());
}
