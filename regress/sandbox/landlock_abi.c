/* SPDX-License-Identifier: ISC */

/*
 * landlock_abi ABI program [argument ...]: run a program, and all that it
 * starts, as if this kernel's Landlock were older.  ABI is 1 to 7; 0: the
 * kernel was built without it (ENOSYS); off: it is not turned on (EOPNOTSUPP).
 *
 * A seccomp filter asks a supervisor about Landlock's three calls.  The
 * supervisor refuses what that ABI did not know and leaves the rest to this
 * kernel, which treats a domain of an older ABI as the older kernel did.  The
 * program has the pid with which this one was started, and the supervisor is no
 * child of the program, which therefore cannot see it.  The supervisor ends
 * with the last process that has the filter.
 *
 * Root is needed, because the supervisor reads the memory of processes that are
 * not dumpable.  Where the supervisor cannot work, the exit status is
 * EX_UNAVAILABLE, and a message says why.
 */

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "calls.h"

/* The calls' numbers, which are the same on all architectures. */
#define CREATE_RULESET	444
#define ADD_RULE	445
#define RESTRICT_SELF	446

#define CREATE_RULESET_VERSION	(1U << 0)

#define BITS(n)		((1U << (n)) - 1)
#define FIELDS		3	/* of a ruleset: files, TCP, scopes */

/* What each ABI knows; not taken from the product, which is tested by it. */
static const struct known {
	uint64_t	 bits[FIELDS];
	size_t		 size;		/* of a ruleset's attributes */
	uint32_t	 rules;		/* types of them */
	uint32_t	 flags;		/* of landlock_restrict_self */
} known[] = {
	{ { 0, 0, 0 }, 0, 0, 0 },
	{ { BITS(13), 0, 0 }, 8, 1, 0 },
	{ { BITS(14), 0, 0 }, 8, 1, 0 },		/* refer */
	{ { BITS(15), 0, 0 }, 8, 1, 0 },		/* truncate */
	{ { BITS(15), BITS(2), 0 }, 16, 2, 0 },		/* TCP */
	{ { BITS(16), BITS(2), 0 }, 16, 2, 0 },		/* ioctl of devices */
	{ { BITS(16), BITS(2), BITS(2) }, 24, 2, 0 },	/* scopes */
	{ { BITS(16), BITS(2), BITS(2) }, 24, 2, BITS(3) } /* what is logged */
};

#define NEWEST		((int)(sizeof(known) / sizeof(known[0])) - 1)

static int	 abi;		/* 0: none, and then: */
static int	 absent;	/* why, an errno value */

/*
 * An answer to a call is a negated errno value, a result that is greater than
 * 0, or PASS: the kernel makes the call.
 */
#define PASS		0

/* The answer where the supervisor has failed: Landlock has no such errno, so
 * that a test notices it. */
#define BLIND		(-ENOTRECOVERABLE)

/* Read len octets of the caller's memory.  The pid may be another process's by
 * now, so ask, with its memory open, whether the caller still waits. */
static int
peek(int listener, const struct seccomp_notif *req, uint64_t addr, void *buf,
    size_t len)
{
	char	 path[32];
	ssize_t	 n = -1;
	int	 answer = BLIND, fd;

	snprintf(path, sizeof(path), "/proc/%u/mem", req->pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (BLIND);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &req->id) == 0) {
		n = pread(fd, buf, len, (off_t)addr);
		answer = n == (ssize_t)len ? PASS : -EFAULT;
	}
	close(fd);
	return (answer);
}

static int
create_ruleset(int listener, const struct seccomp_notif *req)
{
	const struct known	*k = &known[abi];
	const __u64		*arg = req->data.args;
	uint64_t		 bits[FIELDS];
	uint8_t			 attr[4096];
	size_t			 i;
	int			 answer;

	if ((uint32_t)arg[2] != 0) {
		if (arg[0] != 0 || arg[1] != 0 ||
		    (uint32_t)arg[2] != CREATE_RULESET_VERSION)
			return (-EINVAL);
		return (abi);
	}
	if (arg[1] < sizeof(bits[0]))
		return (-EINVAL);
	if (arg[1] > sizeof(attr))
		return (-E2BIG);
	memset(attr, 0, sizeof(attr));
	if ((answer = peek(listener, req, arg[0], attr, arg[1])) != PASS)
		return (answer);
	for (i = k->size; i < sizeof(attr); i++)
		if (attr[i] != 0)
			return (-E2BIG);
	memcpy(bits, attr, sizeof(bits));
	for (i = 0; i < FIELDS; i++)
		if ((bits[i] & ~k->bits[i]) != 0)
			return (-EINVAL);
	return (PASS);
}

