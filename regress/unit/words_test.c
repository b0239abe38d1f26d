/* SPDX-License-Identifier: ISC */
/* The SMTP reply in what a command prints: what is one, what belongs to it,
 * what it is about, and that it does not matter where pieces begin. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "mail/words.h"
#include "tap.h"

#define M	"msmtp: server message: "
#define GREETING "msmtp: cannot get initial OK message from server\n"
#define EHLO	"msmtp: SMTP server does not accept EHLO or HELO commands\n"
#define AUTH	"msmtp: authentication failed (method PLAIN)\n"
#define MAIL	"msmtp: envelope from address a@b.example not accepted by " \
		"the server\n"
#define RCPT	"msmtp: recipient address c@d.example not accepted by the " \
		"server\n"
#define END	"msmtp: the server did not accept the mail\n"
#define LAST	"msmtp: could not send mail (account default from /etc/rc)\n"

static const struct words_case {
	const char		*name;
	const char		*printed;
	int			 code;
	const char		*enhanced;
	const char		*text;
	enum words_about	 about;
} cases[] = {
	/* as msmtp 1.8.23 prints it */
	{ "msmtp: RCPT", RCPT M "550 5.1.1 no such user\n" LAST, 550, "5.1.1",
	    "no such user", WORDS_MAIL },
	{ "msmtp: MAIL", MAIL M "450 4.2.0 greylisted\n" LAST, 450, "4.2.0",
	    "greylisted", WORDS_MAIL },
	{ "msmtp: the end of data", END M "554 5.7.1 spam\n" LAST, 554,
	    "5.7.1", "spam", WORDS_MAIL },
	{ "msmtp: AUTH", AUTH M "535 5.7.8 no\n" LAST, 535, "5.7.8", "no",
	    WORDS_LOGIN },
	{ "msmtp: AUTH, another code", AUTH M "454 4.7.0 later\n" LAST, 454,
	    "4.7.0", "later", WORDS_LOGIN },
	{ "msmtp: the greeting", GREETING M "554 5.7.1 go away\n" LAST, 554,
	    "5.7.1", "go away", WORDS_SESSION },
	{ "msmtp: EHLO", EHLO M "550 5.7.1 bad name\n" LAST, 550, "5.7.1",
	    "bad name", WORDS_SESSION },
	{ "msmtp: STARTTLS", "msmtp: command STARTTLS failed\n" M
	    "454 4.7.0 no TLS now\n" LAST, 454, "4.7.0", "no TLS now",
	    WORDS_SESSION },
	{ "msmtp: LHLO", "msmtp: LMTP server does not accept LHLO command\n"
	    "msmtp: LMTP server message: 550 no\n", 550, "", "no",
	    WORDS_SESSION },
	{ "msmtp: by another name", "/usr/bin/msmtp: server message: 550 x\n",
	    550, "", "x", WORDS_MAIL },
	{ "no name", "server message: 550 x\n", 550, "", "x", WORDS_MAIL },
	{ "msmtp: several lines", RCPT M "550-5.1.1 one\n" M
	    "550-5.1.1 two\n" M "550 5.1.1 three\n" LAST, 550, "5.1.1",
	    "one two three", WORDS_MAIL },
	{ "msmtp: a code of no RFC", RCPT M "571-5.7.1 no\n" M "571 way\n"
	    LAST, 571, "5.7.1", "no way", WORDS_MAIL },
	{ "msmtp: no reply", "msmtp: the server sent an empty reply\n" LAST,
	    0, "", "", WORDS_UNKNOWN },
	{ "msmtp: a file", "msmtp: /etc/msmtprc: Permission denied\n", 0, "",
	    "", WORDS_CONFIG },
	{ "msmtp: a certificate", "msmtp: cannot set X509 trust file /x for "
	    "TLS session: Error while reading file.\n" LAST, 0, "", "",
	    WORDS_CONFIG },
	{ "a file, then a reply", "x: /y: z\n" M "550 no\n", 550, "", "no",
	    WORDS_MAIL },
	{ "a reply, then a file", M "550 no\nx: /y: z\n", 550, "", "no",
	    WORDS_MAIL },
	{ "a path alone is no file's trouble", "x: /y\n", 0, "", "",
	    WORDS_UNKNOWN },

	/* any command */
	{ "a line", "550 5.1.1 no\n", 550, "5.1.1", "no", WORDS_UNKNOWN },
	{ "without LF", "550 5.1.1 no", 550, "5.1.1", "no", WORDS_UNKNOWN },
	{ "CR LF", "550 5.1.1 no\r\n", 550, "5.1.1", "no", WORDS_UNKNOWN },
	{ "nothing", "", 0, "", "", WORDS_UNKNOWN },
	{ "empty lines", "\n\n\r\n", 0, "", "", WORDS_UNKNOWN },
	{ "a code alone", "451\n", 451, "", "", WORDS_UNKNOWN },
	{ "a code and a hyphen", "451-\n", 451, "", "", WORDS_UNKNOWN },
	{ "a code and a space", "451 \n", 451, "", "", WORDS_UNKNOWN },
	{ "two codes alone", "451 4.1.1\n", 451, "4.1.1", "", WORDS_UNKNOWN },
	{ "the last one counts", "550 no\n450 later\n", 450, "", "later",
	    WORDS_UNKNOWN },
	{ "whatever stands after it", "550 no\nbye\n", 550, "", "no",
	    WORDS_UNKNOWN },
	{ "login before it", AUTH "535 no\n", 535, "", "no", WORDS_UNKNOWN },
	{ "login, then the mail", AUTH M "535 5.7.8 no\n" RCPT M
	    "550 5.1.1 no\n", 550, "5.1.1", "no", WORDS_MAIL },
	{ "LMTP, two recipients", M "550 5.1.1 a\n" M "450 4.2.0 b\n", 450,
	    "4.2.0", "b", WORDS_MAIL },

	/* several lines */
	{ "lines", "450-a\n450-b\n450 c\n", 450, "", "a b c", WORDS_UNKNOWN },
	{ "the last is missing", "450-a\n450-b\n", 450, "", "a b",
	    WORDS_UNKNOWN },
	{ "another code begins anew", "450-a\n550 b\n", 550, "", "b",
	    WORDS_UNKNOWN },
	{ "a space ends it", "550 a\n550 b\n", 550, "", "b", WORDS_UNKNOWN },
	{ "another line ends it", "550-a\nx\n550 b\n", 550, "", "b",
	    WORDS_UNKNOWN },
	{ "an empty line ends it", "550-a\n\n550 b\n", 550, "", "b",
	    WORDS_UNKNOWN },
	{ "only the first has the code", "550-5.1.1 a\n550 b\n", 550, "5.1.1",
	    "a b", WORDS_UNKNOWN },
	{ "another enhanced code is text", "550-5.1.1 a\n550 5.7.1 b\n", 550,
	    "5.1.1", "a 5.7.1 b", WORDS_UNKNOWN },
	{ "one that comes later is text", "550-a\n550 5.7.1 b\n", 550, "",
	    "a 5.7.1 b", WORDS_UNKNOWN },
	{ "a line of it is empty", "550-5.1.1 a\n550-5.1.1\n550-\n550 b\n",
	    550, "5.1.1", "a b", WORDS_UNKNOWN },

	/* what is no reply */
	{ "success", "250 2.0.0 ok\n", 0, "", "", WORDS_UNKNOWN },
	{ "354", "354 go\n", 0, "", "", WORDS_UNKNOWN },
	{ "a space before it", " 550 no\n", 0, "", "", WORDS_UNKNOWN },
	{ "within a line", "he said: 550 no\n", 0, "", "", WORDS_UNKNOWN },
	{ "four digits", "5500 no\n", 0, "", "", WORDS_UNKNOWN },
	{ "two digits", "55 no\n", 0, "", "", WORDS_UNKNOWN },
	{ "a colon", "550: no\n", 0, "", "", WORDS_UNKNOWN },
	{ "no such second digit", "460 no\n", 0, "", "", WORDS_UNKNOWN },
	{ "600", "600 no\n", 0, "", "", WORDS_UNKNOWN },
	{ "curl's", "curl: (22) The requested URL returned error: 404\n", 0,
	    "", "", WORDS_UNKNOWN },
	{ "an address with msmtp's words in it", "msmtp: recipient address "
	    "\"server message: 550 x\"@y not accepted by the server\n", 0, "",
	    "", WORDS_UNKNOWN },
	{ "msmtp: 250 to DATA", "msmtp: the server does not accept mail "
	    "data\n" M "250 ok\n" LAST, 0, "", "", WORDS_MISPLACED },
	{ "msmtp: 354 to RCPT", RCPT M "354-go\n" M "354 on\n" LAST, 0, "",
	    "", WORDS_MISPLACED },
	{ "msmtp: 600", M "600 x\n", 0, "", "", WORDS_MISPLACED },
	{ "misplaced, then a reply", M "250 x\n" M "550 no\n", 550, "", "no",
	    WORDS_MAIL },
	{ "a reply, then misplaced", M "550 no\n" M "250 x\n", 550, "", "no",
	    WORDS_MAIL },
	{ "misplaced, then a file", M "250 x\nx: /y: z\n", 0, "", "",
	    WORDS_CONFIG },
	{ "msmtp's words twice", M "server message: 550 x\n", 0, "", "",
	    WORDS_MISPLACED },

	/* enhanced codes */
	{ "of another class", "550 4.1.1 x\n", 550, "", "4.1.1 x",
	    WORDS_UNKNOWN },
	{ "the longest", "550 5.999.999 x\n", 550, "5.999.999", "x",
	    WORDS_UNKNOWN },
	{ "longer", "550 5.1000.1 x\n", 550, "", "5.1000.1 x",
	    WORDS_UNKNOWN },
	{ "longer, behind", "550 5.1.1000 x\n", 550, "", "5.1.1000 x",
	    WORDS_UNKNOWN },
	{ "a 0 before it", "550 5.01.1 x\n", 550, "", "5.01.1 x",
	    WORDS_UNKNOWN },
	{ "5.0.0", "550 5.0.0 x\n", 550, "5.0.0", "x", WORDS_UNKNOWN },
	{ "two numbers", "550 5.1 x\n", 550, "", "5.1 x", WORDS_UNKNOWN },
	{ "four numbers", "550 5.1.1.1 x\n", 550, "", "5.1.1.1 x",
	    WORDS_UNKNOWN },
	{ "a colon after it", "550 5.1.1: x\n", 550, "", "5.1.1: x",
	    WORDS_UNKNOWN },
	{ "spaces", "550   5.1.1   x  y  \n", 550, "5.1.1", "x  y",
	    WORDS_UNKNOWN },
	{ "tabs", "550\t5.1.1\tx\n", 550, "5.1.1", "x", WORDS_UNKNOWN },

	/* what could do harm */
	{ "escapes", "550 5.1.1 \033[31mred\007\n", 550, "5.1.1", "?[31mred?",
	    WORDS_UNKNOWN },
	{ "CR within", M "550 a\rb\r\r\n", 550, "", "a?b", WORDS_MAIL },
	{ "8-bit", "550 \xc3\xbc\xff\n", 550, "", "???", WORDS_UNKNOWN },
	{ "DEL", "550 \177\n", 550, "", "?", WORDS_UNKNOWN },
};

