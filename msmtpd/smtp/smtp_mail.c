/* SPDX-License-Identifier: ISC */
/* smtp_mail: a transaction: MAIL, RCPT, DATA and the message. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "mail/mailbox.h"
#include "mail/msmtp.h"
#include "smtp_int.h"

/* RFC 5321, 4.5.3.1.5: octets of a reply line, with CR LF. */
#define REPLY_LINE_MAX	512
#define RECEIVED_LOOP	100	/* Received fields of a mail that loops */
#define NO_ROOM		"No room now, try again later"
#define TOO_MANY	"452 4.5.3 Too many recipients"
#define RCPT_SYNTAX	"501 5.5.4 Syntax: RCPT TO:<address>"
#define MSMTP_CHANGES	"msmtp cannot send this address unchanged"
#define RCPTS_SPACE_MIN	256	/* octets for recipients, at first */

/* Why the engine refuses a message when it has been received. */
static const struct verdict	 no_room = { 452, "4.3.1", NO_ROOM };
static const struct verdict	 too_large =
    { 552, "5.3.4", "Message too large" };
static const struct verdict	 hops =
    { 554, "5.4.6", "Too many Received fields, a loop" };
static const struct verdict	 loop =
    { 554, "5.4.6", "The mail has been here before, a loop" };

/* Where the path begins in an argument of keyword, "FROM" or "TO", maybe
 * spaces, a colon, a path and parameters; NULL for another argument. */
static const char *
after_keyword(const char *arg, size_t len, const char *keyword)
{
	size_t	 n = strlen(keyword);

	if (len < n || strncasecmp(arg, keyword, n) != 0)
		return (NULL);
	while (n < len && arg[n] == ' ')
		n++;
	return (n < len && arg[n] == ':' ? arg + n + 1 : NULL);
}

/* The replies to paths that are refused: by MAIL, by RCPT. */
#define BOTH(text)	{ "553 5.1.7 " text, "553 5.1.3 " text }
static const char	*const path_refusals[][2] = {
	[MAILBOX_SYNTAX] = BOTH("Address syntax"),
	[MAILBOX_TOO_LONG] = BOTH("Address too long"),
	[MAILBOX_NEEDS_UTF8] = {
	    "553 5.6.7 Non-ASCII address without SMTPUTF8",
	    "553 5.6.7 Non-ASCII address without SMTPUTF8" },
	[MAILBOX_BAD_UTF8] = {
	    "553 5.6.7 Address is not well-formed UTF-8",
	    "553 5.6.7 Address is not well-formed UTF-8" },
	[MAILBOX_DASH] = BOTH("Address begins with a hyphen"),
	[MAILBOX_NAME] = BOTH("Only the address, without a name")
};

/* MAIL's parameters, one bit each, to find repeated ones. */
enum mail_param {
	PARAM_SIZE	= 0x1,
	PARAM_BODY	= 0x2,
	PARAM_SMTPUTF8	= 0x4,
	PARAM_AUTH	= 0x8
};

/* Take one parameter into mail.  Returns NULL, or the reply that refuses it. */
static const char *
mail_param(struct smtp *s, struct smtp_mail *mail,
    const struct smtp_param *param, unsigned int *seen)
{
	unsigned int	 which;
	bool		 good;

	if (smtp_word_is(param->name, param->namelen, "SIZE")) {
		which = PARAM_SIZE;
		good = smtp_param_size(param, &mail->declared) == 0;
	} else if (smtp_word_is(param->name, param->namelen, "BODY")) {
		which = PARAM_BODY;
		mail->body8bit = smtp_word_is(param->value, param->valuelen,
		    "8BITMIME");
		good = mail->body8bit || smtp_word_is(param->value,
		    param->valuelen, "7BIT");
	} else if (!s->conf->no_smtputf8 &&
	    smtp_word_is(param->name, param->namelen, "SMTPUTF8")) {
		which = PARAM_SMTPUTF8;
		mail->utf8 = good = param->value == NULL;
	} else if (s->conf->auth &&
	    smtp_word_is(param->name, param->namelen, "AUTH")) {
		which = PARAM_AUTH;
		good = smtp_param_mailbox(param);
	} else
		return ("555 5.5.4 Parameter not offered");
	if (*seen & which)
		return ("501 5.5.4 Parameter repeated");
	*seen |= which;
	return (good ? NULL : "501 5.5.4 Parameter syntax");
}

