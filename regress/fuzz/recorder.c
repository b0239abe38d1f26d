/* SPDX-License-Identifier: ISC */
/* A user of the SMTP engine that writes down and checks all that it is told. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "config.h"
#include "mail/mailbox.h"
#include "recorder.h"
#include "reference.h"

static void
text_add(struct text *t, const void *p, size_t len)
{
	if (t->len + len + 1 > t->space) {
		t->space = (t->len + len + 1) * 2;
		t->p = realloc(t->p, t->space);
		CHECK(t->p != NULL);
	}
	if (len > 0)
		memcpy(t->p + t->len, p, len);
	t->len += len;
	t->p[t->len] = '\0';
}

static void
text_str(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

static void
text_empty(struct text *t)
{
	t->len = 0;
	text_add(t, "", 0);
}

static bool
is_reply(const char *p, size_t len)
{
	size_t	 i;

	if (len < 6 || len > SMTP_REPLY_MAX ||
	    memcmp(p + len - 2, "\r\n", 2) != 0)
		return (false);
	for (i = 0; i < len; i++) {
		if (p[i] == '\r' && p[i + 1] == '\n' && i + 1 < len)
			i++;
		else if (p[i] < ' ' || p[i] > '~')
			return (false);
	}
	return (p[0] >= '2' && p[0] <= '5' && isdigit((unsigned char)p[1]) &&
	    isdigit((unsigned char)p[2]) && (p[3] == ' ' || p[3] == '-'));
}

/* Whether "2.1.0 " stands there (RFC 2034, 4: up to three digits a number). */
static bool
is_enhanced(const char *p)
{
	size_t	 subject, detail;

	if (!isdigit((unsigned char)p[0]) || p[1] != '.')
		return (false);
	subject = strspn(p + 2, "0123456789");
	if (subject < 1 || subject > 3 || p[2 + subject] != '.')
		return (false);
	p += 3 + subject;
	detail = strspn(p, "0123456789");
	return (detail >= 1 && detail <= 3 && p[detail] == ' ');
}

/* "250" or "250 2.1.0" of the reply. */
static void
add_code(struct recorder *r, const char *p, size_t len)
{
	text_add(&r->codes, p, 3);
	if (len > 9 && p[3] == ' ' && is_enhanced(p + 4)) {
		CHECK(p[4] == p[0] && p[0] != '3');
		text_add(&r->codes, p + 3, strcspn(p + 4, " ") + 1);
	} else
		CHECK(p[0] == '3' || memcmp(p, "220", 3) == 0 ||
		    memcmp(p, "250", 3) == 0);
	text_str(&r->codes, ",");
}

static bool
rec_reply(void *arg, const char *p, size_t len)
{
	struct recorder	*r = arg;
	bool		 pause = r->pauses & 1;

	CHECK(is_reply(p, len));
	/* Only the process that checks passwords, which may be slow, lets a
	 * login fail. */
	CHECK(r->auth_asked || (memcmp(p, "535", 3) != 0 &&
	    memmem(p, len, "authentication fail", 19) == NULL));
	r->auth_asked = false;
	r->pauses = r->pauses >> 1 | r->pauses << 31;
	r->nreplies++;
	text_add(&r->replies, p, len);
	text_add(&r->events, p, len);
	add_code(r, p, len);
	return (!pause);
}

static bool
rec_room(void *arg, uint64_t size)
{
	struct recorder	*r = arg;

	return (size <= r->max_declared);
}

static void
check_mail(const struct recorder *r, const struct smtp_mail *mail)
{
	const char	*p = mail->rcpts;
	int		 flags = mail->utf8 ? MAILBOX_UTF8 : 0;
	uint32_t	 i;

	CHECK(*mail->sender == '\0' ||
	    mailbox_valid(mail->sender, strlen(mail->sender), flags));
	CHECK(mail->nrcpt > 0 && mail->nrcpt <= r->conf.max_recipients);
	for (i = 0; i < mail->nrcpt; i++, p += strlen(p) + 1)
		CHECK(mailbox_valid(p, strlen(p), flags));
	CHECK(p == mail->rcpts + mail->rcpt_octets);
	CHECK(mail->rcpt_octets + mail->nrcpt * sizeof(char *) <=
	    r->conf.max_rcpt_octets);
}

