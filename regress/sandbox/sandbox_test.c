/* SPDX-License-Identifier: ISC */

/*
 * sandbox_front(), sandbox_deliver(), sandbox_parent() where they cannot do
 * what they should: each failure ends the process, with a message that helps.
 * And what the log says where they can.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config.h"
#include "deliver/deliver_calls.h"
#include "deliver/sandbox_deliver.h"
#include "front/sandbox_front.h"
#include "parent/sandbox_parent.h"
#include "log.h"
#include "msmtpd.h"
#include "sandbox_enter.h"
#include "refuse.h"
#include "sandbox.h"
#include "tap.h"

#define UNUSED_ID	64999

static struct config	 conf;
static char		 base[] = "/tmp/msmtpd-sandbox-XXXXXX";
static char		 empty[64];
static char		 text[4096];	/* what the child has logged */
static int		 text_fd = -1;

static void
to_pipe(void *arg, int pri, const char *line)
{
	(void)arg, (void)pri;
	(void)!write(text_fd, line, strlen(line));
	(void)!write(text_fd, "\n", 1);
}

/* Drop one capability for good. */
static void
lose(int cap)
{
	struct __user_cap_header_struct	 hdr = { _LINUX_CAPABILITY_VERSION_3,
					    0 };
	struct __user_cap_data_struct	 data[2];
	uint32_t			 bit = 1U << (cap % 32);

	if (syscall(SYS_capget, &hdr, data) == -1)
		err(99, "capget");
	data[cap / 32].permitted &= ~bit;
	data[cap / 32].effective &= ~bit;
	if (syscall(SYS_capset, &hdr, data) == -1)
		err(99, "capset");
}

/* Run fn in a child; returns its wait status, its log in text. */
static int
run(void (*fn)(const void *), const void *arg)
{
	size_t	 len = 0;
	ssize_t	 n;
	pid_t	 pid;
	int	 fds[2], status;

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		close(fds[0]);
		text_fd = fds[1];
		log_init("", to_pipe, NULL);
		fn(arg);
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	return (WIFEXITED(status) ? WEXITSTATUS(status) :
	    1000 + WTERMSIG(status));
}

static void
front(const void *arg)
{
	(void)arg;
	sandbox_front(&conf);
}

static void
deliver(const void *arg)
{
	(void)arg;
	sandbox_deliver(&conf);
}

static void
parent(const void *arg)
{
	static const struct sandbox_log	 log = { NULL, 0 };

	(void)arg;
	sandbox_parent(&log);
}

static void
check(int got, int want, const char *needle, const char *what)
{
	if (!is_int(got, want, "%s: status", what) ||
	    !ok(strstr(text, needle) != NULL, "%s: says \"%s\"", what,
	    needle))
		diag("%s", text);
}

static void
without_capability(const void *arg)
{
	const int	*cap = arg;

	lose(*cap);
	sandbox_front(&conf);
}

static void
parent_without_capability(const void *arg)
{
	const int	*cap = arg;

	lose(*cap);
	parent(NULL);
}

static void
capabilities(void)
{
	static const struct {
		int		 cap;
		const char	*name;
	} caps[] = {
		{ CAP_SETPCAP, "CAP_SETPCAP" }, { CAP_SETUID, "CAP_SETUID" },
		{ CAP_SETGID, "CAP_SETGID" },
		{ CAP_SYS_CHROOT, "CAP_SYS_CHROOT" }
	};
	size_t	 i;

	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		check(run(without_capability, &caps[i].cap), EX_NOPERM,
		    caps[i].name, "root lacks a capability");
	check(run(parent_without_capability, &caps[0].cap), EX_NOPERM,
	    "CAP_SETPCAP", "parent as root lacks a capability");
}

struct refusal {
	const char	*call;
	int		 error;
};

static void
refused(const void *arg)
{
	const struct refusal	*r = arg;

	sandbox_nnp();
	refuse(r->call, r->error);
	sandbox_front(&conf);
}

static void
no_landlock(const void *arg)
{
	(void)arg;
	sandbox_nnp();
	refuse_landlock();
	sandbox_front(&conf);
}