static const char *
mail_params(struct smtp *s, struct smtp_mail *mail, const char *p,
    const char *end)
{
	struct smtp_param	 param;
	const char		*refusal;
	unsigned int		 seen = 0;
	int			 n;

	while ((n = smtp_param_next(&p, end, &param)) == 1)
		if ((refusal = mail_param(s, mail, &param, &seen)) != NULL)
			return (refusal);
	return (n == 0 ? NULL : "501 5.5.4 Parameter syntax");
}

/*
 * Parse MAIL's argument into mail; *mbox is the sender within it.  The path is
 * parsed again where SMTPUTF8, which follows the path, was not given.  Returns
 * NULL, or the reply that refuses the argument.
 */
static const char *
mail_parse(struct smtp *s, struct smtp_mail *mail, const char *arg,
    size_t len, const char **mbox, size_t *mboxlen)
{
	const char		*end = arg + len, *path, *refusal, *rest;
	enum mailbox_error	 error;

	if ((path = after_keyword(arg, len, "FROM")) == NULL)
		return ("501 5.5.4 Syntax: MAIL FROM:<address>");
	error = mailbox_path(path, (size_t)(end - path),
	    MAILBOX_UTF8 | MAILBOX_NULL, mbox, mboxlen, &rest);
	if (error != MAILBOX_OK)
		return (path_refusals[error][0]);
	if ((refusal = mail_params(s, mail, rest, end)) != NULL)
		return (refusal);
	if (!mail->utf8) {
		error = mailbox_path(path, (size_t)(end - path), MAILBOX_NULL,
		    mbox, mboxlen, &rest);
		if (error != MAILBOX_OK)
			return (path_refusals[error][0]);
	}
	if (s->conf->msmtp_sender && !msmtp_sends(*mbox, *mboxlen, true))
		return ("553 5.1.7 " MSMTP_CHANGES);
	if (mail->declared > s->conf->max_size)
		return ("552 5.3.4 Message too large");
	return (NULL);
}

/* Room for why a client may not, and for what it may not. */
#define WHAT_MAX	(sizeof(((struct smtp_refusal *)0)->why) + 512)

/* What the log shows of a command that rules refuse.  Returns its length. */
static size_t
refused_what(char buf[WHAT_MAX], const struct smtp_refusal *r,
    const char *arg, size_t len)
{
	snprintf(buf, WHAT_MAX, "%s: %.*s", r->why, (int)len, arg);
	return (strlen(buf));
}

/* Copy a mailbox, which has MSMTPD_ADDRESS_MAX octets at most. */
static const char *
mbox_copy(char buf[MSMTPD_ADDRESS_MAX + 1], const char *mbox, size_t len)
{
	memcpy(buf, mbox, len);
	buf[len] = '\0';
	return (buf);
}

/* Whether the client may send a mail of this sender; otherwise it has been
 * answered. */
static bool
mail_may(struct smtp *s, const char *sender, const char *arg, size_t len)
{
	struct smtp_refusal	 r;
	char			 what[WHAT_MAX];

	if (s->ops->may(s->arg, sender, NULL, &r))
		return (true);
	len = refused_what(what, &r, arg, len);
	smtp_refuse(s, r.reply, what, len);
	return (false);
}

