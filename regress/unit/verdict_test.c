/* SPDX-License-Identifier: ISC */
/* What a client is told of its mail, and what the log is told. */

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/verdict.h"
#include "tap.h"

/*
 * Each exit status that means something, after sysexits(3), without words.
 * What does not speak about the mail is no reason to give it up.
 */
static const struct {
	int		 status;
	int		 code;
	const char	*enhanced;
} statuses[] = {
	{ EX_OK, 250, "2.0.0" }, { 1, 554, "5.3.0" },
	{ EX_USAGE, 554, "5.3.5" }, { EX_DATAERR, 554, "5.6.0" },
	{ EX_NOINPUT, 554, "5.3.0" }, { EX_NOUSER, 550, "5.1.1" },
	{ EX_NOHOST, 451, "4.4.4" }, { EX_UNAVAILABLE, 451, "4.3.0" },
	{ EX_SOFTWARE, 451, "4.3.0" }, { EX_OSERR, 451, "4.3.0" },
	{ EX_OSFILE, 451, "4.3.5" }, { EX_CANTCREAT, 451, "4.3.0" },
	{ EX_IOERR, 451, "4.3.0" }, { EX_TEMPFAIL, 451, "4.3.0" },
	{ EX_PROTOCOL, 451, "4.5.0" }, { EX_NOPERM, 554, "5.7.0" },
	{ EX_CONFIG, 451, "4.3.5" }, { 79, 554, "5.3.0" },
	{ 125, 554, "5.3.0" }, { 126, 451, "4.3.5" }, { 127, 451, "4.3.5" },
	{ 128, 554, "5.3.0" }, { 255, 554, "5.3.0" }, { 256, 554, "5.3.0" },
	{ -1, 554, "5.3.0" }
};

/* Every fate, for the client and for the log. */
static const struct {
	struct imsg_result	 result;
	int			 code;
	const char		*fate;
} fates[] = {
#define FATE(o, v)	{ .outcome = (o), .value = (v) }
	{ FATE(MAIL_EXITED, 0), 250, "exit:0" },
	{ FATE(MAIL_EXITED, 75), 451, "exit:75" },
	{ FATE(MAIL_SIGNALED, SIGKILL), 451, "signal:9" },
	{ FATE(MAIL_SIGNALED, 0), 451, "signal:0" },
	{ FATE(MAIL_TIMEOUT, 0), 451, "timeout" },
	{ FATE(MAIL_STOPPED, 0), 451, "stopped" },
	{ FATE(MAIL_FAILED, 24), 451, "failed:Too_many_open_files" },
	{ FATE(MAIL_FAILED, 0), 451, "failed:Success" },
	{ FATE(0, 0), 451, "failed:Success" },
	{ FATE(99, 0), 451, "failed:Success" }
#undef FATE
};

