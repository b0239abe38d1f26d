/* SPDX-License-Identifier: ISC */

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>

#include "filter.h"

/*
 * What parent may call once its children run and it is confined: one call a
 * line, with its reason.  Should an update of the C library need another
 * one, this is the place.
 */

#define LOG_FLAGS	(O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | \
			    O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

const struct sandbox_rule filter_parent[] = {
	{ "brk", "malloc(3)", 0, { { 0 } } },
	{ "clock_gettime", "timers, where the vdso cannot tell", 0,
	    { { 0 } } },
	{ "close", "what came from a child, the old log", 0, { { 0 } } },
	{ "epoll_ctl", "watch children and log", 0, { { 0 } } },
#ifdef __NR_epoll_wait
	{ "epoll_wait", "wait for whatever comes", 0, { { 0 } } },
#else
	{ "epoll_pwait", "wait for whatever comes", 0,
	    { IS64(4, "sigmask", 0) } },
#endif
	{ "exit_group", "end", 0, { { 0 } } },
	{ "mmap", "malloc(3)", 0,
	    { ONLY(2, "prot", PROT_READ|PROT_WRITE),
	    IS64(3, "flags", MAP_PRIVATE|MAP_ANONYMOUS) } },
	{ "mremap", "realloc(3)", 0, { IS64(3, "flags", MREMAP_MAYMOVE) } },
	{ "munmap", "free(3)", 0, { { 0 } } },
#ifdef __NR_poll
	{ "poll", "the log must not make us wait", 0, { { 0 } } },
#else
	{ "ppoll", "the log must not make us wait", 0,
	    { IS64(3, "sigmask", 0) } },
#endif
	{ "read", "signals, from a signalfd", 0, { { 0 } } },
	{ "recvmsg", "from front and deliver", 0,
	    { IS(2, "flags", MSG_DONTWAIT|MSG_CMSG_CLOEXEC) } },
	{ "restart_syscall", "poll(2) goes on after a stop", 0, { { 0 } } },
	{ "sendmsg", "to front and deliver", 0,
	    { IS(2, "flags", MSG_DONTWAIT|MSG_NOSIGNAL) } },
	{ "sendto", "to syslogd and the service manager", 0,
	    { IS(3, "flags", MSG_DONTWAIT|MSG_NOSIGNAL),
	    IS64(4, "address", 0) } },
	{ "waitid", "a child's fate", 0, { IS(0, "idtype", P_PIDFD) } },
	{ "write", "the log", 0, { { 0 } } },

	/* --log=FILE: SIGHUP opens it anew; Landlock says where. */
	{ "openat", "the log, after a rotation", FILTER_FILE,
	    { { SANDBOX_IS, 2, LOG_FLAGS, "flags: append, follow no link" },
	    IS(3, "mode", 0640) } },

	/* --log=syslog: the same socket, when syslogd was started anew. */
	{ "connect", "to syslogd, when it is back", FILTER_SYSLOG, { { 0 } } },

#ifdef SANITIZE
	/* What the run-time libraries of ASan and UBSan need. */
	{ "futex", "sanitizer: locks", 0, { { 0 } } },
	{ "getpid", "sanitizer: report", 0, { { 0 } } },
	{ "gettid", "sanitizer: report", 0, { { 0 } } },
	{ "madvise", "sanitizer: shadow memory", 0, { { 0 } } },
	{ "mmap", "sanitizer: shadow memory", 0,
	    { ONLY(2, "prot", PROT_READ|PROT_WRITE) } },
	{ "rt_sigprocmask", "sanitizer: report", 0, { { 0 } } },
	{ "sched_yield", "sanitizer: locks", 0, { { 0 } } },
	{ "sigaltstack", "sanitizer: exit", 0, { { 0 } } },
#endif
};

const size_t filter_parent_n = sizeof(filter_parent) /
    sizeof(filter_parent[0]);
