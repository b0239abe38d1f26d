/* SPDX-License-Identifier: ISC */
/*
 * Linked into a daemon of its own (ld's --wrap): where deliver starts a
 * command and watches it, something runs out, in turn with each mail: the
 * descriptor that it keeps for that, a pidfd, memory for epoll's watch;
 * nothing with each fourth.  And front cannot watch its first client.
 */

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* No call of the daemon's has more.  Where there are fewer, what is in their
 * registers is handed on, as syscall(2) itself does. */
#define ARGS	4

enum fault {
	FAULT_SPARE,
	FAULT_PIDFD,
	FAULT_WATCH,
	FAULT_NONE,
	FAULTS
};

int	__real_epoll_ctl(int, int, int, struct epoll_event *);
int	__real_fcntl(int, int, ...);
long	__real_syscall(long, ...);
int	__wrap_epoll_ctl(int, int, int, struct epoll_event *);
int	__wrap_fcntl(int, int, ...);
long	__wrap_syscall(long, ...);

static enum fault	 fault = FAULT_NONE;
static int		 pidfd = -1;

/* Once before each command; what the others need it for comes earlier. */
int
__wrap_fcntl(int fd, int cmd, ...)
{
	static unsigned int	 n;
	va_list			 ap;
	char			 name[16] = "";
	long			 arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	if (cmd == F_DUPFD_CLOEXEC && prctl(PR_GET_NAME, name) == 0 &&
	    strcmp(name, "deliver") == 0) {
		fault = n++ % FAULTS;
		if (fault == FAULT_SPARE) {
			errno = EMFILE;
			return (-1);
		}
	}
	return (__real_fcntl(fd, cmd, arg));
}

long
__wrap_syscall(long number, ...)
{
	va_list	 ap;
	long	 a[ARGS], ret;
	int	 i;

	va_start(ap, number);
	for (i = 0; i < ARGS; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_pidfd_open && fault == FAULT_PIDFD) {
		errno = ENFILE;
		return (-1);
	}
	ret = __real_syscall(number, a[0], a[1], a[2], a[3]);
	if (number == SYS_pidfd_open)
		pidfd = (int)ret;
	return (ret);
}

/* front watches deliver, parent, then clients; listeners without any event
 * at first.  It can ask which process it is as long as no filter is in
 * force. */
static int
first_client(int op, const struct epoll_event *ee)
{
	static char	 name[16];
	static int	 n;

	if (name[0] == '\0')
		(void)prctl(PR_GET_NAME, name);
	return (strcmp(name, "front") == 0 && op == EPOLL_CTL_ADD &&
	    ee->events == EPOLLIN && ++n == 3);
}

int
__wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ee)
{
	if (first_client(op, ee)) {
		errno = ENOSPC;
		return (-1);
	}
	if (op == EPOLL_CTL_ADD && fault == FAULT_WATCH && fd == pidfd) {
		pidfd = -1;
		errno = ENOSPC;
		return (-1);
	}
	return (__real_epoll_ctl(epfd, op, fd, ee));
}
