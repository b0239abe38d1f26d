/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "smtp_int.h"

/* What is kept of a line that ends in another read, at first. */
#define LINE_SPACE_MIN	128

/* Octets at a line's beginning that decide what it is. */
#define LINE_HEAD	8
/* The same for a field of an HTTP request's header, whose names are shorter. */
#define FIELD_HEAD	64

struct smtp *
smtp_new(const struct config *conf, const struct smtp_ops *ops, void *arg)
{
	struct smtp	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->conf = conf;
	s->ops = ops;
	s->arg = arg;
	s->state = SMTP_CONNECTED;
	s->wait = SMTP_WAIT_COMMAND;
	return (s);
}

/* Forget the beginning of a line, which may hold a password. */
static void
smtp_line_free(struct smtp *s)
{
	if (s->line != NULL)
		explicit_bzero(s->line, s->line_space);
	free(s->line);
	s->line = NULL;
	s->line_len = s->line_space = 0;
}

void
smtp_free(struct smtp *s)
{
	if (s == NULL)
		return;
	smtp_auth_end(s);
	smtp_reset(s);
	smtp_line_free(s);
	free(s->helo);
	free(s);
}

void
smtp_reply(struct smtp *s, const char *reply, size_t len)
{
	if (!s->ops->reply(s->arg, reply, len))
		s->paused = true;
}

void
smtp_say(struct smtp *s, const char *text)
{
	char	 buf[SMTP_REPLY_MAX];
	size_t	 len;

	len = strnlen(text, sizeof(buf) - 2);
	memcpy(buf, text, len);
	memcpy(buf + len, "\r\n", 2);
	smtp_reply(s, buf, len + 2);
}

void
smtp_log(struct smtp *s, int pri, const char *fmt, ...)
{
	char	 buf[1024];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	s->ops->note(s->arg, pri, buf);
}

static void
smtp_log_refused(struct smtp *s, const char *text, const char *what,
    size_t len)
{
	s->busy = true;
	smtp_log(s, LOG_INFO, len == 0 ? "refused: %s" : "refused: %s: %.*s",
	    text, (int)len, what);
}

void
smtp_refuse_rcpt(struct smtp *s, const char *text, const char *what,
    size_t len)
{
	smtp_log_refused(s, text, what, len);
	smtp_say(s, text);
}

void
smtp_refuse(struct smtp *s, const char *text, const char *what, size_t len)
{
	smtp_log_refused(s, text, what, len);
	if (++s->errors >= s->conf->max_errors) {
		smtp_log(s, LOG_INFO, "too many errors");
		smtp_close(s, "4.7.0", "Too many errors", "too many errors");
		return;
	}
	smtp_say(s, text);
}

void
smtp_defer(struct smtp *s, const char *text)
{
	s->busy = true;
	smtp_log(s, LOG_INFO, "deferred: %s", text);
	smtp_say(s, text);
}

void
smtp_greet(struct smtp *s)
{
	char	 buf[SMTP_REPLY_MAX - 2];

	snprintf(buf, sizeof(buf), "220 %s ESMTP msmtpd", s->conf->hostname);
	smtp_say(s, buf);
}

void
smtp_close(struct smtp *s, const char *enhanced, const char *text,
    const char *why)
{
	char	 buf[SMTP_REPLY_MAX - 2];

	if (s->wait == SMTP_WAIT_CLOSE)
		return;
	smtp_log_deferred(s);
	if (smtp_reason(s) != NULL) {
		why = smtp_reason(s);
		text = "The message must end with CR LF . CR LF";
	}
	snprintf(buf, sizeof(buf), "421 %s %s %s", enhanced,
	    s->conf->hostname, text);
	smtp_say(s, buf);
	smtp_auth_end(s);
	smtp_line_free(s);
	s->reason = why;
	s->wait = SMTP_WAIT_CLOSE;
}

/* The first octets, size at most, of the line that goes on with the len octets
 * at buf. */
static size_t
smtp_line_head(const struct smtp *s, const char *buf, size_t len, char *head,
    size_t size)
{
	size_t	 n, more;

	/* It may be a password, which is not copied without need. */
	if (s->step != SMTP_AUTH_NONE)
		return (0);
	n = s->line_len < size ? s->line_len : size;
	if (n > 0)
		memcpy(head, s->line, n);
	more = len < size - n ? len : size - n;
	memcpy(head + n, buf, more);
	return (n + more);
}

/* Whether a line that is too long is of an HTTP request. */
static bool
smtp_long_http(const struct smtp *s, const char *buf, size_t len)
{
	char	 head[FIELD_HEAD];
	bool	 http;

	if (s->state != SMTP_CONNECTED)
		return (false);
	len = smtp_line_head(s, buf, len, head, sizeof(head));
	http = smtp_is_http(head, len);
	/* It may have been AUTH. */
	explicit_bzero(head, sizeof(head));
	return (http);
}

/* How long the line that begins so may be, line end included. */
static size_t
smtp_line_limit(const struct smtp *s, const char *head, size_t len)
{
	if (s->step != SMTP_AUTH_NONE || (s->conf->auth && len >= 5 &&
	    strncasecmp(head, "AUTH ", 5) == 0))
		return (s->conf->max_auth_line);
	return (s->conf->max_line);
}

