/* SPDX-License-Identifier: ISC */

#include <sys/epoll.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "log.h"
#include "session.h"

/*
 * Read so much at once: little while commands come, so that a pipelining
 * client cannot make us keep much, and much of content.
 */
#define READ_COMMAND	4096
#define READ_DATA	262144

#define LINGER		2000	/* ms for the client to read our last word */
#define RATE_WINDOW	60000	/* ms that --min-rate looks at */
#define RESULT_GRACE	15000	/* ms that deliver, or parent, may be late */

const struct config	*session_conf;
struct peer		*session_parent;

static struct smtp_conf	 smtp_settings;
static LIST_HEAD(, session) sessions = LIST_HEAD_INITIALIZER(sessions);
static uint32_t		 nsessions, last_number;
static void		(*when_ended)(void);
static bool		 stopping;

/* Shared by all sessions: between two events nothing is left in it but
 * messages' content. */
static char		 in_buf[READ_DATA];

static void	session_timer(void *);
static void	session_schedule(struct session *);

uint32_t
session_count(void)
{
	return (nsessions);
}

bool
session_stopping(void)
{
	return (stopping);
}

static void
session_disconnect(struct session *s)
{
	if (s->fd == -1)
		return;
	event_del(&s->event);
	if (s->out_event != NULL) {
		event_del(s->out_event);
		free(s->out_event);
		s->out_event = NULL;
	}
	if (s->out_fd != s->fd)
		close(s->out_fd);
	close(s->fd);
	s->fd = s->out_fd = -1;
	timer_clear(&s->timer);
	backlog_free(&s->in);
	backlog_free(&s->out);
}

static void
session_free(struct session *s)
{
	session_disconnect(s);
	timer_clear(&s->timer);
	handoff_cancel(&s->handoff);
	message_close(&s->message);
	smtp_free(s->smtp);
	LIST_REMOVE(s, entry);
	free(s);
	nsessions--;
	when_ended();
}

void
session_end(struct session *s, const char *why)
{
	enum smtp_wait	 wait = smtp_waits(s->smtp);
	bool		 told;

	if (s->fd != -1) {
		session_log_end(s, smtp_reason(s->smtp) != NULL ?
		    smtp_reason(s->smtp) : why);
		session_disconnect(s);
	}
	told = session_auth_cancel(s);
	/* Where the parent does not know that the client has gone, the session
	 * stays until the answer: what the parent has to answer is never of
	 * more sessions than there are. */
	if (wait == SMTP_WAIT_RESULT || (wait == SMTP_WAIT_AUTH && !told))
		session_schedule(s);
	else
		session_free(s);
}

/* Whether the engine takes input, and the client its output. */
static bool
session_takes(const struct session *s)
{
	enum smtp_wait	 wait = smtp_waits(s->smtp);

	return (s->fd != -1 && s->out.data == NULL &&
	    (wait == SMTP_WAIT_COMMAND || wait == SMTP_WAIT_DATA));
}

/*
 * Returns false where the session has ended.  A password may be in what the
 * engine does not use, so that is wiped; who needs it has a copy.
 */
static bool
session_feed(struct session *s, char *buf, size_t len)
{
	size_t	 used;
	bool	 kept;

	do {
		used = smtp_input(s->smtp, buf, len);
		buf += used;
		len -= used;
		if (!session_output(s)) {
			explicit_bzero(buf, len);
			return (false);
		}
	} while (len > 0 && session_takes(s));
	if (s->commands != smtp_commands(s->smtp)) {
		s->commands = smtp_commands(s->smtp);
		/* In DATA it is the rate that counts. */
		if (smtp_waits(s->smtp) == SMTP_WAIT_COMMAND)
			s->since = event_now();
	}
	if (len > 0)
		s->excess = true;
	kept = len == 0 || s->fd == -1 || smtp_waits(s->smtp) ==
	    SMTP_WAIT_CLOSE || backlog_save(&s->in, buf, len);
	/* What the engine has used of commands it has wiped. */
	explicit_bzero(buf, len);
	if (!kept)
		session_end(s, "out of memory");
	return (kept);
}