static void
parent_no_seccomp(const void *arg)
{
	sandbox_nnp();
	refuse("seccomp", EINVAL);
	parent(arg);
}

static void
no_mdwe(const void *arg)
{
	(void)arg;
	sandbox_nnp();
	refuse_mdwe();
	sandbox_front(&conf);
}

/* As a service manager leaves it with MemoryDenyWriteExecute=yes. */
static void
mdwe_before(const void *arg)
{
	(void)arg;
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == -1)
		_exit(3);
	sandbox_deliver(&conf);
	_exit(prctl(PR_GET_MDWE, 0, 0, 0, 0) == PR_MDWE_REFUSE_EXEC_GAIN ?
	    0 : 2);
}

static void
no_seccomp(const void *arg)
{
	(void)arg;
	sandbox_nnp();
	/* The call itself is refused to later filters. */
	refuse("seccomp", ENOSYS);
	sandbox_deliver(&conf);
}

/* As mmap(2) on 32-bit ARM. */
static void
no_such_call(const void *arg)
{
	static const struct sandbox_rule	 rule = { "msmtpd_call", "", 0,
						    { { 0 } } };

	(void)arg;
	sandbox_only(&rule, 1, 0);
}

static void
kernels(void)
{
	static const struct refusal	 r[] = {
		{ "seccomp", EINVAL }, { "landlock_restrict_self", E2BIG },
		{ "landlock_create_ruleset", EOPNOTSUPP },
		{ "landlock_create_ruleset", ENOMEM },
		{ "capset", EPERM },
		{ "landlock_create_ruleset", EPERM }
	};

	check(run(refused, &r[0]), 1, "seccomp filter",
	    "the filter cannot be loaded");
	if (sandbox_landlock_abi() > 0)
		check(run(refused, &r[1]), 1, "landlock_restrict_self",
		    "Landlock fails");
	else
		skip(2, "no Landlock here");
	check(run(refused, &r[2]), 0, "no Landlock",
	    "Landlock is turned off");
	check(run(refused, &r[3]), 1, "landlock_create_ruleset",
	    "Landlock cannot be told");
	check(run(refused, &r[4]), 1, "capset", "capset is refused");
	check(run(refused, &r[5]), 0, "Landlock is refused by what started",
	    "a container's filter refuses Landlock");
	check(run(no_landlock, NULL), 0, ", no landlock",
	    "a kernel without Landlock");
	ok(strstr(text, "this kernel has no Landlock") != NULL,
	    "a kernel without Landlock is a warning");
	check(run(no_such_call, NULL), EX_OSERR, "has no system call "
	    "msmtpd_call", "an architecture that lacks a call");
	is_int(run(no_seccomp, NULL), 1, "deliver without seccomp(2) ends");
	check(run(parent_no_seccomp, NULL), 1, "seccomp filter",
	    "the parent's filter cannot be loaded");
	check(run(no_mdwe, NULL), 0, ", no mdwe, seccomp",
	    "a kernel without MDWE");
}

static void
few_files(const void *arg)
{
	struct rlimit	 few = { 40, 40 };

	(void)arg;
	if (setrlimit(RLIMIT_NOFILE, &few) == -1)
		err(99, "setrlimit");
	lose(CAP_SYS_RESOURCE);
	sandbox_front(&conf);
}

static void
raised(const void *arg)
{
	struct rlimit	 few = { 40, 40 };
	int		 i, fd;

	(void)arg;
	if (setrlimit(RLIMIT_NOFILE, &few) == -1)
		err(99, "setrlimit");
	/* Root need not have CAP_SYS_RESOURCE in a container. */
	if (sandbox_descriptors(41, &few) != 41)
		_exit(3);
	sandbox_front(&conf);
	for (i = 0; i < 100; i++)
		if ((fd = memfd_create("x", MFD_CLOEXEC |
		    MFD_ALLOW_SEALING)) == -1)
			_exit(2);
}

