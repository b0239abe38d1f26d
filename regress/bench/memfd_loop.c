/* SPDX-License-Identifier: ISC */

/*
 * The limit of receiving: one connection over loopback, a sender that writes
 * S octets and waits for an answer of one octet, and a bare loop that reads
 * them in pieces of 64 KiB into a memfd.  No look at the content, no command.
 * A latency is that from the first octet sent to the answer.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

#define PIECE	65536

static void
receiver(int fd, size_t size)
{
	static char	buf[PIECE];
	size_t		off, want;
	ssize_t		n;
	int		mfd;

	for (;;) {
		if ((mfd = memfd_create("mail", MFD_CLOEXEC)) == -1)
			err(1, "memfd_create");
		for (off = 0; off < size; off += (size_t)n) {
			want = size - off < PIECE ? size - off : PIECE;
			if ((n = read(fd, buf, want)) == -1)
				err(1, "read");
			if (n == 0)
				exit(off == 0 ? 0 : 1);
			if (write(mfd, buf, (size_t)n) != n)
				err(1, "write");
		}
		close(mfd);
		if (write(fd, "+", 1) != 1)
			err(1, "write");
	}
}

static void
sender(int fd, struct stats *st, const char *message)
{
	uint64_t	begin;
	size_t		off;
	ssize_t		n;
	char		answer;

	begin = stats_now();
	for (off = 0; off < st->size; off += (size_t)n)
		if ((n = write(fd, message + off, st->size - off)) == -1)
			err(1, "write");
	if (read(fd, &answer, 1) != 1)
		err(1, "no answer");
	stats_add(st, stats_now() - begin);
}

/* A connected pair of TCP sockets. */
static void
tcp_pair(int pair[2])
{
	struct sockaddr_in	 sin;
	struct sockaddr		*sa = (struct sockaddr *)&sin;
	socklen_t		 len = sizeof(sin);
	int			 fd, on = 1;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    bind(fd, sa, len) == -1 || listen(fd, 1) == -1 ||
	    getsockname(fd, sa, &len) == -1 ||
	    (pair[0] = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(pair[0], sa, len) == -1 ||
	    (pair[1] = accept(fd, NULL, NULL)) == -1)
		err(1, "loopback");
	setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	close(fd);
}

int
main(int argc, char **argv)
{
	static const char	 usage[] = "memfd_loop [--mails=M] [--size=S] "
				    "[--json]";
	struct stats		 st;
	char			*message;
	size_t			 mails = 50, size = 20 << 20;
	const struct stats_option opts[] = {
		{ "mails", &mails, 1000000 }, { "size", &size, 1 << 30 },
		{ NULL, NULL, 0 }
	};
	pid_t			 pid;
	int			 pair[2], status;

	if (stats_options(argc, argv, opts, usage) != argc)
		errx(2, "usage: %s", usage);
	stats_init(&st, mails, size);
	message = stats_message(size);
	signal(SIGPIPE, SIG_IGN);
	alarm(600);
	tcp_pair(pair);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		alarm(600);	/* not inherited */
		close(pair[0]);
		receiver(pair[1], size);
	}
	close(pair[1]);
	st.begin = stats_now();
	while (st.n < mails)
		sender(pair[0], &st, message);
	st.end = stats_now();
	close(pair[0]);
	if (waitpid(pid, &status, 0) == -1 || status != 0)
		errx(1, "the receiver failed");
	stats_print(&st);
	return (0);
}
