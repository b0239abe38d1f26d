/* SPDX-License-Identifier: ISC */

/*
 * What a command, which has deliver's user, can do to deliver and to the
 * parent, with Landlock and without, from within the sandbox that
 * sandbox_deliver() and sandbox_command() make.  Three processes: this one
 * starts a parent, that a deliver, that a command.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "config.h"
#include "deliver/deliver_calls.h"
#include "deliver/sandbox_deliver.h"
#include "log.h"
#include "msmtpd.h"
#include "outside.h"
#include "refuse.h"
#include "sandbox.h"
#include "sandbox_enter.h"
#include "tap.h"

#define UNUSED_ID	64999

static struct config	 conf;
static pid_t		 parent_pid, deliver_pid, front_pid;
static char		 mem_path[64], fd_path[64];	/* deliver's */
static int		 pipe_fds[2], fd;
static const siginfo_t	 queued = { .si_signo = SIGKILL,
			    .si_code = SI_QUEUE };

/* Attacks: the errno, 0 where it has worked. */
static int
result(long ret)
{
	return (ret == -1 ? errno : 0);
}

/* One that is a system call, or one after the other until one fails. */
#define ATTACK(name, call)						\
static int								\
name(void)								\
{									\
	return (result(call));						\
}

ATTACK(kill_deliver, kill(deliver_pid, SIGKILL))
/* pid_t is 32 bits wide: the kernel ignores the rest. */
ATTACK(kill_deliver_high, syscall(SYS_kill, 0x100000000L | deliver_pid,
    SIGKILL))
ATTACK(kill_parent, kill(parent_pid, SIGKILL))
ATTACK(kill_front, kill(front_pid, SIGKILL))
/* Signal 0 where success would hit more than our own. */
ATTACK(kill_group, kill(-deliver_pid, 0))
ATTACK(kill_all, kill(-1, 0))
ATTACK(tkill_deliver, syscall(SYS_tkill, deliver_pid, SIGKILL))
ATTACK(tgkill_deliver, syscall(SYS_tgkill, deliver_pid, deliver_pid, SIGKILL))
ATTACK(queue_deliver, syscall(SYS_rt_sigqueueinfo, deliver_pid, SIGKILL,
    &queued))
ATTACK(tgqueue_deliver, syscall(SYS_rt_tgsigqueueinfo, deliver_pid,
    deliver_pid, SIGKILL, &queued))
ATTACK(pidfd_deliver, (fd = (int)syscall(SYS_pidfd_open, deliver_pid, 0)) ==
    -1 ? -1 : syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0))
ATTACK(getfd_deliver, (fd = (int)syscall(SYS_pidfd_open, deliver_pid, 0)) ==
    -1 ? -1 : syscall(SYS_pidfd_getfd, fd, 0, 0))
/* SIGIO, or any other, to the owner of a descriptor. */
ATTACK(owner_deliver, fcntl(pipe_fds[0], F_SETOWN, deliver_pid))
ATTACK(owner_parent, fcntl(pipe_fds[0], F_SETOWN, parent_pid))
ATTACK(owner_front, fcntl(pipe_fds[0], F_SETOWN, front_pid))
ATTACK(owner_group, fcntl(pipe_fds[0], F_SETOWN, -deliver_pid))
/* deliver has already made what needs this call, for its commands. */
ATTACK(owner_signal, fcntl(pipe_fds[0], F_SETSIG, SIGKILL))
ATTACK(owner_ex_deliver, fcntl(pipe_fds[0], F_SETOWN_EX,
    &(struct f_owner_ex){ F_OWNER_PID, deliver_pid }))
ATTACK(owner_ioctl, ioctl(socket(AF_UNIX, SOCK_STREAM, 0), FIOSETOWN,
    &deliver_pid))
ATTACK(ptrace_deliver, ptrace(PTRACE_ATTACH, deliver_pid, NULL, NULL))
ATTACK(memory_deliver, open(mem_path, O_RDWR | O_CLOEXEC))
ATTACK(descriptors_deliver, open(fd_path, O_RDONLY | O_CLOEXEC))
ATTACK(readv_deliver, process_vm_readv(deliver_pid,
    &(struct iovec){ &(char){ 0 }, 1 }, 1, &(struct iovec){ &conf, 1 }, 1, 0))
ATTACK(limit_deliver, prlimit(deliver_pid, RLIMIT_CPU,
    &(struct rlimit){ 0, 0 }, NULL))
ATTACK(renice_user, setpriority(PRIO_USER, 0, 19))
ATTACK(multipath, socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP))
ATTACK(multipath6, socket(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP))
ATTACK(packet_socket, socket(AF_PACKET, SOCK_RAW, 0))
ATTACK(new_namespace, unshare(CLONE_NEWUSER))
ATTACK(core_limit, setrlimit(RLIMIT_CORE, &(struct rlimit){ 1, 1 }))
ATTACK(become_root, setresuid(0, 0, 0))

