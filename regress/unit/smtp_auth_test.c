/* SPDX-License-Identifier: ISC */
/*
 * What the engine asks when a client logs in, and what it forgets of
 * passwords.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"
#include "tap.h"

/* What the engine asks of the process that checks passwords, and what it
 * leaves in memory. */

#define HELLO	"EHLO x\r\n"

/* base64 of 3 octets, and of 255 and 258. */
#define X3	"eHh4"
#define X12	X3 X3 X3 X3
#define X48	X12 X12 X12 X12
#define X255	X48 X48 X48 X48 X48 X12 X3
#define X258	X255 X3

static const struct asked {
	const char	*name;
	const char	*in;
	const char	*codes;
	int		 blank;		/* asked for nobody */
} asked[] = {
	{ "right", "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n", "235 2.7.0,", 0 },
	{ "wrong", "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n", "535 5.7.8,", 0 },
	{ "PLAIN, another identity, the password right",
	    "AUTH PLAIN cm9vdAB1c2VyAHNlY3JldA==\r\n", "535 5.7.8,", 1 },
	{ "the same, asked for",
	    "AUTH PLAIN\r\ncm9vdAB1c2VyAHNlY3JldA==\r\n",
	    "334,535 5.7.8,", 1 },
	{ "PLAIN, a password of 255 octets",
	    "AUTH PLAIN AHVzZXIA" X255 "\r\n", "535 5.7.8,", 0 },
	{ "PLAIN, a password of 258 octets",
	    "AUTH PLAIN AHVzZXIA" X258 "\r\n", "535 5.7.8,", 1 },
	{ "PLAIN, a user of 260 octets",
	    "AUTH PLAIN AHh4" X258 "AHNlY3JldA==\r\n", "535 5.7.8,", 1 },
	{ "LOGIN, a password of 255 octets",
	    "AUTH LOGIN dXNlcg==\r\n" X255 "\r\n", "334,535 5.7.8,", 0 },
	{ "LOGIN, a password of 258 octets",
	    "AUTH LOGIN dXNlcg==\r\n" X258 "\r\n", "334,535 5.7.8,", 1 },
	{ "LOGIN, a user of 258 octets",
	    "AUTH LOGIN " X258 "\r\nc2VjcmV0\r\n", "334,535 5.7.8,", 1 }
};

/* What cannot be right is asked for as well, so that its answer comes when
 * others do. */
static void
test_asked(void)
{
	struct recorder	 r;
	size_t		 i;

	for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		recorder_init(&r);
		r.conf.auth = r.hold = true;
		recorder_start(&r);
		recorder_send(&r, HELLO);
		r.codes.len = 0;
		recorder_send(&r, asked[i].in);
		is_int(smtp_waits(r.smtp), SMTP_WAIT_AUTH, "%s: asked for",
		    asked[i].name);
		is_int(strstr(r.events.p, "{auth  }\n") != NULL,
		    asked[i].blank, "%s: %s", asked[i].name,
		    asked[i].blank ? "as nobody" : "as it is");
		recorder_answer(&r);
		is_str(r.codes.p, asked[i].codes, "%s: its replies",
		    asked[i].name);
		recorder_free(&r);
	}
}

/* Such failures count like others. */
static void
test_count(void)
{
	struct recorder	 r;

	recorder_init(&r);
	r.conf.auth = true;
	recorder_start(&r);
	recorder_send(&r, HELLO "AUTH PLAIN cm9vdAB1c2VyAHNlY3JldA==\r\n"
	    "AUTH PLAIN AHVzZXIA" X258 "\r\n"
	    "AUTH PLAIN cm9vdAB1c2VyAHNlY3JldA==\r\n");
	is_str(r.codes.p, "250,535 5.7.8,535 5.7.8,421 4.7.0,",
	    "three that cannot be right end the session");
	recorder_free(&r);
}

/* --auth-any: who logs in how, and what name is kept. */
static const struct any {
	const char	*name;
	const char	*in;
	const char	*codes;
	const char	*user;
} any[] = {
	{ "no login", "", "", "" },
	{ "PLAIN", "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n", "235 2.7.0,", "user" },
	{ "LOGIN", "AUTH LOGIN\r\ndXNlcg==\r\nd3Jvbmc=\r\n",
	    "334,334,235 2.7.0,", "user" },
	{ "no name, no password", "AUTH PLAIN AAA=\r\n", "235 2.7.0,", "" },
	{ "another identity", "AUTH PLAIN cm9vdAB1c2VyAHNlY3JldA==\r\n",
	    "235 2.7.0,", "user" },
	{ "a password of 258 octets", "AUTH PLAIN AHVzZXIA" X258 "\r\n",
	    "235 2.7.0,", "user" },
	{ "a control character", "AUTH PLAIN AGEKYgFjfwB4\r\n",
	    "235 2.7.0,", "a?b?c?" },
	{ "not base64", "AUTH PLAIN !\r\n", "501 5.5.2,", "" },
	{ "cancelled", "AUTH LOGIN\r\ndXNlcg==\r\n*\r\n",
	    "334,334,501 5.7.0,", "" },
	{ "twice", "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n"
	    "AUTH PLAIN AHJvb3QAd3Jvbmc=\r\n",
	    "235 2.7.0,503 5.5.1,", "user" },
	{ "and a line that is too long", "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n"
	    "NOOP " X258 X258 "\r\n", "235 2.7.0,500 5.5.2,", "user" }
};