/* Our last reply is sent.  Closing now would reset the connection if the
 * client has sent more, and the reply could be lost by that.  After QUIT it
 * should have said no more, and most have not. */
static void
session_finish(struct session *s)
{
	if ((smtp_reason(s->smtp) == NULL && !s->excess) || s->eof ||
	    shutdown(s->fd, SHUT_WR) == -1) {
		session_end(s, NULL);
		return;
	}
	s->closing = true;
	s->since = event_now();
	event_mod(&s->event, EPOLLIN);
	timer_set(&s->timer, LINGER, session_timer, s);
}

/* How long the session may stay as it is, in ms. */
static int64_t
session_patience(const struct session *s)
{
	int64_t	 timeout = (int64_t)session_conf->timeout * 1000;

	if (s->closing)
		return (LINGER);
	if (s->fd != -1 && s->out.data != NULL)
		return (stopping ? LINGER : timeout);
	if (s->always && session_takes(s))
		return (0);
	switch (smtp_waits(s->smtp)) {
	case SMTP_WAIT_RESULT:
		/* The command's time, after that in the queue. */
		return ((int64_t)session_conf->command_timeout * 1000 +
		    RESULT_GRACE + handoff_queued(&s->handoff));
	case SMTP_WAIT_AUTH:
		/* It is not the client that takes its time. */
		return (timeout + RESULT_GRACE);
	case SMTP_WAIT_DATA:
		if (session_conf->min_rate > 0)
			return (RATE_WINDOW);
		break;
	default:
		break;
	}
	return (timeout);
}

/* The timer is not moved with each command: it fires early, sees that there
 * is time left, and is set again. */
static void
session_schedule(struct session *s)
{
	int64_t	 left = s->since + session_patience(s) - event_now();

	if (left < 0)
		left = 0;
	if (s->timer.at == 0 || s->timer.at > event_now() + left)
		timer_set(&s->timer, left, session_timer, s);
}

/* Watch what the session waits for now, or end it. */
static void
session_update(struct session *s)
{
	uint32_t	 in = 0, out = 0;

	if (s->fd != -1 && s->out.data == NULL && smtp_waits(s->smtp) ==
	    SMTP_WAIT_CLOSE) {
		session_finish(s);
		return;
	}
	if (s->fd == -1 && smtp_waits(s->smtp) != SMTP_WAIT_RESULT) {
		session_free(s);
		return;
	}
	if (session_takes(s) && s->eof) {
		session_end(s, "client went away");
		return;
	}
	if (s->fd != -1) {
		/* A client that has to wait is silent, mostly; see
		 * session_event(). */
		if (s->out.data == NULL)
			in = EPOLLIN;
		else
			out = EPOLLOUT;
		if (s->out_event != NULL)
			event_mod(s->out_event, out);
		else
			in |= out;
		if (!s->always)
			event_mod(&s->event, in);
	}
	session_schedule(s);
}

/* Give the engine what was left of its input, if it takes it now. */
static void
session_pump(struct session *s)
{
	struct backlog	 b;
	bool		 alive;

	while (s->in.data != NULL && session_takes(s)) {
		b = s->in;
		memset(&s->in, 0, sizeof(s->in));
		alive = session_feed(s, b.data + b.off, b.len - b.off);
		backlog_free(&b);
		if (!alive)
			return;
	}
	session_update(s);
}

void
session_resume(struct session *s)
{
	if (session_output(s))
		session_pump(s);
}

/*
 * Only an error or a hang-up can wake a session that reads nothing now.  A
 * socket is lost by it; of a pipe only the writer has gone, and what it wrote
 * is there to be read and answered in its time, without waiting.
 */
