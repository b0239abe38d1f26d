/* SPDX-License-Identifier: ISC */

/*
 * What a domain of sandbox_ruleset() refuses, and from which ABI on.  By
 * itself this is about the kernel that runs; landlock.t runs it for each ABI
 * that there is, by landlock_abi.
 */

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outside.h"
#include "sandbox.h"
#include "tap.h"

#define NET	(SANDBOX_NET_BIND_TCP | SANDBOX_NET_CONNECT_TCP)
#define SCOPE	(SANDBOX_SCOPE_ABSTRACT | SANDBOX_SCOPE_SIGNAL)
#define APPEND	(SANDBOX_FS_WRITE_FILE | SANDBOX_FS_MAKE_REG)

static char		 base[] = "/tmp/msmtpd-landlock-XXXXXX";
static pid_t		 outside;

/* Attempts, in the directory base: the errno, 0 where it has worked. */
static int
result(long ret)
{
	return (ret == -1 ? errno : 0);
}

static int
read_file(void)
{
	return (result(open("file", O_RDONLY | O_CLOEXEC)));
}

static int
write_file(void)
{
	return (result(open("file", O_WRONLY | O_APPEND | O_CLOEXEC)));
}

static int
truncate_file(void)
{
	return (result(truncate("file", 0)));
}