static void
find(struct words *w, const char *p, size_t len, size_t split)
{
	memset(w, 0xa5, sizeof(*w));
	words_init(w);
	words_feed(w, p, split);
	words_feed(w, p + split, len - split);
}

static bool
is_same(const struct mail_words *w, const struct words_case *c)
{
	return (w->code == c->code && strcmp(w->enhanced, c->enhanced) == 0 &&
	    strcmp(w->text, c->text) == 0 && w->about == c->about &&
	    words_valid(w));
}

/* One octet at a time. */
static bool
is_same_slowly(const struct words_case *c)
{
	struct words	 w;
	const char	*p;

	words_init(&w);
	for (p = c->printed; *p != '\0'; p++)
		words_feed(&w, p, 1);
	return (is_same(words_end(&w), c));
}

static void
table(void)
{
	const struct words_case	*c;
	const struct mail_words	*found;
	struct words		 w;
	size_t			 i, len;
	int			 wrong;

	for (c = cases; c < cases + sizeof(cases) / sizeof(cases[0]); c++) {
		len = strlen(c->printed);
		find(&w, c->printed, len, len);
		found = words_end(&w);
		is_int(found->code, c->code, "%s: code", c->name);
		is_str(found->enhanced, c->enhanced, "%s: enhanced", c->name);
		is_str(found->text, c->text, "%s: text", c->name);
		is_int(found->about, c->about, "%s: about", c->name);
		ok(words_valid(found), "%s: valid", c->name);
		for (i = 0, wrong = 0; i <= len; i++) {
			find(&w, c->printed, len, i);
			wrong += !is_same(words_end(&w), c);
		}
		is_int(wrong, 0, "%s: at every split", c->name);
		ok(is_same_slowly(c), "%s: octet by octet", c->name);
	}
}

