/* SPDX-License-Identifier: ISC */
/* smtp_verb: the table of verbs, and those that concern no mail. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "smtp_int.h"

#define HELO_MAX	255

static void	smtp_verb_ehlo(struct smtp *, char *, size_t);
static void	smtp_verb_helo(struct smtp *, char *, size_t);
static void	smtp_verb_rset(struct smtp *, char *, size_t);
static void	smtp_verb_noop(struct smtp *, char *, size_t);
static void	smtp_verb_vrfy(struct smtp *, char *, size_t);
static void	smtp_verb_help(struct smtp *, char *, size_t);
static void	smtp_verb_quit(struct smtp *, char *, size_t);

/* Whether a verb has an argument; 501 where it has none, or one too many. */
enum verb_arg {
	ARG_NONE,
	ARG_MAY,
	ARG_MUST,
	ARG_NOLOG		/* must, and the log does not show it */
};

/*
 * The verbs: in which states each is allowed (503 in others; no state: 502),
 * and whether it is refused (530) before AUTH where --auth demands that.
 */
static const struct verb {
	const char	*name;
	unsigned int	 states;
	bool		 needs_auth;
	enum verb_arg	 arg;
	void		(*handler)(struct smtp *, char *, size_t);
} verbs[] = {
	{ "EHLO", SMTP_ANY, false, ARG_MAY, smtp_verb_ehlo },
	{ "HELO", SMTP_ANY, false, ARG_MAY, smtp_verb_helo },
	{ "AUTH", SMTP_GREETED, false, ARG_NOLOG, smtp_verb_auth },
	{ "MAIL", SMTP_GREETED, true, ARG_MUST, smtp_verb_mail },
	{ "RCPT", SMTP_MAIL | SMTP_RCPT, true, ARG_MUST, smtp_verb_rcpt },
	{ "DATA", SMTP_RCPT, true, ARG_NONE, smtp_verb_data },
	{ "RSET", SMTP_ANY, false, ARG_NONE, smtp_verb_rset },
	{ "NOOP", SMTP_ANY, false, ARG_MAY, smtp_verb_noop },
	{ "VRFY", SMTP_ANY, false, ARG_MUST, smtp_verb_vrfy },
	{ "HELP", SMTP_ANY, false, ARG_MAY, smtp_verb_help },
	{ "QUIT", SMTP_ANY, false, ARG_NONE, smtp_verb_quit },
	{ "EXPN", 0, false, ARG_MAY, NULL },
	{ "STARTTLS", 0, false, ARG_MAY, NULL },
	{ "BDAT", 0, false, ARG_MAY, NULL }
};
#define NVERBS	(sizeof(verbs) / sizeof(verbs[0]))

bool
smtp_word_is(const char *s, size_t len, const char *word)
{
	return (strlen(word) == len && strncasecmp(s, word, len) == 0);
}

size_t
smtp_trim(const char *line, size_t len)
{
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	return (len);
}

static const struct verb *
verb_find(const char *name, size_t len)
{
	size_t	 i;

	for (i = 0; i < NVERBS; i++)
		if (smtp_word_is(name, len, verbs[i].name))
			return (&verbs[i]);
	return (NULL);
}

/* Whether the line begins as a header field does, with a name, maybe white
 * space and a colon, and the name is no verb. */
static bool
is_field(const char *line, size_t len)
{
	size_t	 name, n;

	for (n = 0; n < len && line[n] > ' ' && line[n] <= '~' &&
	    line[n] != ':'; n++)
		continue;
	name = n;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	return (name > 0 && n < len && line[n] == ':' &&
	    verb_find(line, name) == NULL);
}

/*
 * A web page can make a browser send any method, even one of our verbs, and any
 * body, but no request without " HTTP/" and header fields.
 */
bool
smtp_is_http(const char *line, size_t len)
{
	static const char	*const methods[] = { "GET ", "POST ", "PUT ",
				    "HEAD ", "OPTIONS ", "CONNECT ",
				    "DELETE ", "PATCH " };
	static const char	 version[] = " HTTP/";
	const size_t		 versionlen = sizeof(version) - 1;
	size_t			 i, n;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		n = strlen(methods[i]);
		if (len >= n && strncasecmp(line, methods[i], n) == 0)
			return (true);
	}
	for (i = 0; i + versionlen <= len; i++)
		if (strncasecmp(line + i, version, versionlen) == 0)
			return (true);
	return (is_field(line, len));
}

static bool
has_control(const char *p, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			return (true);
	return (false);
}

/* Whether the verb is one that EHLO and HELP speak of. */
static bool
verb_offered(const struct smtp *s, const struct verb *v)
{
	return (v->states != 0 &&
	    (v->handler != smtp_verb_auth || s->conf->auth));
}

/* The reply to a verb out of order, which says what is missing. */
static const char *
verb_disorder(const struct smtp *s, const struct verb *v)
{
	if (s->state == SMTP_CONNECTED)
		return ("503 5.5.1 Send EHLO or HELO first");
	if (v->handler == smtp_verb_mail)
		return ("503 5.5.1 A mail is under way, RSET drops it");
	if (v->handler == smtp_verb_auth)
		return ("503 5.5.1 Not while a mail is under way");
	return (s->state == SMTP_MAIL ?
	    "503 5.5.1 Send RCPT first" : "503 5.5.1 Send MAIL first");
}