static bool
rec_begin(void *arg, const struct smtp_mail *mail, char *id)
{
	struct recorder	*r = arg;

	CHECK(!r->mail_open);
	CHECK(mail->size == 0);
	check_mail(r, mail);
	CHECK(!r->mail_untold);
	r->mail_untold = true;
	strlcpy(id, RECORDER_ID, MSMTPD_ID_MAX);
	if (!r->begin)
		return (false);
	r->mail_open = true;
	r->mail_fed = false;
	r->nbegin++;
	text_empty(&r->content);
	text_empty(&r->raw);
	text_str(&r->events, "{begin}\n");
	return (true);
}

static bool
rec_data(void *arg, const char *p, size_t len)
{
	struct recorder	*r = arg;

	CHECK(r->mail_open);
	/* Nothing at all only where there is nothing else. */
	CHECK((len > 0 || !r->mail_fed) && memchr(p, '\r', len) == NULL);
	/* One octet may be the empty line that the client has not sent. */
	CHECK(r->content.len + len <= r->conf.max_size +
	    ((r->content.len > 0 ? r->content.p[0] : *p) == '\n'));
	r->mail_fed = true;
	r->ndata++;
	if (r->full || r->content.len + len > r->max_content)
		return (false);
	text_add(&r->content, p, len);
	return (true);
}

static void
rec_end(void *arg, const struct smtp_mail *mail)
{
	struct recorder	*r = arg;
	char		 buf[128];
	const char	*p = mail->rcpts;
	uint32_t	 i;

	CHECK(r->mail_open && r->mail_fed);
	r->mail_open = r->mail_untold = false;
	r->nend++;
	check_mail(r, mail);
	CHECK(mail->size == r->content.len);
	CHECK(mail->size == 0 || r->content.p[mail->size - 1] == '\n');
	snprintf(buf, sizeof(buf), "{end %s %u %llu utf8=%d 8bit=%d from ",
	    smtp_protocol(r->smtp), mail->nrcpt,
	    (unsigned long long)mail->declared, mail->utf8, mail->body8bit);
	text_str(&r->events, buf);
	text_str(&r->events, mail->sender);
	for (i = 0; i < mail->nrcpt; i++, p += strlen(p) + 1) {
		text_str(&r->events, " to ");
		text_str(&r->events, p);
	}
	text_str(&r->events, ": ");
	text_add(&r->events, r->content.p, r->content.len);
	text_str(&r->events, "}\n");
}

static void
rec_abort(void *arg)
{
	struct recorder	*r = arg;

	CHECK(r->mail_open);
	r->mail_open = false;
	r->nabort++;
	text_str(&r->events, "{abort}\n");
}

static void
rec_auth(void *arg, const char *user, const char *pass)
{
	struct recorder	*r = arg;

	CHECK(strlen(user) < MSMTPD_AUTH_MAX && strlen(pass) < MSMTPD_AUTH_MAX);
	r->auth_asked = true;
	r->auth_good = strcmp(user, "user") == 0 && strcmp(pass, "secret") == 0;
	r->auth_down = strcmp(user, "down") == 0;
	text_str(&r->events, "{auth ");
	text_str(&r->events, user);
	text_str(&r->events, " ");
	text_str(&r->events, pass);
	text_str(&r->events, "}\n");
}

static void
rec_note(void *arg, int pri, const char *text)
{
	struct recorder	*r = arg;

	CHECK(strchr(text, '\n') == NULL);
	text_str(&r->events, pri == 4 ? "{warning: " : "{info: ");
	text_str(&r->events, text);
	text_str(&r->events, "}\n");
}