/* Words, with the exit status that msmtp has for them. */
static const struct words_case {
	const char		*name;
	int			 status;
	enum words_about	 about;
	int			 said;
	const char		*enhanced, *text;	/* said */
	int			 code;			/* told */
	const char		*told;			/* NULL: text is not */
	const char		*why;
} words[] = {
	{ "RCPT refused", 65, WORDS_MAIL, 550, "5.1.1", "no such user", 550,
	    "5.1.1 no such user", "550 5.1.1 no such user" },
	{ "RCPT deferred", 69, WORDS_MAIL, 450, "4.2.0", "greylisted", 450,
	    "4.2.0 greylisted", "450 4.2.0 greylisted" },
	{ "content refused, whose status is 69", 69, WORDS_MAIL, 554, "5.7.1",
	    "spam", 554, "5.7.1 spam", "554 5.7.1 spam" },
	{ "content deferred", 69, WORDS_MAIL, 451, "4.7.1", "later", 451,
	    "4.7.1 later", "451 4.7.1 later" },
	{ "another command, any status", 1, WORDS_UNKNOWN, 452, "4.2.2",
	    "full", 452, "4.2.2 full", "452 4.2.2 full" },
	{ "a status that says the opposite", 75, WORDS_UNKNOWN, 550, "5.1.1",
	    "no", 550, "5.1.1 no", "550 5.1.1 no" },
	{ "status 77, but not msmtp's", 77, WORDS_UNKNOWN, 550, "5.7.1",
	    "no", 550, "5.7.1 no", "550 5.7.1 no" },
	{ "no enhanced code, 5yz", 65, WORDS_MAIL, 550, "", "no", 550,
	    "5.0.0 no", "550 no" },
	{ "no enhanced code, 4yz", 69, WORDS_MAIL, 450, "", "later", 450,
	    "4.0.0 later", "450 later" },
	{ "no text, 5yz", 65, WORDS_MAIL, 550, "", "", 550,
	    "5.0.0 Refused", "550 " },
	{ "no text, 4yz", 65, WORDS_MAIL, 450, "4.2.0", "", 450,
	    "4.2.0 Refused for now, try again", "450 4.2.0 " },
	{ "421 to MAIL", 69, WORDS_MAIL, 421, "4.3.2", "busy", 451,
	    "4.3.2 busy", "421 4.3.2 busy" },
	{ "421 by any command", 1, WORDS_UNKNOWN, 421, "", "busy", 451,
	    "4.0.0 busy", "421 busy" },
	{ "421 as the greeting", 76, WORDS_SESSION, 421, "4.3.2", "busy", 451,
	    NULL, "421 4.3.2 busy" },
	{ "554 as the greeting", 76, WORDS_SESSION, 554, "5.7.1", "begone",
	    451, NULL, "554 5.7.1 begone" },
	{ "EHLO refused, by the status", 76, WORDS_MAIL, 550, "5.7.1",
	    "begone", 451, NULL, "550 5.7.1 begone" },
	{ "AUTH: 535", 77, WORDS_LOGIN, 535, "5.7.8", "me: no", 451, NULL,
	    "535 5.7.8 me: no" },
	{ "AUTH: 454", 77, WORDS_LOGIN, 454, "4.7.0", "later", 451, NULL,
	    "454 4.7.0 later" },
	{ "AUTH: 550", 77, WORDS_LOGIN, 550, "5.7.1", "no", 451, NULL,
	    "550 5.7.1 no" },
	{ "AUTH, by the status", 77, WORDS_MAIL, 550, "5.7.1", "no", 451, NULL,
	    "550 5.7.1 no" },
	{ "530 to MAIL", 65, WORDS_MAIL, 530, "5.7.0", "log in", 451, NULL,
	    "530 5.7.0 log in" },
	{ "534", 1, WORDS_UNKNOWN, 534, "", "no", 451, NULL, "534 no" },
	{ "535", 1, WORDS_UNKNOWN, 535, "", "no", 451, NULL, "535 no" },
	{ "538", 1, WORDS_UNKNOWN, 538, "", "no", 451, NULL, "538 no" },
	{ "454 to another command", 69, WORDS_MAIL, 454, "4.7.1", "relay", 454,
	    "4.7.1 relay", "454 4.7.1 relay" },
	{ "571 to RCPT", 65, WORDS_MAIL, 571, "5.7.1", "blocked", 550,
	    "5.7.1 blocked", "571 5.7.1 blocked" },
	{ "471 to MAIL", 69, WORDS_MAIL, 471, "", "later", 450,
	    "4.0.0 later", "471 later" },
	{ "success counts more than words", 0, WORDS_UNKNOWN, 550, "5.1.1",
	    "no", 250, NULL, "" },
};

/* A reply's code and its enhanced code are of one class, and its text is
 * plain. */