/* Run the verb with the argument, or say why not. */
static void
verb_run(struct smtp *s, const struct verb *v, char *arg, size_t len)
{
	size_t	 shown = v->arg == ARG_NOLOG ? 0 : len;

	if (!verb_offered(s, v))
		smtp_refuse(s, "502 5.5.1 Command not offered", v->name,
		    strlen(v->name));
	else if (v->needs_auth && s->conf->auth == AUTH_REQUIRED &&
	    !s->authenticated)
		smtp_refuse(s, "530 5.7.0 Authentication required", arg,
		    shown);
	else if ((v->states & s->state) == 0)
		smtp_refuse(s, verb_disorder(s, v), arg, shown);
	else if (v->arg == ARG_NONE && len > 0)
		smtp_refuse(s, "501 5.5.4 The command takes no argument", arg,
		    shown);
	else if (len == 0 && (v->arg == ARG_MUST || v->arg == ARG_NOLOG))
		smtp_refuse(s, "501 5.5.4 The command needs an argument",
		    v->name, strlen(v->name));
	else
		v->handler(s, arg, len);
}

/* The log does not show lines that are no command, since such a line may be the
 * password that follows an AUTH that was refused. */
void
smtp_command(struct smtp *s, char *line, size_t len)
{
	const struct verb	*v;
	size_t			 n;

	if (s->state == SMTP_CONNECTED && smtp_is_http(line, len)) {
		smtp_end(s, LOG_WARNING, HTTP_REPLY, HTTP_REASON);
		return;
	}
	len = smtp_trim(line, len);
	if (has_control(line, len)) {
		smtp_refuse(s, "500 5.5.2 Control character in a command",
		    "", 0);
		return;
	}
	for (n = 0; n < len && line[n] != ' '; n++)
		continue;
	v = verb_find(line, n);
	while (n < len && line[n] == ' ')
		n++;
	if (len == 0)
		smtp_refuse(s, "500 5.5.2 Empty command", "", 0);
	else if (v == NULL)
		smtp_refuse(s, "500 5.5.1 Command unknown", "", 0);
	else
		verb_run(s, v, line + n, len - n);
}

bool
smtp_idles(struct smtp *s)
{
	if (++s->noops < s->conf->max_noops)
		return (false);
	smtp_end(s, LOG_INFO, "Too many commands without a mail",
	    "too many commands without a mail");
	return (true);
}

/*
 * EHLO and HELO: keep the name and end the transaction.  Only the session's
 * first one brings a mail nearer.  Returns 0, or -1 when the command has been
 * answered.
 */
static int
smtp_hello(struct smtp *s, const char *arg, size_t len)
{
	char	*helo = NULL;

	if (len > HELO_MAX) {
		smtp_refuse(s, "501 5.5.4 The name is too long", arg, len);
		return (-1);
	}
	if (s->state != SMTP_CONNECTED && smtp_idles(s))
		return (-1);
	if (len > 0) {
		if ((helo = malloc(len + 1)) == NULL) {
			smtp_defer(s, "452 4.3.1 Out of memory, try again "
			    "later");
			return (-1);
		}
		memcpy(helo, arg, len);
		helo[len] = '\0';
	}
	free(s->helo);
	s->helo = helo;
	smtp_reset(s);
	s->state = SMTP_GREETED;
	return (0);
}

static void
smtp_verb_ehlo(struct smtp *s, char *arg, size_t len)
{
	char	 buf[SMTP_REPLY_MAX];
	int	 n;

	if (smtp_hello(s, arg, len) == -1)
		return;
	s->extended = true;
	/* "AUTH=" was the spelling before RFC 2554; some clients know no
	 * other. */
	n = snprintf(buf, sizeof(buf), "250-%s\r\n250-PIPELINING\r\n"
	    "250-SIZE %llu\r\n250-8BITMIME\r\n%s%s"
	    "250 ENHANCEDSTATUSCODES\r\n", s->conf->hostname,
	    (unsigned long long)s->conf->max_size,
	    s->conf->no_smtputf8 ? "" : "250-SMTPUTF8\r\n", s->conf->auth ?
	    "250-AUTH PLAIN LOGIN\r\n250-AUTH=PLAIN LOGIN\r\n" : "");
	smtp_reply(s, buf, (size_t)n);
}

static void
smtp_verb_helo(struct smtp *s, char *arg, size_t len)
{
	char	 buf[SMTP_REPLY_MAX - 2];

	if (smtp_hello(s, arg, len) == -1)
		return;
	s->extended = false;
	snprintf(buf, sizeof(buf), "250 %s", s->conf->hostname);
	smtp_say(s, buf);
}

static void
smtp_verb_noop(struct smtp *s, char *arg, size_t len)
{
	(void)arg;
	(void)len;
	if (!smtp_idles(s))
		smtp_say(s, "250 2.0.0 Ok");
}

static void
smtp_verb_rset(struct smtp *s, char *arg, size_t len)
{
	smtp_reset(s);
	smtp_verb_noop(s, arg, len);
}

static void
smtp_verb_vrfy(struct smtp *s, char *arg, size_t len)
{
	(void)arg;
	(void)len;
	if (!smtp_idles(s))
		smtp_say(s, "252 2.5.2 Cannot tell, but will take a mail");
}

static void
smtp_verb_help(struct smtp *s, char *arg, size_t len)
{
	char	 buf[SMTP_REPLY_MAX - 2] = "214 2.0.0";
	size_t	 i, used;

	(void)arg;
	(void)len;
	if (smtp_idles(s))
		return;
	for (i = 0; i < NVERBS; i++)
		if (verb_offered(s, &verbs[i])) {
			used = strlen(buf);
			snprintf(buf + used, sizeof(buf) - used, " %s",
			    verbs[i].name);
		}
	smtp_say(s, buf);
}

static void
smtp_verb_quit(struct smtp *s, char *arg, size_t len)
{
	(void)arg;
	(void)len;
	smtp_say(s, "221 2.0.0 Bye");
	s->wait = SMTP_WAIT_CLOSE;
}