static void
session_hangup(struct session *s)
{
	if (s->out_fd == s->fd) {
		session_end(s, "connection lost");
		return;
	}
	event_del(&s->event);
	s->always = true;
}

static void
session_read(struct session *s)
{
	bool	 data = smtp_waits(s->smtp) == SMTP_WAIT_DATA;
	ssize_t	 n;

	if (!session_takes(s)) {
		session_hangup(s);
		return;
	}
	n = read(s->fd, in_buf, data ? READ_DATA : READ_COMMAND);
	if (n == -1) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			session_end(s, "connection lost");
		return;
	}
	if (n == 0) {
		s->eof = true;
		session_update(s);
		return;
	}
	s->excess = n == READ_COMMAND;
	if (data) {
		s->octets += (uint64_t)n;
		if (session_conf->min_rate == 0)
			s->since = event_now();
	}
	if (session_feed(s, in_buf, (size_t)n))
		session_pump(s);
}

/* After shutdown(2): what comes is of no interest, only its end; but it may
 * be a password. */
static void
session_drain(struct session *s)
{
	ssize_t	 n;

	n = read(s->fd, in_buf, sizeof(in_buf));
	if (n > 0)
		explicit_bzero(in_buf, (size_t)n);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		session_end(s, NULL);
}

static void
session_event(int fd, uint32_t events, void *arg)
{
	struct session	*s = arg;

	(void)fd;
	if (s->closing)
		session_drain(s);
	else if (s->out.data != NULL) {
		if (session_flush(s) && s->out.data == NULL)
			session_pump(s);
	} else if (!session_takes(s) && !(events & (EPOLLHUP | EPOLLERR)))
		/* It says something while it has to wait: later. */
		event_mod(&s->event, 0);
	else
		session_read(s);
}

/* --inetd with a pipe to write to: its reader may go while nothing is to be
 * written. */
static void
session_out_event(int fd, uint32_t events, void *arg)
{
	struct session	*s = arg;

	if (s->out.data == NULL && (events & (EPOLLERR | EPOLLHUP)))
		session_end(s, "connection lost");
	else if (s->out.data != NULL)
		session_event(fd, events, arg);
}

/* A window of DATA has passed: enough came, or the session is closed. */
static bool
session_rate(struct session *s)
{
	bool	 enough;

	if (session_conf->min_rate == 0)
		return (false);
	enough = s->octets >= (uint64_t)session_conf->min_rate *
	    (RATE_WINDOW / 1000);
	s->octets = 0;
	s->since = event_now();
	return (enough);
}

static void
session_expired(struct session *s)
{
	if (s->closing) {
		session_end(s, NULL);
		return;
	}
	if (s->fd != -1 && s->out.data != NULL) {
		session_end(s, "client does not read");
		return;
	}
	switch (smtp_waits(s->smtp)) {
	case SMTP_WAIT_RESULT:
		session_mail_timeout(s);
		return;
	case SMTP_WAIT_AUTH:
		s->since = event_now();
		(void)session_auth_cancel(s);
		smtp_auth_result(s->smtp, false, true);
		break;
	case SMTP_WAIT_DATA:
		if (session_rate(s))
			break;
		smtp_close(s->smtp, "4.4.2", "Data comes too slowly",
		    "data too slow");
		break;
	default:
		smtp_close(s->smtp, "4.4.2", "Idle for too long", "timeout");
		break;
	}
	session_resume(s);
}

static void
session_timer(void *arg)
{
	struct session	*s = arg;

	if (s->always && session_takes(s))
		session_read(s);
	else if (event_now() < s->since + session_patience(s))
		session_schedule(s);
	else
		session_expired(s);
}

void
session_auth_result(uint32_t number, enum auth_answer answer)
{
	struct session	*s;

	LIST_FOREACH(s, &sessions, entry)
		if (s->number == number && s->asking)
			break;
	if (s == NULL)
		return;
	s->asking = false;
	if (smtp_waits(s->smtp) != SMTP_WAIT_AUTH)
		return;
	s->since = event_now();
	smtp_auth_result(s->smtp, answer == AUTH_YES,
	    answer == AUTH_UNCHECKED);
	session_resume(s);
}

