/* SPDX-License-Identifier: ISC */
/*
 * Every state x verb pair, without and with --auth: the reply, and where the
 * session is after it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"
#include "tap.h"

/* How each state is come to. */
static const struct {
	const char	*name;
	const char	*way;
	bool		 auth;		/* with --auth */
} states[] = {
	{ "connected", "", false },
	{ "greeted", "EHLO x\r\n", false },
	{ "mail", "EHLO x\r\nMAIL FROM:<a@b>\r\n", false },
	{ "rcpt", "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", false },
	{ "auth: connected", "", true },
	{ "auth: greeted", "EHLO x\r\n", true },
	{ "auth: authenticated",
	    "EHLO x\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\n", true },
	{ "auth: mail", "EHLO x\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\n"
	    "MAIL FROM:<a@b>\r\n", true },
	{ "auth: rcpt", "EHLO x\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\n"
	    "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", true }
};
#define NSTATES	(sizeof(states) / sizeof(states[0]))

/* The code of each verb's reply in each state, in their order; or the same in
 * every state. */
#define EVERY(code)	{ code, code, code, code, code, code, code, code, code }
static const struct {
	const char	*line;
	const char	*codes[NSTATES];
} verbs[] = {
	{ "EHLO x", EVERY("250") },
	{ "HELO x", EVERY("250") },
	{ "MAIL FROM:<a@b>", { "503 5.5.1", "250 2.1.0", "503 5.5.1",
	    "503 5.5.1", "530 5.7.0", "530 5.7.0", "250 2.1.0", "503 5.5.1",
	    "503 5.5.1" } },
	{ "RCPT TO:<a@b>", { "503 5.5.1", "503 5.5.1", "250 2.1.5",
	    "250 2.1.5", "530 5.7.0", "530 5.7.0", "503 5.5.1", "250 2.1.5",
	    "250 2.1.5" } },
	{ "DATA", { "503 5.5.1", "503 5.5.1", "503 5.5.1", "354",
	    "530 5.7.0", "530 5.7.0", "503 5.5.1", "503 5.5.1", "354" } },
	{ "RSET", EVERY("250 2.0.0") },
	{ "NOOP", EVERY("250 2.0.0") },
	{ "VRFY a", EVERY("252 2.5.2") },
	{ "HELP", EVERY("214 2.0.0") },
	{ "QUIT", EVERY("221 2.0.0") },
	{ "AUTH PLAIN", { "502 5.5.1", "502 5.5.1", "502 5.5.1", "502 5.5.1",
	    "503 5.5.1", "334", "503 5.5.1", "503 5.5.1", "503 5.5.1" } },
	{ "EXPN a", EVERY("502 5.5.1") },
	{ "STARTTLS", EVERY("502 5.5.1") },
	{ "BDAT 1 LAST", EVERY("502 5.5.1") },
	{ "XYZZY", EVERY("500 5.5.1") },
	{ "", EVERY("500 5.5.2") },
	{ "GET / HTTP/1.1", { "421 4.7.0", "500 5.5.1", "500 5.5.1",
	    "500 5.5.1", "421 4.7.0", "500 5.5.1", "500 5.5.1", "500 5.5.1",
	    "500 5.5.1" } }
};
#define NVERBS	(sizeof(verbs) / sizeof(verbs[0]))

/*
 * Where a session is: the codes of a failing MAIL, RCPT and DATA and of AUTH,
 * none of which changes it.
 */
static const char *
probe(struct recorder *r)
{
	static char	 codes[256];
	size_t		 before = r->codes.len;

	if (smtp_waits(r->smtp) == SMTP_WAIT_CLOSE)
		return ("closed");
	if (smtp_waits(r->smtp) == SMTP_WAIT_DATA)
		return ("data");
	recorder_send(r, "MAIL FROM:<\r\nRCPT TO:<\r\nDATA x\r\nAUTH X\r\n");
	snprintf(codes, sizeof(codes), "%s", r->codes.p + before);
	return (codes);
}

static void
start(struct recorder *r, size_t state, const char *line)
{
	recorder_init(r);
	r->conf.auth = states[state].auth;
	recorder_start(r);
	recorder_send(r, states[state].way);
	recorder_send(r, line);
}

/* Where the verb must have led to, by what it was answered. */
static const char *
destination(size_t state, const char *line, const char *code)
{
	static char	 where[256];
	struct recorder	 r;
	const char	*same = states[state].way;

	if (strcmp(code, "354") == 0)
		return ("data");
	if (strcmp(code, "221 2.0.0") == 0 || strcmp(code, "421 4.7.0") == 0)
		return ("closed");
	/* the shortest way there, without the verb itself */
	recorder_init(&r);
	r.conf.auth = states[state].auth;
	recorder_start(&r);
	if (strstr(same, "AUTH") != NULL)
		recorder_send(&r, "HELO x\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
	else if (strcmp(code, "250") == 0 || *same != '\0')
		recorder_send(&r, "HELO x\r\n");
	if (strcmp(code, "250") != 0 && strncmp(line, "RSET", 4) != 0) {
		if (strstr(same, "MAIL") != NULL ||
		    strcmp(code, "250 2.1.0") == 0)
			recorder_send(&r, "MAIL FROM:<>\r\n");
		if (strstr(same, "RCPT") != NULL ||
		    strcmp(code, "250 2.1.5") == 0)
			recorder_send(&r, "RCPT TO:<x>\r\n");
	}
	snprintf(where, sizeof(where), "%s", probe(&r));
	recorder_free(&r);
	return (where);
}

static void
test_pair(size_t state, size_t verb)
{
	struct recorder	 r;
	const char	*code = verbs[verb].codes[state], *line;
	char		 buf[64], got[64];
	size_t		 before;

	line = verbs[verb].line;
	start(&r, state, "");
	before = r.codes.len;
	snprintf(buf, sizeof(buf), "%s\r\n", line);
	recorder_send(&r, buf);
	snprintf(got, sizeof(got), "%s", r.codes.p + before);
	got[strcspn(got, ",")] = '\0';
	is_str(got, code, "%s: %s", states[state].name, line);
	if (strcmp(code, "334") == 0)
		recorder_send(&r, "*\r\n");
	is_str(probe(&r), strcmp(code, "334") == 0 ?
	    "530 5.7.0,530 5.7.0,530 5.7.0,504 5.5.4," :
	    destination(state, line, code), "%s: %s: state after it",
	    states[state].name, line);
	recorder_free(&r);
}

int
main(void)
{
	size_t	 s, v;

	for (s = 0; s < NSTATES; s++)
		for (v = 0; v < NVERBS; v++)
			test_pair(s, v);
	return (done_testing());
}
