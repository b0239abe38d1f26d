/* SPDX-License-Identifier: ISC */
/* The SMTP engine's limits: lines, errors, recipients, sizes, mails. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"
#include "tap.h"

#define HELLO	"EHLO x\r\n"
#define MAIL	"MAIL FROM:<a@b>\r\n"
#define RCPT	"RCPT TO:<c@d>\r\n"
#define START	HELLO MAIL RCPT "DATA\r\n"

/* n octets c, then end; freed by the caller. */
static char *
octets(int c, size_t n, const char *begin, const char *end)
{
	size_t	 b = strlen(begin);
	char	*p;

	if ((p = malloc(b + n + strlen(end) + 1)) == NULL)
		abort();
	memcpy(p, begin, b);
	memset(p + b, c, n);
	memcpy(p + b + n, end, strlen(end) + 1);
	return (p);
}

/* The codes that a line is answered, fed in pieces of so many octets. */
static void
test_line(const char *name, bool auth, const char *before, const char *line,
    const char *codes)
{
	static const size_t	 pieces[] = { 1, 7, 1000, 100000 };
	struct recorder		 r;
	size_t			 bad = 0, i, j, len = strlen(line), n, start;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		recorder_init(&r);
		r.conf.auth = auth;
		r.conf.max_line = 2048;
		r.conf.max_auth_line = 12288;
		recorder_start(&r);
		recorder_send(&r, before);
		start = r.codes.len;
		for (j = 0; j < len; j += n) {
			n = len - j < pieces[i] ? len - j : pieces[i];
			recorder_feed(&r, line + j, n);
		}
		recorder_send(&r, "NOOP\r\n");
		if (strcmp(r.codes.p + start, codes) != 0) {
			diag("%s, not %s", r.codes.p + start, codes);
			bad++;
		}
		recorder_free(&r);
	}
	is_int((long long)bad, 0, "%s", name);
}

