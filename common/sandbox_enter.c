/* SPDX-License-Identifier: ISC */
/* sandbox_enter: the steps by which any process of a daemon is confined. */

#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"
#include "sandbox_enter.h"

/* What is in force, for the log; Landlock's part comes last. */
static char	 report[256], landlock_report[64];

void
sandbox_note(const char *fmt, ...)
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
void
sandbox_timezone(void)
{
	struct tm	 tm;
	time_t		 t = time(NULL);

	tzset();
	(void)localtime_r(&t, &tm);
	t += 182L * 24 * 60 * 60;
	(void)localtime_r(&t, &tm);
}

/* Before the user is changed: root may raise the hard limit. */
rlim_t
sandbox_descriptors(rlim_t want, struct rlimit *old)
{
	rlim_t	 have;

	have = sandbox_raise(RLIMIT_NOFILE, want, old);
	if (have < want)
		log_warnx("the limit of open files is %llu, full use of the "
		    "settings needs %llu: sessions and mails may have to wait "
		    "(raise LimitNOFILE or ulimit -n)",
		    (unsigned long long)have, (unsigned long long)want);
	return (have);
}

void
sandbox_become(const struct sandbox_user *u, pid_t parent)
{
	/* Nothing else would have the linker take sandbox_asan.c. */
	(void)*(const volatile int *)&sandbox_asan;
	if (u->drop && u->chroot != NULL)
		sandbox_chroot(u->chroot);
	sandbox_bounding(u->drop);
	sandbox_securebits(u->drop);
	if (u->drop)
		sandbox_user(u->uid, u->gid, u->groups, u->ngroups);
	sandbox_caps();
	sandbox_prove();
	sandbox_quiet();
	sandbox_deathsig(parent);
	sandbox_note("uid %u", getuid());
}

void
sandbox_landlock(int ruleset)
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

void
sandbox_filter(struct sandbox_filter *filter)
{
	if (filter == NULL || sandbox_load(filter) == -1)
		fatal("seccomp filter (the kernel must have it, and a "
		    "container's runtime allow it)");
	sandbox_free(filter);
}

void
sandbox_only(const struct sandbox_rule *rules, size_t n, unsigned int when)
{
	sandbox_filter(sandbox_allowlist(rules, n, when));
	sandbox_note(", seccomp %u calls", sandbox_count(rules, n, when));
}

void
sandbox_report(void)
{
	log_info("%s, %s", report, landlock_report);
	report[0] = landlock_report[0] = '\0';
}

void
sandbox_summary(FILE *fp)
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
