/* SPDX-License-Identifier: ISC */
/* verdict: what a client is told of its mail. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "verdict.h"

/* Exit statuses of the shell, which sysexits.h does not name. */
#define EX_SHELL_NOEXEC		126
#define EX_SHELL_NOTFOUND	127

/*
 * The verdict of each exit status, where the command has printed no reply.
 * Only a status that says something about the mail is final: msmtp exits with
 * 76, for example, when the smarthost has closed the connection, and with 74
 * when the network has failed.
 */
static const struct verdict_row {
	int		 status;
	struct verdict	 verdict;
} by_status[] = {
	{ EX_OK,	{ 250, "2.0.0", "Ok: delivered" } },
	{ EX_USAGE,	{ 554, "5.3.5", "The command was used wrongly" } },
	{ EX_DATAERR,	{ 554, "5.6.0", "The mail is not understood" } },
	{ EX_NOINPUT,	{ 554, "5.3.0", "The command lacks its input" } },
	{ EX_NOUSER,	{ 550, "5.1.1", "No such user" } },
	{ EX_NOHOST,	{ 451, "4.4.4", "Host not found, try again" } },
	{ EX_UNAVAILABLE, { 451, "4.3.0", "Service unavailable, try again" } },
	{ EX_SOFTWARE,	{ 451, "4.3.0", "The command has failed, try again" } },
	{ EX_OSERR,	{ 451, "4.3.0", "System error, try again" } },
	{ EX_OSFILE,	{ 451, "4.3.5", "A system file is missing, "
	    "try again" } },
	{ EX_CANTCREAT,	{ 451, "4.3.0", "The command cannot write, "
	    "try again" } },
	{ EX_IOERR,	{ 451, "4.3.0", "Input or output has failed, "
	    "try again" } },
	{ EX_TEMPFAIL,	{ 451, "4.3.0", "Temporary failure, try again" } },
	{ EX_PROTOCOL,	{ 451, "4.5.0", "Protocol error, try again" } },
	{ EX_NOPERM,	{ 554, "5.7.0", "Permission denied" } },
	{ EX_CONFIG,	{ 451, "4.3.5", "The command is not configured, "
	    "try again" } },
	{ EX_SHELL_NOEXEC, { 451, "4.3.5", "The command cannot be executed, "
	    "try again" } },
	{ EX_SHELL_NOTFOUND, { 451, "4.3.5", "The command is not found, "
	    "try again" } }
};

static const struct verdict	 other_status =
    { 554, "5.3.0", "The command has failed" };
static const struct verdict	 by_config =
    { 451, "4.3.5", "The command cannot use a file of its own, try again" };
static const struct verdict	 by_misplaced =
    { 451, "4.5.0", "The smarthost's reply is out of place, try again" };
static const struct verdict	 by_signal =
    { 451, "4.3.0", "The command was killed, try again" };
static const struct verdict	 by_timeout =
    { 451, "4.3.0", "Not delivered in time, try again" };
static const struct verdict	 by_stop =
    { 451, "4.3.2", "The server is shutting down, try again" };
static const struct verdict	 by_failure =
    { 451, "4.3.0", "Local error, try again" };

/* The smarthost has refused msmtp, and not the mail.  Only the log gets its
 * words, because the name for the login may be in them. */
static const struct verdict	 by_login =
    { 451, "4.7.0", "The smarthost refuses the login, try again" };
static const struct verdict	 by_session =
    { 451, "4.3.0", "The smarthost refuses the session, try again" };

static const struct verdict *
verdict_status(const struct imsg_result *r)
{
	size_t	 i;

	/* msmtp exits with the same status where it cannot read a file of its
	 * own, the network or its input. */
	if ((r->value == EX_IOERR || r->value == EX_NOINPUT) &&
	    r->words.about == WORDS_CONFIG)
		return (&by_config);
	/* Nor does msmtp tell a reply that refuses from any other one. */
	if ((r->value == EX_DATAERR || r->value == EX_NOPERM) &&
	    r->words.about == WORDS_MISPLACED)
		return (&by_misplaced);
	for (i = 0; i < sizeof(by_status) / sizeof(by_status[0]); i++)
		if (by_status[i].status == r->value)
			return (&by_status[i].verdict);
	return (&other_status);
}

/* What a reply is about.  msmtp's exit status says that as well, and counts
 * where another version of msmtp prints other words. */
static enum words_about
words_about(const struct imsg_result *r)
{
	/* RFC 4954, 4 and 6. */
	static const int	 logins[] = { 530, 534, 535, 538 };
	size_t			 i;

	for (i = 0; i < sizeof(logins) / sizeof(logins[0]); i++)
		if (r->words.code == logins[i])
			return (WORDS_LOGIN);
	if (r->words.about == WORDS_MAIL && r->value == EX_NOPERM)
		return (WORDS_LOGIN);
	if (r->words.about == WORDS_MAIL && r->value == EX_PROTOCOL)
		return (WORDS_SESSION);
	return (r->words.about);
}

static void
verdict_words(struct verdict *v, const struct imsg_result *r)
{
	const struct mail_words	*w = &r->words;
	bool			 final = w->code >= 500;

	switch (words_about(r)) {
	case WORDS_LOGIN:
		*v = by_login;
		return;
	case WORDS_SESSION:
		*v = by_session;
		return;
	default:
		break;
	}
	/* 421 would tell the client that we close the session with it, and y
	 * of 4yz and 5yz is not above 5 (RFC 5321, 4.2). */
	if (w->code == 421)
		v->code = 451;
	else if (w->code / 10 % 10 > 5)
		v->code = final ? 550 : 450;
	else
		v->code = w->code;
	v->enhanced = *w->enhanced != '\0' ? w->enhanced :
	    final ? "5.0.0" : "4.0.0";
	v->text = *w->text != '\0' ? w->text :
	    final ? "Refused" : "Refused for now, try again";
}

void
verdict(struct verdict *v, const struct imsg_result *r)
{
	switch (r->outcome) {
	case MAIL_EXITED:
		if (r->value != EX_OK && r->words.code != 0)
			verdict_words(v, r);
		else
			*v = *verdict_status(r);
		break;
	case MAIL_SIGNALED:
		*v = by_signal;
		break;
	case MAIL_TIMEOUT:
		*v = by_timeout;
		break;
	case MAIL_STOPPED:
		*v = by_stop;
		break;
	default:
		*v = by_failure;
	}
}

void
verdict_why(char *buf, size_t size, const struct verdict *v,
    const struct imsg_result *r)
{
	const struct mail_words	*w = &r->words;

	if (v->code == 250)
		*buf = '\0';
	else if (w->code != 0)
		snprintf(buf, size, "%d %s%s%s", w->code, w->enhanced,
		    *w->enhanced != '\0' ? " " : "", w->text);
	else
		strlcpy(buf, v->text, size);
}

void
verdict_describe(char *buf, size_t size, const struct imsg_result *r)
{
	char	*p;

	switch (r->outcome) {
	case MAIL_EXITED:
		snprintf(buf, size, "exit:%d", r->value);
		break;
	case MAIL_SIGNALED:
		snprintf(buf, size, "signal:%d", r->value);
		break;
	case MAIL_TIMEOUT:
		strlcpy(buf, "timeout", size);
		break;
	case MAIL_STOPPED:
		strlcpy(buf, "stopped", size);
		break;
	default:
		snprintf(buf, size, "failed:%s", strerror(r->value));
		for (p = buf; *p != '\0'; p++)
			if (*p == ' ')
				*p = '_';
	}
}
