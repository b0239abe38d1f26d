/* SPDX-License-Identifier: ISC */

#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "filter.h"
#include "log.h"
#include "msmtpd.h"
#include "privdrop.h"
#include "sandbox.h"

/* Descriptors besides those that sessions or commands need. */
#define FDS_SPARE	64
#define FDS_SESSION	2	/* front: the client, its message */
#define FDS_COMMAND	6	/* deliver: its pidfd, output (both ends),
				 * message, tether (both ends) */

/* Octets of Received field and trace besides the message that is limited. */
#define FSIZE_SPARE	65536

#ifdef SANITIZE
/* LeakSanitizer clones and traces the process that ends, which is what we
 * keep from happening. */
const char	*__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return ("detect_leaks=0");
}
#endif

/* For confine_command(), which may change nothing. */
static int		 command_ruleset = -1;
static struct rlimit	 command_nofile;

/* What is in force, for the log; Landlock's part comes last. */
static char	 report[256], landlock_report[64];

static void	 note(const char *, ...)
		    __attribute__((format(printf, 1, 2)));

static void
note(const char *fmt, ...)
{
	size_t	 len = strlen(report);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(report + len, sizeof(report) - len, fmt, ap);
	va_end(ap);
}

/*
 * The time zone's file is read now, since later it cannot be; localtime_r(3)
 * also allocates the names of both halves of the year once.  front needs it
 * for Received, the parent for its log.
 */
static void
confine_timezone(void)
{
	struct tm	 tm;
	time_t		 t = time(NULL);

	tzset();
	(void)localtime_r(&t, &tm);
	t += 182L * 24 * 60 * 60;
	(void)localtime_r(&t, &tm);
}

/* Before the user is changed: root may raise the hard limit. */
static rlim_t
confine_descriptors(uint64_t want, struct rlimit *old)
{
	rlim_t	 have;

	have = privdrop_raise(RLIMIT_NOFILE, want, old);
	if (have < want)
		log_warnx("the limit of open files is %llu, full use of the "
		    "settings needs %llu: sessions and mails may have to wait "
		    "(raise LimitNOFILE or ulimit -n)",
		    (unsigned long long)have, (unsigned long long)want);
	return (have);
}

/* Up to the point where only the sandbox is missing. */
static void
confine_identity(const struct config *conf, pid_t parent)
{
	if (conf->drop && conf->chroot[0] != '\0')
		privdrop_chroot(conf->chroot);
	privdrop_bounding(conf->drop);
	privdrop_securebits(conf->drop);
	if (conf->drop)
		privdrop_user(conf->uid, conf->gid, conf->groups,
		    conf->ngroups);
	privdrop_caps();
	privdrop_prove();
	privdrop_quiet();
	privdrop_deathsig(parent);
	note("uid %u", getuid());
}

static void
confine_mdwe(bool inherit)
{
	if (!privdrop_mdwe(inherit))
		note(", no mdwe");
}

static void
confine_landlock(int ruleset)
{
	int	 abi = sandbox_landlock_abi();

	if (ruleset != -1) {
		if (sandbox_restrict(ruleset) == -1)
			fatal("landlock_restrict_self");
		close(ruleset);
	} else if (errno == ENOSYS || errno == EOPNOTSUPP)
		log_warnx("this kernel has no Landlock, or it is turned off "
		    "(lsm=): seccomp and users alone confine this process");
	else if (errno == EPERM)
		/* The kernel never says that here: a filter does. */
		log_warnx("Landlock is refused by what started this daemon (a "
		    "container's seccomp filter): seccomp and users alone "
		    "confine this process");
	else if (errno != ENOMSG)
		fatal("landlock_create_ruleset");
	if (abi == 0)
		strlcpy(landlock_report, "no landlock",
		    sizeof(landlock_report));
	else
		snprintf(landlock_report, sizeof(landlock_report),
		    "landlock abi %d%s", abi, ruleset == -1 ? " (too old "
		    "to help)" : "");
}

static void
confine_seccomp(struct sandbox_filter *filter)
{
	if (filter == NULL || sandbox_load(filter) == -1)
		fatal("seccomp filter (the kernel must have it, and a "
		    "container's runtime allow it)");
	sandbox_free(filter);
}

static void
confine_allowlist(const struct sandbox_rule *rules, size_t n,
    unsigned int when)
{
	confine_seccomp(sandbox_allowlist(rules, n, when));
	note(", seccomp %u calls", sandbox_count(rules, n, when));
}

uint64_t
confine_front(const struct config *conf)
{
	struct rlimit	 unused;
	rlim_t		 descriptors, want;
	pid_t		 parent = getppid();

	report[0] = '\0';
	confine_timezone();
	want = (rlim_t)conf->max_sessions * FDS_SESSION +
	    MSMTPD_LISTENERS_MAX + FDS_SPARE;
	descriptors = confine_descriptors(want, &unused);
	confine_identity(conf, parent);
	if (conf->drop && conf->chroot[0] != '\0')
		note(", chroot %s", conf->chroot);
	else
		note(", no chroot");
	privdrop_limit(RLIMIT_FSIZE, conf->max_size + FSIZE_SPARE,
	    "RLIMIT_FSIZE");
	privdrop_limit(RLIMIT_NOFILE, want, "RLIMIT_NOFILE");
	privdrop_limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC");
	confine_mdwe(true);
	privdrop_nnp();
	confine_landlock(sandbox_ruleset(1, SANDBOX_NET_BIND_TCP |
	    SANDBOX_NET_CONNECT_TCP, SANDBOX_SCOPE_ABSTRACT |
	    SANDBOX_SCOPE_SIGNAL));
	confine_allowlist(filter_front, filter_front_n,
	    conf->inetd ? 0 : FILTER_LISTEN);
	log_info("%s, %s", report, landlock_report);
	return (descriptors < want ? descriptors : want);
}

