/* SPDX-License-Identifier: ISC */
/* session_mail: a mail's way from the engine to deliver, and its result's. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "account.h"
#include "audit.h"
#include "handoff.h"
#include "mail/verdict.h"
#include "message.h"
#include "owner.h"
#include "received.h"
#include "session_int.h"
#include "status.h"

/* Octets of the first write: most mails are smaller and need no second one. */
#define MAIL_FIRST	8192

/* A mail on its way: from DATA on, until its client can be answered. */
struct mail {
	struct session	*session;
	struct message	 message;
	struct handoff	 handoff;
	bool		 begun;		/* the Received field is written */
};

void
session_mail_free(struct session *s)
{
	struct mail	*m = s->mail;

	if (m == NULL)
		return;
	handoff_cancel(&m->handoff);
	message_close(&m->message);
	free(m);
	s->mail = NULL;
}

static bool
mail_reply(void *arg, const char *buf, size_t len)
{
	struct session	*s = arg;

	return (s->dismissed ? output_last(&s->output, buf, len) :
	    output_add(&s->output, buf, len));
}

static bool
mail_room(void *arg, uint64_t size)
{
	struct session	*s = arg;

	/* Without SIZE, ask whether there is room for one octet. */
	return (account_room(s->owner, size != 0 ? size : 1));
}

/* Returns false, after a log line that says why. */
static bool
mail_failed(const struct session *s)
{
	if (errno == ENOSPC)
		session_log(s, LOG_WARNING, "no memory left for messages, see "
		    "--max-memory");
	else
		session_log(s, LOG_WARNING, "message: %s", strerror(errno));
	return (false);
}

static bool
mail_write(struct mail *m, const char *buf, size_t len)
{
	return (message_write(&m->message, buf, len) == 0 ||
	    mail_failed(m->session));
}

static bool
mail_begin(void *arg, const struct smtp_mail *mail, char *id)
{
	struct session	*s = arg;
	struct mail	*m;

	s->id.mail++;
	id_mail(id, &s->id);
	s->since = event_now();
	s->octets = 0;
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (mail_failed(s));
	if (message_open(&m->message, s->owner) == -1) {
		(void)mail_failed(s);
		free(m);
		return (false);
	}
	m->session = s;
	m->handoff.mail = mail;
	m->handoff.message = &m->message;
	m->handoff.arg = m;
	m->handoff.id = s->id;
	m->handoff.owner = s->owner;
	s->mail = m;
	return (true);
}

/* The Received field; its time is that of the first content.  Returns its
 * octets: 0 where none is wanted. */
static size_t
mail_received(const struct mail *m, char *buf, size_t size)
{
	const struct session	*s = m->session;
	const struct smtp_mail	*mail = m->handoff.mail;
	struct received		 r;
	char			 client[CLIENT_MAX], user[CLIENT_USER_MAX];
	char			 id[MSMTPD_ID_MAX];
	bool			 full = session_conf->received == RECEIVED_FULL;

	if (session_conf->received == RECEIVED_NONE)
		return (0);
	client_literal(client, &s->client);
	client_user(user, &s->client);
	id_mail(id, &s->id);
	r.helo = full ? smtp_helo(s->smtp) : "";
	r.client = full ? client : "";
	r.user = full && s->client.known ? user : "";
	r.host = session_conf->hostname;
	r.protocol = smtp_protocol(s->smtp);
	r.id = id;
	r.rcpt = full && mail->nrcpt == 1 ? mail->rcpts : NULL;
	r.when = time(NULL);
	return (received_format(buf, size, &r));
}

/* Write the Received field and the first content at once: most mails are
 * written with that. */
static bool
mail_first(struct mail *m, const char *buf, size_t len)
{
	char	 head[MAIL_FIRST];
	size_t	 n, part;

	m->begun = true;
	n = mail_received(m, head, MSMTPD_RECEIVED_MAX);
	/* deliver refuses a message of no octets. */
	if (n + len == 0)
		head[n++] = '\n';
	part = len < sizeof(head) - n ? len : sizeof(head) - n;
	memcpy(head + n, buf, part);
	return (mail_write(m, head, n + part) &&
	    (part == len || mail_write(m, buf + part, len - part)));
}

static bool
mail_data(void *arg, const char *buf, size_t len)
{
	struct session	*s = arg;
	struct mail	*m = s->mail;

	return (m->begun ? mail_write(m, buf, len) : mail_first(m, buf, len));
}