static void
test_lines(void)
{
	static const struct {
		const char	*name;
		bool		 auth;
		const char	*before;
		const char	*begin;
		size_t		 n;	/* octets more */
		const char	*end;
		const char	*codes;
	} lines[] = {
		{ "2,048 octets", false, HELLO, "NOOP ", 2041, "\r\n",
		    "250 2.0.0,250 2.0.0," },
		{ "2,049 octets", false, HELLO, "NOOP ", 2042, "\r\n",
		    "500 5.5.2,250 2.0.0," },
		{ "2,048 octets, LF", false, HELLO, "NOOP ", 2042, "\n",
		    "250 2.0.0,250 2.0.0," },
		{ "2,049 octets, LF", false, HELLO, "NOOP ", 2043, "\n",
		    "500 5.5.2,250 2.0.0," },
		{ "100,000 octets", false, HELLO, "", 100000, "\r\n",
		    "500 5.5.2,250 2.0.0," },
		{ "2,048 octets of AUTH, not offered", false, HELLO,
		    "AUTH PLAIN ", 2035, "\r\n", "502 5.5.1,250 2.0.0," },
		{ "2,049 octets of AUTH, not offered", false, HELLO,
		    "AUTH PLAIN ", 2036, "\r\n", "500 5.5.2,250 2.0.0," },
		{ "12,288 octets of AUTH", true, HELLO, "auth PLAIN ",
		    12275, "\r\n", "501 5.5.2,250 2.0.0," },
		{ "12,289 octets of AUTH", true, HELLO, "AUTH PLAIN ",
		    12276, "\r\n", "500 5.5.2,250 2.0.0," },
		{ "2,049 octets, --auth", true, HELLO, "NOOP ", 2042, "\r\n",
		    "500 5.5.2,250 2.0.0," },
		{ "12,288 octets of an answer", true, HELLO "AUTH PLAIN\r\n",
		    "", 12286, "\r\n", "501 5.5.2,250 2.0.0," },
		{ "12,289 octets of an answer end AUTH", true,
		    HELLO "AUTH PLAIN\r\n", "", 12287, "\r\n",
		    "500 5.5.2,250 2.0.0," },
		{ "a password of 3 * 85 octets", true, HELLO
		    "AUTH LOGIN dXNlcg==\r\n", "", 340, "\r\n",
		    "535 5.7.8,250 2.0.0," },
		{ "a password of 3 * 86 octets", true, HELLO
		    "AUTH LOGIN dXNlcg==\r\n", "", 344, "\r\n",
		    "535 5.7.8,250 2.0.0," },
		{ "a long field", false, "", "X-Frob: ", 5000, "\r\n",
		    "421 4.7.0," },
		{ "a long name of a field", false, "", "A-name-of-more-than-"
		    "forty-octets-is-one-that-nobody-has: ", 5000, "\r\n",
		    "421 4.7.0," },
		{ "a long request by an unknown method", false, "",
		    "QUERY /", 5000, " HTTP/1.1\r\nHost: x\r\n",
		    "500 5.5.2,421 4.7.0," },
		{ "a long field after EHLO", false, HELLO, "X-Frob: ", 5000,
		    "\r\n", "500 5.5.2,250 2.0.0," },
		{ "a long field with the name of a verb", false, "", "EHLO: ",
		    5000, "\r\n", "500 5.5.2,250 2.0.0," },
		{ "a long HTTP request", false, "", "GET /", 5000,
		    " HTTP/1.1\r\nHost: x\r\n", "421 4.7.0," },
		{ "a name of 255 octets", false, "", "EHLO ", 255, "\r\n",
		    "250,250 2.0.0," },
		{ "a name of 256 octets", false, "", "EHLO ", 256, "\r\n",
		    "501 5.5.4,250 2.0.0," },
		{ "an address of 512 octets", false, HELLO, "MAIL FROM:<",
		    508, "@b.c>\r\n", "250 2.1.0,250 2.0.0," },
		{ "an address of 513 octets", false, HELLO, "MAIL FROM:<",
		    509, "@b.c>\r\n", "553 5.1.7,250 2.0.0," },
		{ "a recipient of 513 octets", false, HELLO MAIL, "RCPT TO:<",
		    513, ">\r\n", "553 5.1.3,250 2.0.0," }
	};
	char	*line;
	size_t	 i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		line = octets('x', lines[i].n, lines[i].begin, lines[i].end);
		test_line(lines[i].name, lines[i].auth, lines[i].before, line,
		    lines[i].codes);
		free(line);
	}
}

/* The last n codes, "421 4.7.0," and such, 10 octets each. */
static const char *
last_codes(const struct recorder *r, size_t n)
{
	return (r->codes.len < n * 10 ? r->codes.p :
	    r->codes.p + r->codes.len - n * 10);
}

static void
repeat(struct recorder *r, const char *line, int n)
{
	while (n-- > 0)
		recorder_send(r, line);
}

/* Errors count since the last mail that was taken. */
static void
test_errors(void)
{
	struct recorder		 r;

	recorder_init(&r);
	r.conf.max_errors = 20;
	recorder_start(&r);
	recorder_send(&r, HELLO);
	repeat(&r, "XYZZY\r\n", 19);
	is_str(last_codes(&r, 1), "500 5.5.1,", "19 errors");
	recorder_send(&r, MAIL RCPT "DATA\r\n.\r\n");
	is_str(last_codes(&r, 1), "250 2.0.0,", "do not end a session");
	repeat(&r, "XYZZY\r\n", 19);
	is_str(last_codes(&r, 1), "500 5.5.1,", "19 more after a mail");
	r.verdict.code = 451;
	r.verdict.enhanced = "4.3.0";
	recorder_send(&r, MAIL RCPT "DATA\r\n.\r\n");
	is_str(last_codes(&r, 1), "451 4.3.0,", "a mail that is not taken");
	recorder_send(&r, "NOOP\r\nXYZZY\r\n");
	is_str(last_codes(&r, 2), "250 2.0.0,421 4.7.0,", "so 20 end it");
	is_str(smtp_reason(r.smtp), "too many errors", "for this reason");
	recorder_free(&r);

	/* A mail that is refused for its content does not reset the count of
	 * errors. */
	recorder_init(&r);
	r.conf.max_size = 10;
	recorder_start(&r);
	recorder_send(&r, HELLO);
	repeat(&r, "XYZZY\r\n", 19);
	recorder_send(&r, MAIL RCPT "DATA\r\n0123456789\r\n.\r\nXYZZY\r\n");
	is_str(last_codes(&r, 2), "552 5.3.4,421 4.7.0,", "nor is that");
	recorder_free(&r);
}

