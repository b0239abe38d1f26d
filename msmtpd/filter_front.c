/* SPDX-License-Identifier: ISC */

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <linux/memfd.h>

#include "filter.h"

/*
 * What front may call once it is confined: one call a line, with its reason.
 * Should an update of the C library need another one, this is the place.
 * The descriptors that it holds, and so may read and write, are its clients,
 * the messages that it collects, parent and deliver.
 */

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL		0x0008U		/* Linux 6.3 */
#endif


const struct sandbox_rule filter_front[] = {
	{ "accept4", "take a connection", FILTER_LISTEN,
	    { IS(3, "flags", SOCK_NONBLOCK|SOCK_CLOEXEC) } },
	{ "brk", "malloc(3)", 0, { { 0 } } },
	{ "clock_gettime", "timers, where the vdso cannot tell", 0,
	    { { 0 } } },
	{ "close", "a session, a message", 0, { { 0 } } },
	{ "epoll_ctl", "watch a session", 0, { { 0 } } },
#ifdef __NR_epoll_wait
	{ "epoll_wait", "wait for whatever comes", 0, { { 0 } } },
#else
	{ "epoll_pwait", "wait for whatever comes", 0,
	    { IS64(4, "sigmask", 0) } },
#endif
	{ "exit_group", "end", 0, { { 0 } } },
	{ "fcntl", "seal a message", 0, { IS(1, "cmd", F_ADD_SEALS) } },
	{ "memfd_create", "a place for a message", 0,
	    { IS(1, "flags", MFD_CLOEXEC|MFD_ALLOW_SEALING) } },
	{ "memfd_create", "a place for a message", 0,
	    { IS(1, "flags", MFD_CLOEXEC|MFD_ALLOW_SEALING|MFD_NOEXEC_SEAL) } },
	{ "mmap", "malloc(3)", 0,
	    { ONLY(2, "prot", PROT_READ|PROT_WRITE),
	    IS64(3, "flags", MAP_PRIVATE|MAP_ANONYMOUS) } },
	{ "mremap", "realloc(3)", 0, { IS64(3, "flags", MREMAP_MAYMOVE) } },
	{ "munmap", "free(3)", 0, { { 0 } } },
	{ "read", "from a client", 0, { { 0 } } },
	{ "recvmsg", "from parent and deliver", 0,
	    { IS(2, "flags", MSG_DONTWAIT|MSG_CMSG_CLOEXEC) } },
	{ "sendmsg", "to parent and deliver", 0,
	    { IS(2, "flags", MSG_DONTWAIT|MSG_NOSIGNAL) } },
	{ "shutdown", "say goodbye to a client", 0,
	    { IS(1, "how", SHUT_WR) } },
	{ "write", "to a client, to a message", 0, { { 0 } } },

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

const size_t filter_front_n = sizeof(filter_front) / sizeof(filter_front[0]);
