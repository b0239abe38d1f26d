/* SPDX-License-Identifier: ISC */

/* Log lines about a session. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "session_int.h"

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

void
session_log(const struct session *s, int pri, const char *fmt, ...)
{
	char	 id[MSMTPD_ID_MAX], client[CLIENT_MAX], text[LOG_LINE_MAX];
	va_list	 ap;

	id_session(id, &s->id);
	client_text(client, &s->client);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(pri, "session id=%s client=%s: %s", id, client, text);
}

/*
 * A session that brought neither a mail nor an error is logged at debug only:
 * health checks come and go, with or without QUIT.  A client that the daemon
 * sent away, or that took no reply, was no health check.
 */
void
session_log_end(const struct session *s, const char *why)
{
	bool	 quiet;

	if (why == NULL)
		why = "QUIT";
	quiet = strcmp(why, "QUIT") == 0 || (smtp_quiet(s->smtp) &&
	    smtp_reason(s->smtp) == NULL && !output_waits(&s->output));
	session_log(s, quiet ? LOG_DEBUG : LOG_INFO, "ended: %s, mails=%u",
	    why, smtp_mails(s->smtp));
}