/* Recipients that are refused do not count as errors, but as recipients. */
static void
test_refused(void)
{
	static const char	*const bad[] = { "RCPT TO:<a@-b>\r\n",
				    "RCPT TO:<-a@b>\r\n", "RCPT TO:<>\r\n",
				    "RCPT TO:root\r\n",
				    "RCPT TO:\"A\" <a@b>\r\n",
				    "RCPT TO:<\xc3\xa9@b>\r\n",
				    "RCPT TO:<a@b> NOTIFY=NEVER\r\n",
				    "RCPT TO:<a@b> =\r\n" };
	struct recorder		 r;
	size_t			 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		recorder_init(&r);
		r.conf.max_recipients = 30;
		recorder_start(&r);
		recorder_send(&r, HELLO MAIL);
		repeat(&r, bad[i], 29);
		is_str(last_codes(&r, 1)[0] == '5' ? "5" : r.codes.p, "5",
		    "29 refused recipients");
		recorder_send(&r, RCPT);
		is_str(last_codes(&r, 1), "250 2.1.5,", "and a good one");
		recorder_send(&r, RCPT);
		is_str(last_codes(&r, 1), "452 4.5.3,", "are all of 30");
		recorder_send(&r, bad[i]);
		is_str(last_codes(&r, 1), "452 4.5.3,", "a bad one, too");
		recorder_send(&r, "DATA\r\n.\r\n" MAIL);
		repeat(&r, bad[i], 29);
		recorder_send(&r, RCPT);
		is_str(last_codes(&r, 1), "250 2.1.5,", "and so in the next");
		recorder_send(&r, "RSET\r\n" MAIL);
		repeat(&r, bad[i], 29);
		recorder_send(&r, RCPT);
		is_str(last_codes(&r, 1), "250 2.1.5,", "and after RSET");
		recorder_free(&r);
	}
	/* A RCPT that names no recipient is an error. */
	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, HELLO MAIL);
	repeat(&r, "RCPT FROM:<a@b>\r\n", 20);
	is_str(last_codes(&r, 1), "421 4.7.0,", "20 times no recipient");
	recorder_free(&r);
}

static void
test_idle(void)
{
	static const char	*const idle[] = { "NOOP\r\n", "RSET\r\n",
				    "VRFY x\r\n", "HELP\r\n", "EHLO x\r\n",
				    "HELO\r\n" };
	const size_t		 nidle = sizeof(idle) / sizeof(idle[0]);
	struct recorder		 r;
	size_t			 i;

	for (i = 0; i < nidle; i++) {
		recorder_init(&r);
		r.conf.max_noops = 100;
		recorder_start(&r);
		recorder_send(&r, HELLO);
		repeat(&r, idle[i], 99);
		recorder_send(&r, MAIL RCPT "DATA\r\n.\r\n");
		repeat(&r, idle[i], 99);
		is_int(smtp_waits(r.smtp), SMTP_WAIT_COMMAND,
		    "99 in a row, and again after a mail: %.4s", idle[i]);
		recorder_send(&r, MAIL);
		recorder_send(&r, idle[(i + 1) % nidle]);
		is_str(last_codes(&r, 1), "421 4.7.0,", "but not 100");
		is_str(smtp_reason(r.smtp), "too many commands without a mail",
		    "for this reason");
		recorder_free(&r);
	}
}

