/* SPDX-License-Identifier: ISC */

/* Arguments that carry power, spelt out by hand: what the tables mean. */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>

#include "powers.h"

const struct power powers[] = {
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
	{ "front", "getsockopt", "SO_PEERCRED", { 5, SOL_SOCKET, SO_PEERCRED },
	    1 },
	{ "front", "getsockopt", "SO_PEERPIDFD", { 5, SOL_SOCKET, 77 }, 0 },
	{ "front", "getsockopt", "another level's", { 5, 6, SO_PEERCRED }, 0 },
	{ "parent", "mmap", "PROT_EXEC", { 0, 4096, PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS }, 0 },
	{ "parent", "openat", "without --log=FILE", {
	    (uint64_t)AT_FDCWD, 0, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640 }, 0 },
	{ "parent --log=FILE", "openat", "the log", {
	    (uint64_t)AT_FDCWD, 0, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640 }, 1 },
	{ "parent --log=FILE", "statx", "a descriptor", { 5, 0,
	    AT_EMPTY_PATH }, 1 },
	{ "parent --log=FILE", "statx", "a path", { (uint64_t)AT_FDCWD, 0,
	    0 }, 0 },
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

const size_t npowers = sizeof(powers) / sizeof(powers[0]);
