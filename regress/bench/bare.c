/* SPDX-License-Identifier: ISC */

/*
 * The bones of a mail's way: one process that has the client's connection
 * and writes what comes to a memfd, and one that gets the memfd and runs the
 * command on it.  The same turns as in msmtpd, and nothing done in them: no
 * event loop, no look at what is said, no log, no sandbox, one session at a
 * time.  What this adds to the command, the machine takes for so many turns.
 *
 * usage: bare command ...; prints its port.  Ends with its standard input.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE	65536

extern char	**environ;

static void
pass(int s, int fd)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	}		 control;
	char		 byte = 'm';
	struct iovec	 iov = { &byte, 1 };
	struct msghdr	 msg;
	struct cmsghdr	*c;

	memset(&control, 0, sizeof(control));
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.buf;
	msg.msg_controllen = sizeof(control.buf);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(s, &msg, 0) != 1)
		err(1, "sendmsg");
}

/* Returns the memfd, or -1 when the other process has ended. */
static int
take(int s)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	}		 control;
	char		 byte;
	struct iovec	 iov = { &byte, 1 };
	struct msghdr	 msg;
	struct cmsghdr	*c;
	int		 fd;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.buf;
	msg.msg_controllen = sizeof(control.buf);
	if (recvmsg(s, &msg, MSG_CMSG_CLOEXEC) != 1)
		return (-1);
	if ((c = CMSG_FIRSTHDR(&msg)) == NULL)
		errx(1, "no memfd");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return (fd);
}

static void __attribute__((noreturn))
runner(int s, char **argv)
{
	posix_spawn_file_actions_t	fa;
	pid_t				pid;
	int				fd, status;

	while ((fd = take(s)) != -1) {
		posix_spawn_file_actions_init(&fa);
		posix_spawn_file_actions_adddup2(&fa, fd, STDIN_FILENO);
		errno = posix_spawn(&pid, argv[0], &fa, NULL, argv, environ);
		if (errno != 0)
			err(1, "%s", argv[0]);
		posix_spawn_file_actions_destroy(&fa);
		close(fd);
		if (waitpid(pid, &status, 0) != pid || status != 0)
			errx(1, "the command failed");
		if (write(s, "d", 1) != 1)
			err(1, "write");
	}
	exit(0);
}

static void
reply(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "write");
}

static void
content(int fd, int s)
{
	static char	 buf[PIECE], tail[5];
	ssize_t		 n;
	int		 mfd;
	char		 byte;

	if ((mfd = memfd_create("mail", MFD_CLOEXEC)) == -1)
		err(1, "memfd_create");
	reply(fd, "354 go\r\n");
	do {
		if ((n = read(fd, buf, sizeof(buf))) <= 0)
			errx(1, "the client has gone");
		if (write(mfd, buf, (size_t)n) != n)
			err(1, "write");
		if ((size_t)n >= sizeof(tail))
			memcpy(tail, buf + n - sizeof(tail), sizeof(tail));
		else {
			memmove(tail, tail + n, sizeof(tail) - (size_t)n);
			memcpy(tail + sizeof(tail) - n, buf, (size_t)n);
		}
	} while (memcmp(tail, "\r\n.\r\n", sizeof(tail)) != 0);
	if (lseek(mfd, 0, SEEK_SET) == -1)
		err(1, "lseek");
	pass(s, mfd);
	close(mfd);
	if (read(s, &byte, 1) != 1)
		errx(1, "no result");
	reply(fd, "250 done\r\n");
}

static void
session(int fd, int s)
{
	char	 buf[1024];
	int	 one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	reply(fd, "220 bare\r\n");
	while (read(fd, buf, sizeof(buf)) > 0) {
		if (*buf == 'D')
			content(fd, s);
		else if (*buf == 'Q') {
			reply(fd, "221 bye\r\n");
			break;
		} else
			reply(fd, "250 ok\r\n");
	}
	close(fd);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in	 sin;
	struct pollfd		 pfd[2] = { { 0, POLLIN, 0 },
				    { -1, POLLIN, 0 } };
	socklen_t		 len = sizeof(sin);
	int			 s[2], fd, client;

	if (argc < 2)
		errx(2, "usage: bare command ...");
	alarm(600);
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    listen(fd, 1) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) == -1)
		err(1, "socket");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		close(s[0]);
		close(fd);
		runner(s[1], argv + 1);
	}
	close(s[1]);
	printf("%u\n", ntohs(sin.sin_port));
	fflush(stdout);
	pfd[1].fd = fd;
	while (poll(pfd, 2, -1) > 0 && pfd[0].revents == 0) {
		if ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) == -1)
			err(1, "accept4");
		session(client, s[0]);
	}
	close(s[0]);
	return (wait(NULL) == -1);
}
