/* SPDX-License-Identifier: ISC */

/*
 * An SMTP client that loads a server: K sessions at a time, kept open or one
 * for each mail, M mails of S octets in all.  Every reply is checked; one
 * that is not what RFC 5321 has after a correct command ends the run with
 * status 1.  It shares the processors with the server, so it is frugal:
 * edge-triggered epoll(7) that needs no epoll_ctl(2) but the first, a wake-up,
 * a read and a write for each reply.
 *
 * A latency is that from MAIL (--reconnect: from connect(2)) to the 250 after
 * the final dot.
 *
 * With --idle it opens K sessions instead, says EHLO in each (and with
 * --mails sends a mail in each), prints "ready" and keeps them until its
 * standard input ends.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

#define EHLO	"EHLO bench.example\r\n"
#define MAIL	"MAIL FROM:<bench@localhost>\r\n"
#define RCPT	"RCPT TO:<sink@localhost>\r\n"
#define DATA	"DATA\r\n"
#define QUIT	"QUIT\r\n"

#define OPENING	128		/* sessions that --idle opens at a time */

/* What the reply that comes next answers. */
enum step { CONNECT, HELLO, SENDER, RECIPIENT, CONTENT, DOT, BYE };

static const int	expected[] = { 220, 250, 250, 250, 354, 250, 221 };

struct session {
	enum step	 step;
	int		 fd;		/* -1: none */
	const char	*out;		/* still to be sent */
	size_t		 outlen;
	uint64_t	 begin;
	uint32_t	 number;	/* of the reply line's code so far */
	uint32_t	 col;		/* octets of the reply line so far */
	bool		 more;		/* it has a "-" after its code */
	bool		 pipelining;	/* is offered */
	bool		 mailed;	/* --idle --mails: has sent its mail */
};

static struct sockaddr_in	 server;
static struct session		*sessions;
static struct stats		 st;
static char			*message;
static size_t			 nsessions = 16, mails, begun, ended;
static size_t			 opened, hellos, idle_ready;
static size_t			 reconnect, pipeline, idle;	/* options */
static bool			 idle_mails;
static int			 epfd;

static void	session_open(struct session *);
static void	session_next(struct session *);

/* Write what waits; EPOLLOUT brings us here again. */
static void
session_flush(struct session *s)
{
	ssize_t	n;

	while (s->outlen > 0) {
		n = send(s->fd, s->out, s->outlen, MSG_NOSIGNAL);
		if (n == -1) {
			if (errno == EAGAIN)
				return;
			err(1, "send");
		}
		s->out += n;
		s->outlen -= (size_t)n;
	}
}

static void
session_send(struct session *s, enum step step, const char *out, size_t len)
{
	s->step = step;
	s->out = out;
	s->outlen = len;
	session_flush(s);
}

#define session_say(s, step, string)	\
	session_send((s), (step), (string), sizeof(string) - 1)

static void
session_close(struct session *s)
{
	close(s->fd);
	s->fd = -1;
	ended++;
}

/* A mail's turn; where there is none left, goodbye. */
static void
session_mail(struct session *s)
{
	if (!reconnect) {
		if (begun == mails && !idle) {
			session_say(s, BYE, QUIT);
			return;
		}
		begun++;
		s->begin = stats_now();
	}
	if (pipeline && s->pipelining)
		session_say(s, SENDER, MAIL RCPT DATA);
	else
		session_say(s, SENDER, MAIL);
}

/*
 * EHLO is answered.  Without --reconnect all sessions wait here for the
 * last, so that their opening is not measured.
 */
static void
session_ready(struct session *s)
{
	size_t	i;

	if (idle && (!idle_mails || s->mailed)) {
		s->step = BYE;
		idle_ready++;
		if (opened < nsessions)
			session_open(&sessions[opened++]);
		return;
	}
	if (reconnect || idle) {
		session_mail(s);
		return;
	}
	if (++hellos < nsessions)
		return;
	st.begin = stats_now();
	for (i = 0; i < nsessions; i++)
		session_mail(&sessions[i]);
}

static void
session_delivered(struct session *s)
{
	st.end = stats_now();
	s->mailed = true;
	if (idle) {
		session_ready(s);
		return;
	}
	stats_add(&st, st.end - s->begin);
	if (reconnect)
		session_say(s, BYE, QUIT);
	else
		session_mail(s);
}

/* The reply that was awaited is complete and is what it should be. */
static void
session_next(struct session *s)
{
	bool	ahead = pipeline && s->pipelining;

	switch (s->step) {
	case CONNECT:
		session_say(s, HELLO, EHLO);
		break;
	case HELLO:
		session_ready(s);
		break;
	case SENDER:
		if (ahead)
			s->step = RECIPIENT;
		else
			session_say(s, RECIPIENT, RCPT);
		break;
	case RECIPIENT:
		if (ahead)
			s->step = CONTENT;
		else
			session_say(s, CONTENT, DATA);
		break;
	case CONTENT:
		session_send(s, DOT, message, st.size + 3);
		break;
	case DOT:
		session_delivered(s);
		break;
	case BYE:
		session_close(s);
		if (reconnect && begun < mails) {
			begun++;
			session_open(s);
		}
		break;
	}
}