/* How often a line is in what came of a session. */
static int
count(const struct recorder *r, const char *line)
{
	const char	*p = r->events.p;
	int		 n = 0;

	while ((p = strstr(p, line)) != NULL) {
		p += strlen(line);
		n++;
	}
	return (n);
}

/* Recipients that are deferred, but for as many as a mail may have beside those
 * that are accepted, are commands without a mail.  The log has one line. */
static void
test_deferred(void)
{
	struct recorder		 r;

	recorder_init(&r);
	r.conf.max_recipients = 2;
	recorder_start(&r);
	recorder_send(&r, HELLO MAIL RCPT RCPT);
	repeat(&r, RCPT, 50);
	is_str(last_codes(&r, 1), "452 4.5.3,", "50 deferred");
	is_int(count(&r, "deferred"), 0, "nothing is logged yet");
	recorder_send(&r, "DATA\r\n");
	is_int(count(&r, "{info: deferred: 452 4.5.3 Too many recipients "
	    "(50 recipients)}\n"), 1, "with DATA they are");
	recorder_send(&r, ".\r\n");
	is_int(r.nend, 1, "the mail is taken");
	recorder_send(&r, MAIL RCPT RCPT RCPT "RSET\r\n");
	is_int(count(&r, "{info: deferred: 452 4.5.3 Too many recipients}\n"),
	    1, "one more is logged with RSET");
	recorder_send(&r, MAIL RCPT RCPT);
	repeat(&r, RCPT, 100);
	is_str(last_codes(&r, 1), "452 4.5.3,", "as many as are accepted, "
	    "and 99 commands without a mail");
	recorder_send(&r, RCPT);
	is_str(last_codes(&r, 1), "421 4.7.0,", "but not 100");
	is_str(smtp_reason(r.smtp), "too many commands without a mail",
	    "for this reason");
	is_int(count(&r, "(101 recipients)}\n"), 1, "logged before the end");
	is_int(count(&r, "deferred"), 3, "three lines in all");
	recorder_free(&r);

	/* Where the client goes away, smtp_free() logs them. */
	recorder_init(&r);
	r.conf.max_recipients = 1;
	recorder_start(&r);
	recorder_send(&r, HELLO MAIL RCPT RCPT RCPT);
	smtp_free(r.smtp);
	r.smtp = NULL;
	is_int(count(&r, "(2 recipients)}\n"), 1, "logged at the end");
	recorder_free(&r);
}

static void
test_recipients(void)
{
	struct recorder	 r;
	char		 line[64];
	int		 i;

	recorder_init(&r);
	r.conf.max_recipients = 1000;
	recorder_start(&r);
	recorder_send(&r, HELLO MAIL);
	for (i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "RCPT TO:<u%d@example.org>\r\n",
		    i);
		recorder_send(&r, line);
	}
	is_str(last_codes(&r, 1), "250 2.1.5,", "1,000 recipients");
	recorder_send(&r, RCPT);
	is_str(last_codes(&r, 1), "452 4.5.3,", "but not 1,001");
	recorder_send(&r, "DATA\r\n.\r\n");
	is_str(last_codes(&r, 1), "250 2.0.0,", "and the mail is taken");
	recorder_free(&r);

	/* each is "c@d", its end, and a pointer */
	recorder_init(&r);
	r.conf.max_rcpt_octets = (uint32_t)(10 * (4 + sizeof(char *)));
	recorder_start(&r);
	recorder_send(&r, HELLO MAIL);
	for (i = 0; i < 10; i++)
		recorder_send(&r, RCPT);
	is_str(last_codes(&r, 1), "250 2.1.5,", "octets of recipients");
	recorder_send(&r, RCPT);
	is_str(last_codes(&r, 1), "452 4.5.3,", "but not more");
	recorder_free(&r);
}

/* A message with max_size octets, and with one more; an empty line that it
 * lacks is not its own. */