static void
mail_abort(void *arg)
{
	session_mail_free(arg);
}

/* Log what the client is told of a mail, how its command ended, and why the
 * mail has failed. */
static void
mail_audit(const struct session *s, const struct smtp_mail *mail,
    uint64_t size, const struct verdict *v, const char *fate, const char *why)
{
	char		 id[MSMTPD_ID_MAX], client[CLIENT_MAX];
	char		 user[CLIENT_USER_MAX];
	struct audit	 a;

	if (v->code != 0)
		status_mail(v);
	/* Mails that cost no command can be too many for the log. */
	if (strcmp(fate, "none") == 0 && !owner_line(s->owner))
		return;
	id_mail(id, &s->id);
	client_text(client, &s->client);
	client_user(user, &s->client);
	a.id = id;
	a.client = client;
	a.who = user;
	a.fate = fate;
	a.why = why;
	a.helo = smtp_helo(s->smtp);
	a.user = smtp_user(s->smtp);
	a.sender = mail->sender;
	a.rcpts = mail->rcpts;
	a.nrcpt = mail->nrcpt;
	a.size = size;
	a.ms = event_now() - s->since;
	a.reply = v->code;
	audit(&a);
}

static void
mail_refused(void *arg, const struct smtp_mail *mail, const struct verdict *v)
{
	struct session	*s = arg;

	/* No time has passed between the message's end and this. */
	s->since = event_now();
	mail_audit(s, mail, mail->size, v, "none", v->text);
}

static void
mail_end(void *arg, const struct smtp_mail *mail)
{
	struct session	*s = arg;

	(void)mail;
	/* deliver ends the daemon where it is given a message without seals,
	 * as only an attacker would send it. */
	if (message_seal(&s->mail->message) == -1)
		fatal("message: cannot seal it");
	s->since = event_now();
	handoff_submit(&s->mail->handoff);
	status_changed();
}

static void
mail_note(void *arg, int pri, const char *text)
{
	session_log(arg, pri, "%s", text);
}

/* Whether id, from a Received field, is that of a mail of this daemon. */
static bool
mail_ours(void *arg, const char *id)
{
	(void)arg;
	return (id_is_mail(id));
}

const struct smtp_ops	 session_ops = {
	.reply = mail_reply,
	.may = session_may,
	.room = mail_room,
	.data_begin = mail_begin,
	.data = mail_data,
	.data_end = mail_end,
	.data_abort = mail_abort,
	.refused = mail_refused,
	.ours = mail_ours,
	.auth = session_auth_ask,
	.note = mail_note
};

/* The result of a mail: struct handoff's callback. */
static void
mail_result(void *arg, const struct imsg_result *r)
{
	struct mail		*m = arg;
	struct session		*s = m->session;
	struct verdict		 v;
	char			 fate[64], why[VERDICT_MAX];

	verdict(&v, r);
	verdict_describe(fate, sizeof(fate), r);
	verdict_why(why, sizeof(why), &v, r);
	mail_audit(s, m->handoff.mail, m->message.size, &v, fate, why);
	session_mail_free(s);
	s->since = event_now();
	smtp_result(s->smtp, &v);
	if (session_stopping())
		smtp_close(s->smtp, "4.3.2", "Server shutting down",
		    "shutdown");
	session_resume(s);
}

bool
session_mail_waits(const struct session *s)
{
	return (s->mail != NULL && s->mail->handoff.state == HANDOFF_QUEUED);
}

uint64_t
session_mail_memory(const struct session *s)
{
	return (s->mail != NULL ? s->mail->message.charged : 0);
}

void
session_mail_drop(struct session *s, const struct verdict *v)
{
	struct mail	*m = s->mail;

	mail_audit(s, m->handoff.mail, m->message.size, v, "none", v->text);
	session_mail_free(s);
	smtp_result(s->smtp, v);
}

int64_t
session_mail_queued(const struct session *s)
{
	return (handoff_queued(&s->mail->handoff));
}

void
session_mail_timeout(struct session *s)
{
	static const struct imsg_result	 late = {
		.outcome = MAIL_TIMEOUT
	};

	session_log(s, LOG_WARNING, "no result from deliver in time%s",
	    s->mail->handoff.state == HANDOFF_SENT ? "; it may still deliver "
	    "the mail" : "");
	handoff_cancel(&s->mail->handoff);
	mail_result(s->mail, &late);
}

void
session_mail_init(struct peer *deliver, uint32_t slots)
{
	handoff_init(deliver, slots, mail_result);
}
