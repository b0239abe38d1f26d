/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "log.h"
#include "session.h"

/* Replies that gather before the engine is asked to pause. */
#define REPLY_MARK	8192

/* Shared by all sessions: between two events nothing is left in it. */
static char		 out_buf[REPLY_MARK + 2 * SMTP_REPLY_MAX];
static size_t		 out_len;

bool
backlog_save(struct backlog *b, const char *data, size_t len)
{
	if ((b->data = malloc(len)) == NULL)
		return (false);
	memcpy(b->data, data, len);
	b->off = 0;
	b->len = (uint32_t)len;
	return (true);
}

void
backlog_free(struct backlog *b)
{
	/* A pipelined AUTH may be in it. */
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	free(b->data);
	memset(b, 0, sizeof(*b));
}

bool
session_reply(void *arg, const char *buf, size_t len)
{
	struct session	*s = arg;

	/* Nobody is there to read it. */
	if (s->fd == -1)
		return (true);
	if (len > sizeof(out_buf) - out_len)
		fatalx("smtp: a reply of %zu octets beside %zu", len, out_len);
	memcpy(out_buf + out_len, buf, len);
	out_len += len;
	return (out_len < REPLY_MARK);
}

/* Append to what the client has not taken. */
static bool
out_append(struct session *s, const char *data, size_t len)
{
	struct backlog	 old = s->out;
	size_t		 left = old.len - old.off;

	if (old.data == NULL) {
		s->since = event_now();
		return (backlog_save(&s->out, data, len));
	}
	if ((s->out.data = malloc(left + len)) == NULL) {
		s->out = old;
		return (false);
	}
	memcpy(s->out.data, old.data + old.off, left);
	memcpy(s->out.data + left, data, len);
	s->out.off = 0;
	s->out.len = (uint32_t)(left + len);
	free(old.data);
	return (true);
}

/* Returns how much was taken, or -1 where the connection is lost. */
static ssize_t
session_write(struct session *s, const char *data, size_t len)
{
	ssize_t	 n;

	do {
		n = write(s->out_fd, data, len);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return (0);
	return (n);
}

bool
session_output(struct session *s)
{
	ssize_t	 n = 0;
	size_t	 len = out_len;

	out_len = 0;
	if (len == 0 || s->fd == -1)
		return (true);
	if (s->out.data == NULL)
		n = session_write(s, out_buf, len);
	if (n == -1) {
		session_end(s, "connection lost");
		return (false);
	}
	if ((size_t)n < len && !out_append(s, out_buf + n, len - (size_t)n)) {
		session_end(s, "out of memory");
		return (false);
	}
	return (true);
}

bool
session_flush(struct session *s)
{
	struct backlog	*b = &s->out;
	ssize_t		 n;

	n = session_write(s, b->data + b->off, b->len - b->off);
	if (n == -1) {
		session_end(s, "connection lost");
		return (false);
	}
	b->off += (uint32_t)n;
	if (b->off == b->len) {
		backlog_free(b);
		s->since = event_now();
	}
	return (true);
}
