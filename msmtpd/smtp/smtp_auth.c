/* SPDX-License-Identifier: ISC */
/* smtp_auth: AUTH PLAIN and LOGIN (RFC 4954, 4616). */

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base64.h"
#include "smtp_int.h"

#define AUTH_FAILURES_MAX	3	/* of a session */

#define AUTH_LATER	"454 4.7.0 Cannot check now, try again later"
#define AUTH_SYNTAX	"501 5.5.2 Not base64, or not what the mechanism wants"

/* Ask for a line; the text is base64 of "", "Username:", "Password:". */
static void
auth_ask(struct smtp *s, enum smtp_auth_step step)
{
	s->step = (uint8_t)step;
	if (step == SMTP_AUTH_PLAIN)
		smtp_say(s, "334 ");
	else if (step == SMTP_AUTH_USER)
		smtp_say(s, "334 VXNlcm5hbWU6");
	else
		smtp_say(s, "334 UGFzc3dvcmQ6");
}

void
smtp_auth_end(struct smtp *s)
{
	s->step = SMTP_AUTH_NONE;
	if (s->authenticated)
		return;
	if (s->user != NULL)
		explicit_bzero(s->user, strlen(s->user));
	free(s->user);
	s->user = NULL;
}

/* The credentials are wrong. */
static void
auth_fail(struct smtp *s)
{
	if (++s->auth_failures < AUTH_FAILURES_MAX)
		smtp_refuse(s, "535 5.7.8 Authentication failed", "", 0);
	else
		smtp_end(s, LOG_INFO, "Too many authentication failures",
		    "too many authentication failures");
}

/* The client has logged in.  Its name may be in the log, which takes control
 * characters from no client. */
static void
auth_accept(struct smtp *s)
{
	char	*p;

	for (p = s->user; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	s->authenticated = true;
	smtp_say(s, "235 2.7.0 Authentication succeeded");
}

/* Have the user name and password checked.  Empty ones take the place of those
 * that are too long, so that parent fails them as late as any others. */
static void
auth_check(struct smtp *s, const char *user, const char *pass)
{
	const bool	 any = s->conf->auth == AUTH_ANY;
	char		*kept;

	if (!any && (strlen(user) >= MSMTPD_AUTH_MAX ||
	    strlen(pass) >= MSMTPD_AUTH_MAX))
		user = pass = "";
	kept = strndup(user, MSMTPD_AUTH_MAX - 1);
	smtp_auth_end(s);	/* user may be gone with that */
	if ((s->user = kept) == NULL)
		smtp_defer(s, AUTH_LATER);
	else if (any)
		auth_accept(s);
	else {
		s->wait = SMTP_WAIT_AUTH;
		s->ops->auth(s->arg, kept, pass);
	}
}

/*
 * PLAIN (RFC 4616): [authzid] NUL authcid NUL passwd, len octets that a NUL
 * follows.  No user may act for another one, so that authzid must be authcid.
 */
static void
auth_plain(struct smtp *s, const char *p, size_t len)
{
	const char	*end = p + len, *pass, *user;

	user = memchr(p, '\0', len);
	pass = user == NULL ? NULL :
	    memchr(user + 1, '\0', (size_t)(end - user - 1));
	if (pass == NULL || strlen(pass + 1) != (size_t)(end - pass - 1)) {
		smtp_auth_end(s);
		smtp_refuse(s, AUTH_SYNTAX, "", 0);
	} else if (*p != '\0' && strcmp(p, user + 1) != 0 &&
	    s->conf->auth != AUTH_ANY)
		auth_check(s, "", "");
	else
		auth_check(s, user + 1, pass + 1);
}

/* LOGIN's user name, then its password: a string of len octets. */
static void
auth_login(struct smtp *s, const char *p, size_t len)
{
	if (strlen(p) != len) {
		smtp_auth_end(s);
		smtp_refuse(s, AUTH_SYNTAX, "", 0);
	} else if (s->step == SMTP_AUTH_PASS)
		auth_check(s, s->user, p);
	else if ((s->user = strdup(p)) == NULL) {
		smtp_auth_end(s);
		smtp_defer(s, AUTH_LATER);
	} else
		auth_ask(s, SMTP_AUTH_PASS);
}

/*
 * A response of the client, in base64, which is decoded in place.  One octet
 * can be written after the response, where a line end or a space was.
 */
static void
auth_response(struct smtp *s, char *p, size_t len)
{
	ssize_t	 n;

	if ((n = base64_decode(p, p, len)) == -1) {
		smtp_auth_end(s);
		smtp_refuse(s, AUTH_SYNTAX, "", 0);
		return;
	}
	p[n] = '\0';
	if (s->step == SMTP_AUTH_PLAIN)
		auth_plain(s, p, (size_t)n);
	else
		auth_login(s, p, (size_t)n);
}

void
smtp_auth_line(struct smtp *s, char *line, size_t len)
{
	len = smtp_trim(line, len);
	if (len == 1 && line[0] == '*') {
		smtp_auth_end(s);
		smtp_refuse(s, "501 5.7.0 Authentication cancelled", "", 0);
		return;
	}
	auth_response(s, line, len);
}

void
smtp_verb_auth(struct smtp *s, char *arg, size_t len)
{
	enum smtp_auth_step	 step;
	size_t			 n;

	if (s->authenticated) {
		smtp_refuse(s, "503 5.5.1 Authenticated already", "", 0);
		return;
	}
	for (n = 0; n < len && arg[n] != ' '; n++)
		continue;
	if (smtp_word_is(arg, n, "PLAIN"))
		step = SMTP_AUTH_PLAIN;
	else if (smtp_word_is(arg, n, "LOGIN"))
		step = SMTP_AUTH_USER;
	else {
		smtp_refuse(s, "504 5.5.4 Mechanism not offered", "", 0);
		return;
	}
	if (n == len) {
		auth_ask(s, step);
		return;
	}
	while (arg[n] == ' ')
		n++;
	s->step = (uint8_t)step;
	/* "=" is an empty response (RFC 4954, 4). */
	if (len - n == 1 && arg[n] == '=')
		auth_response(s, arg + n, 0);
	else
		auth_response(s, arg + n, len - n);
}

void
smtp_auth_result(struct smtp *s, bool good, bool failed)
{
	if (s->wait != SMTP_WAIT_AUTH)
		return;
	s->wait = SMTP_WAIT_COMMAND;
	if (good && !failed) {
		auth_accept(s);
		return;
	}
	smtp_auth_end(s);
	if (failed)
		smtp_defer(s, AUTH_LATER);
	else
		auth_fail(s);
}
