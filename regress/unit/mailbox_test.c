/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/mailbox.h"
#include "msmtpd.h"
#include "tap.h"

#define OK	MAILBOX_OK
#define BAD	MAILBOX_SYNTAX
#define LONG	MAILBOX_TOO_LONG
#define NEEDS	MAILBOX_NEEDS_UTF8
#define ILL	MAILBOX_BAD_UTF8
#define DASH	MAILBOX_DASH
#define NAME	MAILBOX_NAME

#define L63	"abcdefghijklmnopqrstuvwxyz0123456789-" \
		"abcdefghijklmnopqrstuvwxyz"
#define D255	L63 "." L63 "." L63 "." L63
#define X10	"xxxxxxxxxx"
#define X100	X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

/*
 * Mailboxes: what is made of each without SMTPUTF8, and whether that is so
 * with it too.
 */
static const struct {
	const char		*s;
	enum mailbox_error	 plain;
	enum mailbox_error	 utf8;
} mailboxes[] = {
	/* dot-strings */
	{ "user@example.org", OK, OK },
	{ "u@e", OK, OK },
	{ "first.last@example.org", OK, OK },
	{ "a.b.c.d.e@example.org", OK, OK },
	{ "user+tag@example.org", OK, OK },
	{ "user-name@example.org", OK, OK },
	{ "user_name@example.org", OK, OK },
	{ "!#$%&'*+/=?^_`{|}~@example.org", OK, OK },
	{ "!bang@example.org", OK, OK },
	{ "host!user@example.org", OK, OK },
	{ "user%host@example.org", OK, OK },
	{ "0123@example.org", OK, OK },
	{ "USER@EXAMPLE.ORG", OK, OK },
	{ "a-@example.org", OK, OK },
	{ "bounce-1-user=example.org@lists.example.org", OK, OK },
	{ "|cat@example.org", OK, OK },
	{ "/dev/null@example.org", OK, OK },
	{ "`id`@example.org", OK, OK },
	{ "$(id)@example.org", BAD, BAD },
	{ ".user@example.org", OK, OK },
	{ "user.@example.org", OK, OK },
	{ "us..er@example.org", OK, OK },
	{ "foo..bar@docomo.example", OK, OK },
	{ "..a...b..@example.org", OK, OK },
	{ ".-@example.org", OK, OK },
	{ ".@example.org", BAD, BAD },
	{ "...@example.org", BAD, BAD },
	{ ".", BAD, BAD },
	{ ".\"user\"@example.org", BAD, BAD },
	{ "\"user\".@example.org", BAD, BAD },
	{ "us. er@example.org", BAD, BAD },
	{ "us er@example.org", BAD, BAD },
	{ "us,er@example.org", BAD, BAD },
	{ "us:er@example.org", BAD, BAD },
	{ "us;er@example.org", BAD, BAD },
	{ "us(er)@example.org", BAD, BAD },
	{ "us<er@example.org", BAD, BAD },
	{ "us>er@example.org", BAD, BAD },
	{ "us[er]@example.org", BAD, BAD },
	{ "us\\er@example.org", BAD, BAD },
	{ "us\"er@example.org", BAD, BAD },
	{ "us\ter@example.org", BAD, BAD },
	{ "us\ner@example.org", BAD, BAD },
	{ "us\rer@example.org", BAD, BAD },
	{ "us\001er@example.org", BAD, BAD },
	{ "us\177er@example.org", BAD, BAD },
	{ "user\n@example.org", BAD, BAD },
	{ "user@example.org\n", BAD, BAD },
	{ "user@example.org ", BAD, BAD },
	{ " user@example.org", BAD, BAD },
	{ "@example.org", BAD, BAD },
	{ "@", BAD, BAD },
	{ "", BAD, BAD },
	{ "user@", BAD, BAD },
	{ "user@@example.org", BAD, BAD },
	{ "user@host@example.org", BAD, BAD },
	{ "user@example.org@", BAD, BAD },
	{ X100 "@example.org", OK, OK },
	{ X100 X100 X100 X100 X100 X10 "@e", OK, OK },
	{ X100 X100 X100 X100 X100 X10 "@ee", LONG, LONG },
	{ X100 X100 X100 X100 X100 X10 "xxx", LONG, LONG },
	/* no domain */
	{ "root", OK, OK },
	{ "postmaster", OK, OK },
	{ "Postmaster", OK, OK },
	{ "www-data", OK, OK },
	{ "_apt", OK, OK },
	{ "first.last", OK, OK },
	{ "\"quoted\"", OK, OK },
	{ "a.", OK, OK },
	{ ".a", OK, OK },
	{ "a..b", OK, OK },
	/* a hyphen first */
	{ "-user@example.org", DASH, DASH },
	{ "-", DASH, DASH },
	{ "--", DASH, DASH },
	{ "-oQ/tmp/x@example.org", DASH, DASH },
	{ "--file=/etc/passwd", DASH, DASH },
	{ "-C/etc/x", DASH, DASH },
	{ "u-@example.org", OK, OK },
	{ "\"-user\"@example.org", OK, OK },
	/* quoted strings */
	{ "\"user\"@example.org", OK, OK },
	{ "\"\"@example.org", OK, OK },
	{ "\" \"@example.org", OK, OK },
	{ "\"two words\"@example.org", OK, OK },
	{ "\"a@b\"@example.org", OK, OK },
	{ "\"a..b\"@example.org", OK, OK },
	{ "\".a.\"@example.org", OK, OK },
	{ "\"a\\\"b\"@example.org", OK, OK },
	{ "\"a\\\\\"@example.org", OK, OK },
	{ "\"a\\b\"@example.org", OK, OK },
	{ "\"a\\ b\"@example.org", OK, OK },
	{ "\"<>\"@example.org", OK, OK },
	{ "\"a>b\"@example.org", OK, OK },
	{ "\"(),:;<>@[]\"@example.org", OK, OK },
	{ "\"user@example.org", BAD, BAD },
	{ "\"user\\\"@example.org", BAD, BAD },
	{ "\"user\\", BAD, BAD },
	{ "\"", BAD, BAD },
	{ "\"a\"b\"@example.org", BAD, BAD },
	{ "\"a\"b@example.org", BAD, BAD },
	{ "\"a\".b@example.org", BAD, BAD },
	{ "a.\"b\"@example.org", BAD, BAD },
	{ "\"a\tb\"@example.org", BAD, BAD },
	{ "\"a\nb\"@example.org", BAD, BAD },
	{ "\"a\rb\"@example.org", BAD, BAD },
	{ "\"a\\\tb\"@example.org", BAD, BAD },
	{ "\"a\\\nb\"@example.org", BAD, BAD },
	{ "\"a\177b\"@example.org", BAD, BAD },
	{ "\"a\\\177b\"@example.org", BAD, BAD },
	{ "\"a\001b\"@example.org", BAD, BAD },
	/* domains */
	{ "u@localhost", OK, OK },
	{ "u@a.b.c.d.e.f", OK, OK },
	{ "u@1.2.3.4", OK, OK },
	{ "u@3com.example", OK, OK },
	{ "u@a-b.example", OK, OK },
	{ "u@a--b.example", OK, OK },
	{ "u@xn--bcher-kva.example", OK, OK },
	{ "u@under_score.example", OK, OK },
	{ "u@_under.example_", OK, OK },
	{ "u@" L63 ".example", OK, OK },
	{ "u@" L63 "x.example", LONG, LONG },
	{ "u@" D255, OK, OK },
	{ "u@" D255 ".", OK, OK },
	{ "u@" D255 "..", BAD, BAD },
	{ "u@" D255 "x", LONG, LONG },
	{ "u@" D255 ".x", LONG, LONG },
	{ "u@-a.example", BAD, BAD },
	{ "u@a-.example", BAD, BAD },
	{ "u@a.-b", BAD, BAD },
	{ "u@a.b-", BAD, BAD },
	{ "u@-", BAD, BAD },
	{ "u@.", BAD, BAD },
	{ "u@.example", BAD, BAD },
	{ "u@example.", OK, OK },
	{ "u@a.example.", OK, OK },
	{ "u@example..", BAD, BAD },
	{ "u@a..example", BAD, BAD },
	{ "u@..example", BAD, BAD },
	{ "u@example.-", BAD, BAD },
	{ "u@example.@", BAD, BAD },
	{ "u@example.!", BAD, BAD },
	{ "u@..", BAD, BAD },
	{ "u@a b", BAD, BAD },
	{ "u@a,b", BAD, BAD },
	{ "u@a:b", BAD, BAD },
	{ "u@a/b", BAD, BAD },
	{ "u@a!b", BAD, BAD },
	{ "u@a#b", BAD, BAD },
	{ "u@a(b)", BAD, BAD },
	{ "u@a;b", BAD, BAD },
	{ "u@a\"b", BAD, BAD },
	{ "u@\"a\"", BAD, BAD },
	{ "u@a\\b", BAD, BAD },
	{ "u@a\001b", BAD, BAD },
	{ "u@a\177", BAD, BAD },
	/* UTF-8 */
	{ "us\xc3\xa9r@example.org", NEEDS, OK },
	{ "user@ex\xc3\xa4mple.org", NEEDS, OK },
	{ "\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.\xe5\xb9\xbf",
	    NEEDS, OK },
	{ "\xf0\x9f\x93\xac@example.org", NEEDS, OK },
	{ "\"\xc3\xa9 \xc3\xa9\"@example.org", NEEDS, OK },
	{ "\xc3\xa9", NEEDS, OK },
	{ "\xf4\x8f\xbf\xbf@example.org", NEEDS, OK },
	{ "\xf4\x90\x80\x80@example.org", ILL, ILL },
	{ "\xf5\x80\x80\x80@example.org", ILL, ILL },
	{ "\xff@example.org", ILL, ILL },
	{ "us\xe9r@example.org", ILL, ILL },
	{ "user@ex\xe4mple.org", ILL, ILL },
	{ "user@ex\xe4", ILL, ILL },
	{ "\"\xe9\"@example.org", ILL, ILL },
	{ "\x80@example.org", ILL, ILL },
	{ "\xc3@example.org", ILL, ILL },
	{ "\xc3", ILL, ILL },
	{ "\xe7\x94@example.org", ILL, ILL },
	{ "\xf0\x9f\x93@example.org", ILL, ILL },
	{ "\xc0\x80@example.org", ILL, ILL },		/* over-long NUL */
	{ "\xc0\xaf@example.org", ILL, ILL },
	{ "\xc1\xbf@example.org", ILL, ILL },
	{ "\xe0\x80\xaf@example.org", ILL, ILL },
	{ "\xe0\x9f\xbf@example.org", ILL, ILL },
	{ "\xe0\xa0\x80@example.org", NEEDS, OK },
	{ "\xf0\x8f\xbf\xbf@example.org", ILL, ILL },
	{ "\xf0\x90\x80\x80@example.org", NEEDS, OK },
	{ "\xed\x9f\xbf@example.org", NEEDS, OK },
	{ "\xed\xa0\x80@example.org", ILL, ILL },	/* a surrogate */
	{ "\xc2\x80@example.org", BAD, BAD },		/* C1 */
	{ "\xc2\x85@example.org", BAD, BAD },
	{ "\"\xc2\x9b\"@example.org", BAD, BAD },
	{ "u@\xc2\x9f.example", BAD, BAD },
	{ "\xc2\xa0@example.org", NEEDS, OK },
	{ "\"\\\xc3\xa9\"@example.org", BAD, BAD },
	{ "\xc3\xa9..x@example.org", NEEDS, OK },
	{ ".\xc3\xa9@example.org", NEEDS, OK },
	{ "u@\xc3\xa9.", NEEDS, OK },
	{ "u@a.\xc3\xa9", NEEDS, OK },
	{ "u@a.\xe9", ILL, ILL },
	{ "u@a.\xe9.", ILL, ILL },
	{ "u@-\xc3\xa9.example", BAD, BAD },
	{ "u@\xc3\xa9-.example", BAD, BAD }
};
#define NMAILBOXES	(sizeof(mailboxes) / sizeof(mailboxes[0]))