/* Keep octets of a line.  Not realloc(3), which leaves copies behind. */
static int
smtp_line_add(struct smtp *s, const char *buf, size_t len)
{
	char	*line;
	size_t	 space = s->line_space;

	if (s->line_len + len > space) {
		if (space == 0)
			space = LINE_SPACE_MIN;
		while (space < s->line_len + len)
			space *= 2;
		if ((line = malloc(space)) == NULL)
			return (-1);
		if (s->line != NULL) {
			memcpy(line, s->line, s->line_len);
			explicit_bzero(s->line, s->line_space);
			free(s->line);
		}
		s->line = line;
		s->line_space = (uint32_t)space;
	}
	memcpy(s->line + s->line_len, buf, len);
	s->line_len += (uint32_t)len;
	return (0);
}

/* A swallowed line has ended. */
static void
smtp_line_skipped(struct smtp *s)
{
	enum smtp_skip	 why = s->skip;

	s->commands++;
	s->skip = SMTP_SKIP_NONE;
	smtp_auth_end(s);
	if (why == SMTP_SKIP_LONG)
		smtp_refuse(s, "500 5.5.2 Line too long", "", 0);
	else
		smtp_defer(s, "452 4.3.1 Out of memory, try again later");
}

/* A whole line: the len octets at p end in LF. */
static void
smtp_line(struct smtp *s, char *p, size_t len)
{
	s->commands++;
	len--;
	if (len > 0 && p[len - 1] == '\r')
		len--;
	if (s->step != SMTP_AUTH_NONE)
		smtp_auth_line(s, p, len);
	else
		smtp_command(s, p, len);
}

/* The same, of which the beginning has been kept. */
static void
smtp_line_kept(struct smtp *s)
{
	char	*line = s->line;
	size_t	 len = s->line_len, space = s->line_space;

	s->line = NULL;
	s->line_len = s->line_space = 0;
	smtp_line(s, line, len);
	explicit_bzero(line, space);
	free(line);
}

/* Octets of a command line; returns how many were used, whatever of them is
 * kept or done. */
static size_t
smtp_lines(struct smtp *s, char *buf, size_t len)
{
	char	 head[LINE_HEAD], *lf;
	size_t	 headlen, limit, n = len;
	bool	 http;

	if ((lf = memchr(buf, '\n', len)) != NULL)
		n = (size_t)(lf - buf) + 1;
	if (s->skip != SMTP_SKIP_NONE) {
		if (lf != NULL)
			smtp_line_skipped(s);
		return (n);
	}
	headlen = smtp_line_head(s, buf, n, head, sizeof(head));
	if (s->commands == 0 && headlen >= 2 && head[0] == 0x16 &&
	    head[1] == 0x03) {
		s->busy = true;
		smtp_log(s, LOG_WARNING, "TLS ClientHello");
		smtp_close(s, "4.7.0", "TLS is not spoken here",
		    "TLS ClientHello");
		return (n);
	}
	limit = smtp_line_limit(s, head, headlen);
	if (s->line_len + n > limit) {
		http = smtp_long_http(s, buf, n);
		smtp_line_free(s);
		if (http) {
			smtp_end_http(s);
			return (n);
		}
		s->skip = SMTP_SKIP_LONG;
	} else if (lf != NULL && s->line_len == 0) {
		smtp_line(s, buf, n);
		return (n);
	} else if (smtp_line_add(s, buf, n) == -1) {
		smtp_line_free(s);
		s->skip = SMTP_SKIP_NOMEM;
	}
	if (lf != NULL) {
		if (s->skip != SMTP_SKIP_NONE)
			smtp_line_skipped(s);
		else
			smtp_line_kept(s);
	}
	return (n);
}

size_t
smtp_input(struct smtp *s, char *buf, size_t len)
{
	size_t	 n, used = 0;

	s->paused = false;
	while (used < len && !s->paused) {
		if (s->wait == SMTP_WAIT_COMMAND) {
			n = smtp_lines(s, buf + used, len - used);
			/* All of it: what is a part of AUTH shows too late,
			 * and clients log in where nothing is offered. */
			explicit_bzero(buf + used, n);
			used += n;
		} else if (s->wait == SMTP_WAIT_DATA)
			used += smtp_content(s, buf + used, len - used);
		else
			break;
	}
	return (used);
}

enum smtp_wait
smtp_waits(const struct smtp *s)
{
	return (s->wait);
}

uint32_t
smtp_commands(const struct smtp *s)
{
	return (s->commands);
}

uint32_t
smtp_mails(const struct smtp *s)
{
	return (s->mails);
}

const char *
smtp_reason(const struct smtp *s)
{
	if (s->wait == SMTP_WAIT_DATA && content_unended(&s->tx->content))
		return ("message not ended with CR LF . CR LF");
	return (s->reason);
}

bool
smtp_quiet(const struct smtp *s)
{
	return (!s->busy);
}

const char *
smtp_helo(const struct smtp *s)
{
	return (s->helo != NULL ? s->helo : "");
}

const char *
smtp_protocol(const struct smtp *s)
{
	/* The first index is whether SMTPUTF8 was given, then AUTH. */
	static const char	*const names[2][2] = {
		{ "ESMTP", "ESMTPA" },
		{ "UTF8SMTP", "UTF8SMTPA" }
	};
	bool	 utf8 = s->tx != NULL && s->tx->mail.utf8;

	if (!s->extended && !utf8 && !s->authenticated)
		return ("SMTP");
	return (names[utf8][s->authenticated]);
}
