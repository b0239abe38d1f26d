/* SPDX-License-Identifier: ISC */
/* deliver_calls: the system calls that deliver and its commands may make. */

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <asm/sockios.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>

#include "deliver_calls.h"

/* Not all C libraries define these. */
#ifndef IPPROTO_SMC
#define IPPROTO_SMC	256
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif

/*
 * Every command inherits deliver's filters, which therefore cannot be a short
 * allowlist; but they are more than a list of known dangers.  Every system call
 * of Linux up to 6.19, on x86_64 and aarch64, is accounted for here, a reason a
 * row, and two filters are stacked:
 *
 * 1. deliver_calls, by number: DENY answers EPERM.  NOSYS, and any number
 *    that is not listed, answers ENOSYS: a C library that tries a newer call
 *    than this table has takes the kernel for an older one and falls back,
 *    which it does not do after EPERM.
 * 2. deliver_call_args, by argument: allows all but what it lists, which
 *    answers EPERM.
 *
 * Both kill for a foreign architecture (i386, x32).  The kernel runs both and
 * takes the stricter answer.  They are two because a filter of libseccomp has
 * one answer for "nothing matches": in 1 it is ENOSYS, in 2 it is to allow.
 */

#define ALLOW	SANDBOX_ALLOW
#define DENY	SANDBOX_DENY
#define NOSYS	SANDBOX_NOSYS

const struct sandbox_calls deliver_calls[] = {
	{ DENY, "I/O ports, segments", "ioperm iopl modify_ldt" },
	{ DENY, "another execution domain", "personality" },
	{ DENY, "another kernel", "kexec_file_load kexec_load reboot" },
	{ DENY, "another root directory", "chroot" },
	{ DENY, "asynchronous I/O, a large surface", "io_cancel io_destroy "
	    "io_getevents io_pgetevents io_setup io_submit io_uring_enter "
	    "io_uring_register io_uring_setup" },
	{ DENY, "code in the kernel, tracing", "bpf lookup_dcookie "
	    "perf_event_open" },
	{ DENY, "files without a path", "name_to_handle_at open_by_handle_at" },
	{ DENY, "kernel modules", "delete_module finit_module init_module" },
	{ DENY, "keyrings", "add_key keyctl request_key" },
	{ DENY, "looks into other processes", "kcmp migrate_pages move_pages "
	    "pidfd_getfd process_madvise process_mrelease process_vm_readv "
	    "process_vm_writev ptrace" },
	{ DENY, "memory that nobody can inspect", "memfd_secret" },
	{ DENY, "mounts", "fsconfig fsmount fsopen fspick mount mount_setattr "
	    "move_mount open_tree pivot_root umount2" },
	{ DENY, "names of the machine", "setdomainname sethostname" },
	{ DENY, "namespaces", "setns unshare" },
	{ DENY, "obsolete", "remap_file_pages sysfs uselib ustat" },
	{ DENY, "page faults that a process answers, a tool of exploits",
	    "userfaultfd" },
	{ DENY, "pages given to a pipe, a tool of exploits", "vmsplice" },
	{ DENY, "quotas and accounting", "acct quotactl quotactl_fd" },
	{ DENY, "setting the clock", "adjtimex clock_adjtime clock_settime "
	    "settimeofday" },
	{ DENY, "signals, whose receiver a filter cannot see",
	    "pidfd_send_signal" },
	{ DENY, "swap", "swapoff swapon" },
	{ DENY, "the kernel's log", "syslog" },
	{ DENY, "the terminal of others", "vhangup" },
	{ DENY, "watching other users' files", "fanotify_init fanotify_mark" },
	{ NOSYS, "flags in memory, which a filter cannot read; clone does",
	    "clone3" },
	{ NOSYS, "newer than this table", "file_getattr file_setattr "
	    "getxattrat listmount listns listxattrat lsm_get_self_attr "
	    "lsm_list_modules lsm_set_self_attr mseal open_tree_attr "
	    "removexattrat setxattrat statmount" },
	{ NOSYS, "not in any kernel", "_sysctl afs_syscall create_module "
	    "epoll_ctl_old epoll_wait_old get_kernel_syms getpmsg nfsservctl "
	    "putpmsg query_module security tuxcall vserver" },
	{ NOSYS, "the kernel's own trampoline, which no filter decides",
	    "uprobe uretprobe" },
	{ ALLOW, "System V and POSIX IPC", "mq_getsetattr mq_notify mq_open "
	    "mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv "
	    "msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget" },
	{ ALLOW, "a command's own sandbox", "landlock_add_rule "
	    "landlock_create_ruleset landlock_restrict_self seccomp" },
	{ ALLOW, "extended attributes", "fgetxattr flistxattr fremovexattr "
	    "fsetxattr getxattr lgetxattr listxattr llistxattr lremovexattr "
	    "lsetxattr removexattr setxattr" },
	{ ALLOW, "files", "access cachestat chdir chmod chown close "
	    "close_range copy_file_range creat dup dup2 dup3 faccessat "
	    "faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 "
	    "fchown fchownat fcntl fdatasync flock fstat fstatfs fsync "
	    "ftruncate futimesat getcwd getdents getdents64 lchown link linkat "
	    "lseek lstat mkdir mkdirat mknod mknodat newfstatat open openat "
	    "openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read "
	    "readahead readlink readlinkat readv rename renameat renameat2 "
	    "rmdir sendfile splice stat statfs statx symlink symlinkat sync "
	    "sync_file_range syncfs tee truncate umask unlink unlinkat utime "
	    "utimensat utimes write writev" },
	{ ALLOW, "limits and information", "getrandom getrlimit getrusage "
	    "prlimit64 setrlimit sysinfo uname" },
	{ ALLOW, "memory", "brk madvise map_shadow_stack membarrier "
	    "memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap "
	    "msync munlock munlockall munmap pkey_alloc pkey_free "
	    "pkey_mprotect" },
	{ ALLOW, "memory of several nodes", "get_mempolicy mbind set_mempolicy "
	    "set_mempolicy_home_node" },
	{ ALLOW, "pipes and sockets", "accept accept4 bind connect getpeername "
	    "getsockname getsockopt listen pipe pipe2 recvfrom recvmmsg "
	    "recvmsg sendmmsg sendmsg sendto setsockopt shutdown" },
	{ ALLOW, "pipes and sockets; see the conditions", "socket socketpair" },
	{ ALLOW, "processes and threads", "arch_prctl clone execve execveat "
	    "exit exit_group fork futex futex_requeue futex_wait futex_waitv "
	    "futex_wake get_robust_list get_thread_area getpgid getpgrp getpid "
	    "getppid getsid gettid pause pidfd_open prctl restart_syscall rseq "
	    "set_robust_list set_thread_area set_tid_address setpgid setsid "
	    "vfork wait4 waitid" },
	{ ALLOW, "scheduling", "getcpu getpriority ioprio_get ioprio_set "
	    "sched_get_priority_max sched_get_priority_min sched_getaffinity "
	    "sched_getattr sched_getparam sched_getscheduler "
	    "sched_rr_get_interval sched_setaffinity sched_setattr "
	    "sched_setparam sched_setscheduler sched_yield setpriority" },
	{ ALLOW, "signals", "kill rt_sigaction rt_sigpending rt_sigprocmask "
	    "rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
	    "rt_tgsigqueueinfo sigaltstack tgkill tkill" },
	{ ALLOW, "terminals and devices; see the conditions", "ioctl" },
	{ ALLOW, "time", "alarm clock_getres clock_gettime clock_nanosleep "
	    "getitimer gettimeofday nanosleep setitimer time timer_create "
	    "timer_delete timer_getoverrun timer_gettime timer_settime times" },
	{ ALLOW, "users; no_new_privs takes their power", "capget capset "
	    "getegid geteuid getgid getgroups getresgid getresuid getuid "
	    "setfsgid setfsuid setgid setgroups setregid setresgid setresuid "
	    "setreuid setuid" },
	{ ALLOW, "waiting for descriptors", "epoll_create epoll_create1 "
	    "epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 "
	    "poll ppoll pselect6 select signalfd signalfd4 timerfd_create "
	    "timerfd_gettime timerfd_settime" },
	{ ALLOW, "watching files", "inotify_add_watch inotify_init "
	    "inotify_init1 inotify_rm_watch" },
};