/* Paths, with what is tolerated; flags are MAILBOX_UTF8 | MAILBOX_NULL. */
static const struct {
	const char		*s;
	enum mailbox_error	 error;
	const char		*mbox;
	const char		*rest;
} paths[] = {
	{ "<user@example.org>", OK, "user@example.org", "" },
	{ "  <user@example.org>", OK, "user@example.org", "" },
	{ "<user@example.org> SIZE=1", OK, "user@example.org", " SIZE=1" },
	{ "<user@example.org>  ", OK, "user@example.org", "  " },
	{ "user@example.org", OK, "user@example.org", "" },
	{ " user@example.org BODY=7BIT", OK, "user@example.org",
	    " BODY=7BIT" },
	{ "<root>", OK, "root", "" },
	{ "root SIZE=1", BAD, NULL, NULL },
	{ "root", BAD, NULL, NULL },
	{ "  root", BAD, NULL, NULL },
	{ "\"root\"", BAD, NULL, NULL },
	{ "\"a@b\"", BAD, NULL, NULL },
	{ "\"a@b\"@c", OK, "\"a@b\"@c", "" },
	{ "<\"a@b\">", OK, "\"a@b\"", "" },
	{ "BODY=8BITMIME SIZE=12345", BAD, NULL, NULL },
	{ " BODY=8BITMIME SIZE=12345", BAD, NULL, NULL },
	{ "SIZE=12345", BAD, NULL, NULL },
	{ "SMTPUTF8", BAD, NULL, NULL },
	{ "NOTIFY=NEVER", BAD, NULL, NULL },
	{ "ORCPT=rfc822;a@b", BAD, NULL, NULL },
	{ "AUTH=<>", BAD, NULL, NULL },
	{ "AUTH=a@b", BAD, NULL, NULL },
	{ "envid=QQ314159@example.org RET=HDRS", BAD, NULL, NULL },
	{ "<AUTH=a@b>", OK, "AUTH=a@b", "" },
	{ "bounce=a@b", OK, "bounce=a@b", "" },
	{ "a@b AUTH=<>", OK, "a@b", " AUTH=<>" },
	{ "<>", OK, "", "" },
	{ "  <> SIZE=1", OK, "", " SIZE=1" },
	{ "<\"a b\"@example.org> X", OK, "\"a b\"@example.org", " X" },
	{ "\"a b\"@example.org X", OK, "\"a b\"@example.org", " X" },
	{ "<\"a>b\"@example.org>", OK, "\"a>b\"@example.org", "" },
	{ "<@a:user@example.org>", OK, "user@example.org", "" },
	{ "<@a.example,@b.example:user@example.org> X", OK,
	    "user@example.org", " X" },
	{ "@a:user@example.org", OK, "user@example.org", "" },
	{ "<@a:root>", OK, "root", "" },
	{ "<\xc3\xa9@example.org> SMTPUTF8", OK, "\xc3\xa9@example.org",
	    " SMTPUTF8" },
	{ "", BAD, NULL, NULL },
	{ " ", BAD, NULL, NULL },
	{ "<", BAD, NULL, NULL },
	{ ">", BAD, NULL, NULL },
	{ "< >", OK, "", "" },
	{ " <   > SIZE=1", OK, "", " SIZE=1" },
	{ "<\t>", BAD, NULL, NULL },
	{ "< ", BAD, NULL, NULL },
	{ "< > >", OK, "", " >" },
	{ "< >x", BAD, NULL, NULL },
	{ "< user@example.org>", BAD, NULL, NULL },
	{ "<user@example.org >", BAD, NULL, NULL },
	{ "<user@example.org", BAD, NULL, NULL },
	{ "user@example.org>", BAD, NULL, NULL },
	{ "<<user@example.org>>", BAD, NULL, NULL },
	{ "<user@example.org>>", BAD, NULL, NULL },
	{ "<user@example.org>SIZE=1", BAD, NULL, NULL },
	{ "<user@example.org>,<b@example.org>", BAD, NULL, NULL },
	{ "<>x", BAD, NULL, NULL },
	{ "Name <user@example.org>", NAME, NULL, NULL },
	{ "\"Printer\" <user@example.org>", NAME, NULL, NULL },
	{ " \"The Printer\" <user@example.org> SIZE=1", NAME, NULL, NULL },
	{ "The Printer <user@example.org>", NAME, NULL, NULL },
	{ "Printer<user@example.org>", NAME, NULL, NULL },
	{ "M\xc3\xbcller <user@example.org>", NAME, NULL, NULL },
	{ "M\xfcller <user@example.org>", NAME, NULL, NULL },
	{ "- <user@example.org>", NAME, NULL, NULL },
	{ "user@example.org <user@example.org>", NAME, NULL, NULL },
	{ "mailto:<user@example.org>", NAME, NULL, NULL },
	{ "Name <user@example.org", BAD, NULL, NULL },
	{ "user@example.org <", BAD, NULL, NULL },
	{ "<user@example.org> <b@example.org>", OK, "user@example.org",
	    " <b@example.org>" },
	{ "<@a>", BAD, NULL, NULL },
	{ "<@a:>", BAD, NULL, NULL },
	{ "<@:user@example.org>", BAD, NULL, NULL },
	{ "<@a,b:user@example.org>", BAD, NULL, NULL },
	{ "<@a,:user@example.org>", BAD, NULL, NULL },
	{ "<@a,@b user@example.org>", BAD, NULL, NULL },
	{ "<@a:@b:user@example.org>", BAD, NULL, NULL },
	{ "@a:root", BAD, NULL, NULL },
	{ "<@a.,@b.:u@c.>", OK, "u@c.", "" },
	{ "<@\xe2\x80\x8b:u@c>", BAD, NULL, NULL },
	{ "<@-a:user@example.org>", BAD, NULL, NULL },
	{ "<@" L63 "x:user@example.org>", LONG, NULL, NULL },
	{ "<-user@example.org>", DASH, NULL, NULL },
	{ "-user@example.org", DASH, NULL, NULL },
	{ "<@a:-user@example.org>", DASH, NULL, NULL },
	{ "\t<user@example.org>", BAD, NULL, NULL },
	{ "<user@example.org>\xe9", ILL, NULL, NULL }
};

