/* SPDX-License-Identifier: ISC */

#include <arpa/inet.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "event.h"
#include "log.h"
#include "session.h"
#include "mail/verdict.h"

#define AUDIT_RCPTS	10	/* recipients that are named */
/* What is shown of a client's words at most, encoded. */
#define FIELD_HELO	128
#define FIELD_ADDRESS	320

static char	 start_id[16];

static void	put(int, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static void
put(int pri, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_vwrite(pri, fmt, ap);
	va_end(ap);
}

/* Short, without anything that an address or a file name could mind. */
static void
base36(char *buf, size_t size, uint64_t v)
{
	static const char	 digits[] =
	    "0123456789abcdefghijklmnopqrstuvwxyz";
	char			 tmp[16];
	size_t			 n = sizeof(tmp) - 1;

	tmp[n] = '\0';
	do {
		tmp[--n] = digits[v % 36];
		v /= 36;
	} while (v > 0);
	strlcpy(buf, tmp + n, size);
}

/* The time of the start makes ids unique across restarts. */
void
session_log_init(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	base36(start_id, sizeof(start_id), (uint64_t)ts.tv_sec * 1000 +
	    (uint64_t)ts.tv_nsec / 1000000);
}

void
session_id(const struct session *s, char *buf)
{
	char	 number[16];

	base36(number, sizeof(number), s->number);
	snprintf(buf, MSMTPD_ID_MAX, "%s.%s", start_id, number);
}

void
session_mail_id(const struct session *s, char *buf)
{
	char	 id[MSMTPD_ID_MAX], number[16];

	session_id(s, id);
	base36(number, sizeof(number), s->mails);
	/* 10 + 7 + 7 at most */
	if (strlcat(id, ".", sizeof(id)) >= sizeof(id) ||
	    strlcat(id, number, sizeof(id)) >= sizeof(id))
		fatalx("id");
	memcpy(buf, id, sizeof(id));
}

void
session_client(const struct session *s, char *buf, bool literal)
{
	const struct client	*c = &s->client;
	char			 text[INET6_ADDRSTRLEN];

	buf[0] = '\0';
	if (c->family == AF_UNSPEC || inet_ntop(c->family, &c->addr, text,
	    sizeof(text)) == NULL)
		return;
	if (literal)
		snprintf(buf, CLIENT_MAX, "%s%s", c->family == AF_INET6 ?
		    "IPv6:" : "", text);
	else
		snprintf(buf, CLIENT_MAX, "[%s]", text);
}

static void
client_text(const struct session *s, char *buf)
{
	size_t	 len;

	session_client(s, buf, false);
	len = strlen(buf);
	if (len == 0)
		strlcpy(buf, "stdin", CLIENT_MAX);
	else
		snprintf(buf + len, CLIENT_MAX - len, ":%u", s->client.port);
}

void
session_log(const struct session *s, int pri, const char *fmt, ...)
{
	char	 id[MSMTPD_ID_MAX], client[CLIENT_MAX], text[LOG_LINE_MAX];
	va_list	 ap;

	session_id(s, id);
	client_text(s, client);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(pri, "session id=%s client=%s: %s", id, client, text);
}

void
session_log_end(const struct session *s, const char *why)
{
	bool	 quiet;

	if (why == NULL)
		why = "QUIT";
	/* Health checks come and go, with or without QUIT; whom we had to
	 * send away, or who took no reply, was none. */
	quiet = strcmp(why, "QUIT") == 0 || (smtp_quiet(s->smtp) &&
	    smtp_reason(s->smtp) == NULL && s->out.data == NULL);
	session_log(s, quiet ? LOG_DEBUG : LOG_INFO, "ended: %s, mails=%u",
	    why, s->mails);
}

/*
 * A client's word as the value of a field: made printable as the log does it,
 * spaces, too, so that the line can be taken apart at its spaces.  No command
 * line with a control character comes this far: one can stand for the space,
 * and is encoded, or cut, as a whole.
 */
static void
field(char *dst, size_t size, const char *src)
{
	char	 text[MSMTPD_ADDRESS_MAX + 1], *p;

	(void)strlcpy(text, src, sizeof(text));
	for (p = text; (p = strchr(p, ' ')) != NULL; )
		*p = '\001';
	(void)log_printable(dst, size, text, strlen(text));
	/* A backslash of the client's is two. */
	for (p = dst; (p = strchr(p, '\\')) != NULL; p += 2)
		if (strncmp(p, "\\001", 4) == 0)
			memcpy(p, "\\040", 4);
}

static void
audit_rcpts(char *dst, size_t size, const struct smtp_mail *mail)
{
	const char	*p = mail->rcpts;
	char		 one[FIELD_ADDRESS + 4];
	size_t		 len = 0, n;
	uint32_t	 i;

	for (i = 0; i < mail->nrcpt && i < AUDIT_RCPTS; i++) {
		one[0] = ',';
		one[1] = '<';
		field(one + 2, FIELD_ADDRESS, p);
		strlcat(one, ">", sizeof(one));
		n = strlen(one);
		/* Whole addresses only, and room for the dots. */
		if (len + n + 5 > size)
			break;
		memcpy(dst + len, one + (i == 0), n - (i == 0));
		len += n - (i == 0);
		p += strlen(p) + 1;
	}
	dst[len] = '\0';
	if (i < mail->nrcpt)
		strlcat(dst, i > 0 ? ",..." : "...", size);
}

/*
 * What is ours stands before what is the client's, so that long addresses cut
 * nothing that matters.
 */
static void
audit(const struct session *s, const struct smtp_mail *mail, uint64_t size,
    int reply, const char *fate)
{
	char	 id[MSMTPD_ID_MAX], client[CLIENT_MAX], helo[FIELD_HELO];
	char	 sender[FIELD_ADDRESS], rcpts[LOG_LINE_MAX];
	char	 line[LOG_LINE_MAX];
	int64_t	 ms = event_now() - s->since;
	int	 n;

	session_mail_id(s, id);
	client_text(s, client);
	field(helo, sizeof(helo), smtp_helo(s->smtp));
	field(sender, sizeof(sender), mail->sender);
	n = snprintf(line, sizeof(line), "mail id=%s client=%s reply=%d "
	    "command=%s size=%llu seconds=%lld.%03lld helo=%s from=<%s> "
	    "nrcpt=%u to=", id, client, reply, fate,
	    (unsigned long long)size, (long long)(ms / 1000),
	    (long long)(ms % 1000), *helo != '\0' ? helo : "-", sender,
	    mail->nrcpt);
	/* The process's name will stand before it. */
	audit_rcpts(rcpts, LOG_LINE_MAX - 16 - (size_t)n, mail);
	strlcat(line, rcpts, sizeof(line));
	log_put(reply == 250 ? LOG_INFO : LOG_WARNING, line);
}

void
session_log_mail(const struct session *s, const struct smtp_mail *mail,
    uint64_t size, const struct imsg_result *r, const struct verdict *v)
{
	char	 fate[64];

	verdict_describe(fate, sizeof(fate), r);
	audit(s, mail, size, v->code, fate);
}

void
session_log_refused(const struct session *s, const struct smtp_mail *mail,
    const struct verdict *v)
{
	audit(s, mail, mail->size, v->code, "none");
}