const size_t deliver_calls_n = sizeof(deliver_calls) /
    sizeof(deliver_calls[0]);

/* The reasons that more than one row has. */
#define DAEMON		"the daemon itself"
#define SIGIO		"signals by way of SIGIO"
#define FAMILY		"sockets but UNIX, INET, INET6, ROUTE"

/* One condition each, on an argument that the text names. */
#define RULE(call, why, op, n, v, text) \
	{ call, why, 0, { { op, n, (uint64_t)(v), text } } }
#define NAMESPACE(f) \
	RULE("clone", "a new namespace", SANDBOX_HAS, 0, f, "flags with " #f)
#define IOCTL(c, why)	RULE("ioctl", why, SANDBOX_IS, 1, c, "cmd = " #c)
#define WHICH(call, w)	RULE(call, DAEMON, SANDBOX_IS, 0, w, "which = " #w)
#define FAMILY_IS(af) \
	RULE("socket", FAMILY, SANDBOX_IS, 0, af, "family = " #af)
#define PROTOCOL_IS(pr) \
	RULE("socket", "streams but TCP, whose bind(2) Landlock does not see", \
	    SANDBOX_IS, 2, pr, "protocol = " #pr)

/* Argument n is the call's target: one of the daemon's three processes. */
#define OF_DAEMON(call, n, name) \
	{ call, DAEMON, 0, { SELF(n, name) } }, \
	{ call, DAEMON, 0, { PARENT(n, name) } }, \
	{ call, DAEMON, 0, { SIBLING(n, name) } }
#define SETOWN(who)	{ "fcntl", DAEMON, 0, { IS(1, "cmd", F_SETOWN), who } }

/*
 * The commands run as deliver's user, whom the kernel lets signal, renice and
 * limit deliver.  Landlock stops signals from ABI 6 on, and nothing of the
 * rest; these rows stop all of it, on every kernel.  A signal can also be sent
 * by making its receiver the owner of a descriptor; deliver itself does that
 * to its commands (tether.h).
 * ioctl(2)'s and fcntl(2)'s second argument is an int: upper bits, which the
 * kernel ignores, must not hide it.
 */
const struct sandbox_rule deliver_call_args[] = {
	NAMESPACE(CLONE_NEWCGROUP), NAMESPACE(CLONE_NEWIPC),
	NAMESPACE(CLONE_NEWNET), NAMESPACE(CLONE_NEWNS),
	NAMESPACE(CLONE_NEWPID), NAMESPACE(CLONE_NEWUSER),
	NAMESPACE(CLONE_NEWUTS),
	{ "clone", "a child of deliver that deliver would not wait for", 0,
	    { HAS(0, "flags", CLONE_PARENT) } },
	SETOWN(SELF(2, "owner")), SETOWN(PARENT(2, "owner")),
	SETOWN(SIBLING(2, "owner")), SETOWN(GROUP(2, "owner")),
	{ "fcntl", SIGIO, 0, { IS(1, "cmd", F_SETOWN_EX) } },
	{ "fcntl", SIGIO, 0, { IS(1, "cmd", F_SETSIG) } },
	IOCTL(TIOCSTI, "typing into a terminal"),
	IOCTL(TIOCLINUX, "typing into a terminal"),
	IOCTL(TIOCSETD, "line disciplines"),
	IOCTL(FIOSETOWN, SIGIO), IOCTL(SIOCSPGRP, SIGIO),
	OF_DAEMON("ioprio_set", 1, "who"),
	WHICH("ioprio_set", IOPRIO_WHO_PGRP),
	WHICH("ioprio_set", IOPRIO_WHO_USER),
	OF_DAEMON("kill", 0, "pid"),
	{ "kill", DAEMON, 0, { GROUP(0, "pid") } },
	{ "kill", DAEMON, 0, { IS(0, "pid", -1) } },
	{ "prlimit64", DAEMON, 0, { ABOVE(0, "pid", 0) } },
	OF_DAEMON("rt_sigqueueinfo", 0, "pid"),
	OF_DAEMON("rt_tgsigqueueinfo", 0, "pid"),
	OF_DAEMON("sched_setaffinity", 0, "pid"),
	OF_DAEMON("sched_setattr", 0, "pid"),
	OF_DAEMON("sched_setparam", 0, "pid"),
	OF_DAEMON("sched_setscheduler", 0, "pid"),
	OF_DAEMON("setpriority", 1, "who"),
	WHICH("setpriority", PRIO_PGRP), WHICH("setpriority", PRIO_USER),
	FAMILY_IS(AF_UNSPEC), FAMILY_IS(AF_AX25), FAMILY_IS(AF_IPX),
	FAMILY_IS(AF_APPLETALK), FAMILY_IS(AF_NETROM), FAMILY_IS(AF_BRIDGE),
	FAMILY_IS(AF_ATMPVC), FAMILY_IS(AF_X25), FAMILY_IS(AF_ROSE),
	FAMILY_IS(AF_DECnet), FAMILY_IS(AF_NETBEUI), FAMILY_IS(AF_SECURITY),
	FAMILY_IS(AF_KEY),
	/* The kernel takes this for AF_PACKET; no other type has these bits. */
	{ "socket", FAMILY, 0, { IS(0, "family", AF_INET),
	    HAS(1, "type", SOCK_PACKET) } },
	{ "socket", FAMILY, 0, { ABOVE(0, "family", AF_NETLINK) } },
	{ "socket", FAMILY, 0, { IS(0, "family", AF_NETLINK),
	    ABOVE(2, "protocol", NETLINK_ROUTE) } },
	/* No protocol of the other families has such a number. */
	PROTOCOL_IS(IPPROTO_DCCP), PROTOCOL_IS(IPPROTO_SCTP),
	PROTOCOL_IS(IPPROTO_SMC), PROTOCOL_IS(IPPROTO_MPTCP),
	/* TIPC has pairs as well, and the kernel loads its module for them. */
	{ "socketpair", "pairs of sockets but UNIX", 0,
	    { ABOVE(0, "family", AF_UNIX) } },
	OF_DAEMON("tgkill", 0, "pid"),
	OF_DAEMON("tkill", 0, "pid"),
};

const size_t deliver_call_args_n = sizeof(deliver_call_args) /
    sizeof(deliver_call_args[0]);