/* The same domain twice: one for deliver, and nested in it one for each
 * command, which then cannot reach out to deliver. */
static int
deliver_ruleset(void)
{
	return (sandbox_ruleset(0, SANDBOX_NET_BIND_TCP,
	    SANDBOX_SCOPE_ABSTRACT | SANDBOX_SCOPE_SIGNAL));
}

static void
confine_deliver_landlock(void)
{
	int	 ruleset = deliver_ruleset();

	/* Both, or none. */
	if (ruleset != -1 && (command_ruleset = deliver_ruleset()) == -1)
		fatal("landlock_create_ruleset");
	confine_landlock(ruleset);
}

/*
 * Whatever deliver holds now, above all its two sockets, is not for a
 * command.  The caller has closed what it inherited, so they are few and low;
 * what is above has been made close-on-exec.
 */
static void
confine_exec(void)
{
	int	 fd;

	for (fd = 3; fd < FDS_SPARE; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 && errno != EBADF)
			fatal("F_SETFD");
}

bool
confine_deliver_room(const struct config *conf)
{
	static rlim_t	 have;
	/* A mail's descriptor may wait here for each session. */
	rlim_t		 want = (rlim_t)conf->max_sessions +
			    (rlim_t)conf->max_deliveries * FDS_COMMAND +
			    FDS_SPARE;

	/* Once: commands get back what there was before. */
	if (have == 0)
		have = confine_descriptors(want, &command_nofile);
	return (have >= want);
}

void
confine_deliver(const struct config *conf)
{
	pid_t	 parent = getppid();

	report[0] = '\0';
	(void)confine_deliver_room(conf);
	confine_identity(conf, parent);
	privdrop_nnp();
	/* A command that compiles at run time must not inherit it. */
	confine_mdwe(false);
	confine_exec();
	confine_deliver_landlock();
	sandbox_sibling(conf->front);
	confine_seccomp(sandbox_account(filter_deliver, filter_deliver_n));
	confine_seccomp(sandbox_denylist(filter_deliver_args,
	    filter_deliver_args_n));
#ifdef __GLIBC__
	/* Building the filters has left some hundred KiB behind. */
	malloc_trim(0);
#endif
	note(", seccomp denies %u calls", sandbox_verdicts(filter_deliver,
	    filter_deliver_n, SANDBOX_DENY));
	log_info("%s, %s", report, landlock_report);
}

int
confine_command(void)
{
	if (command_ruleset != -1 && sandbox_restrict(command_ruleset) == -1)
		return (-1);
	return (setrlimit(RLIMIT_NOFILE, &command_nofile));
}

/*
 * Appending to the log, and making it anew, is all that is left of files.
 * Signals are not scoped: parent has no call that sends one, and what
 * PR_SET_PDEATHSIG does for its children where all have one user is counted
 * as its own doing, so it would be kept from them.
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
confine_parent(const struct confine_log *log)
{
	int	 root = geteuid() == 0;

	report[0] = '\0';
	confine_timezone();
	privdrop_bounding(root);
	privdrop_securebits(root);
	privdrop_caps();
	privdrop_prove();
	privdrop_quiet();
	note("uid %u, no capability", getuid());
	confine_mdwe(true);
	privdrop_nnp();
	confine_landlock(parent_ruleset(log->file));
	confine_allowlist(filter_parent, filter_parent_n,
	    (log->file != NULL ? FILTER_FILE : 0U) |
	    (log->syslog ? FILTER_SYSLOG : 0U));
	log_info("%s, %s", report, landlock_report);
}

void
confine_print(FILE *fp)
{
	static const char *const	 when[] = { "not with --inetd",
					    "with --log=FILE",
					    "with --log=syslog", NULL };

	fprintf(fp, "front: may call only, and anything else kills it:\n");
	sandbox_print_rules(fp, filter_front, filter_front_n, when,
	    "only");
	fprintf(fp, "\nparent: may call only, and anything else kills it:\n");
	sandbox_print_rules(fp, filter_parent, filter_parent_n, when,
	    "only");
	fprintf(fp, "\ndeliver and the command: refused with EPERM:\n");
	sandbox_print_calls(fp, filter_deliver, filter_deliver_n,
	    SANDBOX_DENY);
	fprintf(fp, "\ndeliver and the command: refused with EPERM for some "
	    "arguments:\n");
	sandbox_print_rules(fp, filter_deliver_args, filter_deliver_args_n,
	    when, "refused");
	fprintf(fp, "\ndeliver and the command: refused with ENOSYS, as is "
	    "any number not listed:\n");
	sandbox_print_calls(fp, filter_deliver, filter_deliver_n,
	    SANDBOX_NOSYS);
	fprintf(fp, "\ndeliver and the command: allowed:\n");
	sandbox_print_calls(fp, filter_deliver, filter_deliver_n,
	    SANDBOX_ALLOW);
}

void
confine_summary(FILE *fp)
{
	int	 abi = sandbox_landlock_abi();

	fprintf(fp, "%-16s %s\n", "seccomp", sandbox_seccomp() ? "yes" :
	    "no (the daemon will not start)");
	if (abi > 0)
		fprintf(fp, "%-16s abi %d\n", "landlock", abi);
	else
		fprintf(fp, "%-16s no\n", "landlock");
	fprintf(fp, "%-16s %s\n", "mdwe", prctl(PR_GET_MDWE, 0, 0, 0, 0) ==
	    -1 ? "no" : "yes");
}