static void
session_refused(const struct session *s, const char *what)
{
	errx(1, "session %zu: %s where %d was due", (size_t)(s - sessions),
	    what, expected[s->step]);
}

/* Take n octets of replies; they may be cut anywhere. */
static void
session_input(struct session *s, const char *p, size_t n)
{
	static const char	offer[] = "PIPELINING";
	const char		*eol;

	while (n > 0) {
		for (; s->col < 3 && n > 0; s->col++, n--)
			s->number = s->number * 10 + (uint32_t)(*p++ - '0');
		if (s->col == 3 && n > 0) {
			if ((int)s->number != expected[s->step])
				session_refused(s, "another reply");
			s->more = *p == '-';
			if (s->step == HELLO && n > sizeof(offer) &&
			    memcmp(p + 1, offer, sizeof(offer) - 1) == 0)
				s->pipelining = true;
			s->col++;
		}
		if ((eol = memchr(p, '\n', n)) == NULL)
			return;
		n -= (size_t)(eol + 1 - p);
		p = eol + 1;
		s->col = s->number = 0;
		if (!s->more)
			session_next(s);
	}
}

static void
session_read(struct session *s)
{
	char	buf[4096];
	ssize_t	n;

	do {
		n = recv(s->fd, buf, sizeof(buf), 0);
		if (n == -1) {
			if (errno == EAGAIN)
				return;
			err(1, "session %zu: recv", (size_t)(s - sessions));
		}
		if (n == 0)
			session_refused(s, "end of file");
		session_input(s, buf, (size_t)n);
	} while (n == sizeof(buf) && s->fd != -1);
}

static void
session_open(struct session *s)
{
	struct epoll_event	ev;
	int			on = 1;

	memset(s, 0, sizeof(*s));
	s->step = CONNECT;
	s->begin = stats_now();
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd == -1)
		err(1, "socket");
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(s->fd, (struct sockaddr *)&server, sizeof(server)) == -1 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	ev.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	ev.data.ptr = s;
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, s->fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
wait_once(void)
{
	struct epoll_event	 evs[64];
	struct session		*s;
	int			 i, n;

	if ((n = epoll_wait(epfd, evs, 64, -1)) == -1)
		err(1, "epoll_wait");
	for (i = 0; i < n; i++) {
		s = evs[i].data.ptr;
		if (s->outlen > 0 && (evs[i].events & EPOLLOUT))
			session_flush(s);
		if (evs[i].events & ~(uint32_t)EPOLLOUT)
			session_read(s);
	}
}

static void
run_idle(void)
{
	char	c;

	while (opened < nsessions && opened < OPENING)
		session_open(&sessions[opened++]);
	while (idle_ready < nsessions)
		wait_once();
	alarm(0);
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		err(1, "write");
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

static void
run_load(void)
{
	size_t	i;

	if (nsessions > mails)
		nsessions = mails;
	if (reconnect) {
		st.begin = stats_now();
		begun = nsessions;
	}
	for (i = 0; i < nsessions; i++)
		session_open(&sessions[i]);
	while (ended < (reconnect ? mails : nsessions))
		wait_once();
	stats_print(&st);
}

static void
raise_nofile(void)
{
	struct rlimit	rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "getrlimit");
	if (rl.rlim_max < nsessions + 16)
		rl.rlim_max = nsessions + 16;	/* root may */
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "%zu sessions need as many descriptors", nsessions);
}

int
main(int argc, char **argv)
{
	static const char	 usage[] = "load --port=N [--sessions=K] "
				    "[--mails=M] [--size=S] [--reconnect] "
				    "[--pipeline] [--idle] [--timeout=s] "
				    "[--json]";
	size_t			 port = 0, size = 4096, timeout = 600;
	const struct stats_option opts[] = {
		{ "port", &port, 65535 }, { "sessions", &nsessions, 1000000 },
		{ "mails", &mails, 10000000 }, { "size", &size, 1 << 30 },
		{ "timeout", &timeout, 86400 }, { "reconnect", &reconnect, 0 },
		{ "pipeline", &pipeline, 0 }, { "idle", &idle, 0 },
		{ NULL, NULL, 0 }
	};

	if (stats_options(argc, argv, opts, usage) != argc || port == 0)
		errx(2, "usage: %s", usage);
	idle_mails = mails > 0;
	if (!idle_mails)
		mails = 1000;
	server.sin_family = AF_INET;
	server.sin_port = htons((uint16_t)port);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	stats_init(&st, mails, size);
	message = stats_message(size);
	if ((sessions = calloc(nsessions, sizeof(*sessions))) == NULL)
		err(1, NULL);
	raise_nofile();
	if ((epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	alarm((unsigned)timeout);
	if (idle)
		run_idle();
	else
		run_load();
	return (0);
}