static int
answer_to(int listener, const struct seccomp_notif *req)
{
	const struct known	*k = &known[abi];
	const __u64		*arg = req->data.args;

	if (abi == 0)
		return (-absent);
	switch (req->data.nr) {
	case CREATE_RULESET:
		return (create_ruleset(listener, req));
	case ADD_RULE:
		/* ruleset, type, rule, flags */
		if ((uint32_t)arg[3] != 0 || (uint32_t)arg[1] > k->rules)
			return (-EINVAL);
		return (PASS);
	case RESTRICT_SELF:
		/* ruleset, flags */
		return (((uint32_t)arg[1] & ~k->flags) != 0 ? -EINVAL : PASS);
	default:
		return (BLIND);
	}
}

static void __attribute__((noreturn))
serve(int listener)
{
	struct pollfd			 pfd = { listener, POLLIN, 0 };
	struct seccomp_notif		 req;
	struct seccomp_notif_resp	 resp;
	int				 answer;

	for (;;) {
		if (poll(&pfd, 1, -1) == -1)
			_exit(1);
		if ((pfd.revents & POLLIN) == 0)
			_exit(0);	/* nobody has the filter any more */
		memset(&req, 0, sizeof(req));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) == -1) {
			if (errno == ENOENT || errno == EINTR)
				continue;	/* killed meanwhile */
			_exit(1);
		}
		answer = answer_to(listener, &req);
		memset(&resp, 0, sizeof(resp));
		resp.id = req.id;
		if (answer < 0)
			resp.error = answer;
		else if (answer > 0)
			resp.val = answer;
		else
			resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) == -1 &&
		    errno != ENOENT)
			_exit(1);
	}
}

/*
 * Take the listener from the process that is to be supervised.  That process is
 * not dumpable now, as the callers may be later: where taking the listener
 * works, reading their memory will work as well.
 */
static void __attribute__((noreturn))
supervisor(int s, pid_t pid)
{
	int	 fd, listener, null, pidfd;

	if (read(s, &fd, sizeof(fd)) != sizeof(fd))
		_exit(1);
	if ((pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) == -1 ||
	    (listener = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0)) == -1 ||
	    (null = open("/dev/null", O_RDWR)) == -1) {
		warn("cannot supervise");
		_exit(1);
	}
	/* Close all descriptors and leave the terminal. */
	if (setsid() == -1 || chdir("/") == -1 ||
	    write(s, "", 1) != 1 || dup2(listener, 3) == -1) {
		warn("cannot supervise");
		_exit(1);
	}
	for (fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	closefrom(4);
	serve(3);
}

/* Start the supervisor, as a grandchild whose parent ends at once; returns a
 * socket to it. */
static int
start(void)
{
	pid_t	 pid, self = getpid();
	int	 s[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) == -1 ||
	    (pid = fork()) == -1)
		err(EX_OSERR, "fork");
	if (pid == 0) {
		if ((pid = fork()) == -1)
			err(EX_OSERR, "fork");
		if (pid > 0)
			_exit(0);
		close(s[0]);
		supervisor(s[1], self);
	}
	close(s[1]);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		exit(EX_OSERR);
	return (s[0]);
}

/*
 * Load the filter; returns the listener.  Foreign architectures are left to
 * the daemon's own filters, and no_new_privs to the daemon.
 */
static int
load(void)
{
	scmp_filter_ctx	 ctx;
	int		 error, nr;

	if ((ctx = seccomp_init(SCMP_ACT_ALLOW)) == NULL)
		errx(EX_OSERR, "seccomp_init");
	error = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	if (error == 0)
		error = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	if (error == 0)	/* else every failure is ECANCELED */
		error = seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
	for (nr = CREATE_RULESET; error == 0 && nr <= RESTRICT_SELF; nr++)
		error = seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, nr, 0);
	if (error == 0)
		error = seccomp_load(ctx);
	if (error != 0) {
		errno = -error;
		err(EX_UNAVAILABLE, "seccomp user notification");
	}
	return (seccomp_notify_fd(ctx));
}

static void
supervised(void)
{
	char	 byte;
	int	 fd, s;

	s = start();
	fd = load();
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		err(EX_OSERR, "PR_SET_DUMPABLE");
	if (write(s, &fd, sizeof(fd)) != sizeof(fd) || read(s, &byte, 1) != 1)
		errx(EX_UNAVAILABLE, "no supervisor");
	if (prctl(PR_SET_DUMPABLE, 1) == -1)
		err(EX_OSERR, "PR_SET_DUMPABLE");
	close(fd);
	close(s);
}

int
main(int argc, char **argv)
{
	const char	*error = NULL;
	long		 own;

	if (argc < 3)
		errx(EX_USAGE, "usage: landlock_abi ABI program "
		    "[argument ...]");
	absent = strcmp(argv[1], "off") == 0 ? EOPNOTSUPP : ENOSYS;
	if (absent == ENOSYS)
		abi = (int)strtonum(argv[1], 0, NEWEST, &error);
	if (error != NULL)
		errx(EX_USAGE, "ABI %s is %s", argv[1], error);
	own = syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
	if (abi > 0 && own < abi)
		errx(EX_UNAVAILABLE, "this kernel's own ABI is older than %d",
		    abi);
	supervised();
	execvp(argv[2], argv + 2);
	err(EX_NOINPUT, "%s", argv[2]);
}