/* A copy that ends where its memory does. */
static char *
exact(const char *s, size_t len)
{
	char	*p;

	if ((p = malloc(len + (len == 0))) == NULL)
		abort();
	memcpy(p, s, len);
	return (p);
}

static void
test_mailbox(const char *s, int flags, enum mailbox_error want)
{
	const char	*mbox, *rest;
	char		 path[1024], *p;
	size_t		 len = strlen(s), mboxlen, n;

	p = exact(s, len);
	is_int(mailbox_valid(p, len, flags), want == OK,
	    "\"%.60s\" %s", s, flags ? "with SMTPUTF8" : "");
	free(p);
	/* and in angle brackets */
	n = (size_t)snprintf(path, sizeof(path), "<%s>", s);
	p = exact(path, n);
	/* what only begins right is a mailbox within a path that is none */
	if (is_int(mailbox_path(p, n, flags, &mbox, &mboxlen, &rest), want,
	    "<%.60s> %s", s, flags ? "with SMTPUTF8" : "") && want == OK)
		ok(mboxlen == len && memcmp(mbox, s, len) == 0 &&
		    rest == p + n, "<%.60s> as received", s);
	free(p);
}

static void
test_path(const char *s, enum mailbox_error want, const char *wantmbox,
    const char *wantrest)
{
	const char	*mbox, *rest;
	char		*p;
	size_t		 len = strlen(s), mboxlen;

	p = exact(s, len);
	if (is_int(mailbox_path(p, len, MAILBOX_UTF8 | MAILBOX_NULL, &mbox,
	    &mboxlen, &rest), want, "path \"%.60s\"", s) && want == OK) {
		is_mem(mbox, mboxlen, wantmbox, strlen(wantmbox),
		    "its mailbox");
		is_mem(rest, (size_t)(p + len - rest), wantrest,
		    strlen(wantrest), "and the rest");
	}
	free(p);
}