/* Each way to slow a process down, until one has worked. */
static int
slow(pid_t pid)
{
	struct sched_param	 param = { 0 };
	cpu_set_t		 set;
	int			 error;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	error = result(sched_setscheduler(pid, SCHED_IDLE, &param));
	if (error == EPERM)
		error = result(sched_setparam(pid, &param));
	if (error == EPERM)
		error = result(sched_setaffinity(pid, sizeof(set), &set));
	if (error == EPERM)
		error = result(setpriority(PRIO_PROCESS, (id_t)pid, 19));
	if (error == EPERM)
		error = result(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid,
		    3 << 13 /* idle */));
	return (error);
}

static int
slow_all(void)
{
	pid_t	 pids[] = { deliver_pid, front_pid, parent_pid };
	size_t	 i;

	for (i = 0; i < 3; i++)
		if (slow(pids[i]) != EPERM)
			return (slow(pids[i]));
	return (EPERM);
}

static int
clone_with(unsigned long flags)
{
	long	 pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return (result(pid));
}

static int
clone_namespace(void)
{
	return (clone_with(CLONE_NEWUSER));
}

static int
clone_sibling(void)
{
	return (clone_with(CLONE_PARENT));
}

#define ABI(n)		(n)		/* needs Landlock, this ABI */
#define ANY		0		/* holds without Landlock too */

static const struct attack {
	const char	*what;
	int		(*fn)(void);
	int		 error;
	int		 abi;
} attacks[] = {
	{ "kill -9 deliver", kill_deliver, EPERM, ANY },
	{ "kill, upper bits set", kill_deliver_high, EPERM, ANY },
	{ "kill -9 parent", kill_parent, EPERM, ANY },
	{ "kill -9 front", kill_front, EPERM, ANY },
	{ "kill deliver's process group", kill_group, EPERM, ANY },
	{ "kill everybody", kill_all, EPERM, ANY },
	{ "tkill deliver", tkill_deliver, EPERM, ANY },
	{ "tgkill deliver", tgkill_deliver, EPERM, ANY },
	{ "rt_sigqueueinfo to deliver", queue_deliver, EPERM, ANY },
	{ "rt_tgsigqueueinfo to deliver", tgqueue_deliver, EPERM, ANY },
	{ "pidfd_send_signal to deliver", pidfd_deliver, EPERM, ANY },
	{ "F_SETOWN deliver", owner_deliver, EPERM, ANY },
	{ "F_SETOWN parent", owner_parent, EPERM, ANY },
	{ "F_SETOWN front", owner_front, EPERM, ANY },
	{ "F_SETOWN deliver's process group", owner_group, EPERM, ANY },
	{ "F_SETSIG", owner_signal, EPERM, ANY },
	{ "F_SETOWN_EX deliver", owner_ex_deliver, EPERM, ANY },
	{ "FIOSETOWN deliver", owner_ioctl, EPERM, ANY },
	{ "PTRACE_ATTACH to deliver", ptrace_deliver, EPERM, ANY },
	{ "open deliver's memory", memory_deliver, EACCES, ANY },
	{ "open deliver's descriptors", descriptors_deliver, EACCES, ANY },
	{ "process_vm_readv of deliver", readv_deliver, EPERM, ANY },
	{ "pidfd_getfd of deliver", getfd_deliver, EPERM, ANY },
	{ "prlimit of deliver", limit_deliver, EPERM, ANY },
	{ "slow deliver, front or parent down", slow_all, EPERM, ANY },
	{ "setpriority of the user", renice_user, EPERM, ANY },
	{ "unshare", new_namespace, EPERM, ANY },
	{ "clone CLONE_NEWUSER", clone_namespace, EPERM, ANY },
	{ "clone CLONE_PARENT", clone_sibling, EPERM, ANY },
	{ "a packet socket", packet_socket, EPERM, ANY },
	{ "multipath TCP", multipath, EPERM, ANY },
	{ "multipath TCP, IPv6", multipath6, EPERM, ANY },
	{ "a larger core file", core_limit, EPERM, ANY },
	{ "become root", become_root, EPERM, ANY },
	{ "bind on TCP", outside_bind, EACCES, ABI(4) },
	{ "an abstract socket of others", outside_abstract, EPERM, ABI(6) },
};

#define NATTACKS	(sizeof(attacks) / sizeof(attacks[0]))

static struct shared {
	int	 got[NATTACKS];
	int	 done;
	int	 nofile;	/* the command's own limit */
	int	 own_signal;	/* a command may signal its own */
	int	 deliver_kills;	/* and deliver the command */
	int	 deliver_signals_parent;
	int	 abi;
} *shared;

static void
no_log(void *arg, int pri, const char *text)
{
	(void)arg;
	if (pri <= LOG_ERR)
		fprintf(stderr, "%s\n", text);
}