static bool
is_sound(const struct verdict *v)
{
	const char	*p;

	if (v->enhanced[0] != '0' + v->code / 100 || *v->text == '\0')
		return (false);
	for (p = v->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return (false);
	return (true);
}

static void
words_cases(void)
{
	const struct words_case	*c;
	struct imsg_result	 r;
	struct verdict		 v;
	char			 why[VERDICT_MAX], told[VERDICT_MAX];

	for (c = words; c < words + sizeof(words) / sizeof(words[0]); c++) {
		memset(&r, 0, sizeof(r));
		r.outcome = MAIL_EXITED;
		r.value = c->status;
		r.words.code = (uint16_t)c->said;
		r.words.about = (uint8_t)c->about;
		strlcpy(r.words.enhanced, c->enhanced,
		    sizeof(r.words.enhanced));
		strlcpy(r.words.text, c->text, sizeof(r.words.text));
		verdict(&v, &r);
		is_int(v.code, c->code, "%s: code", c->name);
		ok(is_sound(&v), "%s: sound", c->name);
		strlcpy(told, v.enhanced, sizeof(told));
		strlcat(told, " ", sizeof(told));
		strlcat(told, v.text, sizeof(told));
		if (c->told != NULL)
			is_str(told, c->told, "%s: told", c->name);
		else
			ok(strstr(told, c->text) == NULL, "%s: %s", c->name,
			    told);
		verdict_why(why, sizeof(why), &v, &r);
		is_str(why, c->why, "%s: why", c->name);
	}
}

/* Where msmtp quotes no refusal, what it says makes an answer of the statuses
 * that it exits with then, and of no other ones. */
static void
about_cases(void)
{
	static const struct {
		enum words_about	 about;
		int			 status, code;
		const char		*enhanced;
	}			 cases[] = {
		{ WORDS_CONFIG, EX_IOERR, 451, "4.3.5" },
		{ WORDS_CONFIG, EX_NOINPUT, 451, "4.3.5" },
		{ WORDS_CONFIG, EX_CONFIG, 451, "4.3.5" },
		{ WORDS_CONFIG, EX_USAGE, 554, "5.3.5" },
		{ WORDS_CONFIG, EX_DATAERR, 554, "5.6.0" },
		{ WORDS_CONFIG, 1, 554, "5.3.0" },
		{ WORDS_MISPLACED, EX_DATAERR, 451, "4.5.0" },
		{ WORDS_MISPLACED, EX_NOPERM, 451, "4.5.0" },
		{ WORDS_MISPLACED, EX_UNAVAILABLE, 451, "4.3.0" },
		{ WORDS_MISPLACED, EX_NOINPUT, 554, "5.3.0" },
		{ WORDS_MISPLACED, 1, 554, "5.3.0" }
	};
	struct imsg_result	 r;
	struct verdict		 v;
	size_t			 i;

	memset(&r, 0, sizeof(r));
	r.outcome = MAIL_EXITED;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.words.about = (uint8_t)cases[i].about;
		r.value = cases[i].status;
		verdict(&v, &r);
		is_int(v.code, cases[i].code, "about %d, status %d",
		    r.words.about, r.value);
		is_str(v.enhanced, cases[i].enhanced, "about %d, status %d",
		    r.words.about, r.value);
	}
}

int
main(void)
{
	struct verdict		 v;
	struct imsg_result	 r;
	char			 buf[64], why[VERDICT_MAX], small[6];
	int			 successes = 0, unsound = 0;
	size_t			 i;

	memset(&r, 0, sizeof(r));
	r.outcome = MAIL_EXITED;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		r.value = statuses[i].status;
		verdict(&v, &r);
		is_int(v.code, statuses[i].code, "status %d: code", r.value);
		is_str(v.enhanced, statuses[i].enhanced,
		    "status %d: enhanced code", r.value);
		verdict_why(why, sizeof(why), &v, &r);
		is_str(why, r.value == 0 ? "" : v.text, "status %d: why",
		    r.value);
	}
	for (r.value = -1000; r.value <= 1000; r.value++) {
		verdict(&v, &r);
		successes += v.code == 250;
		unsound += !is_sound(&v);
	}
	is_int(successes, 1, "one status alone is success");
	for (i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
		verdict(&v, &fates[i].result);
		is_int(v.code, fates[i].code, "fate %zu: code", i);
		unsound += !is_sound(&v);
		verdict_describe(buf, sizeof(buf), &fates[i].result);
		is_str(buf, fates[i].fate, "fate %zu: for the log", i);
		ok(strchr(buf, ' ') == NULL, "fate %zu: one word", i);
	}
	is_int(unsound, 0, "all replies are sound");
	words_cases();
	about_cases();
	/* Whatever deliver says. */
	r.outcome = MAIL_FAILED;
	r.value = INT_MIN;
	verdict_describe(buf, sizeof(buf), &r);
	ok(strncmp(buf, "failed:", 7) == 0, "an unknown errno: %s", buf);
	verdict_describe(small, sizeof(small), &r);
	is_str(small, "faile", "a small buffer");
	return (done_testing());
}
