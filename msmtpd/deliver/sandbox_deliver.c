/* SPDX-License-Identifier: ISC */
/* sandbox_deliver: how deliver, and each command that it runs, is confined. */

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <unistd.h>

#include "deliver_calls.h"
#include "log.h"
#include "proc.h"
#include "sandbox_deliver.h"
#include "sandbox_enter.h"

/* Descriptors of a command (pidfd, both ends of output and tether, message),
 * and those besides. */
#define FDS_COMMAND		6
#define FDS_BESIDE_COMMANDS	64

/* Made beforehand for sandbox_command(), which must not change memory. */
static int		 command_ruleset = -1;
static struct rlimit	 command_nofile;

/* The same domain twice: one for deliver, and nested in it one for each
 * command, which then cannot reach out to deliver. */
static int
deliver_ruleset(void)
{
	return (sandbox_ruleset(0, SANDBOX_NET_BIND_TCP,
	    SANDBOX_SCOPE_ABSTRACT | SANDBOX_SCOPE_SIGNAL));
}

static void
deliver_landlock(void)
{
	int	 ruleset = deliver_ruleset();

	/* A kernel that has made the first ruleset can make the second. */
	if (ruleset != -1 && (command_ruleset = deliver_ruleset()) == -1)
		fatal("landlock_create_ruleset");
	sandbox_landlock(ruleset);
}

/*
 * Keep from commands the descriptors that deliver holds now, above all its two
 * sockets.  proc_init() has closed what was inherited, so that these are few
 * and their numbers low; those with higher numbers were made close-on-exec.
 */
static void
deliver_exec(void)
{
	int	 fd;

	for (fd = 3; fd < FDS_BESIDE_COMMANDS; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 && errno != EBADF)
			fatal("F_SETFD");
}

static void
command_limit(void)
{
	struct rlimit	*l = &command_nofile;

	l->rlim_max /= 2;
	if (l->rlim_max > MSMTPD_FILES_COMMAND)
		l->rlim_max = MSMTPD_FILES_COMMAND;
	if (l->rlim_cur > l->rlim_max)
		l->rlim_cur = l->rlim_max;
}

bool
sandbox_deliver_room(const struct config *conf)
{
	static rlim_t	 have;
	/* A mail's descriptor may wait here for each session. */
	rlim_t		 want = (rlim_t)conf->max_sessions +
			    (rlim_t)conf->max_deliveries * FDS_COMMAND +
			    FDS_BESIDE_COMMANDS;

	/* Only once: command_nofile is the limit from before, of which commands
	 * get a part back. */
	if (have == 0) {
		have = sandbox_descriptors(want, &command_nofile);
		command_limit();
	}
	return (have >= want);
}

void
sandbox_deliver(const struct config *conf)
{
	struct sandbox_user user = { conf->drop != 0, conf->uid, conf->gid,
				    conf->groups, conf->ngroups, NULL };
	pid_t		 parent = getppid();

	(void)sandbox_deliver_room(conf);
	sandbox_become(&user, parent);
	sandbox_nnp();
	/* Commands must not inherit mdwe: some compile code at run time. */
	if (!sandbox_mdwe(false))
		sandbox_note(", no mdwe");
	deliver_exec();
	deliver_landlock();
	sandbox_siblings(conf->siblings, conf->nsiblings);
	sandbox_filter(sandbox_account(deliver_calls, deliver_calls_n));
	sandbox_filter(sandbox_denylist(deliver_call_args,
	    deliver_call_args_n));
#ifdef __GLIBC__
	/* Give back some hundred KiB that only building the filters needed. */
	malloc_trim(0);
#endif
	sandbox_note(", seccomp denies %u calls", sandbox_verdicts(
	    deliver_calls, deliver_calls_n, SANDBOX_DENY));
	sandbox_report();
}

int
sandbox_command(void)
{
	if (command_ruleset != -1 && sandbox_restrict(command_ruleset) == -1)
		return (-1);
	return (setrlimit(RLIMIT_NOFILE, &command_nofile));
}

void
sandbox_deliver_print(FILE *fp)
{
	static const char *const	 when[] = { NULL };

	fprintf(fp, "deliver and the command: refused with EPERM:\n");
	sandbox_print_calls(fp, deliver_calls, deliver_calls_n, SANDBOX_DENY);
	fprintf(fp, "\ndeliver and the command: refused with EPERM for some "
	    "arguments:\n");
	sandbox_print_rules(fp, deliver_call_args, deliver_call_args_n, when,
	    "refused");
	fprintf(fp, "\ndeliver and the command: refused with ENOSYS, as is "
	    "any number not listed:\n");
	sandbox_print_calls(fp, deliver_calls, deliver_calls_n, SANDBOX_NOSYS);
	fprintf(fp, "\ndeliver and the command: allowed:\n");
	sandbox_print_calls(fp, deliver_calls, deliver_calls_n, SANDBOX_ALLOW);
}