static void
nul(void)
{
	static const char	 printed[] = "550 a\0b\n";
	struct words		 w;

	find(&w, printed, sizeof(printed) - 1, 3);
	is_str(words_end(&w)->text, "a?b", "NUL");
}

/* Text of each length up to three times the room, in one line and in many. */
static void
lengths(void)
{
	const struct mail_words	*found;
	struct words		 w;
	char			 x[2], line[MSMTPD_WORDS_MAX + 64];
	size_t			 n, i, want;
	int			 wrong = 0, wrongs = 0;

	x[1] = '\0';
	for (n = 0; n < 3 * MSMTPD_WORDS_MAX; n++) {
		words_init(&w);
		words_feed(&w, "550 5.1.1 ", 10);
		for (i = 0; i < n; i++) {
			x[0] = (char)('a' + i % 26);
			words_feed(&w, x, 1);
		}
		found = words_end(&w);
		want = n < MSMTPD_WORDS_MAX ? n : MSMTPD_WORDS_MAX - 1;
		wrong += strlen(found->text) != want || !words_valid(found) ||
		    (strstr(found->text, "...") != NULL) != (n > want);
	}
	is_int(wrong, 0, "one line of any length");
	for (n = 1; n < MSMTPD_WORDS_MAX; n++) {
		words_init(&w);
		snprintf(line, sizeof(line), "550-5.1.1 %0*d\n", (int)n, 0);
		words_feed(&w, line, strlen(line));
		words_feed(&w, line, strlen(line));
		line[3] = ' ';
		words_feed(&w, line, strlen(line));
		found = words_end(&w);
		want = 3 * n + 2;
		if (want >= MSMTPD_WORDS_MAX)
			want = MSMTPD_WORDS_MAX - 1;
		wrongs += strlen(found->text) != want || !words_valid(found) ||
		    (strcmp(found->text + strlen(found->text) - 3, "...") ==
		    0) != (3 * n + 2 > want);
	}
	is_int(wrongs, 0, "three lines of any length");
}

/* What comes before matters to nothing but memory, which is bounded. */
static void
much(void)
{
	struct words	 w;
	int		 i;

	words_init(&w);
	for (i = 0; i < 100000; i++)
		words_feed(&w, "no line end ", 12);
	words_feed(&w, "\n550 x\n", 7);
	for (i = 0; i < 10000; i++)
		words_feed(&w, "a line\n", 7);
	is_int(words_end(&w)->code, 550, "among a megabyte");
}

int
main(void)
{
	table();
	nul();
	lengths();
	much();
	return (done_testing());
}