static void
rec_refused(void *arg, const struct smtp_mail *mail,
    const struct verdict *verdict)
{
	struct recorder	*r = arg;
	char		 code[8];

	CHECK(mail->nrcpt > 0);
	CHECK(r->mail_untold);
	r->mail_untold = false;
	snprintf(code, sizeof(code), "%d ", verdict->code);
	text_str(&r->events, "{refused: ");
	text_str(&r->events, code);
	text_str(&r->events, verdict->enhanced);
	text_str(&r->events, " ");
	text_str(&r->events, verdict->text);
	text_str(&r->events, ": from <");
	text_str(&r->events, mail->sender);
	text_str(&r->events, ">}\n");
}

/* Nobody may send from, or to, an address that begins with "no", and not now
 * "later". */
static bool
rec_may(void *arg, const char *sender, const char *rcpt,
    struct smtp_refusal *no)
{
	const char	*about = rcpt != NULL ? rcpt : sender;

	(void)arg;
	if (strncmp(about, "no", 2) != 0 && strncmp(about, "later", 5) != 0)
		return (true);
	snprintf(no->reply, sizeof(no->reply), *about == 'n' ?
	    "550 5.7.1 No" : "450 4.7.1 Later");
	snprintf(no->why, sizeof(no->why), "rules, line 7");
	return (false);
}

static bool
rec_ours(void *arg, const char *id)
{
	(void)arg;
	return (strcmp(id, RECORDER_OURS) == 0);
}

static const struct smtp_ops	 ops = {
	.reply = rec_reply,
	.may = rec_may,
	.room = rec_room,
	.data_begin = rec_begin,
	.data = rec_data,
	.data_end = rec_end,
	.data_abort = rec_abort,
	.refused = rec_refused,
	.ours = rec_ours,
	.auth = rec_auth,
	.note = rec_note
};

void
recorder_init(struct recorder *r)
{
	memset(r, 0, sizeof(*r));
	config_default(&r->conf);
	r->max_declared = r->max_content = UINT64_MAX;
	r->begin = true;
	r->verdict.code = 250;
	r->verdict.enhanced = "2.0.0";
	r->verdict.text = "Taken";
	text_empty(&r->replies);
	text_empty(&r->codes);
	text_empty(&r->events);
	text_empty(&r->content);
	text_empty(&r->raw);
	text_empty(&r->rest);
}

void
recorder_start(struct recorder *r)
{
	r->smtp = smtp_new(&r->conf, &ops, r);
	CHECK(r->smtp != NULL);
	smtp_greet(r->smtp);
	text_empty(&r->codes);
}

void
recorder_free(struct recorder *r)
{
	CHECK(r->nbegin == r->nend + r->nabort + r->mail_open);
	if (r->smtp != NULL)
		smtp_gone(r->smtp, "gone");
	CHECK(!r->mail_untold);
	smtp_free(r->smtp);
	free(r->replies.p);
	free(r->codes.p);
	free(r->events.p);
	free(r->content.p);
	free(r->raw.p);
	free(r->rest.p);
}

void
recorder_answer(struct recorder *r)
{
	uint32_t	 before = r->nreplies;

	switch (smtp_waits(r->smtp)) {
	case SMTP_WAIT_RESULT:
		r->ntaken += r->verdict.code == 250;
		smtp_result(r->smtp, &r->verdict);
		break;
	case SMTP_WAIT_AUTH:
		smtp_auth_result(r->smtp, r->auth_good, r->auth_down);
		break;
	default:
		return;
	}
	CHECK(r->nreplies == before + 1);
	CHECK(smtp_waits(r->smtp) == SMTP_WAIT_COMMAND ||
	    smtp_waits(r->smtp) == SMTP_WAIT_CLOSE);
}

/*
 * A reply for each command: the greeting is one more, and while a result is
 * awaited one is owing.  What ends the session may come before a line's end.
 */
