/* SPDX-License-Identifier: ISC */

/*
 * The filters as they are loaded, against the tables as they are written:
 * every number, every condition, by an interpreter of their own.  And the
 * tables against what must never be in them.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliver/deliver_calls.h"
#include "front/sandbox_front.h"
#include "sandbox.h"
#include "bpfrun.h"
#include "policy.h"
#include "tap.h"

#define NR_MAX		1024
#define X32_BIT		0x40000000
#define TRIES		4000

static const uint64_t	 zeroes[6];

/* Two filters are stacked for deliver; the kernel takes the stricter. */
static struct bpf	 account, denylist;

static int
deliver_answer(uint32_t arch, int nr, const uint64_t args[6])
{
	uint32_t	 a = bpf_run(&account, arch, nr, args);
	uint32_t	 b = bpf_run(&denylist, arch, nr, args);

	if (a == SECCOMP_RET_KILL_PROCESS || b == SECCOMP_RET_KILL_PROCESS)
		return (-1);
	/* Of two errors the filter loaded last decides. */
	if ((b & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		return ((int)(b & SECCOMP_RET_DATA));
	if ((a & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		return ((int)(a & SECCOMP_RET_DATA));
	return (a == SECCOMP_RET_ALLOW && b == SECCOMP_RET_ALLOW ? 0 : -2);
}

/* A value that a condition may trip over. */
static uint64_t
odd_value(const struct sandbox_arg *arg)
{
	struct sandbox_rule	 r;
	uint64_t		 args[6] = { 0 }, v;

	memset(&r, 0, sizeof(r));
	r.arg[0] = *arg;
	policy_arguments(&r, args);
	v = args[arg->n];
	switch (random() % 8) {
	case 0:
		return (v ^ (1ULL << (random() % 64)));
	case 1:
		return (v ^ (1ULL << (random() % 32)));
	case 2:
		return (v | ((uint64_t)random() << 32));
	case 3:
		return (v + (uint64_t)(random() % 3) - 1);
	case 4:
		return ((uint64_t)random() % 64);
	case 5:
		return ((uint64_t)random() << 33 | (uint64_t)random());
	case 6:
		return (v & (uint64_t)random());
	}
	return (v);
}

static void
odd_arguments(const struct sandbox_rule *r, uint64_t args[6])
{
	size_t	 i;

	for (i = 0; i < 6; i++)
		args[i] = (uint64_t)random() << (random() % 33);
	for (i = 0; i < SANDBOX_ARGS && r->arg[i].op != SANDBOX_NONE; i++)
		args[r->arg[i].n] = odd_value(&r->arg[i]);
}

/* Every number, with arguments that a row allows and with zeroes. */
static void
numbers(const struct policy *p, const struct bpf *bpf)
{
	uint64_t	 args[6];
	uint32_t	 want;
	size_t		 i;
	int		 nr, wrong = 0, allowed = 0;

	for (nr = 0; nr < NR_MAX; nr++) {
		want = policy_allows(p, nr, zeroes) ? SECCOMP_RET_ALLOW :
		    SECCOMP_RET_KILL_PROCESS;
		if (bpf_run(bpf, bpf_native, nr, zeroes) != want) {
			diag("%s: number %d, zeroes", p->name, nr);
			wrong++;
		}
	}
	for (i = 0; i < *p->n; i++) {
		memset(args, 0xff, sizeof(args));
		policy_arguments(&p->rules[i], args);
		nr = policy_nr(p->rules[i].name);
		want = policy_allows(p, nr, args) ? SECCOMP_RET_ALLOW :
		    SECCOMP_RET_KILL_PROCESS;
		if (nr == -1 || bpf_run(bpf, bpf_native, nr, args) != want) {
			diag("%s: %s", p->name, p->rules[i].name);
			wrong++;
		} else if (want == SECCOMP_RET_ALLOW)
			allowed++;
	}
	is_int(wrong, 0, "%s: of %d numbers the filter allows those of the "
	    "table", p->name, NR_MAX);
	ok(allowed >= (int)sandbox_count(p->rules, *p->n, p->when),
	    "%s: each of the %u calls is allowed with its arguments", p->name,
	    sandbox_count(p->rules, *p->n, p->when));
}

static void
arguments(const struct policy *p, const struct bpf *bpf)
{
	uint64_t	 args[6];
	uint32_t	 want;
	size_t		 i;
	int		 nr, k, wrong = 0, killed = 0;

	for (i = 0; i < *p->n; i++) {
		nr = policy_nr(p->rules[i].name);
		for (k = 0; k < TRIES; k++) {
			odd_arguments(&p->rules[i], args);
			want = policy_allows(p, nr, args) ?
			    SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS;
			killed += want != SECCOMP_RET_ALLOW;
			if (bpf_run(bpf, bpf_native, nr, args) != want &&
			    wrong++ < 5)
				diag("%s: %s(%#llx, %#llx, %#llx, %#llx)",
				    p->name, p->rules[i].name,
				    (unsigned long long)args[0],
				    (unsigned long long)args[1],
				    (unsigned long long)args[2],
				    (unsigned long long)args[3]);
		}
	}
	is_int(wrong, 0, "%s: %d odd arguments a call", p->name, TRIES);
	ok(killed > TRIES, "%s: %d of them kill", p->name, killed);
}

/* x32's numbers, i386's, and an architecture that this one cannot be. */
static void
foreign(const struct policy *p, const struct bpf *bpf)
{
	int	 nr, wrong = 0;

	for (nr = 0; nr < NR_MAX; nr++) {
		wrong += bpf_run(bpf, AUDIT_ARCH_I386, nr, zeroes) !=
		    SECCOMP_RET_KILL_PROCESS;
		wrong += bpf_run(bpf, AUDIT_ARCH_ARM, nr, zeroes) !=
		    SECCOMP_RET_KILL_PROCESS;
		wrong += bpf_run(bpf, bpf_native, nr | X32_BIT, zeroes) !=
		    SECCOMP_RET_KILL_PROCESS;
		wrong += bpf_run(bpf, bpf_native, ~nr, zeroes) !=
		    SECCOMP_RET_KILL_PROCESS;
	}
	is_int(wrong, 0, "%s: i386, arm, x32 and negative numbers kill",
	    p->name);
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
		if (strncmp(r->why, "sanitizer: ", 11) == 0)
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

/* Arguments that carry power, spelt out by hand: what the tables mean. */
static const struct {
	const char	*process, *call, *what;
	uint64_t	 args[6];
	int		 allowed;
} powers[] = {
	{ "front", "mmap", "anonymous memory", { 0, 4096,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS }, 1 },
	{ "front", "mmap", "PROT_EXEC", { 0, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS }, 0 },
	{ "front", "mmap", "a file", { 0, 4096, PROT_READ, MAP_PRIVATE }, 0 },
	{ "front", "mmap", "MAP_FIXED", { 0, 4096, PROT_READ,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }, 0 },
	{ "front", "mremap", "MREMAP_FIXED", { 0, 4096, 8192,
	    MREMAP_MAYMOVE | MREMAP_FIXED }, 0 },
	{ "front", "fcntl", "F_ADD_SEALS", { 9, F_ADD_SEALS, 15 }, 1 },
	{ "front", "fcntl", "F_SETFL", { 9, F_SETFL, 0 }, 0 },
	{ "front", "fcntl", "F_DUPFD", { 9, F_DUPFD, 0 }, 0 },
	{ "front", "fcntl", "F_SETOWN", { 9, F_SETOWN, 1 }, 0 },
	{ "front", "memfd_create", "MFD_EXEC", { 0, MFD_CLOEXEC |
	    MFD_ALLOW_SEALING | 0x10 }, 0 },
	{ "front", "memfd_create", "no sealing", { 0, MFD_CLOEXEC }, 0 },
	{ "front", "accept4", "as we do", { 5, 0, 0,
	    SOCK_NONBLOCK | SOCK_CLOEXEC }, 1 },
	{ "front", "accept4", "no close-on-exec", { 5, 0, 0,
	    SOCK_NONBLOCK }, 0 },
	{ "front --inetd", "accept4", "as a listener does", { 5, 0, 0,
	    SOCK_NONBLOCK | SOCK_CLOEXEC }, 0 },
	{ "front", "sendmsg", "MSG_OOB", { 4, 0,
	    MSG_DONTWAIT | MSG_NOSIGNAL | MSG_OOB }, 0 },
	{ "front", "recvmsg", "no MSG_CMSG_CLOEXEC", { 4, 0,
	    MSG_DONTWAIT }, 0 },
	{ "front", "shutdown", "SHUT_RDWR", { 5, SHUT_RDWR }, 0 },
	{ "parent", "mmap", "PROT_EXEC", { 0, 4096, PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS }, 0 },
	{ "parent", "openat", "without --log=FILE", {
	    (uint64_t)AT_FDCWD, 0, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640 }, 0 },
	{ "parent --log=FILE", "openat", "the log", {
	    (uint64_t)AT_FDCWD, 0, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640 }, 1 },
	{ "parent --log=FILE", "openat", "to read", {
	    (uint64_t)AT_FDCWD, 0, O_RDONLY, 0640 }, 0 },
	{ "parent --log=FILE", "openat", "O_TRUNC", {
	    (uint64_t)AT_FDCWD, 0, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_TRUNC, 0640 }, 0 },
	{ "parent --log=FILE", "openat", "set-user-ID", {
	    (uint64_t)AT_FDCWD, 0, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 04755 }, 0 },
	{ "parent", "sendto", "to an address", { 5, 0, 1,
	    MSG_DONTWAIT | MSG_NOSIGNAL, 0x7fff0000, 16 }, 0 },
	{ "parent", "waitid", "any child", { 0, 0 }, 0 },
	{ "parent --log=syslog", "connect", "syslogd", { 5 }, 1 },
	{ "parent", "connect", "without --log=syslog", { 5 }, 0 },
	{ "deliver", "ioctl", "FIONREAD", { 0, FIONREAD }, 1 },
	{ "deliver", "ioctl", "TIOCSTI", { 0, TIOCSTI }, 0 },
	{ "deliver", "ioctl", "TIOCSTI below upper bits",
	    { 0, 0xdeadbeef00000000 | TIOCSTI }, 0 },
	{ "deliver", "ioctl", "TIOCLINUX below upper bits",
	    { 0, 0x100000000 | TIOCLINUX }, 0 },
	{ "deliver", "socket", "UNIX", { AF_UNIX, SOCK_STREAM }, 1 },
	{ "deliver", "socket", "INET", { AF_INET, SOCK_STREAM }, 1 },
	{ "deliver", "socket", "INET6", { AF_INET6, SOCK_DGRAM }, 1 },
	{ "deliver", "socket", "NETLINK_ROUTE", { AF_NETLINK, SOCK_RAW,
	    NETLINK_ROUTE }, 1 },
	{ "deliver", "socket", "NETLINK_NETFILTER", { AF_NETLINK, SOCK_RAW,
	    NETLINK_NETFILTER }, 0 },
	{ "deliver", "socket", "PACKET", { AF_PACKET, SOCK_RAW }, 0 },
	{ "deliver", "socket", "PACKET below upper bits",
	    { 0x100000000 | AF_PACKET, SOCK_RAW }, 0 },
	{ "deliver", "socket", "INET, SOCK_PACKET", { AF_INET,
	    SOCK_PACKET | SOCK_CLOEXEC }, 0 },
	{ "deliver", "socket", "INET6, SOCK_RAW", { AF_INET6, SOCK_RAW }, 1 },
	{ "deliver", "socket", "ALG", { AF_ALG, SOCK_SEQPACKET }, 0 },
	{ "deliver", "socket", "VSOCK", { AF_VSOCK, SOCK_STREAM }, 0 },
	{ "deliver", "socket", "KEY", { AF_KEY, SOCK_RAW }, 0 },
	{ "deliver", "socketpair", "UNIX", { AF_UNIX, SOCK_STREAM }, 1 },
	{ "deliver", "socketpair", "TIPC", { AF_TIPC, SOCK_STREAM }, 0 },
	{ "deliver", "socketpair", "TIPC below upper bits",
	    { 0x100000000 | AF_TIPC, SOCK_STREAM }, 0 },
	{ "deliver", "clone", "as fork(3) does", { SIGCHLD }, 1 },
	{ "deliver", "clone", "a thread", { CLONE_VM | CLONE_FS |
	    CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM }, 1 },
	{ "deliver", "clone", "CLONE_NEWUSER", { CLONE_NEWUSER | SIGCHLD },
	    0 },
	{ "deliver", "clone", "CLONE_NEWNS", { CLONE_NEWNS | CLONE_VM }, 0 },
	{ "deliver", "kill", "every process", { (uint64_t)-1, SIGKILL }, 0 },
	{ "deliver", "kill", "every process, 32 bits of it",
	    { 0xffffffff, SIGKILL }, 0 },
	{ "deliver", "kill", "its own group", { 0, SIGTERM }, 1 },
	{ "deliver", "prlimit64", "itself", { 0, 1 }, 1 },
	{ "deliver", "prlimit64", "another", { 1, 1 }, 0 },
	{ "deliver", "fcntl", "F_SETOWN, a group", { 0, F_SETOWN,
	    (uint64_t)-12345 }, 1 },
	{ "deliver", "fcntl", "F_SETOWN_EX", { 0, F_SETOWN_EX, 0 }, 0 },
	{ "deliver", "fcntl", "F_SETSIG", { 0, F_SETSIG, SIGKILL }, 0 },
	{ "deliver", "fcntl", "F_GETFL", { 0, F_GETFL }, 1 },
};

static const struct policy *
find_policy(const char *name)
{
	size_t	 i;

	for (i = 0; i < npolicies; i++)
		if (strcmp(policies[i].name, name) == 0)
			return (&policies[i]);
	return (NULL);
}

static void
power(void)
{
	const struct policy	*p;
	struct bpf		 bpf;
	size_t			 i;
	int			 nr, allowed;

	for (i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		nr = policy_nr(powers[i].call);
		if ((p = find_policy(powers[i].process)) == NULL)
			allowed = deliver_answer(bpf_native, nr,
			    powers[i].args) == 0;
		else {
			bpf_take(&bpf, sandbox_allowlist(p->rules, *p->n,
			    p->when));
			allowed = bpf_run(&bpf, bpf_native, nr,
			    powers[i].args) == SECCOMP_RET_ALLOW;
			bpf_free(&bpf);
		}
#ifdef SANITIZE
		if (strcmp(powers[i].call, "mmap") == 0 &&
		    (powers[i].args[2] & PROT_EXEC) == 0) {
			skip(1, "sanitizers map as they like");
			continue;
		}
#endif
		is_int(allowed, powers[i].allowed, "%s: %s, %s: %s",
		    powers[i].process, powers[i].call, powers[i].what,
		    powers[i].allowed ? "allowed" : "refused");
	}
}

/* Each call that libseccomp knows is in deliver's account, once. */
static void
accounted(uint32_t arch, const char *name)
{
	char	*call;
	size_t	 i;
	int	 nr, known = 0, missing = 0, times, last = 0;

	for (i = 0; i < deliver_calls_n; i++) {
		nr = seccomp_syscall_resolve_name_arch(arch,
		    deliver_calls[i].name);
		if (nr > last)
			last = nr;
	}
	for (nr = 0; nr < NR_MAX; nr++) {
		call = seccomp_syscall_resolve_num_arch(arch, nr);
		if (call == NULL)
			continue;
		for (i = 0, times = 0; i < deliver_calls_n; i++)
			times += strcmp(deliver_calls[i].name, call) == 0;
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

static void
sorted(void)
{
	size_t	 i;
	int	 bad = 0;

	for (i = 1; i < deliver_calls_n; i++)
		bad += strcmp(deliver_calls[i - 1].name,
		    deliver_calls[i].name) >= 0;
	for (i = 0; i < deliver_calls_n; i++)
		bad += deliver_calls[i].why[0] == '\0';
	is_int(bad, 0, "deliver's %zu calls are sorted, each with a reason",
	    deliver_calls_n);
}

static void
deliver_numbers(void)
{
	static const uint64_t	 high[6] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL,
				    ~0ULL, ~0ULL };
	uint64_t		 args[6];
	size_t			 i;
	int			 nr, k, wrong = 0;

	for (nr = 0; nr < 4 * NR_MAX; nr++) {
		wrong += deliver_answer(bpf_native, nr, zeroes) !=
		    policy_deliver(nr, zeroes);
		wrong += deliver_answer(bpf_native, nr, high) !=
		    policy_deliver(nr, high);
	}
	is_int(wrong, 0, "deliver: %d numbers are answered as accounted",
	    4 * NR_MAX);
	wrong = 0;
	for (i = 0; i < deliver_call_args_n; i++)
		for (k = 0; k < TRIES; k++) {
			nr = policy_nr(deliver_call_args[i].name);
			odd_arguments(&deliver_call_args[i], args);
			if (deliver_answer(bpf_native, nr, args) !=
			    policy_deliver(nr, args) && wrong++ < 5)
				diag("%s(%#llx, %#llx, %#llx)",
				    deliver_call_args[i].name,
				    (unsigned long long)args[0],
				    (unsigned long long)args[1],
				    (unsigned long long)args[2]);
		}
	is_int(wrong, 0, "deliver: %d odd arguments a condition", TRIES);
	wrong = 0;
	for (nr = 0; nr < NR_MAX; nr++) {
		wrong += deliver_answer(AUDIT_ARCH_I386, nr, zeroes) != -1;
		wrong += deliver_answer(AUDIT_ARCH_ARM, nr, zeroes) != -1;
#ifdef __x86_64__
		wrong += deliver_answer(bpf_native, nr | X32_BIT, zeroes) !=
		    -1;
#endif
	}
	is_int(wrong, 0, "deliver: i386, arm and x32 kill");
}

int
main(void)
{
	const struct policy	*p;
	struct bpf		 bpf;
	size_t			 i;

	srandom((unsigned int)getpid());
	diag("seed %d", getpid());
	for (i = 0; i < npolicies; i++) {
		p = &policies[i];
		bpf_take(&bpf, sandbox_allowlist(p->rules, *p->n, p->when));
		diag("%s: %zu instructions", p->name, bpf.n);
		numbers(p, &bpf);
		arguments(p, &bpf);
		foreign(p, &bpf);
		absent(p);
		bpf_free(&bpf);
	}
	/* Some process that is none of those that the rows name already. */
	policy_sibling = 1;
	sandbox_siblings(&policy_sibling, 1);
	bpf_take(&account, sandbox_account(deliver_calls, deliver_calls_n));
	bpf_take(&denylist, sandbox_denylist(deliver_call_args,
	    deliver_call_args_n));
	diag("deliver: %zu and %zu instructions", account.n, denylist.n);
	accounted(SCMP_ARCH_X86_64, "x86_64");
	accounted(SCMP_ARCH_AARCH64, "aarch64");
	sorted();
	deliver_numbers();
	power();
	bpf_free(&account);
	bpf_free(&denylist);
	return (done_testing());
}
