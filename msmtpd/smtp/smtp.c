/* SPDX-License-Identifier: ISC */
/* smtp: a session: its lines, its replies, its end. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "smtp_int.h"

#define LINE_SPACE_MIN	128	/* octets for a line's beginning, at first */

/* Octets at a line's beginning that decide what the line is; the names of the
 * fields in an HTTP request's header are shorter. */
#define LINE_HEAD	64

/* What a line is, as its beginning says before the line has ended. */
enum line_kind {
	LINE_COMMAND,
	LINE_AUTH,		/* a part of AUTH's exchange */
	LINE_HTTP,
	LINE_TLS
};

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
	freezero(s->line, s->line_space);
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
	free(s->user);
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
	if (++s->errors >= s->conf->max_errors)
		smtp_end(s, LOG_INFO, "Too many errors", "too many errors");
	else
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
	char		 buf[SMTP_REPLY_MAX - 2];
	struct verdict	 v = { 421, enhanced, text };
	bool		 data = s->wait == SMTP_WAIT_DATA;

	if (s->wait == SMTP_WAIT_CLOSE)
		return;
	smtp_log_deferred(s);
	if (smtp_reason(s) != NULL) {
		why = smtp_reason(s);
		v.text = "The message must end with CR LF . CR LF";
	}
	snprintf(buf, sizeof(buf), "421 %s %s %s%s%s", enhanced,
	    s->conf->hostname, v.text, data ? ", id=" : "",
	    data ? s->tx->id : "");
	/* The mail that is being received gets no other reply. */
	if (data)
		s->ops->refused(s->arg, &s->tx->mail, &v);
	smtp_say(s, buf);
	smtp_auth_end(s);
	smtp_line_free(s);
	s->reason = why;
	s->wait = SMTP_WAIT_CLOSE;
}

void
smtp_gone(struct smtp *s, const char *why)
{
	struct verdict	 v = { 0, "", why };

	if (s->wait != SMTP_WAIT_DATA)
		return;
	s->ops->refused(s->arg, &s->tx->mail, &v);
	s->wait = SMTP_WAIT_CLOSE;
}

void
smtp_end(struct smtp *s, int pri, const char *text, const char *why)
{
	s->busy = true;
	smtp_log(s, pri, "%s", why);
	smtp_close(s, "4.7.0", text, why);
}

/* What the line is that has begun with what is kept and goes on with the len
 * octets at buf. */
static enum line_kind
smtp_line_kind(const struct smtp *s, const char *buf, size_t len)
{
	char		 head[LINE_HEAD];
	size_t		 more, n;
	enum line_kind	 kind = LINE_COMMAND;

	if (s->step != SMTP_AUTH_NONE)
		return (LINE_AUTH);
	n = s->line_len < sizeof(head) ? s->line_len : sizeof(head);
	if (n > 0)
		memcpy(head, s->line, n);
	more = len < sizeof(head) - n ? len : sizeof(head) - n;
	memcpy(head + n, buf, more);
	n += more;
	if (s->commands == 0 && n >= 2 && head[0] == 0x16 && head[1] == 0x03)
		kind = LINE_TLS;
	else if (s->state == SMTP_CONNECTED && smtp_is_http(head, n))
		kind = LINE_HTTP;
	else if (s->conf->auth && n >= 5 && strncasecmp(head, "AUTH ", 5) == 0)
		kind = LINE_AUTH;
	/* AUTH may have a password as its argument. */
	explicit_bzero(head, sizeof(head));
	return (kind);
}

/* Keep octets of a line.  Returns 0, or -1 with errno ENOMEM and nothing
 * changed. */
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
		/* realloc(3) would leave a copy of a password behind. */
		line = recallocarray(s->line, s->line_space, space, 1);
		if (line == NULL)
			return (-1);
		s->line = line;
		s->line_space = (uint32_t)space;
	}
	memcpy(s->line + s->line_len, buf, len);
	s->line_len += (uint32_t)len;
	return (0);
}

/* The end of a line that was swallowed has come. */
static void
smtp_line_skipped(struct smtp *s)
{
	const char	*reply = s->skip;

	s->commands++;
	s->skip = NULL;
	smtp_auth_end(s);
	if (*reply == '5')
		smtp_refuse(s, reply, "", 0);
	else
		smtp_defer(s, reply);
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

/* A whole line, all of which has been kept. */
static void
smtp_line_kept(struct smtp *s)
{
	char	*line = s->line;
	size_t	 len = s->line_len, space = s->line_space;

	s->line = NULL;
	s->line_len = s->line_space = 0;
	smtp_line(s, line, len);
	freezero(line, space);
}

/* Take octets of one line: it is done if its end is among them, else kept.
 * Returns how many were taken. */
static size_t
smtp_lines(struct smtp *s, char *buf, size_t len)
{
	char		*lf;
	size_t		 limit, n = len;
	enum line_kind	 kind;

	if ((lf = memchr(buf, '\n', len)) != NULL)
		n = (size_t)(lf - buf) + 1;
	if (s->skip != NULL) {
		if (lf != NULL)
			smtp_line_skipped(s);
		return (n);
	}
	kind = smtp_line_kind(s, buf, n);
	limit = kind == LINE_AUTH ? s->conf->max_auth_line : s->conf->max_line;
	if (kind == LINE_TLS) {
		smtp_end(s, LOG_WARNING, "TLS is not spoken here",
		    "TLS ClientHello");
		return (n);
	}
	if (s->line_len + n > limit && kind == LINE_HTTP) {
		smtp_end(s, LOG_WARNING, HTTP_REPLY, HTTP_REASON);
		return (n);
	}
	if (s->line_len + n > limit) {
		smtp_line_free(s);
		s->skip = "500 5.5.2 Line too long";
	} else if (lf != NULL && s->line_len == 0) {
		smtp_line(s, buf, n);
		return (n);
	} else if (smtp_line_add(s, buf, n) == -1) {
		smtp_line_free(s);
		s->skip = "452 4.3.1 Out of memory, try again later";
	}
	if (lf != NULL && s->skip != NULL)
		smtp_line_skipped(s);
	else if (lf != NULL)
		smtp_line_kept(s);
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
			/* Any line may hold a password: clients send AUTH
			 * where none is offered, and in pieces. */
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
smtp_user(const struct smtp *s)
{
	return (s->authenticated ? s->user : "");
}

size_t
smtp_memory(const struct smtp *s)
{
	return (s->line_space + (s->tx != NULL ? sizeof(*s->tx) +
	    s->tx->mail.rcpt_space : 0));
}

bool
smtp_transaction(const struct smtp *s)
{
	return (s->tx != NULL);
}

const char *
smtp_protocol(const struct smtp *s)
{
	/* Indices: whether SMTPUTF8 was given, whether AUTH was. */
	static const char	*const names[2][2] = {
		{ "ESMTP", "ESMTPA" },
		{ "UTF8SMTP", "UTF8SMTPA" }
	};
	bool	 utf8 = s->tx != NULL && s->tx->mail.utf8;
	/* Nobody has looked at the password of --auth-any. */
	bool	 auth = s->authenticated && s->conf->auth != AUTH_ANY;

	if (!s->extended && !utf8 && !auth)
		return ("SMTP");
	return (names[utf8][auth]);
}