static void __attribute__((noreturn))
command(int ready)
{
	struct rlimit	 limit;
	pid_t		 own;
	size_t		 i;

	/* Where the attack succeeds, no other process is left to end this
	 * one. */
	alarm(60);
	close(ready);
	setsid();
	if (sandbox_command() == -1 || pipe(pipe_fds) == -1)
		_exit(1);
	snprintf(mem_path, sizeof(mem_path), "/proc/%d/mem", deliver_pid);
	snprintf(fd_path, sizeof(fd_path), "/proc/%d/fd/0", deliver_pid);
	for (i = 0; i < NATTACKS; i++)
		shared->got[i] = attacks[i].fn();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		shared->nofile = (int)limit.rlim_cur;
	if ((own = fork()) == 0) {
		pause();
		_exit(0);
	}
	shared->own_signal = kill(own, SIGKILL) == 0 &&
	    waitpid(own, NULL, 0) == own;
	shared->done = 1;
	pause();
	_exit(0);
}

static void __attribute__((noreturn))
deliver(int ready)
{
	int	 status;
	pid_t	 pid;

	deliver_pid = getpid();
	setpgid(0, 0);
	sandbox_deliver(&conf);
	shared->deliver_signals_parent = result(kill(parent_pid, 0));
	if ((pid = fork()) == 0)
		command(ready);
	while (!shared->done && waitpid(pid, &status, WNOHANG) == 0)
		poll(NULL, 0, 10);
	/* setsid() has made it the leader of a group. */
	shared->deliver_kills = kill(-pid, SIGKILL) == 0 &&
	    waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGKILL;
	(void)!write(ready, "", 1);
	_exit(0);
}

static void __attribute__((noreturn))
parent(int landlock)
{
	struct rlimit	 files = { 200, 300 };
	char		 byte;
	pid_t		 pid;
	int		 fds[2];

	/* The same user, as where the daemon is not started as root. */
	if (conf.drop)
		sandbox_user(conf.uid, conf.gid, conf.groups, conf.ngroups);
	conf.drop = 0;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		err(1, "setrlimit");
	parent_pid = getpid();
	if (!landlock) {
		sandbox_nnp();
		refuse_landlock();
	}
	shared->abi = sandbox_landlock_abi();
	if ((front_pid = fork()) == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
		    getppid() == parent_pid)
			poll(NULL, 0, -1);
		_exit(1);
	}
	conf.siblings[0] = front_pid;
	conf.nsiblings = 1;
	if (pipe(fds) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0)
		deliver(fds[1]);
	close(fds[1]);
	/* An octet, or the end where deliver has not lived that long. */
	_exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
}

static void
attack(int landlock)
{
	const struct attack	*a;
	const char		*how = landlock ? "" : "without Landlock: ";
	size_t			 i;
	pid_t			 pid;
	int			 status;

	memset(shared, 0xff, sizeof(*shared));
	shared->done = 0;
	if ((pid = fork()) == 0)
		parent(landlock);
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		err(1, "parent");
	is_int(status, 0, "%sparent and deliver live to the end", how);
	for (i = 0; i < NATTACKS; i++) {
		a = &attacks[i];
		if (a->abi > shared->abi)
			skip(1, "needs a newer Landlock");
		else
			is_int(shared->got[i], a->error, "%s%s: %s", how,
			    a->what, strerror(a->error));
	}
	is_int(shared->own_signal, 1, "%sa command signals its children",
	    how);
	is_int(shared->deliver_kills, 1, "%sdeliver kills the command's "
	    "process group", how);
	is_int(shared->nofile, 150, "%sthe command may have half of the files "
	    "that the daemon may have", how);
	is_int(shared->deliver_signals_parent, EPERM, "%sdeliver cannot "
	    "signal the parent", how);
}

static void
deathsig_deliver(int out)
{
	pid_t	 pid;

	sandbox_deliver(&conf);
	if ((pid = fork()) == 0) {
		setsid();
		if (sandbox_command() == -1 ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
			_exit(1);
		(void)!write(out, "x", 1);
		pause();
		_exit(1);
	}
	poll(NULL, 0, -1);
	_exit(1);
}

/* The command dies with deliver: its end of the pipe closes. */
static void
deathsig(void)
{
	struct pollfd	 pfd;
	char		 byte;
	pid_t		 pid;
	int		 fds[2];

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		close(fds[0]);
		deathsig_deliver(fds[1]);
	}
	close(fds[1]);
	if (!is_int(read(fds[0], &byte, 1), 1, "a command runs"))
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pfd.fd = fds[0];
	pfd.events = POLLIN;
	ok(poll(&pfd, 1, 60000) == 1 && read(fds[0], &byte, 1) == 0,
	    "when deliver is killed, PR_SET_PDEATHSIG ends the command");
	close(fds[0]);
}

int
main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	log_init("", no_log, NULL);
	config_user(&conf, UNUSED_ID);
	conf.max_sessions = 100;
	outside_init();
	attack(1);
	attack(0);
	deathsig();
	return (done_testing());
}