static void
test_size(bool header)
{
	struct recorder	 r;
	char		*mail;
	size_t		 n;

	for (n = 99; n <= 100; n++) {
		mail = octets('x', n, START, "\r\n.\r\nNOOP\r\n");
		if (header)
			mail[strlen(START) + 1] = ':';
		recorder_init(&r);
		r.conf.max_size = 100;
		recorder_start(&r);
		recorder_send(&r, mail);
		is_str(last_codes(&r, 2), n == 99 ? "250 2.0.0,250 2.0.0," :
		    "552 5.3.4,250 2.0.0,", "%zu octets", n + 1);
		is_int(r.nabort, n == 100, "%zu octets: dropped", n + 1);
		recorder_send(&r, MAIL);
		is_str(last_codes(&r, 1), "250 2.1.0,", "and the next mail");
		recorder_free(&r);
		free(mail);
	}
}

static void
test_loop(void)
{
	struct recorder	 r;
	int		 i, n;

	for (n = 99; n <= 101; n++) {
		recorder_init(&r);
		recorder_start(&r);
		recorder_send(&r, START);
		for (i = 0; i < n; i++)
			recorder_send(&r, "Received: from x\r\n\tby y\r\n");
		is_int(r.nabort, n >= 100, "%d Received fields", n);
		recorder_send(&r, "\r\nReceived: x\r\n.\r\n");
		is_str(last_codes(&r, 1), n < 100 ? "250 2.0.0," :
		    "554 5.4.6,", "%d Received fields: reply", n);
		recorder_free(&r);
	}
	/* in the body they are text */
	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, START "Subject: x\r\n\r\n");
	for (i = 0; i < 200; i++)
		recorder_send(&r, "Received: from x\r\n");
	recorder_send(&r, ".\r\n");
	is_str(last_codes(&r, 1), "250 2.0.0,", "200 in the body");
	recorder_free(&r);
}

/* A mail with this daemon's own Received field is refused as soon as that is
 * seen. */
static void
test_back(void)
{
	static const char	*const ours = "Received: from x\r\n\t"
				    "by mail.example.org with SMTP id "
				    RECORDER_OURS "\r\n\tfor <a>; Sun\r\n";
	struct recorder		 r;

	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, START "Received: from y\r\nX: y\r\n");
	recorder_send(&r, ours);
	is_int(r.nabort, 1, "our own field: dropped at once");
	ok(strstr(r.events.p, "loop: mail id=" RECORDER_OURS) != NULL,
	    "and named in the log");
	recorder_send(&r, ours);
	recorder_send(&r, "\r\nx\r\n.\r\n");
	is_str(last_codes(&r, 1), "554 5.4.6,", "and refused");
	is_int(r.nbegin, 1, "the command never sees it");
	is_int(r.nend, 0, "none of it");
	recorder_send(&r, MAIL RCPT "DATA\r\nX: y\r\n\r\n");
	recorder_send(&r, ours);
	recorder_send(&r, ".\r\n");
	is_str(last_codes(&r, 1), "250 2.0.0,", "in the body it is text");
	recorder_free(&r);
}

static void
test_room(void)
{
	struct recorder	 r;

	recorder_init(&r);
	r.max_declared = 1000;
	recorder_start(&r);
	recorder_send(&r, HELLO "MAIL FROM:<a> SIZE=1001\r\n" MAIL);
	is_str(r.codes.p, "250,452 4.3.1,250 2.1.0,", "no room at MAIL");
	r.begin = false;
	recorder_send(&r, RCPT "DATA\r\n");
	is_str(last_codes(&r, 1), "452 4.3.1,", "no room at DATA");
	ok(strstr(r.events.p, "{refused: 452 4.3.1 No room now, try again "
	    "later: from <") != NULL, "the log hears of the mail");
	ok(strstr(r.replies.p, "later, id=" RECORDER_ID "\r\n") != NULL,
	    "and the client its id");
	is_int((long long)r.nbegin, 0, "and nothing to drop");
	r.begin = true;
	r.max_content = 10;
	recorder_send(&r, "DATA\r\n0123456789\r\nmore\r\n.\r\n");
	is_str(last_codes(&r, 1), "452 4.3.1,", "no room for the content");
	is_int((long long)r.nabort, 1, "which is dropped, once");
	recorder_send(&r, MAIL RCPT "DATA\r\n0:2345678\r\n.\r\n");
	is_str(last_codes(&r, 1), "250 2.0.0,", "room again");
	r.conf.max_size = 20;
	recorder_send(&r, MAIL RCPT "DATA\r\n01234567890\r\n");
	is_int((long long)r.nabort, 2, "no room again");
	recorder_send(&r, "too large anyway\r\n.\r\n");
	is_str(last_codes(&r, 1), "552 5.3.4,", "too large goes before");
	is_int((long long)r.nabort, 2, "dropped once");
	r.full = true;
	recorder_send(&r, MAIL RCPT "DATA\r\n.\r\n");
	is_str(last_codes(&r, 1), "452 4.3.1,", "no room for an empty one");
	is_int((long long)r.nabort, 3, "which is dropped, too");
	r.full = false;
	recorder_send(&r, MAIL RCPT "DATA\r\n.\r\n");
	is_str(last_codes(&r, 1), "250 2.0.0,", "room for an empty one");
	ok(!smtp_quiet(r.smtp), "this is no quiet session");
	recorder_free(&r);
}

