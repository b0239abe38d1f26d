/* SPDX-License-Identifier: ISC */
/* sandbox: seccomp filters from tables, and Landlock. */

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

#define NAME_SIZE	32	/* of a system call's name, with its '\0' */
#define COLUMNS		80	/* of printed lists */

/* libseccomp's context is a void pointer; struct sandbox_filter is the same
 * pointer with a type, which the compiler can check. */
static scmp_filter_ctx
ctx_of(struct sandbox_filter *f)
{
	return ((scmp_filter_ctx)f);
}

static const pid_t	*siblings;
static size_t		 nsiblings;

/* libseccomp returns negated errno values. */
static int
check(int error)
{
	if (error >= 0)
		return (0);
	errno = -error;
	return (-1);
}

static struct sandbox_filter *
filter_new(uint32_t action)
{
	scmp_filter_ctx	 ctx;

	if ((ctx = seccomp_init(action)) == NULL) {
		errno = ENOMEM;
		return (NULL);
	}
	/*
	 * Only the native architecture is in the filter; libseccomp counts
	 * x32's numbers, which come with x86_64's own architecture, as foreign
	 * too.  The caller sets no_new_privs, at its place in the order.  The
	 * filter is a binary tree, because an account is long.
	 */
	if (check(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS)) == -1 ||
	    check(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0)) == -1 ||
	    check(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2)) == -1) {
		seccomp_release(ctx);
		return (NULL);
	}
	return ((struct sandbox_filter *)ctx);
}

void
sandbox_siblings(const pid_t *pids, size_t n)
{
	siblings = pids;
	nsiblings = n;
}

/*
 * Translate a condition.  Returns false for a condition that can match nothing
 * here: a parent or a process group outside our PID namespace has the number
 * 0, which kill(2) takes for the caller's own group.
 */
static bool
condition(const struct sandbox_arg *arg, pid_t sibling,
    struct scmp_arg_cmp *cmp)
{
	const uint64_t	 half = 0xffffffff;
	uint64_t	 v = arg->value;

	switch (arg->op) {
	case SANDBOX_IS64:
		*cmp = SCMP_CMP64(arg->n, SCMP_CMP_EQ, v, 0);
		return (true);
	case SANDBOX_ONLY:
		*cmp = SCMP_CMP64(arg->n, SCMP_CMP_MASKED_EQ, ~v, 0);
		return (true);
	case SANDBOX_HAS:
		*cmp = SCMP_CMP64(arg->n, SCMP_CMP_MASKED_EQ, v, v);
		return (true);
	case SANDBOX_ABOVE:
		*cmp = SCMP_CMP64(arg->n, SCMP_CMP_GT, v, 0);
		return (true);
	case SANDBOX_IS:
		*cmp = SCMP_CMP64(arg->n, SCMP_CMP_MASKED_EQ, half, v & half);
		return (true);
	case SANDBOX_SELF:
		v = (uint64_t)getpid();
		break;
	case SANDBOX_PARENT:
		v = (uint64_t)getppid();
		break;
	case SANDBOX_SIBLING:
		v = (uint64_t)sibling;
		break;
	case SANDBOX_GROUP:
		v = (uint64_t)-getpgrp();
		break;
	case SANDBOX_NONE:
		abort();
	}
	*cmp = SCMP_CMP64(arg->n, SCMP_CMP_MASKED_EQ, half, v & half);
	return (v != 0);
}

static int
add_row(struct sandbox_filter *f, uint32_t action,
    const struct sandbox_rule *r, pid_t sibling)
{
	struct scmp_arg_cmp	 cmp[SANDBOX_ARGS];
	struct utsname		 host = { .machine = "this architecture" };
	unsigned int		 n;
	int			 nr;

	nr = seccomp_syscall_resolve_name(r->name);
	/* Negative: libseccomp knows the call, this architecture has not got
	 * it (mmap(2) of 32-bit ARM is mmap2(2)). */
	if (nr < 0) {
		(void)uname(&host);
		fatal_status(EX_OSERR, "seccomp filter: %s (%zu bits) has no "
		    "system call %s: msmtpd runs on x86_64 and aarch64",
		    host.machine, 8 * sizeof(long), r->name);
	}
	for (n = 0; n < SANDBOX_ARGS && r->arg[n].op != SANDBOX_NONE; n++)
		if (!condition(&r->arg[n], sibling, &cmp[n]))
			return (0);
	return (check(seccomp_rule_add_exact_array(ctx_of(f), action, nr, n,
	    cmp)));
}

