/* SPDX-License-Identifier: ISC */
/* sandbox_enter: the steps by which a process of the daemon confines itself. */

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"
#include "sandbox_enter.h"

/* The line of sandbox_report(), and its end, which is about Landlock. */
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

/* localtime_r(3) allocates the names of both halves of the year, each when it
 * first needs them. */
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

rlim_t
sandbox_descriptors(rlim_t want, struct rlimit *old)
{
	struct rlimit	 limit;

	if (getrlimit(RLIMIT_NOFILE, old) == -1)
		fatal("getrlimit");
	if (old->rlim_cur >= want)
		return (old->rlim_cur);
	limit.rlim_cur = want;
	limit.rlim_max = want > old->rlim_max ? want : old->rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return (want);
	limit.rlim_cur = limit.rlim_max = old->rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("setrlimit");
	log_warnx("the limit of open files is %llu, full use of the settings "
	    "needs %llu: sessions and mails may have to wait (raise "
	    "LimitNOFILE or ulimit -n)", (unsigned long long)limit.rlim_cur,
	    (unsigned long long)want);
	return (limit.rlim_cur);
}

/* A call has failed: for EPERM the error names the capability to add. */
static void
refused(const char *what, const char *capability)
{
	if (errno != EPERM)
		fatal("%s", what);
	fatal_status(EX_NOPERM, "%s: started as root, but without %s, which "
	    "the start needs and then gives up", what, capability);
}

static int
directory_is_empty(int fd)
{
	struct dirent	*entry;
	DIR		*dir;
	int		 copy, empty = 1;

	if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1 ||
	    (dir = fdopendir(copy)) == NULL)
		return (-1);
	errno = 0;
	while (empty && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			empty = 0;
	if (errno != 0)
		empty = -1;
	closedir(dir);
	return (empty);
}

/*
 * A file in the root directory would be of use to a process that has been
 * taken over.  The checks are of the descriptor that is used: the name could
 * be another directory by then.
 */
int
sandbox_rootdir(const char *path)
{
	struct stat	 st;
	int		 fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOTDIR)
		fatal_status(EX_OSFILE, "chroot %s: it must be a directory, "
		    "not a symbolic link to one", path);
	if (fd == -1)
		fatal_status(EX_OSFILE, "chroot %s: %s (to create it: install "
		    "-d -m 0755 -o root -g root %s)", path, strerror(errno),
		    path);
	if (fstat(fd, &st) == -1)
		fatal("chroot %s", path);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		fatal_status(EX_CONFIG, "chroot %s: users other than root "
		    "can write to it (to repair: install -d -m 0755 -o root "
		    "-g root %s)", path, path);
	switch (directory_is_empty(fd)) {
	case -1:
		fatal("chroot %s", path);
	case 0:
		fatal_status(EX_CONFIG, "chroot %s: the directory is not "
		    "empty, as it must be (see --chroot)", path);
	}
	return (fd);
}

static void
change_root(const char *path)
{
	int	 fd = sandbox_rootdir(path);

	if (fchdir(fd) == -1)
		fatal("chroot %s", path);
	if (chroot(".") == -1)
		refused("chroot", "CAP_SYS_CHROOT");
	if (chdir("/") == -1)
		fatal("chroot %s", path);
	close(fd);
}

static void
empty_bounding_set(bool must)
{
	int	 cap;

	/* The kernel may know more than <linux/capability.h>. */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != -1; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0 ||
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (must || errno != EPERM)
			refused("capability bounding set", "CAP_SETPCAP");
		return;
	}
}

/*
 * No capabilities for uid 0, in no way, locked.  From then on a change of
 * user keeps the capabilities: empty_capabilities() must follow.
 */
static void
set_securebits(bool must)
{
	const unsigned long	 bits = SECBIT_NOROOT |
	    SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
	    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
	    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	int			 now;

	if ((now = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)) == -1)
		fatal("PR_GET_SECUREBITS");
	if (((unsigned long)now & bits) == bits)
		return;
	if (prctl(PR_SET_SECUREBITS, (unsigned long)now | bits, 0, 0, 0) ==
	    -1 && (must || errno != EPERM))
		refused("securebits", "CAP_SETPCAP");
}

void
sandbox_user(uid_t uid, gid_t gid, const gid_t *groups, size_t ngroups)
{
	if (setgroups(ngroups, groups) == -1)
		refused("setgroups", "CAP_SETGID");
	if (setresgid(gid, gid, gid) == -1)
		refused("setresgid", "CAP_SETGID");
	if (setresuid(uid, uid, uid) == -1)
		refused("setresuid", "CAP_SETUID");
}

