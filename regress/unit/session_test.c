/* SPDX-License-Identifier: ISC */
/* How long a client may take for a mail's content. */

#include <sys/socket.h>

#include <err.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "event.h"
#include "front/handoff.h"
#include "front/message.h"
#include "front/session.h"
#include "front/status.h"
#include "log.h"
#include "msmtpd.h"
#include "peer.h"
#include "tap.h"
#include "test_clock.h"

#define SECOND	1000
#define MINUTE	(60 * SECOND)
#define RATE	100		/* --min-rate, octets a second */

#define SLOW	"421 4.4.2 mail.example.org Data comes too slowly, id=*.1\r\n"

static struct config	 conf;
static struct peer	 parent, deliver;

static void
ended(void)
{
}

static void
drop_line(void *arg, int pri, const char *text)
{
	(void)arg, (void)pri, (void)text;
}

static void
unexpected(struct imsg *imsg, void *arg)
{
	(void)arg;
	errx(1, "a message of type %u", imsg->hdr.type);
}

/* The other end, which nobody reads from: it takes what a few mails need. */
static void
start_peer(struct peer *p, const char *name)
{
	int	 fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
		err(1, "socketpair");
	peer_init(p, name, fds[0], SIZE_MAX);
	p->dispatch = unexpected;
	p->gone = NULL;
	p->drained = NULL;
	if (peer_watch(p) == -1)
		err(1, "peer_watch");
}

static void
say(int fd, const char *text, size_t len)
{
	if (write(fd, text, len) != (ssize_t)len)
		err(1, "write");
	test_clock_pass(0);
}

/* So many octets of content. */
static void
say_content(int fd, size_t len)
{
	static const char	 line[] = "1234567890123456789012345678901234"
				    "567890123456789012345678901234\r\n";
	size_t			 n;

	for (; len > 0; len -= n) {
		n = len < sizeof(line) - 1 ? len : sizeof(line) - 1;
		say(fd, line + sizeof(line) - 1 - n, n);
	}
}

/* What the client is told, and has not read yet: "" for nothing.  Of a mail's
 * id the daemon's start and the session are "*". */
static const char *
told(int fd)
{
	static char	 buf[8192];
	char		*id;
	ssize_t		 n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	buf[n > 0 ? n : 0] = '\0';
	if ((id = strstr(buf, ", id=")) != NULL && strrchr(id, '.') != NULL) {
		id += strlen(", id=");
		*id++ = '*';
		memmove(id, strrchr(id, '.'), strlen(strrchr(id, '.')) + 1);
	}
	return (buf);
}

/* A client whose DATA has been answered. */
static int
client(void)
{
	static const char	 envelope[] = "EHLO client.example\r\n"
				    "MAIL FROM:<a@example.org>\r\n"
				    "RCPT TO:<b@example.org>\r\nDATA\r\n";
	struct sockaddr_storage	 none;
	const char		*replies;
	int			 fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
		err(1, "socketpair");
	memset(&none, 0, sizeof(none));
	session_new(fds[0], fds[0], &none, NULL);
	say(fds[1], envelope, sizeof(envelope) - 1);
	replies = told(fds[1]);
	ok(strstr(replies, "\r\n354 ") != NULL, "DATA is answered 354");
	return (fds[1]);
}

/* The client goes, and its session with it. */
static void
leave(int fd)
{
	close(fd);
	test_clock_pass(0);
	is_int(session_count(), 0, "the session is over");
}

/* The mail ends and is delivered: the session was there until now. */
static void
finish(int fd)
{
	static const struct imsg_result	 delivered = {
		.outcome = MAIL_EXITED
	};
	static const char		 end[] = "\r\n.\r\n";

	is_str(told(fd), "", "no reply within the content");
	say(fd, end, sizeof(end) - 1);
	handoff_result(0, &delivered);
	ok(strncmp(told(fd), "250 ", 4) == 0, "the mail is delivered");
	leave(fd);
}

static void
test_silence(void)
{
	int	 fd = client();

	test_clock_pass(5 * MINUTE - 1);
	is_str(told(fd), "", "silent: nothing for five minutes");
	test_clock_pass(1);
	is_str(told(fd), SLOW, "then the session ends");
	leave(fd);
}

/* RFC 5321, 4.5.3.2: a client may need three minutes for a chunk. */
static void
test_pause(void)
{
	int	 fd = client(), i;

	for (i = 0; i < 10; i++) {
		test_clock_pass(3 * MINUTE);
		say_content(fd, 3 * 60 * RATE);
	}
	finish(fd);
	fd = client();
	test_clock_pass(5 * MINUTE - 1);
	finish(fd);
}

static void
test_fast(void)
{
	int	 fd = client(), i;

	for (i = 0; i < 30 * 60; i++) {
		test_clock_pass(1 * SECOND);
		say_content(fd, RATE);
	}
	finish(fd);
}

/* What comes early gives no longer pause than what comes in time. */
static void
test_early(void)
{
	int	 fd = client();

	say_content(fd, 60 * 60 * RATE);
	test_clock_pass(5 * MINUTE - 1);
	is_str(told(fd), "", "silent after much: nothing for five minutes");
	test_clock_pass(1);
	is_str(told(fd), SLOW, "then the session ends");
	leave(fd);
}

/* A client that sends so much each second is told after so many seconds. */
static void
trickle(size_t octets, int seconds)
{
	const char	*reply = "";
	int		 fd = client(), i;

	for (i = 0; i < 2 * seconds; i++) {
		test_clock_pass(1 * SECOND);
		if (*(reply = told(fd)) != '\0')
			break;
		say_content(fd, octets);
	}
	is_str(reply, SLOW, "%zu octets a second: too slow", octets);
	is_int(i + 1, seconds, "after %d s", seconds);
	leave(fd);
}

/* Without --min-rate the time since the last octet counts. */
static void
test_any_rate(void)
{
	int	 fd, i;

	conf.min_rate = 0;
	conf.timeout = 10;
	fd = client();
	for (i = 0; i < 100; i++) {
		test_clock_pass(10 * SECOND - 1);
		say_content(fd, 1);
	}
	is_str(told(fd), "", "any rate: an octet in time is enough");
	test_clock_pass(10 * SECOND - 1);
	is_str(told(fd), "", "nothing for --timeout");
	test_clock_pass(1);
	is_str(told(fd), SLOW, "then the session ends");
	leave(fd);
}

int
main(void)
{
	log_init("", drop_line, NULL);
	config_default(&conf);
	conf.min_rate = RATE;
	if (event_init() == -1)
		err(1, "event_init");
	start_peer(&parent, "parent");
	start_peer(&deliver, "deliver");
	message_init();
	status_init(&parent);
	session_init(&conf, &parent, &deliver, ended);
	test_silence();
	test_pause();
	test_fast();
	test_early();
	/* Late by five minutes: RATE * 300 <= RATE * t - octets * (t - 1). */
	trickle(1, 304);
	trickle(50, 599);
	trickle(90, 2991);
	test_any_rate();
	return (done_testing());
}