void
smtp_verb_mail(struct smtp *s, char *arg, size_t len)
{
	struct smtp_mail	 mail = { 0 };
	struct smtp_tx		*tx;
	const char		*mbox, *refusal;
	char			 sender[MSMTPD_ADDRESS_MAX + 1];
	size_t			 mboxlen;

	refusal = mail_parse(s, &mail, arg, len, &mbox, &mboxlen);
	if (refusal != NULL) {
		smtp_refuse(s, refusal, arg, len);
		return;
	}
	if (!mail_may(s, mbox_copy(sender, mbox, mboxlen), arg, len))
		return;
	if (!s->ops->room(s->arg, mail.declared) ||
	    (tx = calloc(1, sizeof(*tx))) == NULL) {
		smtp_defer(s, "452 4.3.1 " NO_ROOM);
		return;
	}
	memcpy(tx->sender, sender, mboxlen + 1);
	mail.sender = tx->sender;
	tx->mail = mail;
	s->tx = tx;
	s->state = SMTP_MAIL;
	smtp_say(s, "250 2.1.0 Sender ok");
}

/* Parse RCPT's argument; *mbox is the recipient within it.  Returns NULL, or
 * the reply that refuses the argument. */
static const char *
rcpt_parse(struct smtp *s, const char *arg, size_t len, const char **mbox,
    size_t *mboxlen)
{
	struct smtp_param	 param;
	const char		*end = arg + len, *path, *rest;
	enum mailbox_error	 error;

	if ((path = after_keyword(arg, len, "TO")) == NULL)
		return (RCPT_SYNTAX);
	error = mailbox_path(path, (size_t)(end - path),
	    s->tx->mail.utf8 ? MAILBOX_UTF8 : 0, mbox, mboxlen, &rest);
	if (error != MAILBOX_OK)
		return (path_refusals[error][1]);
	if (s->conf->msmtp && !msmtp_sends(*mbox, *mboxlen, false))
		return ("553 5.1.3 " MSMTP_CHANGES);
	switch (smtp_param_next(&rest, end, &param)) {
	case 0:
		return (NULL);
	case 1:
		return ("555 5.5.4 Parameter not offered");
	default:
		return ("501 5.5.4 Parameter syntax");
	}
}

/* Whether the transaction can have one more recipient, of len octets.  Refused
 * recipients count, but take no room in the command's arguments. */
static bool
rcpt_fits(const struct smtp *s, size_t len)
{
	const struct smtp_mail	*mail = &s->tx->mail;

	return (mail->nrcpt + s->tx->refused < s->conf->max_recipients &&
	    mail->rcpt_octets + len + 1 + (mail->nrcpt + 1) * sizeof(char *) <=
	    s->conf->max_rcpt_octets);
}

/* Answer a recipient that cannot be taken now.  One line logs all of them, as
 * there may be thousands, with why (or ""). */
static void
rcpt_defer(struct smtp *s, const char *reply, const char *why)
{
	struct smtp_tx	*tx = s->tx;
	char		 text[sizeof(tx->deferral)];

	s->busy = true;
	snprintf(text, sizeof(text), "%s%s%s", reply, *why != '\0' ? ": " : "",
	    why);
	if (tx->deferred > 0 && strcmp(tx->deferral, text) != 0)
		smtp_log_deferred(s);
	memcpy(tx->deferral, text, sizeof(text));
	tx->deferred++;
	/* The client may send these recipients in another transaction (RFC
	 * 5321, 4.5.3.1.10), so that the session must not end and lose those
	 * already accepted; but a flood of them ends the session. */
	if ((tx->mail.nrcpt > 0 && tx->deferred <= s->conf->max_recipients) ||
	    !smtp_idles(s))
		smtp_say(s, reply);
}

void
smtp_log_deferred(struct smtp *s)
{
	struct smtp_tx	*tx = s->tx;

	if (tx == NULL || tx->deferred == 0)
		return;
	if (tx->deferred == 1)
		smtp_log(s, LOG_INFO, "deferred: %s", tx->deferral);
	else
		smtp_log(s, LOG_INFO, "deferred: %s (%u recipients)",
		    tx->deferral, tx->deferred);
	tx->deferred = 0;
}

void
smtp_reset(struct smtp *s)
{
	if (s->tx == NULL)
		return;
	smtp_log_deferred(s);
	free(s->tx->mail.rcpts);
	free(s->tx);
	s->tx = NULL;
	s->state = SMTP_GREETED;
}