/* A row with SANDBOX_SIBLING becomes a rule for each sibling. */
static int
add_rule(struct sandbox_filter *f, uint32_t action,
    const struct sandbox_rule *r)
{
	unsigned int	 n;
	size_t		 i;

	for (n = 0; n < SANDBOX_ARGS; n++)
		if (r->arg[n].op == SANDBOX_SIBLING)
			break;
	if (n == SANDBOX_ARGS)
		return (add_row(f, action, r, 0));
	for (i = 0; i < nsiblings; i++)
		if (add_row(f, action, r, siblings[i]) == -1)
			return (-1);
	return (0);
}

static bool
applies(const struct sandbox_rule *r, unsigned int when)
{
	return (r->when == 0 || (r->when & when) != 0);
}

static struct sandbox_filter *
filter_rules(uint32_t dflt, uint32_t action, const struct sandbox_rule *rules,
    size_t n, unsigned int when)
{
	struct sandbox_filter	*f;
	size_t			 i;

	if ((f = filter_new(dflt)) == NULL)
		return (NULL);
	for (i = 0; i < n; i++)
		if (applies(&rules[i], when) &&
		    add_rule(f, action, &rules[i]) == -1) {
			sandbox_free(f);
			return (NULL);
		}
	return (f);
}

struct sandbox_filter *
sandbox_allowlist(const struct sandbox_rule *rules, size_t n,
    unsigned int when)
{
	return (filter_rules(SCMP_ACT_KILL_PROCESS, SCMP_ACT_ALLOW, rules, n,
	    when));
}

struct sandbox_filter *
sandbox_denylist(const struct sandbox_rule *rules, size_t n)
{
	return (filter_rules(SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM), rules, n,
	    ~0U));
}

/*
 * Copy the name at *names to name, of NAME_SIZE octets, and go on to the one
 * after it.  Returns false at the end.
 */
static bool
next_name(const char **names, char *name)
{
	size_t	 len = strcspn(*names, " ");

	if (len == 0)
		return (false);
	if (len >= NAME_SIZE)
		abort();
	memcpy(name, *names, len);
	name[len] = '\0';
	*names += len + strspn(*names + len, " ");
	return (true);
}

/*
 * The account names the calls of all architectures and of newer kernels.  A
 * call that this architecture does not have, or this libseccomp does not know,
 * is left out, so that the filter answers ENOSYS.
 */
static int
add_calls(struct sandbox_filter *f, uint32_t action, const char *names)
{
	char	 name[NAME_SIZE];
	int	 nr;

	while (next_name(&names, name)) {
		nr = seccomp_syscall_resolve_name(name);
		if (nr >= 0 && check(seccomp_rule_add_exact_array(ctx_of(f),
		    action, nr, 0, NULL)) == -1)
			return (-1);
	}
	return (0);
}

struct sandbox_filter *
sandbox_account(const struct sandbox_calls *rows, size_t n)
{
	struct sandbox_filter	*f;
	size_t			 i;

	if ((f = filter_new(SCMP_ACT_ERRNO(ENOSYS))) == NULL)
		return (NULL);
	for (i = 0; i < n; i++)
		if (rows[i].verdict != SANDBOX_NOSYS && add_calls(f,
		    rows[i].verdict == SANDBOX_ALLOW ? SCMP_ACT_ALLOW :
		    SCMP_ACT_ERRNO(EPERM), rows[i].names) == -1) {
			sandbox_free(f);
			return (NULL);
		}
	return (f);
}

int
sandbox_load(struct sandbox_filter *f)
{
	return (check(seccomp_load(ctx_of(f))));
}

void
sandbox_free(struct sandbox_filter *f)
{
	int	 saved_errno = errno;

	if (f != NULL)
		seccomp_release(ctx_of(f));
	errno = saved_errno;
}

unsigned int
sandbox_count(const struct sandbox_rule *rules, size_t n, unsigned int when)
{
	const char	*last = "";
	unsigned int	 count = 0;
	size_t		 i;

	for (i = 0; i < n; i++) {
		if (!applies(&rules[i], when))
			continue;
		if (strcmp(rules[i].name, last) != 0)
			count++;
		last = rules[i].name;
	}
	return (count);
}

unsigned int
sandbox_verdicts(const struct sandbox_calls *rows, size_t n,
    enum sandbox_verdict verdict)
{
	const char	*names;
	char		 name[NAME_SIZE];
	unsigned int	 count = 0;
	size_t		 i;

	for (i = 0; i < n; i++) {
		if (rows[i].verdict != verdict)
			continue;
		for (names = rows[i].names; next_name(&names, name);)
			if (seccomp_syscall_resolve_name(name) >= 0)
				count++;
	}
	return (count);
}

