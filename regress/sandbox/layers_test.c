/* SPDX-License-Identifier: ISC */

/*
 * What each process has beside its seccomp filter, which stands before all of
 * it and would hide that it is missing: so the filters are left out here, by
 * ld's --wrap, and the rest must hold alone.  landlock.t runs this for each
 * ABI that there is.
 */

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

#include "deliver/sandbox_deliver.h"
#include "front/sandbox_front.h"
#include "parent/sandbox_parent.h"
#include "calls.h"
#include "msmtpd.h"
#include "outside.h"
#include "sandbox_enter.h"
#include "sandbox.h"
#include "tap.h"

/* In this process alone, not in what it executes. */
#define MDWE_OWN	(PR_MDWE_REFUSE_EXEC_GAIN | PR_MDWE_NO_INHERIT)

/* All that is there and its lock, but for keep_caps, which is off. */
#define SECUREBITS	0xef

enum role {
	FRONT,
	PARENT,			/* without a log file */
	LOGGING,		/* with one */
	DELIVER,
	NROLES
};

#define NO	(-1)		/* not tried */

static const char *const names[NROLES] = { "front", "parent",
    "parent --log=FILE", "deliver" };

static struct config		 conf;
static char			 base[] = "/tmp/msmtpd-layers-XXXXXX";
static char			 empty[64], logfile[64];
static pid_t			 outside[NROLES];	/* who may be signalled */
static int			 mdwe[NROLES];
static enum role		 role;

int	__wrap_sandbox_load(struct sandbox_filter *);

int
__wrap_sandbox_load(struct sandbox_filter *f)
{
	(void)f;
	return (0);
}

static int
result(long ret)
{
	return (ret == -1 ? errno : 0);
}