/* The ambient, permitted, effective and inheritable sets. */
static void
empty_capabilities(void)
{
	struct __user_cap_header_struct	 hdr;
	struct __user_cap_data_struct	 data[_LINUX_CAPABILITY_U32S_3];
	size_t				 i;

	/* EINVAL: Linux before 4.3, which has no ambient set. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 &&
	    errno != EINVAL)
		fatal("PR_CAP_AMBIENT_CLEAR_ALL");
	hdr.version = _LINUX_CAPABILITY_VERSION_3;
	hdr.pid = 0;
	memset(data, 0, sizeof(data));
	/* A service manager's filter may refuse capset(2) to a process that
	 * has no capability, which capget(2) shows. */
	if (syscall(SYS_capset, &hdr, data) == -1 && errno != EPERM)
		fatal("capset");
	memset(data, 0xff, sizeof(data));
	if (syscall(SYS_capget, &hdr, data) == -1)
		fatal("capget");
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if ((data[i].permitted | data[i].effective |
		    data[i].inheritable) != 0)
			fatalx("capabilities are left after capset");
}

/* Every way back must fail. */
static void
prove_no_way_back(void)
{
	uid_t	 ruid, euid, suid;
	gid_t	 rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) == -1 ||
	    getresgid(&rgid, &egid, &sgid) == -1)
		fatal("getresuid");
	if (ruid != euid || ruid != suid || rgid != egid || rgid != sgid)
		fatalx("real, effective and saved user or group differ");
	if (ruid != 0 && (setresuid(0, 0, 0) != -1 || setuid(0) != -1))
		fatalx("could become root again");
	/* A user whose group is 0 may always ask for group 0. */
	if (ruid != 0 && rgid != 0 && setresgid(0, 0, 0) != -1)
		fatalx("could become group root again");
	if (setgroups(0, NULL) != -1)
		fatalx("could change groups again");
}

void
sandbox_nnp(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("PR_SET_NO_NEW_PRIVS");
}

int
sandbox_mdwe(bool inherit)
{
	unsigned long	 bits = PR_MDWE_REFUSE_EXEC_GAIN;
	int		 now;

	if (!inherit)
		bits |= PR_MDWE_NO_INHERIT;
	if (prctl(PR_SET_MDWE, bits, 0, 0, 0) == 0)
		return (1);
	if (errno == EINVAL)		/* an older kernel */
		return (0);
	/* A service manager has set MDWE for all that it starts, and the
	 * kernel lets nobody change that. */
	if (errno == EPERM && (now = prctl(PR_GET_MDWE, 0, 0, 0, 0)) > 0 &&
	    ((unsigned long)now & PR_MDWE_REFUSE_EXEC_GAIN) != 0)
		return (1);
	fatal("PR_SET_MDWE");
}

void
sandbox_deathsig(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		fatal("PR_SET_PDEATHSIG");
	if (getppid() != parent)
		fatalx("the parent has died");
}

bool
sandbox_oom(int more)
{
	char	 buf[16] = "";
	long	 score;
	int	 fd, n = -1;

	fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return (false);
	if (read(fd, buf, sizeof(buf) - 1) > 0) {
		score = strtol(buf, NULL, 10) + more;
		n = dprintf(fd, "%ld", score > 1000 ? 1000 : score);
	}
	close(fd);
	return (n != -1);
}

void
sandbox_limit(sandbox_resource what, rlim_t value, const char *name)
{
	struct rlimit	 limit, old;

	if (getrlimit(what, &old) == -1)
		fatal("%s", name);
	limit.rlim_cur = limit.rlim_max =
	    value < old.rlim_max ? value : old.rlim_max;
	if (setrlimit(what, &limit) == -1)
		fatal("%s", name);
}

void
sandbox_give_up(const struct sandbox_user *u, bool must)
{
	empty_bounding_set(must);
	set_securebits(must);
	if (u != NULL)
		sandbox_user(u->uid, u->gid, u->groups, u->ngroups);
	empty_capabilities();
	prove_no_way_back();
	sandbox_limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("PR_SET_DUMPABLE");
}

void
sandbox_become(const struct sandbox_user *u, pid_t parent)
{
	/* Or the linker would leave sandbox_asan.c out. */
	(void)*(const volatile int *)&sandbox_asan;
	if (u->drop && u->chroot != NULL)
		change_root(u->chroot);
	sandbox_give_up(u->drop ? u : NULL, u->drop);
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
		    "(lsm=): only seccomp and the user confine this process");
	else if (errno == EPERM)
		/* Only a seccomp filter gives this error here. */
		log_warnx("Landlock is refused by what started this daemon (a "
		    "container's seccomp filter): only seccomp and the user "
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
		fatal("seccomp filter (the kernel must have seccomp, and a "
		    "container's runtime must allow it)");
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

/* Whether the kernel can kill a process by a filter. */
static bool
seccomp_kills(void)
{
	uint32_t	 action = SECCOMP_RET_KILL_PROCESS;

	return (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) ==
	    0);
}

void
sandbox_summary(FILE *fp)
{
	int	 abi = sandbox_landlock_abi();

	fprintf(fp, "%-16s %s\n", "seccomp", seccomp_kills() ? "yes" :
	    "no (the daemon will not start)");
	if (abi > 0)
		fprintf(fp, "%-16s abi %d\n", "landlock", abi);
	else
		fprintf(fp, "%-16s no\n", "landlock");
	fprintf(fp, "%-16s %s\n", "mdwe", prctl(PR_GET_MDWE, 0, 0, 0, 0) ==
	    -1 ? "no" : "yes");
}
