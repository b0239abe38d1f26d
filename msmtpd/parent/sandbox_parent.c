/* SPDX-License-Identifier: ISC */
/* sandbox_parent: what parent may do, and how it gives up the rest. */

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "sandbox_enter.h"
#include "sandbox_parent.h"

/* The allowlist: what parent may call once it is confined, each with its
 * reason.  A call that an update of the C library needs is added here. */

#define LOG_FLAGS	(O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | \
			    O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

const struct sandbox_rule parent_rules[] = {
	{ "clock_gettime", "timers, where the vdso cannot tell", 0,
	    { { 0 } } },
	{ "close", "what came from a child, the old log", 0, { { 0 } } },
	{ "epoll_ctl", "watch children and log", 0, { { 0 } } },
	{ "epoll_pwait", "wait for whatever comes", 0,
	    { IS64(4, "sigmask", 0) } },
	{ "exit_group", "end", 0, { { 0 } } },
#ifdef __NR_poll
	{ "poll", "the log must not make us wait", 0, { { 0 } } },
#else
	{ "ppoll", "the log must not make us wait", 0,
	    { IS64(3, "sigmask", 0) } },
#endif
	{ "read", "signals, from a signalfd", 0, { { 0 } } },
	{ "recvmsg", "from front and deliver, and who a client is", 0,
	    { IS(2, "flags", MSG_DONTWAIT|MSG_CMSG_CLOEXEC) } },
	{ "restart_syscall", "poll(2) goes on after a stop", 0, { { 0 } } },
	{ "sendmsg", "to front and deliver, and to ask who a client is", 0,
	    { IS(2, "flags", MSG_DONTWAIT|MSG_NOSIGNAL) } },
	{ "sendto", "to syslogd and the service manager", 0,
	    { IS(3, "flags", MSG_DONTWAIT|MSG_NOSIGNAL),
	    IS64(4, "address", 0) } },
	{ "waitid", "a child's fate", 0, { IS(0, "idtype", P_PIDFD) } },
	{ "write", "the log", 0, { { 0 } } },

	/* --log=FILE: SIGHUP opens it anew; Landlock says where. */
	{ "openat", "the log, after a rotation", SANDBOX_FILE,
	    { { SANDBOX_IS, 2, LOG_FLAGS, "flags: append, follow no link" },
	    IS(3, "mode", 0640) } },
	{ "statx", "whether that file may be the log", SANDBOX_FILE,
	    { IS(2, "flags", AT_EMPTY_PATH) } },

	/* --log=syslog: the same socket, when syslogd was started anew. */
	{ "connect", "to syslogd, when it is back", SANDBOX_SYSLOG, { { 0 } } },
	SANDBOX_MALLOC
	SANDBOX_SANITIZER
};

const size_t parent_rules_n = sizeof(parent_rules) /
    sizeof(parent_rules[0]);

/*
 * Of files parent may only append to the log and make it anew.  Signals are
 * not scoped: parent has no call that sends one, and the scope would keep the
 * signal of PR_SET_PDEATHSIG, which counts as parent's, from its children.
 */
static int
parent_ruleset(const char *file)
{
	char	*dir, *slash;
	int	 ruleset;

	ruleset = sandbox_ruleset(1, SANDBOX_NET_BIND_TCP |
	    SANDBOX_NET_CONNECT_TCP, SANDBOX_SCOPE_ABSTRACT);
	if (ruleset == -1 || file == NULL)
		return (ruleset);
	if ((dir = strdup(file)) == NULL)
		fatal("strdup");
	if ((slash = strrchr(dir, '/')) == NULL)
		fatalx("log file %s: not an absolute path", file);
	slash[slash == dir] = '\0';
	if (sandbox_allow_beneath(ruleset, dir, SANDBOX_FS_WRITE_FILE |
	    SANDBOX_FS_MAKE_REG) == -1)
		fatal("landlock rule for %s", dir);
	free(dir);
	return (ruleset);
}

void
sandbox_parent(const struct sandbox_log *log)
{
	sandbox_timezone();
	sandbox_give_up(NULL, geteuid() == 0);
	sandbox_note("uid %u, no capability", getuid());
	if (!sandbox_mdwe(true))
		sandbox_note(", no mdwe");
	sandbox_nnp();
	sandbox_landlock(parent_ruleset(log->file));
	sandbox_only(parent_rules, parent_rules_n,
	    (log->file != NULL ? SANDBOX_FILE : 0U) |
	    (log->syslog ? SANDBOX_SYSLOG : 0U));
	sandbox_report();
}

void
sandbox_parent_print(FILE *fp)
{
	static const char *const	 when[] = { "with --log=FILE",
					    "with --log=syslog", NULL };

	fprintf(fp, "parent: may call only, and anything else kills it:\n");
	sandbox_print_rules(fp, parent_rules, parent_rules_n, when, "only");
}