static void
test_any(void)
{
	struct recorder	 r;
	size_t		 i;

	for (i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
		recorder_init(&r);
		r.conf.auth = AUTH_ANY;
		r.conf.max_line = 512;
		recorder_start(&r);
		recorder_send(&r, HELLO);
		r.codes.len = 0;
		recorder_send(&r, any[i].in);
		is_str(any[i].codes[0] == '\0' ? "" : r.codes.p, any[i].codes,
		    "--auth-any, %s", any[i].name);
		is_str(smtp_user(r.smtp), any[i].user, "%s: the name",
		    any[i].name);
		ok(strstr(r.events.p, "{auth ") == NULL,
		    "%s: nobody is asked", any[i].name);
		is_str(smtp_protocol(r.smtp), "ESMTP", "%s: no ESMTPA",
		    any[i].name);
		r.codes.len = 0;
		recorder_send(&r, "MAIL FROM:<a@b> AUTH=<>\r\n"
		    "RCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n");
		is_str(r.codes.p, "250 2.1.0,250 2.1.5,354,250 2.0.0,",
		    "%s: a mail is taken", any[i].name);
		recorder_free(&r);
	}
}

/* A name that is longer than can be kept. */
static void
test_any_long(void)
{
	struct recorder	 r;

	recorder_init(&r);
	r.conf.auth = AUTH_ANY;
	recorder_start(&r);
	recorder_send(&r, HELLO "AUTH PLAIN AHh4" X258 "AHNlY3JldA==\r\n");
	is_int((long long)strlen(smtp_user(r.smtp)), MSMTPD_AUTH_MAX - 1,
	    "a name of 260 octets is cut");
	recorder_free(&r);
}

/* With --auth the engine keeps a client's name only after the right
 * password. */
static void
test_user(void)
{
	struct recorder	 r;

	recorder_init(&r);
	r.conf.auth = AUTH_REQUIRED;
	recorder_start(&r);
	recorder_send(&r, HELLO "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n");
	is_str(smtp_user(r.smtp), "", "a wrong password: no name");
	recorder_send(&r, "AUTH LOGIN dXNlcg==\r\n");
	is_str(smtp_user(r.smtp), "", "a name without password: none");
	recorder_send(&r, "c2VjcmV0\r\n");
	is_str(smtp_user(r.smtp), "user", "the right one: the name");
	recorder_send(&r, HELLO "MAIL FROM:<a@b>\r\nRSET\r\n");
	is_str(smtp_user(r.smtp), "user", "which stays");
	recorder_free(&r);
}

/* How many of the octets that the engine uses are not zero afterwards. */
static size_t
left_over(struct recorder *r, const char *p, size_t len)
{
	char	*buf;
	size_t	 i, left = 0, used;

	if ((buf = malloc(len + 1)) == NULL)
		abort();
	while (len > 0 && smtp_waits(r->smtp) != SMTP_WAIT_CLOSE) {
		memcpy(buf, p, len);
		used = smtp_input(r->smtp, buf, len);
		for (i = 0; i < used; i++)
			left += buf[i] != '\0';
		p += used;
		len -= used;
		recorder_answer(r);
	}
	free(buf);
	return (left);
}

/* The same of a session with small limits, split once; or, where the split is
 * past its end, octet by octet. */
static size_t
left_split(const char *in, bool auth, size_t split)
{
	struct recorder	 r;
	size_t		 i, left = 0, len = strlen(in);

	recorder_init(&r);
	r.conf.auth = auth;
	r.conf.max_line = 64;
	r.conf.max_auth_line = 80;
	recorder_start(&r);
	if (split <= len) {
		left += left_over(&r, in, split);
		left += left_over(&r, in + split, len - split);
	} else
		for (i = 0; i < len; i++)
			left += left_over(&r, in + i, 1);
	recorder_free(&r);
	return (left);
}

/* The caller's octets keep nothing, whether AUTH is offered or not. */
static void
test_zeroed(void)
{
	static const char	*const in[] = {
		HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\nNOOP\r\n",
		HELLO "AUTH PLAIN\r\nAHVzZXIAc2VjcmV0\r\nNOOP\r\n",
		HELLO "auth  plain  AHVzZXIAd3Jvbmc=  \nNOOP\n",
		HELLO "AUTH LOGIN\r\ndXNlcg==\r\nc2VjcmV0\r\nQUIT\r\n",
		HELLO "AUTH LOGIN dXNlcg==\r\nd3Jvbmc=\r\nNOOP\r\n",
		HELLO "AUTH LOGIN\r\ndXNlcg==\r\n*\r\nNOOP\r\n",
		HELLO "AUTH PLAIN !AHVzZXIAc2VjcmV0\r\nNOOP\r\n",
		HELLO "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n"
		    "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n"
		    "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n",
		"AUTH PLAIN AHVzZXIAc2VjcmV0\r\n",
		"AUHT PLAIN AHVzZXIAc2VjcmV0\r\n",
		/* too long, and without an end */
		HELLO "AUTH PLAIN " X48 X48 "\r\nNOOP\r\n",
		HELLO "AUTH LOGIN\r\ndXNlcg==\r\n" X48 X48 "\r\nNOOP\r\n",
		HELLO "AUHT PLAIN " X48 X48 "\r\nNOOP\r\n",
		HELLO "AUTH PLAIN " X48 X48,
		HELLO "AUTH LOGIN\r\n" X12
	};
	size_t			 i, left, split;

	for (i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		left = 0;
		for (split = 0; split <= strlen(in[i]) + 1; split++)
			left += left_split(in[i], true, split) +
			    left_split(in[i], false, split);
		is_int((long long)left, 0, "zeroed at each of %zu splits: "
		    "dialog %zu", strlen(in[i]) + 2, i);
	}
}

int
main(void)
{
	test_asked();
	test_any();
	test_any_long();
	test_user();
	test_count();
	test_zeroed();
	return (done_testing());
}
