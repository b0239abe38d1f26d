/* SPDX-License-Identifier: ISC */
/*
 * sandbox: seccomp filters from tables, and Landlock.  Nothing here knows a
 * process of the daemon: each process has a table of its own.
 */

#ifndef SANDBOX_H
#define SANDBOX_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The condition on an argument.  The kernel takes an int from the lower half of
 * the register only; so do the conditions about 32 bits. */
enum sandbox_op {
	SANDBOX_NONE,		/* no condition */
	SANDBOX_IS,		/* lower 32 bits are value */
	SANDBOX_IS64,		/* all 64 bits are value */
	SANDBOX_ONLY,		/* no bit but those of value, of 64 */
	SANDBOX_HAS,		/* all bits of value */
	SANDBOX_ABOVE,		/* greater than value, as 64 bits, unsigned */
	SANDBOX_SELF,		/* lower 32 bits: the loading process's pid */
	SANDBOX_PARENT,		/* lower 32 bits: its parent's pid */
	SANDBOX_SIBLING,	/* lower 32 bits: any of sandbox_siblings() */
	SANDBOX_GROUP		/* lower 32 bits: minus its process group */
};

struct sandbox_arg {
	enum sandbox_op	 op;
	unsigned int	 n;		/* which argument, from 0 */
	uint64_t	 value;
	const char	*text;		/* for print: "flags = SOCK_CLOEXEC" */
};

#define SANDBOX_ARGS	3

/*
 * One system call, and the conditions that all must hold for its arguments.
 * Further rows of the same name, which stand together, are alternatives.
 */
struct sandbox_rule {
	const char		*name;
	const char		*why;
	unsigned int		 when;	/* 0: always; else one of these bits */
	struct sandbox_arg	 arg[SANDBOX_ARGS];
};

/* For the tables: a condition on argument n, with its text for print. */
#define IS(n, name, v)		{ SANDBOX_IS, n, (uint64_t)(v), \
				    name " = " #v }
#define IS64(n, name, v)	{ SANDBOX_IS64, n, (uint64_t)(v), \
				    name " = " #v }
#define ONLY(n, name, v)	{ SANDBOX_ONLY, n, (uint64_t)(v), \
				    name " within " #v }
#define HAS(n, name, v)		{ SANDBOX_HAS, n, (uint64_t)(v), \
				    name " with " #v }
#define ABOVE(n, name, v)	{ SANDBOX_ABOVE, n, (uint64_t)(v), \
				    name " > " #v }
#define SELF(n, name)		{ SANDBOX_SELF, n, 0, name " = deliver" }
#define PARENT(n, name)		{ SANDBOX_PARENT, n, 0, name " = parent" }
#define SIBLING(n, name)	{ SANDBOX_SIBLING, n, 0, \
				    name " = another process of ours" }
#define GROUP(n, name)		{ SANDBOX_GROUP, n, 0, \
				    name " = deliver's process group" }

/* Rows of every allowlist: for the C library's allocator, and what the run-time
 * libraries of ASan and UBSan need. */
#define SANDBOX_MALLOC							\
	{ "brk", "malloc(3)", 0, { { 0 } } },				\
	{ "mmap", "malloc(3)", 0,					\
	    { ONLY(2, "prot", PROT_READ|PROT_WRITE),			\
	    IS64(3, "flags", MAP_PRIVATE|MAP_ANONYMOUS) } },		\
	{ "mremap", "realloc(3)", 0,					\
	    { IS64(3, "flags", MREMAP_MAYMOVE) } },			\
	{ "munmap", "free(3)", 0, { { 0 } } },

#ifdef SANITIZE
#define SANDBOX_SANITIZER						\
	{ "futex", "sanitizer: locks", 0, { { 0 } } },			\
	{ "getpid", "sanitizer: report", 0, { { 0 } } },		\
	{ "gettid", "sanitizer: report", 0, { { 0 } } },		\
	{ "madvise", "sanitizer: shadow memory", 0, { { 0 } } },	\
	{ "mmap", "sanitizer: shadow memory", 0,			\
	    { ONLY(2, "prot", PROT_READ|PROT_WRITE) } },		\
	{ "rt_sigprocmask", "sanitizer: report", 0, { { 0 } } },	\
	{ "sched_yield", "sanitizer: locks", 0, { { 0 } } },		\
	{ "sigaltstack", "sanitizer: exit", 0, { { 0 } } },
#else
#define SANDBOX_SANITIZER
#endif

