/* SPDX-License-Identifier: ISC */

/*
 * The tables of system calls themselves: what no test by real calls can show.
 * exhaustive_test and exhaustive_deliver_test prove that the kernel answers as
 * the tables say.
 */

#include <sys/mman.h>

#include <err.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "deliver/deliver_calls.h"
#include "front/sandbox_front.h"
#include "policy.h"
#include "sandbox.h"
#include "tap.h"

#if defined(__x86_64__)
#define NATIVE	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE	AUDIT_ARCH_AARCH64
#else
#error "no AUDIT_ARCH_ for this architecture here yet"
#endif

/* A row that only the build for a sanitizer has, at the table's end. */
static bool
of_sanitizer(const struct sandbox_rule *r)
{
	return (strncmp(r->why, "sanitizer: ", 11) == 0);
}

/* Each name is one of this machine's, and its rows stand together, since
 * sandbox_count() takes each change of name for a further call. */
static void
names(const char *what, const struct sandbox_rule *rules, size_t n)
{
	size_t	 i, k;
	int	 bad = 0;

	for (i = 0; i < n; i++) {
		if (policy_nr(rules[i].name) == -1) {
			diag("%s: no such call: %s", what, rules[i].name);
			bad++;
		}
		bad += rules[i].why[0] == '\0';
		for (k = i + 1; k < n && !of_sanitizer(&rules[k]); k++)
			bad += strcmp(rules[i].name, rules[k].name) == 0 &&
			    strcmp(rules[k - 1].name, rules[k].name) != 0;
	}
	is_int(bad, 0, "%s: the names of %zu rows exist and stand together",
	    what, n);
}

/* Whatever else changes, these are in no allowlist. */
static const char *const	 never[] = {
	"bind", "bpf", "chmod", "chown", "chroot", "clone", "clone3",
	"creat", "execve", "execveat", "fchdir", "fork", "getdents",
	"getdents64", "io_uring_setup", "ioctl", "keyctl", "kill", "link",
	"listen", "mkdir", "mount", "mprotect", "open", "openat2",
	"pidfd_getfd", "pidfd_send_signal", "pkey_mprotect", "prctl",
	"process_vm_readv", "process_vm_writev", "ptrace", "rename",
	"rt_sigaction", "rt_sigreturn", "seccomp", "setresuid", "setuid",
	"socket", "socketpair", "symlink", "tgkill", "tkill", "truncate",
	"unlink", "unlinkat", "unshare", "vfork"
};

static void
absent(const struct policy *p)
{
	const struct sandbox_rule	*r;
	size_t				 i, k;
	int				 bad = 0;

	for (i = 0; i < *p->n; i++) {
		r = &p->rules[i];
		if (of_sanitizer(r))
			continue;
		for (k = 0; k < sizeof(never) / sizeof(never[0]); k++)
			bad += strcmp(r->name, never[k]) == 0;
		if (p->rules == front_rules)
			bad += strcmp(r->name, "openat") == 0 ||
			    strcmp(r->name, "connect") == 0 ||
			    strcmp(r->name, "sendto") == 0;
		else
			bad += r->when == 0 &&
			    (strcmp(r->name, "openat") == 0 ||
			    strcmp(r->name, "connect") == 0);
	}
	is_int(bad, 0, "%s: none of the %zu calls that it must never have",
	    p->name, sizeof(never) / sizeof(never[0]));
#ifndef SANITIZE
	ok(sandbox_count(p->rules, *p->n, p->when) <= 20,
	    "%s: %u calls are at most 20", p->name,
	    sandbox_count(p->rules, *p->n, p->when));
#else
	skip(1, "a sanitizer's own calls come on top");
#endif
}

/* The instructions of a filter, which is freed; at most n. */
static void
export(struct sandbox_filter *filter, struct sock_filter *insns, size_t n)
{
	ssize_t	 len;
	int	 fd;

	if (filter == NULL ||
	    (fd = memfd_create("bpf", MFD_CLOEXEC)) == -1 ||
	    seccomp_export_bpf((scmp_filter_ctx)filter, fd) != 0)
		err(1, "seccomp_export_bpf");
	memset(insns, 0, n * sizeof(*insns));
	len = pread(fd, insns, n * sizeof(*insns), 0);
	if (len < (ssize_t)(2 * sizeof(*insns)))
		errx(1, "a filter of %zd octets", len);
	close(fd);
	sandbox_free(filter);
}

/*
 * A filter begins with the question for the architecture, and whatever is
 * not this machine's own goes straight to the end of the process: whatever
 * the number is and whichever of the architectures it is, most of which this
 * kernel cannot be made to run.
 */
static void
foreign(const char *what, struct sandbox_filter *filter)
{
	struct sock_filter	 insns[BPF_MAXINSNS];
	size_t			 pc;

	export(filter, insns, BPF_MAXINSNS);
	ok(insns[0].code == (BPF_LD | BPF_W | BPF_ABS) &&
	    insns[0].k == offsetof(struct seccomp_data, arch) &&
	    insns[1].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
	    insns[1].k == NATIVE, "%s: asks for the architecture first", what);
	pc = 2U + insns[1].jf;
	/* A jump that is too long for jf is made in two. */
	if (insns[pc].code == (BPF_JMP | BPF_JA))
		pc += 1 + insns[pc].k;
	ok(pc < BPF_MAXINSNS && insns[pc].code == (BPF_RET | BPF_K) &&
	    insns[pc].k == SECCOMP_RET_KILL_PROCESS,
	    "%s: any other architecture kills", what);
}