/*
 * No octet is let in anywhere that the grammar does not name: each at each
 * place of a mailbox, of one with a quoted local part, and of literals.
 */
static void
test_octets(void)
{
	static const char	*const bases[] = { "u@e", "\"u\"@e",
	    "u@[1.2.3.4]", "u@[IPv6:1::2.3.4.5]", "u@[t:c]" };
	char			 buf[32];
	size_t			 b, i, len, bad = 0;
	int			 c;

	for (b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
		len = strlen(bases[b]);
		for (i = 0; i <= len; i++)
			for (c = 0; c < 256; c++) {
				if (c >= ' ' && c < 0x7f)
					continue;
				memcpy(buf, bases[b], i);
				buf[i] = (char)c;
				memcpy(buf + i + 1, bases[b] + i, len - i);
				bad += mailbox_valid(buf, len + 1, 0);
				bad += mailbox_valid(buf, len + 1,
				    MAILBOX_UTF8);
			}
	}
	is_int((long long)bad, 0, "no control character, NUL or lone octet");
}

/*
 * Characters that no domain has, and neighbours of them that some have, by the
 * appendix of RFC 5892 and RFC 5892, 2.6 to 2.8; e2e/76-domains.t has all of
 * them.
 */
static const struct {
	unsigned long	 c;
	bool		 good;
} characters[] = {
	{ 0x80, false }, { 0x9f, false },		/* controls */
	{ 0xa0, false }, { 0x1680, false },		/* spaces */
	{ 0x2000, false }, { 0x202f, false }, { 0x205f, false },
	{ 0x3000, false }, { 0x2028, false }, { 0x2029, false },
	{ 0xad, false }, { 0x61c, false },		/* not shown */
	{ 0x180e, false }, { 0x200b, false }, { 0x200e, false },
	{ 0x202e, false }, { 0x2060, false }, { 0x2066, false },
	{ 0xfeff, false }, { 0xfff9, false }, { 0xe0001, false },
	{ 0xe007f, false }, { 0x34f, false }, { 0x115f, false },
	{ 0x3164, false }, { 0xffa0, false }, { 0xfe0f, false },
	{ 0xe01ef, false },
	{ 0xa2, false }, { 0xa9, false },		/* symbols */
	{ 0xb4, false }, { 0xd7, false }, { 0xf7, false }, { 0x2d8, false },
	{ 0x20ac, false }, { 0x20bf, false }, { 0x2122, false },
	{ 0x2190, false }, { 0x221e, false }, { 0x2460, false },
	{ 0x2500, false }, { 0x2603, false }, { 0x2764, false },
	{ 0x2e80, false }, { 0x3200, false }, { 0xffe5, false },
	{ 0xfffd, false }, { 0x1d100, false }, { 0x1f4ec, false },
	{ 0x1f600, false }, { 0x1fae0, false },
	{ 0xa1, false }, { 0xb6, false },		/* punctuation */
	{ 0xbf, false }, { 0x37e, false }, { 0x589, false },
	{ 0x60c, false }, { 0x66a, false }, { 0x964, false },
	{ 0x2010, false }, { 0x2018, false }, { 0x2024, false },
	{ 0x2026, false }, { 0x2044, false }, { 0x2215, false },
	{ 0x2e2e, false }, { 0x3001, false }, { 0x3002, false },
	{ 0xfe52, false }, { 0xff0e, false }, { 0xff20, false },
	{ 0xff61, false },
	{ 0xb2, false }, { 0xbd, false },		/* other numbers */
	{ 0xe000, false }, { 0xf8ff, false },		/* private use */
	{ 0xf0000, false }, { 0x10fffd, false },
	{ 0xfdd0, false }, { 0xfffe, false },		/* noncharacters */
	{ 0x1ffff, false }, { 0x10ffff, false },
	{ 0xe4, true }, { 0xfc, true }, { 0xdf, true },	/* letters */
	{ 0xd6, true }, { 0xd8, true }, { 0xf6, true }, { 0xf8, true },
	{ 0x142, true }, { 0x3b1, true }, { 0x3c2, true }, { 0x436, true },
	{ 0x5d0, true }, { 0x627, true }, { 0x905, true }, { 0x93f, true },
	{ 0xe01, true }, { 0x10d0, true }, { 0x1100, true },
	{ 0x1e9e, true }, { 0x2e2f, true }, { 0x3005, true },
	{ 0x3007, true }, { 0x3042, true }, { 0x30a2, true },
	{ 0x30fc, true }, { 0x4f8b, true }, { 0xac00, true },
	{ 0x20000, true }, { 0x2a6df, true }, { 0x300, true },
	{ 0x660, true }, { 0x966, true },		/* digits */
	{ 0xb7, true }, { 0x375, true }, { 0x5f3, true },	/* 2.6 */
	{ 0x5f4, true }, { 0x6fd, true }, { 0x6fe, true }, { 0xf0b, true },
	{ 0x30fb, true },
	{ 0x200c, true }, { 0x200d, true }		/* 2.8 */
};