static void
check_count(const struct recorder *r)
{
	enum smtp_wait	 wait = smtp_waits(r->smtp);
	uint32_t	 commands = smtp_commands(r->smtp);

	if (wait == SMTP_WAIT_COMMAND || wait == SMTP_WAIT_DATA)
		CHECK(r->nreplies == commands + 1);
	else if (wait == SMTP_WAIT_CLOSE)
		CHECK(r->nreplies == commands + 1 ||
		    r->nreplies == commands + 2);
	else
		CHECK(r->nreplies == commands);
	CHECK(smtp_mails(r->smtp) == r->ntaken);
	CHECK(r->mail_open == false || wait == SMTP_WAIT_DATA ||
	    wait == SMTP_WAIT_CLOSE);
}

static bool
is_zero(const char *p, size_t len)
{
	size_t	 i;

	for (i = 0; i < len && p[i] == '\0'; i++)
		continue;
	return (i == len);
}

/* Give what is left to the engine until it takes no more. */
static void
recorder_push(struct recorder *r)
{
	char		*buf;
	size_t		 len, used;
	uint32_t	 before, nbegin;
	bool		 command;

	for (;;) {
		if (!r->hold)
			recorder_answer(r);
		if (smtp_waits(r->smtp) == SMTP_WAIT_CLOSE)
			r->rest.len = 0;
		if ((len = r->rest.len) == 0)
			break;
		/* memory of its own, so that a sanitizer sees its bounds */
		buf = malloc(len);
		CHECK(buf != NULL);
		memcpy(buf, r->rest.p, len);
		before = r->nreplies;
		nbegin = r->nbegin;
		command = smtp_waits(r->smtp) == SMTP_WAIT_COMMAND;
		used = smtp_input(r->smtp, buf, len);
		CHECK(used <= len);
		/* what was no content may have been a password */
		if (command && r->nbegin == nbegin)
			CHECK(is_zero(buf, used));
		if (used < len) {
			/* what it has not used it has not changed */
			CHECK(memcmp(buf + used, r->rest.p + used,
			    len - used) == 0);
			CHECK(r->nreplies > before ||
			    smtp_waits(r->smtp) >= SMTP_WAIT_RESULT);
		}
		free(buf);
		memmove(r->rest.p, r->rest.p + used, len - used);
		r->rest.len -= used;
		check_count(r);
		if (used == 0)
			break;
	}
}

void
recorder_feed(struct recorder *r, const char *p, size_t len)
{
	text_add(&r->rest, p, len);
	recorder_push(r);
}

void
recorder_send(struct recorder *r, const char *s)
{
	recorder_feed(r, s, strlen(s));
}

/* A message has come to its end: it must be what the reference makes of it. */
static void
check_content(const struct recorder *r)
{
	char	*want;
	size_t	 len = 0;

	want = malloc(r->raw.len + 1);
	CHECK(want != NULL);
	CHECK(reference_message(r->raw.p, r->raw.len, want, &len) ==
	    r->raw.len);
	CHECK(len == r->content.len && memcmp(want, r->content.p, len) == 0);
	free(want);
}

void
recorder_octets(struct recorder *r, const char *p, size_t len)
{
	enum smtp_wait	 before;
	uint32_t	 nend = r->nend;
	size_t		 i, outlen;

	for (i = 0; i < len; i++) {
		before = smtp_waits(r->smtp);
		if (before == SMTP_WAIT_DATA)
			text_add(&r->raw, p + i, 1);
		recorder_feed(r, p + i, 1);
		if (before != SMTP_WAIT_DATA)
			continue;
		if (r->nend != nend) {
			check_content(r);
			nend = r->nend;
		} else if (smtp_waits(r->smtp) == SMTP_WAIT_DATA &&
		    r->raw.len < 100)
			CHECK(reference_content(r->raw.p, r->raw.len,
			    (char [100]){ 0 }, &outlen) == 0);
	}
}