void
session_stop(void)
{
	struct session	*s, *next;

	stopping = true;
	for (s = LIST_FIRST(&sessions); s != NULL; s = next) {
		next = LIST_NEXT(s, entry);
		if (smtp_waits(s->smtp) == SMTP_WAIT_RESULT || s->closing)
			continue;
		if (smtp_waits(s->smtp) == SMTP_WAIT_AUTH)
			smtp_auth_result(s->smtp, false, true);
		s->since = event_now();
		smtp_close(s->smtp, "4.3.2", "Server shutting down",
		    "shutdown");
		/* Resuming one session ends no other. */
		session_resume(s);
	}
}

static void
client_set(struct client *c, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in	*sin = (const void *)ss;
	const struct sockaddr_in6	*sin6 = (const void *)ss;

	c->family = AF_UNSPEC;
	if (ss->ss_family == AF_INET) {
		c->family = AF_INET;
		c->addr.in = sin->sin_addr;
		c->port = ntohs(sin->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		c->family = AF_INET6;
		c->addr.in6 = sin6->sin6_addr;
		c->port = ntohs(sin6->sin6_port);
	}
}

static bool
session_watch(struct session *s)
{
	if (event_add(&s->event, s->fd, EPOLLIN, session_event, s) == -1) {
		if (errno != EPERM)
			return (false);
		s->always = true;
	}
	if (s->out_fd == s->fd)
		return (true);
	/* What cannot be watched, a regular file, never makes us wait. */
	if ((s->out_event = calloc(1, sizeof(*s->out_event))) == NULL)
		return (false);
	s->out_event->fd = -1;
	if (event_add(s->out_event, s->out_fd, 0, session_out_event,
	    s) == -1) {
		if (errno != EPERM)
			return (false);
		free(s->out_event);
		s->out_event = NULL;
	}
	return (true);
}

static void
session_sorry(int out)
{
	static const char	 sorry[] =
	    "421 4.3.2 No resources for a session now, try again\r\n";

	(void)!write(out, sorry, sizeof(sorry) - 1);
}

static void
session_refuse(int fd, int out)
{
	log_warn("no session for a client");
	session_sorry(out);
	if (out != fd)
		close(out);
	close(fd);
}

void
session_new(int fd, int out, const struct sockaddr_storage *addr)
{
	struct session	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL ||
	    (s->smtp = smtp_new(&smtp_settings, &session_ops, s)) == NULL) {
		free(s);
		session_refuse(fd, out);
		when_ended();
		return;
	}
	s->fd = fd;
	s->out_fd = out;
	s->event.fd = s->message.fd = -1;
	s->number = ++last_number;
	s->since = event_now();
	client_set(&s->client, addr);
	LIST_INSERT_HEAD(&sessions, s, entry);
	nsessions++;
	if (!session_watch(s)) {
		session_log(s, LOG_WARNING, "epoll: %s", strerror(errno));
		session_sorry(out);
		session_free(s);
		return;
	}
	smtp_greet(s->smtp);
	session_resume(s);
}

void
session_init(const struct config *conf, struct peer *parent,
    void (*ended)(void))
{
	session_conf = conf;
	session_parent = parent;
	when_ended = ended;
	smtp_settings.hostname = conf->hostname;
	smtp_settings.max_size = conf->max_size;
	smtp_settings.max_recipients = conf->max_recipients;
	smtp_settings.max_rcpt_octets = conf->max_rcpt_octets;
	smtp_settings.max_line = conf->max_line;
	smtp_settings.max_auth_line = conf->max_auth_line;
	smtp_settings.max_errors = conf->max_errors;
	smtp_settings.max_noops = conf->max_noops;
	smtp_settings.auth = conf->auth != 0;
	session_log_init();
}