/* The character as UTF-8, '\0' after it. */
static void
encode(char *p, unsigned long c)
{
	if (c >= 0x10000)
		*p++ = (char)(0xf0 | c >> 18);
	if (c >= 0x800)
		*p++ = (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) :
		    0xe0 | c >> 12);
	*p++ = (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
	*p++ = (char)(0x80 | (c & 0x3f));
	*p = '\0';
}

static void
test_characters(void)
{
	static const char	*const forms[] = { "u@%s.example", "u@a%s",
				    "u@x.%sb.", "<@a%sb:u@c>" };
	const char		*mbox, *rest;
	char			 c[8], path[64];
	size_t			 f, i, len, mboxlen;
	enum mailbox_error	 want;

	for (i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
		for (f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
			encode(c, characters[i].c);
			len = (size_t)snprintf(path, sizeof(path), forms[f],
			    c);
			want = characters[i].good ? OK : BAD;
			is_int(mailbox_path(path, len, MAILBOX_UTF8, &mbox,
			    &mboxlen, &rest), want, "U+%04lX in %s",
			    characters[i].c, forms[f]);
		}
	/* In a local part they are nobody's affair, but for controls. */
	is_int(mailbox_valid("\xe2\x82\xac\xe2\x80\x8b@x", 8, MAILBOX_UTF8),
	    1, "a euro sign and U+200B in a local part");
}

/* Those that are mailboxes, one a line: regress/e2e sends mail to them. */
static int
list(void)
{
	size_t	 i;

	for (i = 0; i < NMAILBOXES; i++)
		if (mailbox_valid(mailboxes[i].s, strlen(mailboxes[i].s),
		    MAILBOX_UTF8))
			puts(mailboxes[i].s);
	return (0);
}

int
main(int argc, char **argv)
{
	const char	*mbox, *rest;
	size_t		 i, len;

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return (list());
	for (i = 0; i < NMAILBOXES; i++) {
		test_mailbox(mailboxes[i].s, 0, mailboxes[i].plain);
		test_mailbox(mailboxes[i].s, MAILBOX_UTF8, mailboxes[i].utf8);
	}
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		test_path(paths[i].s, paths[i].error, paths[i].mbox,
		    paths[i].rest);
	is_int(mailbox_path("<>", 2, MAILBOX_UTF8, &mbox, &len, &rest), BAD,
	    "\"<>\" only where it is allowed");
	is_int(mailbox_valid("", 0, MAILBOX_UTF8), 0, "nothing is no mailbox");
	test_octets();
	test_characters();
	diag("%zu addresses", NMAILBOXES + sizeof(paths) / sizeof(paths[0]));
	return (done_testing());
}
