/* SPDX-License-Identifier: ISC */

/*
 * A front that an attacker has taken over, in a build for attack.t only: the
 * linker (--wrap, rules.mk) leads front's calls of smtp_input() here, and a
 * client's name "attack.NAME.PID" starts the attack of that name.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "log.h"
#include "msmtpd.h"
#include "smtp/smtp.h"

#define MAGIC	"attack."

size_t	__real_smtp_input(struct smtp *, char *, size_t);
size_t	__wrap_smtp_input(struct smtp *, char *, size_t);

static char	*const no_words[] = { NULL };

#define ATTACK(name, call)						\
static long								\
attack_##name(long pid)							\
{									\
	(void)pid;							\
	return (call);							\
}

ATTACK(open, syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY))
ATTACK(proc, syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR))
ATTACK(getdents, syscall(SYS_getdents64, MSMTPD_FD_PARENT, &(char [1024]){ 0 },
    1024))
ATTACK(socket, socket(AF_INET, SOCK_STREAM, 0))
ATTACK(fork, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
ATTACK(clone3, syscall(SYS_clone3, NULL, 0))
ATTACK(execve, execve("/bin/sh", no_words, no_words))
ATTACK(kill, kill((pid_t)pid, SIGKILL))
ATTACK(ptrace, ptrace(PTRACE_ATTACH, (pid_t)pid, NULL, NULL))
ATTACK(readv, syscall(SYS_process_vm_readv, pid, NULL, 0, NULL, 0, 0))
ATTACK(mmap_exec, mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0)
ATTACK(chroot, chroot("/"))
ATTACK(setuid, syscall(SYS_setresuid, 0, 0, 0))
ATTACK(prctl, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
ATTACK(dup, fcntl(MSMTPD_FD_PEER, F_DUPFD, 0))
ATTACK(io_uring, syscall(SYS_io_uring_setup, 1, NULL))
ATTACK(listen, listen(MSMTPD_FD_PEER, 5))
/* Ends by itself, to see that a survivor would be noticed. */
ATTACK(nothing, 0)
#ifdef __x86_64__
ATTACK(x32, syscall(0x40000000 | SYS_open, "/etc/passwd", O_RDONLY))
#endif

static long
attack_connect(long pid)
{
	struct sockaddr_in	 sin;

	(void)pid;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(25);
	return (connect(MSMTPD_FD_PEER, (struct sockaddr *)&sin,
	    sizeof(sin)));
}

/* A program of the attacker's own: what a message's memfd could hold. */
static long
attack_exec_memfd(long pid)
{
	static const char	 script[] = "#!/bin/sh\n";
	int			 fd;

	(void)pid;
	fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1 || write(fd, script, sizeof(script) - 1) == -1)
		return (-1);
	return (syscall(SYS_execveat, fd, "", no_words, no_words,
	    AT_EMPTY_PATH));
}

static long
attack_mprotect_exec(long pid)
{
	void	*p;

	(void)pid;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return (-1);
	return (mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

/* Code in data: x86_64's and aarch64's "return". */
static long
attack_run_data(long pid)
{
#ifdef __x86_64__
	static unsigned char	 code[] = { 0xc3 };
#else
	static unsigned int	 code[] = { 0xd65f03c0 };
#endif
	void			(*fn)(void);
	void			*p = code;

	(void)pid;
	memcpy(&fn, &p, sizeof(fn));
	fn();
	return (0);
}

/* The classic: a directory descriptor from outside and "..". */
static long
attack_fchdir(long pid)
{
	int	 fd;

	(void)pid;
	for (fd = 3; fd < 64; fd++)
		if (syscall(SYS_fchdir, fd) == 0)
			return (syscall(SYS_chroot, "."));
	return (-1);
}

#ifdef __x86_64__
static long
attack_int80(long pid)
{
	long	 ret;

	(void)pid;
	/* i386's getpid: the number means something else to a filter that
	 * does not look at the architecture. */
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20) : "memory", "r8",
	    "r9", "r10", "r11");
	return (ret);
}
#endif

/* A descriptor for parent, who takes none. */
static long
attack_rights(long pid)
{
	struct imsgbuf	 parent;

	(void)pid;
	imsgbuf_init(&parent, MSMTPD_FD_PARENT, 0);
	return (imsg_compose(&parent, IMSG_PONG, 0, MSMTPD_FD_PEER, NULL, 0));
}

static const struct {
	const char	*name;
	long		(*fn)(long);
} attacks[] = {
	{ "open", attack_open },
	{ "getdents", attack_getdents },
	{ "socket", attack_socket },
	{ "connect", attack_connect },
	{ "fork", attack_fork },
	{ "clone3", attack_clone3 },
	{ "execve", attack_execve },
	{ "exec-memfd", attack_exec_memfd },
	{ "kill", attack_kill },
	{ "ptrace", attack_ptrace },
	{ "readv", attack_readv },
	{ "mmap-exec", attack_mmap_exec },
	{ "mprotect-exec", attack_mprotect_exec },
	{ "run-data", attack_run_data },
	{ "proc", attack_proc },
	{ "fchdir", attack_fchdir },
	{ "chroot", attack_chroot },
	{ "setuid", attack_setuid },
	{ "prctl", attack_prctl },
	{ "dup", attack_dup },
	{ "io_uring", attack_io_uring },
	{ "listen", attack_listen },
#ifdef __x86_64__
	{ "x32", attack_x32 },
	{ "int80", attack_int80 },
#endif
	{ "nothing", attack_nothing },
	{ "rights", attack_rights },
};

static void
attack(const char *helo)
{
	const char	*name = helo + strlen(MAGIC), *pid;
	size_t		 i, len;
	long		 ret;

	if (strncmp(helo, MAGIC, strlen(MAGIC)) != 0 ||
	    (pid = strchr(name, '.')) == NULL)
		return;
	len = (size_t)(pid - name);
	for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (strlen(attacks[i].name) != len ||
		    strncmp(attacks[i].name, name, len) != 0)
			continue;
		errno = 0;
		ret = attacks[i].fn(atol(pid + 1));
		log_warn("attack %s survived with %ld", attacks[i].name, ret);
		return;
	}
	log_warnx("attack %s is not known", name);
}

size_t
__wrap_smtp_input(struct smtp *s, char *buf, size_t len)
{
	size_t	 used = __real_smtp_input(s, buf, len);

	attack(smtp_helo(s));
	return (used);
}