static void
too_long(const void *arg)
{
	static char	 block[65536];
	size_t		 sum = 0;
	ssize_t		 n;
	int		 fd;

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	sandbox_front(&conf);
	fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	while ((n = write(fd, block, sizeof(block))) > 0)
		sum += (size_t)n;
	_exit(errno == EFBIG && sum >= conf.max_size &&
	    sum <= conf.max_size + 65536 ? 0 : 2);
}

static void
limits(void)
{
	int	 status;

	check(run(few_files, NULL), 0, "limit of open files is 40",
	    "the hard limit of files is too low");
	if ((status = run(raised, NULL)) == 3)
		skip(1, "root has no CAP_SYS_RESOURCE here");
	else
		is_int(status, 0, "root raises the limit of files");
	is_int(run(too_long, NULL), 0, "a message ends at the limit of size");
}

static void
mdwe(const void *arg)
{
	void	*p;

	if (!sandbox_mdwe(*(const bool *)arg))
		_exit(3);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mprotect(p, 4096, PROT_READ | PROT_EXEC) != -1 ||
	    errno != EACCES)
		_exit(2);
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		_exit(2);
}

static void
before(void)
{
	int	 status;

	if ((status = run(mdwe_before, NULL)) == 3)
		skip(2, "no MDWE here");
	else {
		is_int(status, 0, "MDWE by who starts it stays in force");
		ok(strstr(text, "no mdwe") == NULL, "and is taken as such");
	}
}

static void
orphan(const void *arg)
{
	(void)arg;
	sandbox_deathsig(getppid() + 1);
}

static void
no_parent_file(const void *arg)
{
	static const struct sandbox_log	 log = { "/nonexistent/dir/log", 0 };

	(void)arg;
	sandbox_parent(&log);
}

static void
lines(void)
{
	char	 want[256];
	int	 abi = sandbox_landlock_abi();

	if (abi < 6) {
		skip(6, "Landlock here is older than ABI 6");
		return;
	}
	snprintf(want, sizeof(want), "uid %d, chroot %s, seccomp %u calls, "
	    "landlock abi %d", UNUSED_ID, empty, sandbox_count(front_rules,
	    front_rules_n, SANDBOX_LISTEN), abi);
	check(run(front, NULL), 0, want, "front's line");
	snprintf(want, sizeof(want), "uid %d, seccomp denies %u calls, "
	    "landlock abi %d", UNUSED_ID, sandbox_verdicts(deliver_calls,
	    deliver_calls_n, SANDBOX_DENY), abi);
	check(run(deliver, NULL), 0, want, "deliver's line");
	snprintf(want, sizeof(want), "uid 0, no capability, seccomp %u calls, "
	    "landlock abi %d", sandbox_count(parent_rules, parent_rules_n,
	    0), abi);
	check(run(parent, NULL), 0, want, "parent's line");
}

int
main(void)
{
	int	 i, status;
	bool	 inherit;

	if (geteuid() != 0)
		skip_all("needs root");
	if (mkdtemp(base) == NULL)
		err(1, "%s", base);
	snprintf(empty, sizeof(empty), "%s/empty", base);
	if (mkdir(empty, 0755) == -1)
		err(1, "%s", empty);
	config_user(&conf, UNUSED_ID);
	conf.max_size = 1 << 20;
	strlcpy(conf.chroot, empty, sizeof(conf.chroot));
	lines();
	capabilities();
	kernels();
	limits();
	for (i = 0; i < 2; i++) {
		inherit = i == 0;
		if ((status = run(mdwe, &inherit)) == 3)
			skip(1, "no MDWE here");
		else
			is_int(status, 0, "MDWE%s: nothing written becomes "
			    "executable", inherit ? "" : " of our own");
	}
	before();
	check(run(orphan, NULL), 1, "the parent has died",
	    "the parent's death is noticed");
	if (sandbox_landlock_abi() > 0)
		check(run(no_parent_file, NULL), 1, "/nonexistent/dir",
		    "the log's directory is missing");
	else
		skip(2, "no Landlock here");
	rmdir(empty);
	rmdir(base);
	return (done_testing());
}