/* What an account, which lists all system calls, says about each. */
enum sandbox_verdict {
	SANDBOX_ALLOW,
	SANDBOX_DENY,		/* EPERM */
	SANDBOX_NOSYS		/* ENOSYS, as from a kernel without the call */
};

/* System calls that have the same verdict for the same reason. */
struct sandbox_calls {
	enum sandbox_verdict	 verdict;
	const char		*why;
	const char		*names;		/* separated by spaces */
};

struct sandbox_filter;		/* a filter that is not loaded yet */

/*
 * sandbox_siblings: the n processes that SANDBOX_SIBLING means in filters made
 * from now on.  The array is not copied.
 */
void	sandbox_siblings(const pid_t *, size_t);

/*
 * sandbox_allowlist: make a filter that allows what the rules with "when" 0 or
 * one of when's bits allow, and kills the process for any other call.
 * sandbox_account: make a filter that allows and denies as the rows say and
 * answers ENOSYS to any number that is not listed.
 * sandbox_denylist: make a filter that answers EPERM to what the rules match
 * and allows the rest.
 * Each filter kills the process for a call of a foreign architecture.  All
 * return NULL with errno set.  A name in the rules that this architecture has
 * no call for is fatal: EX_OSERR.
 */
struct sandbox_filter *sandbox_allowlist(const struct sandbox_rule *, size_t,
	    unsigned int when);
struct sandbox_filter *sandbox_account(const struct sandbox_calls *, size_t);
struct sandbox_filter *sandbox_denylist(const struct sandbox_rule *, size_t);

/* sandbox_load: put a filter in force, for good; no_new_privs must be set.
 * Returns 0, or -1 with errno set. */
int	sandbox_load(struct sandbox_filter *);

/* sandbox_free: free a filter, loaded or not; errno is kept. */
void	sandbox_free(struct sandbox_filter *);

/* sandbox_count: how many different calls the rules name. */
unsigned int sandbox_count(const struct sandbox_rule *, size_t,
	    unsigned int when);

/* sandbox_verdicts: how many calls of this architecture get the verdict. */
unsigned int sandbox_verdicts(const struct sandbox_calls *, size_t,
	    enum sandbox_verdict);

/*
 * sandbox_print_rules: a row a line, "  name  why", each followed by its
 * conditions, if any: "      VERB if flags = X" and "      or if flags = Y".
 * "when" has a text for each bit that rules may carry, from the lowest; the
 * last is NULL.
 * sandbox_print_calls: the reasons of one verdict, "  why:", and below each
 * its calls, indented by 6 columns and wrapped at 80.
 */
void	sandbox_print_rules(FILE *, const struct sandbox_rule *, size_t,
	    const char *const *when, const char *verb);
void	sandbox_print_calls(FILE *, const struct sandbox_calls *, size_t,
	    enum sandbox_verdict);

/*
 * Landlock.  The constants are ours because the C library's may be older
 * than the kernel.
 */
#define SANDBOX_FS_WRITE_FILE	(1ULL << 1)
#define SANDBOX_FS_MAKE_REG	(1ULL << 8)

#define SANDBOX_NET_BIND_TCP	(1ULL << 0)	/* ABI 4 */
#define SANDBOX_NET_CONNECT_TCP	(1ULL << 1)

#define SANDBOX_SCOPE_ABSTRACT	(1ULL << 0)	/* ABI 6 */
#define SANDBOX_SCOPE_SIGNAL	(1ULL << 1)

/* sandbox_landlock_abi: the kernel's version of Landlock; 0 where the kernel
 * has no Landlock or Landlock is turned off. */
int	sandbox_landlock_abi(void);

/*
 * sandbox_ruleset: make a ruleset that refuses every kind of access to files
 * (fs true) and the kinds in net and scope, as far as the kernel knows them.
 * Returns a close-on-exec descriptor, or -1 with errno set; ENOMSG: the kernel
 * knows none of these kinds.
 */
int	sandbox_ruleset(int fs, uint64_t net, uint64_t scope);

/* sandbox_allow_beneath: but allow access beneath the directory.  Returns 0,
 * or -1 with errno set. */
int	sandbox_allow_beneath(int ruleset, const char *, uint64_t access);

/*
 * sandbox_restrict: enter a domain of the ruleset, nested in the current
 * domain.  Async-signal-safe.  Returns 0, or -1 with errno set.
 */
int	sandbox_restrict(int ruleset);

#endif
