/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "event.h"
#include "handoff.h"
#include "log.h"
#include "message.h"
#include "peer.h"
#include "received.h"
#include "session.h"
#include "mail/verdict.h"

/* Most mails are smaller, and are written at once. */
#define MAIL_FIRST	8192

static bool
mail_room(void *arg, uint64_t size)
{
	(void)arg;
	/* Without SIZE, ask whether there is anything left. */
	return (message_room(size != 0 ? size : 1));
}

static bool
mail_write(struct session *s, const char *buf, size_t len)
{
	if (message_write(&s->message, buf, len) == 0)
		return (true);
	if (errno == ENOSPC)
		session_log(s, LOG_WARNING, "no memory left for messages, see "
		    "--max-memory");
	else
		session_log(s, LOG_WARNING, "message: %s", strerror(errno));
	return (false);
}

static bool
mail_begin(void *arg, const struct smtp_mail *mail)
{
	struct session	*s = arg;

	s->mails++;
	s->since = event_now();
	s->octets = 0;
	s->begun = false;
	if (message_open(&s->message) == -1) {
		session_log(s, LOG_WARNING, "message: %s", errno == ENOSPC ?
		    "no memory left, see --max-memory" : strerror(errno));
		return (false);
	}
	s->handoff.mail = mail;
	return (true);
}

/* Its time is that of the first content. */
static size_t
mail_received(struct session *s, char *buf, size_t size)
{
	const struct smtp_mail	*mail = s->handoff.mail;
	struct received		 r;
	char			 client[CLIENT_MAX], id[MSMTPD_ID_MAX];

	session_client(s, client, true);
	session_mail_id(s, id);
	r.helo = smtp_helo(s->smtp);
	r.client = client;
	r.host = session_conf->hostname;
	r.protocol = smtp_protocol(s->smtp);
	r.id = id;
	r.rcpt = mail->nrcpt == 1 ? mail->rcpts : NULL;
	r.when = time(NULL);
	return (received_format(buf, size, &r));
}

/* Our Received field and what comes first, in one write: all of most mails. */
static bool
mail_first(struct session *s, const char *buf, size_t len)
{
	char	 head[MAIL_FIRST];
	size_t	 n, part;

	s->begun = true;
	n = mail_received(s, head, MSMTPD_RECEIVED_MAX);
	/* A line that begins with a space would be part of that field; it is
	 * none of a header, so it is put where the body is. */
	if (len > 0 && (*buf == ' ' || *buf == '\t'))
		head[n++] = '\n';
	part = len < sizeof(head) - n ? len : sizeof(head) - n;
	memcpy(head + n, buf, part);
	return (mail_write(s, head, n + part) &&
	    (part == len || mail_write(s, buf + part, len - part)));
}

static bool
mail_data(void *arg, const char *buf, size_t len)
{
	struct session	*s = arg;

	return (s->begun ? mail_write(s, buf, len) : mail_first(s, buf, len));
}

static void
mail_abort(void *arg)
{
	struct session	*s = arg;

	message_close(&s->message);
}

static void
mail_refused(void *arg, const struct smtp_mail *mail,
    const struct verdict *verdict)
{
	session_log_refused(arg, mail, verdict);
}

static void
mail_end(void *arg, const struct smtp_mail *mail)
{
	struct session	*s = arg;

	/* deliver refuses what is not sealed, so this cannot be passed over;
	 * handing over what cannot be sealed would end the daemon. */
	if (message_seal(&s->message) == -1)
		fatal("message: cannot seal it");
	s->since = event_now();
	handoff_submit(&s->handoff, mail, &s->message);
}

static void
mail_auth(void *arg, const char *user, const char *pass)
{
	struct session		*s = arg;
	struct imsg_auth	 auth;

	memset(&auth, 0, sizeof(auth));
	strlcpy(auth.user, user, sizeof(auth.user));
	strlcpy(auth.pass, pass, sizeof(auth.pass));
	/* A lost request ends in the session's time-out. */
	if (peer_send(session_parent, IMSG_AUTH, s->number, -1, &auth,
	    sizeof(auth)) == -1)
		session_log(s, LOG_WARNING, "AUTH: cannot ask the parent: %s",
		    strerror(errno));
	else
		s->asking = true;
	explicit_bzero(&auth, sizeof(auth));
}

bool
session_auth_cancel(struct session *s)
{
	if (s->asking && peer_send(session_parent, IMSG_AUTH_CANCEL,
	    s->number, -1, NULL, 0) == -1) {
		session_log(s, LOG_WARNING, "AUTH: cannot tell the parent: %s",
		    strerror(errno));
		return (false);
	}
	s->asking = false;
	return (true);
}

static void
mail_note(void *arg, int pri, const char *text)
{
	session_log(arg, pri, "%s", text);
}

const struct smtp_ops	 session_ops = {
	.reply = session_reply,
	.room = mail_room,
	.data_begin = mail_begin,
	.data = mail_data,
	.data_end = mail_end,
	.data_abort = mail_abort,
	.refused = mail_refused,
	.auth = mail_auth,
	.note = mail_note
};

static struct session *
handoff_session(struct handoff *h)
{
	return ((struct session *)(void *)((char *)h -
	    offsetof(struct session, handoff)));
}

static void
mail_name(const struct handoff *h, char *id)
{
	const struct session	*s = (const void *)((const char *)h -
				    offsetof(struct session, handoff));

	session_mail_id(s, id);
}

static void
mail_result(struct session *s, const struct imsg_result *r)
{
	const struct verdict	*v = verdict(r);

	session_log_mail(s, s->handoff.mail, s->message.size, r, v);
	message_close(&s->message);
	s->since = event_now();
	smtp_result(s->smtp, v);
	if (session_stopping())
		smtp_close(s->smtp, "4.3.2", "Server shutting down",
		    "shutdown");
	session_resume(s);
}

static void
mail_done(struct handoff *h, const struct imsg_result *r)
{
	mail_result(handoff_session(h), r);
}

void
session_mail_timeout(struct session *s)
{
	static const struct imsg_result	 late = { MAIL_TIMEOUT, 0 };

	session_log(s, LOG_WARNING, "no result from deliver in time%s",
	    s->handoff.state == HANDOFF_SENT ? "; it may still deliver the "
	    "mail" : "");
	handoff_cancel(&s->handoff);
	mail_result(s, &late);
}

void
session_mail_init(struct peer *deliver, uint32_t slots)
{
	handoff_init(deliver, slots, mail_name, mail_done);
}