static void
print_condition(FILE *fp, const char *lead, const struct sandbox_arg *arg)
{
	unsigned int	 i;

	if (arg[0].op == SANDBOX_NONE)
		return;
	fprintf(fp, "      %s if", lead);
	for (i = 0; i < SANDBOX_ARGS && arg[i].op != SANDBOX_NONE; i++)
		fprintf(fp, "%s %s", i > 0 ? " and" : "", arg[i].text);
	fputc('\n', fp);
}

void
sandbox_print_rules(FILE *fp, const struct sandbox_rule *rules, size_t n,
    const char *const *when, const char *verb)
{
	const char	*name = "", *why = "";
	unsigned int	 bit;
	bool		 again;
	size_t		 i;

	for (i = 0; i < n; i++) {
		again = strcmp(rules[i].name, name) == 0 &&
		    strcmp(rules[i].why, why) == 0;
		name = rules[i].name;
		why = rules[i].why;
		if (!again) {
			fprintf(fp, "  %-22s %s", name, why);
			for (bit = 0; when[bit] != NULL; bit++)
				if ((rules[i].when & (1U << bit)) != 0)
					fprintf(fp, " (%s)", when[bit]);
			fputc('\n', fp);
		}
		print_condition(fp, again ? "or" : verb, rules[i].arg);
	}
}

static void
print_names(FILE *fp, const char *names)
{
	char	 name[NAME_SIZE];
	size_t	 len, column = 0;

	while (next_name(&names, name)) {
		len = strlen(name);
		if (column > 0 && column + 1 + len > COLUMNS) {
			fputc('\n', fp);
			column = 0;
		}
		fprintf(fp, "%s%s", column == 0 ? "      " : " ", name);
		column += (column == 0 ? 6 : 1) + len;
	}
	fputc('\n', fp);
}

void
sandbox_print_calls(FILE *fp, const struct sandbox_calls *rows, size_t n,
    enum sandbox_verdict verdict)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (rows[i].verdict == verdict) {
			fprintf(fp, "  %s:\n", rows[i].why);
			print_names(fp, rows[i].names);
		}
}

/*
 * Landlock.  The numbers of its calls are the same on all architectures.  The
 * structures grow at their end; a kernel reads the part that it knows and
 * refuses a structure whose rest is not zero.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset	444
#define SYS_landlock_add_rule		445
#define SYS_landlock_restrict_self	446
#endif

#define CREATE_RULESET_VERSION	(1U << 0)
#define RULE_PATH_BENEATH	1

struct ruleset_attr {
	uint64_t	 handled_access_fs;	/* ABI 1 */
	uint64_t	 handled_access_net;	/* ABI 4 */
	uint64_t	 scoped;		/* ABI 6 */
};

struct path_beneath_attr {
	uint64_t	 allowed_access;
	int32_t		 parent_fd;
} __attribute__((packed));

int
sandbox_landlock_abi(void)
{
	long	 abi;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    CREATE_RULESET_VERSION);
	return (abi < 0 ? 0 : (int)abi);
}

/* Every right over files that this ABI knows. */
static uint64_t
fs_rights(int abi)
{
	if (abi >= 5)
		return ((1ULL << 16) - 1);	/* + ioctl on devices */
	if (abi >= 3)
		return ((1ULL << 15) - 1);	/* + truncate */
	if (abi == 2)
		return ((1ULL << 14) - 1);	/* + refer */
	return ((1ULL << 13) - 1);
}

int
sandbox_ruleset(int fs, uint64_t net, uint64_t scope)
{
	struct ruleset_attr	 attr;
	int			 abi;

	abi = sandbox_landlock_abi();
	memset(&attr, 0, sizeof(attr));
	if (fs)
		attr.handled_access_fs = fs_rights(abi);
	if (abi >= 4)
		attr.handled_access_net = net;
	if (abi >= 6)
		attr.scoped = scope;
	return ((int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr),
	    0));
}

int
sandbox_allow_beneath(int ruleset, const char *dir, uint64_t access)
{
	struct path_beneath_attr	 attr;
	int				 error, saved;

	attr.allowed_access = access;
	attr.parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (attr.parent_fd == -1)
		return (-1);
	error = (int)syscall(SYS_landlock_add_rule, ruleset,
	    RULE_PATH_BENEATH, &attr, 0);
	saved = errno;
	close(attr.parent_fd);
	errno = saved;
	return (error);
}

int
sandbox_restrict(int ruleset)
{
	return ((int)syscall(SYS_landlock_restrict_self, ruleset, 0));
}