/* Add a recipient of len octets.  Returns 0, or -1, with nothing changed,
 * where there is no room. */
static int
rcpt_add(struct smtp *s, const char *mbox, size_t len)
{
	struct smtp_mail	*mail = &s->tx->mail;
	size_t			 space = mail->rcpt_space;
	size_t			 used = mail->rcpt_octets;
	char			*rcpts = mail->rcpts;

	if (used + len + 1 > space) {
		if (space == 0)
			space = RCPTS_SPACE_MIN;
		while (space < used + len + 1)
			space *= 2;
		if (!s->ops->room(s->arg, space - mail->rcpt_space) ||
		    (rcpts = realloc(rcpts, space)) == NULL)
			return (-1);
		mail->rcpts = rcpts;
		mail->rcpt_space = space;
	}
	memcpy(rcpts + used, mbox, len);
	rcpts[used + len] = '\0';
	mail->rcpt_octets += len + 1;
	mail->nrcpt++;
	return (0);
}

/* Whether the mail may go to this recipient; otherwise it has been answered,
 * and the others stay. */
static bool
rcpt_may(struct smtp *s, const char *rcpt, const char *arg, size_t len)
{
	struct smtp_refusal	 r;
	char			 what[WHAT_MAX];

	if (s->ops->may(s->arg, s->tx->mail.sender, rcpt, &r))
		return (true);
	if (*r.reply == '4') {
		rcpt_defer(s, r.reply, r.why);
		return (false);
	}
	s->tx->refused++;
	len = refused_what(what, &r, arg, len);
	smtp_refuse_rcpt(s, r.reply, what, len);
	return (false);
}

void
smtp_verb_rcpt(struct smtp *s, char *arg, size_t len)
{
	const char	*mbox, *refusal;
	char		 rcpt[MSMTPD_ADDRESS_MAX + 1];
	size_t		 mboxlen = 0;

	refusal = rcpt_parse(s, arg, len, &mbox, &mboxlen);
	if (refusal != NULL && strcmp(refusal, RCPT_SYNTAX) == 0)
		smtp_refuse(s, refusal, arg, len);
	else if (!rcpt_fits(s, mboxlen))
		rcpt_defer(s, TOO_MANY, "");
	else if (refusal != NULL) {
		s->tx->refused++;
		smtp_refuse_rcpt(s, refusal, arg, len);
	} else if (!rcpt_may(s, mbox_copy(rcpt, mbox, mboxlen), arg, len))
		return;
	else if (rcpt_add(s, mbox, mboxlen) == -1)
		rcpt_defer(s, "452 4.3.1 " NO_ROOM, "");
	else {
		s->state = SMTP_RCPT;
		smtp_say(s, "250 2.1.5 Recipient ok");
	}
}

/* Say what became of the mail.  With the id a user who has only the client's
 * message finds the mail in the log. */
static void
mail_say(struct smtp *s, const struct verdict *verdict)
{
	char	 buf[REPLY_LINE_MAX - 1];

	snprintf(buf, sizeof(buf), "%d %.*s %.*s, id=%s", verdict->code,
	    MSMTPD_ENHANCED_MAX - 1, verdict->enhanced,
	    MSMTPD_WORDS_MAX - 1, verdict->text, s->tx->id);
	smtp_say(s, buf);
}

void
smtp_verb_data(struct smtp *s, char *arg, size_t len)
{
	(void)arg;
	(void)len;
	s->busy = true;
	if (!s->ops->data_begin(s->arg, &s->tx->mail, s->tx->id)) {
		s->ops->refused(s->arg, &s->tx->mail, &no_room);
		mail_say(s, &no_room);
		return;
	}
	smtp_log_deferred(s);
	content_init(&s->tx->content);
	trace_init(&s->tx->trace, s->conf->hostname, s->ops->ours, s->arg);
	preface_init(&s->tx->preface);
	s->tx->refusal = NULL;
	s->wait = SMTP_WAIT_DATA;
	smtp_say(s, "354 End with <CR><LF>.<CR><LF>");
}

