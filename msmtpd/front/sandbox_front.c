/* SPDX-License-Identifier: ISC */
/* sandbox_front: what front may do, and how it gives up the rest. */

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <unistd.h>

#include "log.h"
#include "message.h"
#include "proc.h"
#include "sandbox_enter.h"
#include "sandbox_front.h"

/* Descriptors of a session (client, message), and those that may be open
 * besides the descriptors of sessions and listeners. */
#define FDS_SESSION		2
#define FDS_BESIDE_SESSIONS	64

#define FSIZE_HEADER	65536	/* octets before the content in a message */

/* No process's account has memory files, but front holds them.  With this the
 * kernel ends front before a command that has half of the memory. */
#define OOM_SCORE		500

/*
 * The allowlist: one system call a line, with its reason.  Where a new version
 * of the C library makes another call, add it here.  front may read and write
 * all descriptors that it holds: clients, messages, parent and deliver.
 */
const struct sandbox_rule front_rules[] = {
	{ "accept4", "take a connection", SANDBOX_LISTEN,
	    { IS(3, "flags", SOCK_NONBLOCK|SOCK_CLOEXEC) } },
	{ "clock_gettime", "timers, where the vdso cannot tell", 0,
	    { { 0 } } },
	{ "close", "a session, a message", 0, { { 0 } } },
	{ "epoll_ctl", "watch a session", 0, { { 0 } } },
	{ "epoll_pwait", "wait for whatever comes", 0,
	    { IS64(4, "sigmask", 0) } },
	{ "exit_group", "end", 0, { { 0 } } },
	{ "fcntl", "seal a message", 0, { IS(1, "cmd", F_ADD_SEALS) } },
	{ "getsockname", "a connection's own end, for who is at the other",
	    0, { { 0 } } },
	{ "getsockopt", "who is at the other end of a UNIX socket", 0,
	    { IS(1, "level", SOL_SOCKET), IS(2, "option", SO_PEERCRED) } },
	{ "memfd_create", "a place for a message", 0,
	    { IS(1, "flags", MFD_CLOEXEC|MFD_ALLOW_SEALING) } },
	{ "memfd_create", "a place for a message", 0,
	    { IS(1, "flags", MFD_CLOEXEC|MFD_ALLOW_SEALING|MFD_NOEXEC_SEAL) } },
	{ "read", "from a client", 0, { { 0 } } },
	{ "recvmsg", "from parent and deliver", 0,
	    { IS(2, "flags", MSG_DONTWAIT|MSG_CMSG_CLOEXEC) } },
	{ "sendmsg", "to parent and deliver", 0,
	    { IS(2, "flags", MSG_DONTWAIT|MSG_NOSIGNAL) } },
	{ "shutdown", "say goodbye to a client", 0,
	    { IS(1, "how", SHUT_WR) } },
	{ "write", "to a client, to a message", 0, { { 0 } } },
	SANDBOX_MALLOC
	SANDBOX_SANITIZER
};

const size_t front_rules_n = sizeof(front_rules) / sizeof(front_rules[0]);

uint64_t
sandbox_front(const struct config *conf)
{
	struct sandbox_user user = { conf->drop != 0, conf->uid, conf->gid,
				    conf->groups, conf->ngroups, NULL };
	struct rlimit	 unused;
	rlim_t		 descriptors, want;
	pid_t		 parent = getppid();
	bool		 first = sandbox_oom(OOM_SCORE);

	sandbox_timezone();
	want = (rlim_t)conf->max_sessions * FDS_SESSION +
	    MSMTPD_LISTENERS_MAX + FDS_BESIDE_SESSIONS;
	descriptors = sandbox_descriptors(want, &unused);
	user.chroot = conf->chroot[0] != '\0' ? conf->chroot : NULL;
	sandbox_become(&user, parent);
	if (user.drop && user.chroot != NULL)
		sandbox_note(", chroot %s", user.chroot);
	else
		sandbox_note(", no chroot");
	if (!first)
		sandbox_note(", no oom_score_adj");
	sandbox_limit(RLIMIT_FSIZE, conf->max_size + FSIZE_HEADER,
	    "RLIMIT_FSIZE");
	sandbox_limit(RLIMIT_NOFILE, want > MSMTPD_FILES_SENDER ? want :
	    MSMTPD_FILES_SENDER, "RLIMIT_NOFILE");
	sandbox_limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC");
	if (!sandbox_mdwe(true))
		sandbox_note(", no mdwe");
	sandbox_nnp();
	sandbox_landlock(sandbox_ruleset(1, SANDBOX_NET_BIND_TCP |
	    SANDBOX_NET_CONNECT_TCP, SANDBOX_SCOPE_ABSTRACT |
	    SANDBOX_SCOPE_SIGNAL));
	sandbox_only(front_rules, front_rules_n,
	    conf->inetd ? 0 : SANDBOX_LISTEN);
	sandbox_report();
	return (descriptors < want ? descriptors : want);
}

void
sandbox_front_print(FILE *fp)
{
	static const char *const	 when[] = { "not with --inetd", NULL };

	fprintf(fp, "front: may call only, and anything else kills it:\n");
	sandbox_print_rules(fp, front_rules, front_rules_n, when, "only");
}
