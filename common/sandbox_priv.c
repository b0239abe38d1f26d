/* SPDX-License-Identifier: ISC */

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "sandbox_priv.h"

/* What we started with does not suffice: say which capability is missing. */
static void
refused(const char *what, const char *capability)
{
	if (errno != EPERM)
		fatal("%s", what);
	fatal_status(EX_NOPERM, "%s: started as root, but without %s, which "
	    "the start needs (it is given up then)", what, capability);
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
 * Whoever could put a file into the root directory could feed it to the
 * process; so it is checked by the descriptor that is used, not by name.
 */
int
sandbox_rootdir(const char *path)
{
	struct stat	 st;
	int		 fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOTDIR)
		fatal_status(EX_OSFILE, "chroot %s: it must be a directory, "
		    "and no symbolic link to one", path);
	if (fd == -1)
		fatal_status(EX_OSFILE, "chroot %s: %s (to create it: install "
		    "-d -m 0755 -o root -g root %s)", path, strerror(errno),
		    path);
	if (fstat(fd, &st) == -1)
		fatal("chroot %s", path);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		fatal_status(EX_CONFIG, "chroot %s: others than root can "
		    "write to it (to repair: install -d -m 0755 -o root -g "
		    "root %s)", path, path);
	switch (directory_is_empty(fd)) {
	case -1:
		fatal("chroot %s", path);
	case 0:
		fatal_status(EX_CONFIG, "chroot %s: is not empty (see "
		    "--chroot: it must be an empty directory)", path);
	}
	return (fd);
}

void
sandbox_chroot(const char *path)
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

void
sandbox_bounding(int must)
{
	int	 cap;

	/* The kernel may know more than <linux/capability.h>. */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != -1; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1) {
			if (must || errno != EPERM)
				refused("capability bounding set",
				    "CAP_SETPCAP");
			return;
		}
	}
}

void
sandbox_securebits(int must)
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

void
sandbox_caps(void)
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
	/* A service manager's filter may refuse it to one that has none, which
	 * is what follows looks at. */
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

void
sandbox_prove(void)
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
	/* A user may have group 0; to ask for it would prove nothing. */
	if (ruid != 0 && rgid != 0 && setresgid(0, 0, 0) != -1)
		fatalx("could become group root again");
	if (setgroups(0, NULL) != -1)
		fatalx("could change groups again");
}

void
sandbox_quiet(void)
{
	sandbox_limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("PR_SET_DUMPABLE");
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
	/* A service manager has set it for all that it starts, and the kernel
	 * changes it no more: it is in force, for commands as well. */
	if (errno == EPERM && (now = prctl(PR_GET_MDWE, 0, 0, 0, 0)) > 0 &&
	    (now & PR_MDWE_REFUSE_EXEC_GAIN) != 0)
		return (1);
	fatal("PR_SET_MDWE");
}

/*
 * The kernel asks for the dying parent's rights: one of another uid that has
 * given up CAP_KILL reaches nobody by this, and the closing socket has to tell
 * the child.  It works where all have one uid.
 */
void
sandbox_deathsig(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		fatal("PR_SET_PDEATHSIG");
	if (getppid() != parent)
		fatalx("parent is gone");
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

rlim_t
sandbox_raise(sandbox_resource what, rlim_t want, struct rlimit *old)
{
	struct rlimit	 limit;

	if (getrlimit(what, old) == -1)
		fatal("getrlimit");
	if (old->rlim_cur >= want)
		return (old->rlim_cur);
	limit.rlim_cur = want;
	limit.rlim_max = want > old->rlim_max ? want : old->rlim_max;
	if (setrlimit(what, &limit) == 0)
		return (want);
	limit.rlim_cur = limit.rlim_max = old->rlim_max;
	if (setrlimit(what, &limit) == -1)
		fatal("setrlimit");
	return (limit.rlim_cur);
}