/* The reply to a mail that goes round in a loop; NULL: to none. */
static const struct verdict *
content_trace(struct smtp *s, const char *buf, size_t len)
{
	struct trace	*t = &s->tx->trace;

	if (t->header) {
		trace_take(t, buf, len);
		if (t->loop)
			smtp_log(s, LOG_WARNING, "loop: mail id=%s has come "
			    "back; where does --command send it?", t->word);
	}
	if (t->loop)
		return (&loop);
	return (t->received >= RECEIVED_LOOP ? &hops : NULL);
}

/*
 * Hand out content, or refuse the message.  Content that is swallowed for lack
 * of room still counts: a client must not be told to try again with a message
 * that is too large or loops.
 */
static void
content_take(struct smtp *s, const char *buf, size_t len)
{
	struct smtp_tx		*tx = s->tx;
	const struct verdict	*refusal = tx->refusal, *looping;

	if (len == 0)
		return;
	looping = content_trace(s, buf, len);
	tx->mail.size += len;
	if (looping != NULL)
		refusal = looping;
	else if (tx->mail.size - tx->preface.blank > s->conf->max_size)
		refusal = &too_large;
	else if (refusal == NULL && !s->ops->data(s->arg, buf, len))
		refusal = &no_room;
	if (refusal != NULL && tx->refusal == NULL)
		s->ops->data_abort(s->arg);
	tx->refusal = refusal;
}

/* Take content; hold it until it is known what the message begins with.  end:
 * the message ends with this. */
static void
content_more(struct smtp *s, const char *buf, size_t len, bool end)
{
	struct preface	*pf = &s->tx->preface;
	size_t		 taken;

	if (!pf->done) {
		taken = preface_take(pf, buf, len, end);
		if (!pf->done)
			return;
		content_take(s, "\n", pf->blank);
		content_take(s, pf->held + pf->first, pf->len - pf->first);
		buf += taken;
		len -= taken;
	}
	content_take(s, buf, len);
}

/* Take n spaces, as many as the CRs that were withheld. */
static void
content_spaces(struct smtp *s, uint64_t n)
{
	char	 spaces[4096];
	size_t	 len;

	if (n == 0)
		return;
	memset(spaces, ' ', sizeof(spaces));
	for (; n > 0; n -= len) {
		len = n < sizeof(spaces) ? (size_t)n : sizeof(spaces);
		content_more(s, spaces, len, false);
	}
}

/* The mail's final reply, which ends the transaction. */
static void
mail_final(struct smtp *s, const struct verdict *verdict)
{
	mail_say(s, verdict);
	smtp_reset(s);
	s->wait = SMTP_WAIT_COMMAND;
	if (verdict->code == 250) {
		s->mails++;
		s->errors = 0;
	}
}

/* The message has ended: hand the mail out, or say why it was refused. */
static void
content_end(struct smtp *s)
{
	struct smtp_tx	*tx = s->tx;

	s->commands++;
	s->noops = 0;
	/* Of an empty message nothing has been handed out yet. */
	if (tx->refusal == NULL && tx->mail.size == 0 &&
	    !s->ops->data(s->arg, "", 0)) {
		s->ops->data_abort(s->arg);
		tx->refusal = &no_room;
	}
	if (tx->refusal == NULL) {
		s->wait = SMTP_WAIT_RESULT;
		s->ops->data_end(s->arg, &tx->mail);
		return;
	}
	s->busy = true;
	s->ops->refused(s->arg, &tx->mail, tx->refusal);
	mail_final(s, tx->refusal);
}

size_t
smtp_content(struct smtp *s, char *buf, size_t len)
{
	struct content_out	 out;
	size_t			 used;

	used = content_filter(&s->tx->content, buf, len, &out);
	content_spaces(s, out.spaces);
	content_more(s, buf, out.len, out.end);
	if (out.end)
		content_end(s);
	return (used);
}

void
smtp_result(struct smtp *s, const struct verdict *verdict)
{
	if (s->wait == SMTP_WAIT_RESULT)
		mail_final(s, verdict);
}
