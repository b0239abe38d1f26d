/* SPDX-License-Identifier: ISC */
/* session_io: a session's input and output, between descriptors and engine. */

#include <sys/epoll.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "session_int.h"

/* Octets to read at once.  Few while commands come: what the engine does not
 * take of them is kept in memory. */
#define READ_COMMAND	4096
#define READ_DATA	262144

/* Shared by all sessions: between two events only messages' content is left
 * in it. */
static char	 in_buf[READ_DATA];

bool
session_takes(const struct session *s)
{
	enum smtp_wait	 wait = smtp_waits(s->smtp);

	return (s->fd != -1 && !s->unknown && !output_waits(&s->output) &&
	    (wait == SMTP_WAIT_COMMAND || wait == SMTP_WAIT_DATA));
}

/* Send what waits and what has gathered.  Returns false where the session has
 * ended. */
static bool
session_send(struct session *s)
{
	bool	 waited = output_waits(&s->output);

	if (output_send(&s->output) == -1) {
		session_end(s, errno == ENOMEM ? "out of memory" :
		    "connection lost");
		return (false);
	}
	/* While replies wait, --timeout is the client's time to take them. */
	if (waited != output_waits(&s->output))
		s->since = event_now();
	return (true);
}

/*
 * Give the engine the len octets at buf and keep those that the engine does
 * not take.  They are zeroed in buf, since a password may be among them.
 * Returns false where the session has ended.
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
		if (!session_send(s)) {
			explicit_bzero(buf, len);
			return (false);
		}
	} while (len > 0 && session_takes(s));
	if (s->commands != smtp_commands(s->smtp)) {
		s->commands = smtp_commands(s->smtp);
		/* In DATA the rate counts, see session_content(). */
		if (smtp_waits(s->smtp) == SMTP_WAIT_COMMAND)
			s->since = event_now();
	}
	if (len > 0)
		s->excess = true;
	kept = len == 0 || s->fd == -1 || smtp_waits(s->smtp) ==
	    SMTP_WAIT_CLOSE || backlog_add(&s->in, buf, len) == 0;
	/* The engine has zeroed the commands that it has used. */
	explicit_bzero(buf, len);
	if (!kept)
		session_end(s, "out of memory");
	return (kept);
}

/*
 * The last reply is sent.  Where the client has sent more than was read,
 * close(2) would reset the connection, and the client might never see the
 * reply.  After QUIT, when no more has come, close at once.
 */
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
	session_schedule(s);
}

/* Watch what the session waits for now, or end it. */
static void
session_update(struct session *s)
{
	uint32_t	 in = 0, out = 0;

	if (!session_settle(s))
		return;
	if (s->fd != -1 && !output_waits(&s->output) && smtp_waits(s->smtp) ==
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
		/* Where the engine takes nothing now, session_event() stops
		 * watching once the client sends; most clients do not. */
		if (!output_waits(&s->output))
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

/* Give the engine the input that was kept, as far as it takes input now. */
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
	if (session_send(s))
		session_pump(s);
}

/*
 * An error or a hang-up has woken a session that reads nothing now.  A socket
 * is lost then.  A pipe has lost its writer only: what was written is still
 * to be read, and read(2) never waits from now on.
 */
static void
session_hangup(struct session *s)
{
	if (s->output.fd == s->fd) {
		session_end(s, "connection lost");
		return;
	}
	event_del(&s->event);
	s->always = true;
}

void
session_read(struct session *s)
{
	bool	 data = smtp_waits(s->smtp) == SMTP_WAIT_DATA;
	ssize_t	 n;

	if (!session_takes(s)) {
		session_hangup(s);
		return;
	}
	/* Where memory is short, what follows a message must need none. */
	n = read(s->fd, in_buf, data && account_room(s->owner, READ_DATA) ?
	    READ_DATA : READ_COMMAND);
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			session_end(s, "connection lost");
		return;
	}
	if (n == 0) {
		s->eof = true;
		session_update(s);
		return;
	}
	s->excess = n == READ_COMMAND;
	if (data)
		session_content(s, (size_t)n);
	if (session_feed(s, in_buf, (size_t)n))
		session_pump(s);
}

/* After shutdown(2), wait for the end of the input.  What comes before the
 * end is zeroed, since a password may be in it. */
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
	else if (output_waits(&s->output))
		session_resume(s);
	else if (!session_takes(s) && !(events & (EPOLLHUP | EPOLLERR)))
		/* The client sends while it has to wait: read it later. */
		event_mod(&s->event, 0);
	else
		session_read(s);
}

/* --inetd with a pipe to write to: the pipe's reader may go while no reply
 * waits. */
static void
session_out_event(int fd, uint32_t events, void *arg)
{
	struct session	*s = arg;

	(void)fd;
	if (output_waits(&s->output))
		session_resume(s);
	else if (events & (EPOLLERR | EPOLLHUP))
		session_end(s, "connection lost");
}

int
session_watch(struct session *s)
{
	if (event_add(&s->event, s->fd, EPOLLIN, session_event, s) == -1) {
		if (errno != EPERM)
			return (-1);
		s->always = true;
	}
	if (s->output.fd == s->fd)
		return (0);
	/* A regular file cannot be watched (EPERM), and write(2) to it never
	 * waits. */
	if ((s->out_event = calloc(1, sizeof(*s->out_event))) == NULL)
		return (-1);
	s->out_event->fd = -1;
	if (event_add(s->out_event, s->output.fd, 0, session_out_event,
	    s) == -1) {
		if (errno != EPERM)
			return (-1);
		free(s->out_event);
		s->out_event = NULL;
	}
	return (0);
}