/* What a process knows of itself: each returns what it has found. */
static int
securebits(void)
{
	return (prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
}

static int
no_new_privs(void)
{
	return (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static int
dumpable(void)
{
	return (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
}

static int
core(void)
{
	struct rlimit	 limit;

	return (getrlimit(RLIMIT_CORE, &limit) == -1 || limit.rlim_cur != 0 ||
	    limit.rlim_max != 0);
}

static int
death_signal(void)
{
	int	 sig = -1;

	return (prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) == -1 ? -1 : sig);
}

/* As the kernel has it, which need not have all of it. */
static int
memory(void)
{
	int	 now = prctl(PR_GET_MDWE, 0, 0, 0, 0);

	return (now == -1 ? 0 : now != mdwe[role]);
}

/* Attempts: the errno, 0 where it has worked.  Files are in the directory
 * base. */
#define ATTEMPT(name, call)						\
static int								\
name(void)								\
{									\
	return (result(call));						\
}

#define APPEND(path)							\
	open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)

ATTEMPT(read_root, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
ATTEMPT(append_log, APPEND("log/log"))
ATTEMPT(new_log, APPEND("log/new"))
ATTEMPT(append_elsewhere, APPEND("other"))
ATTEMPT(new_elsewhere, APPEND("new"))
ATTEMPT(read_log, open("log/log", O_RDONLY | O_CLOEXEC))
ATTEMPT(remove_log, unlink("log/log"))
ATTEMPT(truncate_log, truncate("log/log", 0))
ATTEMPT(directory_there, mkdir("log/new", 0700))
ATTEMPT(fifo_there, mkfifo("log/new", 0600))
ATTEMPT(link_there, symlink("log", "log/new"))
ATTEMPT(socket_there, mknod("log/new", S_IFSOCK | 0600, 0))
ATTEMPT(remove_directory, rmdir("log/dir"))
ATTEMPT(refer, link("log/log", "log/dir/new"))
ATTEMPT(write_device, open("/dev/null", O_WRONLY | O_CLOEXEC))
ATTEMPT(execute, execl("/bin/true", "true", (char *)NULL))
ATTEMPT(signal_outside, kill(outside[role], 0))

/* abi: of Landlock's, from which on it holds, else it works; 0: always.
 * front sees nothing but its empty root directory. */
static const struct attempt {
	const char	*what;
	int		(*fn)(void);
	int		 abi;
	int		 want[NROLES];
} attempts[] = {
	{ "no_new_privs", no_new_privs, 0, { 1, 1, 1, 1 } },
	{ "not dumpable", dumpable, 0, { 0, 0, 0, 0 } },
	{ "no core file", core, 0, { 0, 0, 0, 0 } },
	{ "signal when the parent dies", death_signal, 0,
	    { SIGKILL, 0, 0, SIGKILL } },
	{ "memory does not become executable", memory, 0, { 0, 0, 0, 0 } },

	{ "read /", read_root, 1, { EACCES, EACCES, EACCES, 0 } },
	{ "append to the log", append_log, 1, { NO, EACCES, 0, NO } },
	{ "make a file beside it", new_log, 1, { NO, EACCES, 0, NO } },
	{ "read the log", read_log, 1, { NO, EACCES, EACCES, NO } },
	{ "remove the log", remove_log, 1, { NO, EACCES, EACCES, NO } },
	{ "truncate the log", truncate_log, 3, { NO, EACCES, EACCES, NO } },
	{ "make a directory there", directory_there, 1,
	    { NO, EACCES, EACCES, NO } },
	{ "make a FIFO there", fifo_there, 1, { NO, EACCES, EACCES, NO } },
	{ "make a symbolic link there", link_there, 1,
	    { NO, EACCES, EACCES, NO } },
	{ "make a socket there", socket_there, 1, { NO, EACCES, EACCES, NO } },
	{ "remove a directory there", remove_directory, 1,
	    { NO, EACCES, EACCES, NO } },
	/* ABI 1 has no word for that, and refuses it always. */
	{ "link into another directory", refer, 1, { NO, NO, EXDEV, NO } },
	{ "write to a device", write_device, 1, { NO, EACCES, EACCES, NO } },
	{ "append to a file elsewhere", append_elsewhere, 1,
	    { NO, EACCES, EACCES, NO } },
	{ "make a file elsewhere", new_elsewhere, 1,
	    { NO, EACCES, EACCES, NO } },
	{ "execute a program", execute, 1, { NO, EACCES, EACCES, 0 } },
	{ "bind on TCP", outside_bind, 4, { EACCES, EACCES, EACCES, EACCES } },
	{ "connect by TCP", outside_connect, 4, { EACCES, EACCES, EACCES, 0 } },
	{ "connect to an abstract socket", outside_abstract, 6,
	    { EPERM, EPERM, EPERM, EPERM } },
	/* The parent has no call that sends one. */
	{ "signal who is outside", signal_outside, 6, { EPERM, 0, 0, EPERM } },
};

static void
enter_sandbox(void)
{
	struct sandbox_log	 log = { NULL, 0 };

	switch (role) {
	case FRONT:
		if (conf.drop)
			strlcpy(conf.chroot, empty, sizeof(conf.chroot));
		sandbox_front(&conf);
		break;
	case DELIVER:
		sandbox_deliver(&conf);
		break;
	default:
		if (role == LOGGING)
			log.file = logfile;
		sandbox_parent(&log);
		break;
	}
}

static void
touch(const char *path)
{
	int	 fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	if (fd == -1)
		err(1, "%s", path);
	close(fd);
}

/* Each in a process of its own, with the log and the directories as they are
 * at the beginning; returns its status. */
static int
sandboxed(int (*fn)(void))
{
	pid_t	 pid;
	int	 status;

	touch("log/log");
	if (mkdir("log/dir", 0700) == -1 && errno != EEXIST)
		err(1, "log/dir");
	if ((pid = fork()) == 0) {
		alarm(CALL_SECONDS);
		enter_sandbox();
		_exit(fn() & 0xff);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		err(1, "child");
	if (unlink("log/new") == -1 && rmdir("log/new") == -1 &&
	    errno != ENOENT)
		err(1, "log/new");
	(void)unlink("new");
	(void)unlink("log/dir/new");
	return (WIFEXITED(status) ? WEXITSTATUS(status) :
	    KILLED_BY(WTERMSIG(status)));
}

static void
layers(int abi)
{
	const struct attempt	*a;
	size_t			 i;

	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		a = &attempts[i];
		if (a->want[role] == NO)
			continue;
		is_int(sandboxed(a->fn), abi < a->abi ? 0 : a->want[role],
		    "%s: %s", names[role], a->what);
	}
	if (conf.drop)
		is_int(sandboxed(securebits), SECUREBITS,
		    "%s: securebits are set and locked", names[role]);
	else
		skip(1, "not root: securebits stay as they are");
}

/* How each part of a domain is asked for: which ABI is the first to know it. */
#define NET	(SANDBOX_NET_BIND_TCP | SANDBOX_NET_CONNECT_TCP)
#define SCOPE	(SANDBOX_SCOPE_ABSTRACT | SANDBOX_SCOPE_SIGNAL)

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
			/* EPERM: a filter around this test refuses it. */
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

/* The log's rights in /dev are no right to ioctl(2) a device, which /dev/null
 * does not know. */
static void
devices(int abi)
{
	pid_t	 pid;
	int	 fd, n, status;

	if ((pid = fork()) == 0) {
		if ((fd = sandbox_ruleset(1, NET, SCOPE)) == -1 ||
		    sandbox_allow_beneath(fd, "/dev", SANDBOX_FS_WRITE_FILE |
		    SANDBOX_FS_MAKE_REG) == -1 ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
		    sandbox_restrict(fd) == -1)
			_exit(255);
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		_exit(result(ioctl(fd, FIONREAD, &n)));
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		err(1, "child");
	is_int(WEXITSTATUS(status), abi < 5 ? ENOTTY : EACCES,
	    "ABI %d: ioctl of a device", abi);
}

/* What the kernel gives to a process that asks for these bits. */
static int
mdwe_of(unsigned long bits)
{
	pid_t	 pid;
	int	 status;

	if ((pid = fork()) == 0)
		_exit(prctl(PR_SET_MDWE, bits, 0, 0, 0) == 0);
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		err(1, "child");
	return (WEXITSTATUS(status) == 1 ? (int)bits : 0);
}

/* A process of that user's outside of all domains, until we end. */
static pid_t
stranger(uid_t uid)
{
	pid_t	 pid, self = getpid();

	if ((pid = fork()) == 0) {
		if ((uid != getuid() && setresuid(uid, uid, uid) == -1) ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 ||
		    getppid() != self)
			_exit(1);
		for (;;)
			pause();
	}
	if (pid == -1)
		err(1, "fork");
	return (pid);
}

static void
surroundings(void)
{
	outside_init();
	if (mkdtemp(base) == NULL || chdir(base) == -1)
		err(1, "%s", base);
	snprintf(empty, sizeof(empty), "%s/empty", base);
	snprintf(logfile, sizeof(logfile), "%s/log/log", base);
	if (mkdir("empty", 0755) == -1 || mkdir("log", 0755) == -1)
		err(1, "%s", base);
	touch("other");
	outside[FRONT] = outside[DELIVER] = stranger(conf.drop ? conf.uid :
	    getuid());
	outside[PARENT] = outside[LOGGING] = getpid();
	mdwe[FRONT] = mdwe[PARENT] = mdwe[LOGGING] =
	    mdwe_of(PR_MDWE_REFUSE_EXEC_GAIN);
	mdwe[DELIVER] = mdwe_of(MDWE_OWN);
	if (mdwe[DELIVER] == 0)
		diag("this kernel does not have all of MDWE");
}

int
main(void)
{
	int	 abi = sandbox_landlock_abi();

	call_config(&conf);
	surroundings();
	asked(abi);
	if (abi > 0)
		devices(abi);
	for (role = 0; role < NROLES; role++)
		layers(abi);
	kill(outside[FRONT], SIGKILL);
	waitpid(outside[FRONT], NULL, 0);
	(void)unlink("other");
	(void)unlink("log/log");
	(void)rmdir("log/dir");
	(void)rmdir("log");
	(void)rmdir("empty");
	if (rmdir(base) == -1)
		err(1, "%s", base);
	return (done_testing());
}