/* One call of data() for what one read has brought. */
static void
test_pieces(void)
{
	struct recorder	 r;
	char		*mail, *p;
	size_t		 i, n = 65536 / 64;

	mail = octets('x', 64 * n, "", ".\r\n");
	for (i = 0, p = mail; i < n; i++, p += 64)
		memcpy(p + 62, "\r\n", 2);
	mail[10] = ':';
	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, START);
	recorder_send(&r, mail);
	is_int(r.ndata, 1, "65,536 octets in one piece");
	is_int((long long)r.content.len, 63LL * (long long)n, "all of them");
	recorder_free(&r);
	free(mail);
}

/* A reply that cannot be sent now: no command more is taken. */
static void
test_pause(void)
{
	struct recorder	 r;
	char		 buf[] = "NOOP\r\nNOOP\r\nNOOP\r\n";

	recorder_init(&r);
	recorder_start(&r);
	r.pauses = 0xffffffff;
	is_int((long long)smtp_input(r.smtp, buf, 18), 6, "one command");
	is_int(smtp_waits(r.smtp), SMTP_WAIT_COMMAND, "others can come");
	is_int((long long)smtp_input(r.smtp, buf + 6, 12), 6, "one more");
	r.pauses = 0;
	is_int((long long)smtp_input(r.smtp, buf + 12, 6), 6, "the last");
	is_int(smtp_commands(r.smtp), 3, "three in all");
	recorder_free(&r);
}

/* What its user refuses: a sender, a recipient, one that may pass. */
static void
test_may(void)
{
	struct recorder	 r;

	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, HELLO "MAIL FROM:<no@b>\r\n" RCPT MAIL
	    "RCPT TO:<no@d>\r\n" "RCPT TO:<later@d>\r\n"
	    "RCPT TO:<later@e>\r\n" RCPT "RSET\r\n");
	is_str(last_codes(&r, 8), "550 5.7.1,503 5.5.1,250 2.1.0,550 5.7.1,"
	    "450 4.7.1,450 4.7.1,250 2.1.5,250 2.0.0,", "the others stay");
	is_int(count(&r, "{info: refused: 550 5.7.1 No: rules, line 7: "
	    "FROM:<no@b>}\n"), 1, "a sender in the log");
	is_int(count(&r, "{info: refused: 550 5.7.1 No: rules, line 7: "
	    "TO:<no@d>}\n"), 1, "a recipient");
	is_int(count(&r, "{info: deferred: 450 4.7.1 Later: rules, line 7 "
	    "(2 recipients)}\n"), 1, "two that may pass");
	recorder_free(&r);
}

int
main(void)
{
	test_may();
	test_lines();
	test_errors();
	test_refused();
	test_idle();
	test_deferred();
	test_recipients();
	test_size(false);
	test_size(true);
	test_loop();
	test_back();
	test_room();
	test_pieces();
	test_pause();
	return (done_testing());
}