/* Each call that libseccomp knows is in deliver's account, once. */
static void
accounted(uint32_t arch, const char *name)
{
	const struct policy_call	*calls;
	char				*call;
	size_t				 i, n;
	int				 nr, known = 0, missing = 0, times;
	int				 last = 0;

	calls = policy_account(&n);
	for (i = 0; i < n; i++) {
		nr = seccomp_syscall_resolve_name_arch(arch, calls[i].name);
		if (nr > last)
			last = nr;
	}
	for (nr = 0; nr < NR_MAX; nr++) {
		call = seccomp_syscall_resolve_num_arch(arch, nr);
		if (call == NULL)
			continue;
		for (i = 0, times = 0; i < n; i++)
			times += strcmp(calls[i].name, call) == 0;
		known++;
		/* A newer libseccomp than the table: ENOSYS, as documented. */
		if (times == 0 && nr > last && nr > 470)
			diag("%s: %s (%d) is newer than the table", name, call,
			    nr);
		else if (times != 1) {
			diag("%s: %s is there %d times", name, call, times);
			missing++;
		}
		free(call);
	}
	is_int(missing, 0, "each of %s's %d system calls is accounted for",
	    name, known);
}

/* Those of other libseccomps and other machines, too, are there once. */
static void
once(void)
{
	const struct policy_call	*calls;
	size_t				 i, k, n;
	int				 bad = 0;

	calls = policy_account(&n);
	for (i = 0; i < n; i++) {
		bad += calls[i].name[0] == '\0';
		for (k = i + 1; k < n; k++)
			if (strcmp(calls[i].name, calls[k].name) == 0) {
				diag("%s is there twice", calls[i].name);
				bad++;
			}
		if (i > 0 && calls[i].row == calls[i - 1].row &&
		    strcmp(calls[i - 1].name, calls[i].name) > 0) {
			diag("%s is not in order", calls[i].name);
			bad++;
		}
	}
	is_int(bad, 0, "deliver's %zu calls are there once, those of a reason "
	    "in order", n);
}

/* One row a reason and verdict. */
static void
reasons(void)
{
	const struct sandbox_calls	*rows = deliver_calls;
	size_t				 i, k;
	int				 bad = 0;

	for (i = 0; i < deliver_calls_n; i++) {
		bad += rows[i].why[0] == '\0';
		for (k = i + 1; k < deliver_calls_n; k++)
			bad += rows[i].verdict == rows[k].verdict &&
			    strcmp(rows[i].why, rows[k].why) == 0;
	}
	is_int(bad, 0, "each of deliver's %zu rows has a reason of its own",
	    deliver_calls_n);
}

static bool
in_account(const struct policy_call *calls, size_t n, const char *name)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (strcmp(calls[i].name, name) == 0)
			return (true);
	return (false);
}

/* What --print-sandbox shows of the account: each name, in lines that fit. */
static void
printed(void)
{
	const struct policy_call	*calls;
	char				*text, *next, *line, *word;
	size_t				 size, n, i = 0;
	int				 wrong = 0, verdict;
	FILE				*fp;

	if ((fp = open_memstream(&text, &size)) == NULL)
		err(1, "open_memstream");
	for (verdict = SANDBOX_ALLOW; verdict <= SANDBOX_NOSYS; verdict++)
		sandbox_print_calls(fp, deliver_calls, deliver_calls_n,
		    (enum sandbox_verdict)verdict);
	if (fclose(fp) != 0)
		err(1, "fclose");
	calls = policy_account(&n);
	for (next = text; (line = strsep(&next, "\n")) != NULL;) {
		wrong += strlen(line) > 80;
		if (strncmp(line, "      ", 6) != 0)
			continue;
		for (line += 6; (word = strsep(&line, " ")) != NULL; i++)
			wrong += !in_account(calls, n, word);
	}
	free(text);
	is_int(wrong, 0, "what is printed fits into 80 columns");
	is_int((long long)i, (long long)n, "and has each call");
}

int
main(void)
{
	const struct policy	*p;
	size_t			 i;

	for (i = 0; i < npolicies; i++) {
		p = &policies[i];
		names(p->name, p->rules, *p->n);
		absent(p);
		foreign(p->name, sandbox_allowlist(p->rules, *p->n, p->when));
	}
	names("deliver", deliver_call_args, deliver_call_args_n);
	foreign("deliver's account", sandbox_account(deliver_calls,
	    deliver_calls_n));
	foreign("deliver's arguments", sandbox_denylist(deliver_call_args,
	    deliver_call_args_n));
	accounted(SCMP_ARCH_X86_64, "x86_64");
	accounted(SCMP_ARCH_AARCH64, "aarch64");
	once();
	printed();
	reasons();
	return (done_testing());
}