static int
read_dir(void)
{
	return (result(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

static int
execute(void)
{
	return (result(execl("/bin/true", "true", (char *)NULL)));
}

static int
make_file(void)
{
	return (result(open("new", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0600)));
}

static int
make_dir(void)
{
	return (result(mkdir("new", 0700)));
}

static int
make_fifo(void)
{
	return (result(mkfifo("new", 0600)));
}

static int
make_link(void)
{
	return (result(symlink("file", "new")));
}

static int
make_socket(void)
{
	return (result(mknod("new", S_IFSOCK | 0600, 0)));
}

static int
remove_file(void)
{
	return (result(unlink("file")));
}

static int
remove_dir(void)
{
	return (result(rmdir("dir")));
}

static int
refer(void)
{
	return (result(link("file", "dir/new")));
}

/* Which /dev/null does not know. */
static int
device(void)
{
	int	 fd = open("/dev/null", O_WRONLY | O_CLOEXEC), n;

	if (fd == -1)
		return (errno);
	return (result(ioctl(fd, FIONREAD, &n)));
}

static int
signal_outside(void)
{
	return (result(kill(outside, 0)));
}

static int
signal_own(void)
{
	pid_t	 pid;

	if ((pid = fork()) == -1)
		return (errno);		/* -1 would be everybody */
	if (pid == 0) {
		alarm(60);
		pause();
		_exit(0);
	}
	if (kill(pid, SIGKILL) == -1)
		return (errno);
	return (result(waitpid(pid, NULL, 0)));
}

enum domain {
	ALL,		/* as front's: nothing is allowed */
	LOG,		/* as the parent's: but append, and make a file */
	DEVICES,	/* the same, in /dev */
	NO_FILES	/* as deliver's: files are no matter */
};

static const struct attempt {
	const char	*what;
	int		(*fn)(void);
	enum domain	 domain;
	int		 error;
	int		 abi;		/* that says so, and all later ones */
	int		 before;	/* errno with those before */
} attempts[] = {
	{ "read a file", read_file, ALL, EACCES, 1, 0 },
	{ "write a file", write_file, ALL, EACCES, 1, 0 },
	{ "truncate a file", truncate_file, ALL, EACCES, 3, 0 },
	{ "read a directory", read_dir, ALL, EACCES, 1, 0 },
	{ "execute a program", execute, ALL, EACCES, 1, 0 },
	{ "make a file", make_file, ALL, EACCES, 1, 0 },
	{ "make a directory", make_dir, ALL, EACCES, 1, 0 },
	{ "make a FIFO", make_fifo, ALL, EACCES, 1, 0 },
	{ "make a symbolic link", make_link, ALL, EACCES, 1, 0 },
	{ "make a socket", make_socket, ALL, EACCES, 1, 0 },
	{ "remove a file", remove_file, ALL, EACCES, 1, 0 },
	{ "remove a directory", remove_dir, ALL, EACCES, 1, 0 },
	{ "bind on TCP", outside_bind, ALL, EACCES, 4, 0 },
	{ "connect by TCP", outside_connect, ALL, EACCES, 4, 0 },
	{ "connect to an abstract socket", outside_abstract, ALL, EPERM, 6,
	    0 },
	{ "signal who is outside", signal_outside, ALL, EPERM, 6, 0 },
	{ "signal one's own", signal_own, ALL, 0, 1, 0 },

	{ "log: append", write_file, LOG, 0, 1, 0 },
	{ "log: make it", make_file, LOG, 0, 1, 0 },
	{ "log: read it", read_file, LOG, EACCES, 1, 0 },
	{ "log: truncate it", truncate_file, LOG, EACCES, 3, 0 },
	{ "log: remove it", remove_file, LOG, EACCES, 1, 0 },
	{ "log: make a directory", make_dir, LOG, EACCES, 1, 0 },
	/* ABI 1 had no word for that, and refused it always. */
	{ "log: link into another directory", refer, LOG, EXDEV, 1, 0 },
	{ "log: a file elsewhere", device, LOG, EACCES, 1, 0 },
	{ "ioctl of a device", device, DEVICES, EACCES, 5, ENOTTY },

	{ "deliver: read a file", read_file, NO_FILES, 0, 4, 0 },
	{ "deliver: execute a program", execute, NO_FILES, 0, 4, 0 },
	{ "deliver: bind on TCP", outside_bind, NO_FILES, EACCES, 4, 0 },
	{ "deliver: signal who is outside", signal_outside, NO_FILES, EPERM,
	    6, 0 },
};

static int
domain_of(enum domain domain)
{
	int	 fd = sandbox_ruleset(domain != NO_FILES, NET, SCOPE);

	if (fd == -1)
		return (-1);
	if (domain == LOG && sandbox_allow_beneath(fd, base, APPEND) == -1)
		err(1, "%s", base);
	if (domain == DEVICES && sandbox_allow_beneath(fd, "/dev", APPEND) ==
	    -1)
		err(1, "/dev");
	return (fd);
}

/* Each has its own process, and a directory as it is at the beginning. */
static int
attempt(const struct attempt *a, int ruleset)
{
	pid_t	 pid;
	int	 fd, status;

	if (((fd = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == -1 ||
	    close(fd) == -1 || (mkdir("dir", 0700) == -1 &&
	    errno != EEXIST)))
		err(1, "%s", base);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		/* Without CAP_SYS_ADMIN the kernel wants it. */
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
		    sandbox_restrict(ruleset) == -1)
			err(255, "landlock_restrict_self");
		_exit(a->fn());
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	if (unlink("new") == -1 && rmdir("new") == -1 && errno != ENOENT)
		err(1, "new");
	(void)unlink("dir/new");
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void
tried(int abi)
{
	const struct attempt	*a;
	size_t			 i;
	int			 ruleset;

	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		a = &attempts[i];
		/* deliver's domain: before ABI 4 there is none. */
		if ((ruleset = domain_of(a->domain)) == -1) {
			ok(a->domain == NO_FILES && abi < 4 && errno == ENOMSG,
			    "ABI %d: %s: there is no domain", abi, a->what);
			continue;
		}
		is_int(attempt(a, ruleset), abi < a->abi ? a->before :
		    a->error, "ABI %d: %s", abi, a->what);
		close(ruleset);
	}
}

/* How each part is asked for: which ABI is the first to know it. */
static const struct {
	const char	*what;
	uint64_t	 net, scope;
	int		 fs, abi;
} parts[] = {
	{ "nothing", 0, 0, 0, INT_MAX },
	{ "files", 0, 0, 1, 1 },
	{ "TCP", NET, 0, 0, 4 },
	{ "scopes", 0, SCOPE, 0, 6 },
	{ "all but files", NET, SCOPE, 0, 4 },
	{ "all", NET, SCOPE, 1, 1 }
};

static void
asked(int abi)
{
	size_t	 i;
	int	 error, fd;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		fd = sandbox_ruleset(parts[i].fs, parts[i].net,
		    parts[i].scope);
		error = result(fd);
		if (abi == 0)
			/* EPERM: a filter around this test says so. */
			ok(error == ENOSYS || error == EOPNOTSUPP ||
			    error == EPERM, "no Landlock: %s: %s",
			    parts[i].what, strerror(error));
		else
			is_int(error, abi < parts[i].abi ? ENOMSG : 0,
			    "ABI %d: a ruleset of %s", abi, parts[i].what);
		if (fd != -1)
			close(fd);
	}
}

/* Outside of all domains: a process, a TCP socket, an abstract one. */
static void
surroundings(void)
{
	outside = getpid();
	outside_init();
	if (mkdtemp(base) == NULL || chdir(base) == -1)
		err(1, "%s", base);
}

int
main(void)
{
	int	 abi = sandbox_landlock_abi();

	surroundings();
	asked(abi);
	if (abi > 0)
		tried(abi);
	else
		skip(1, "no Landlock here");
	(void)unlink("file");
	(void)rmdir("dir");
	if (rmdir(base) == -1)
		err(1, "%s", base);
	return (done_testing());
}
