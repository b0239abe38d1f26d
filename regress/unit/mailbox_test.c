/* SPDX-License-Identifier: ISC */
/* Mailboxes and paths: what is one, and what is refused, and why. */

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

/* Mailboxes, by what is made of each. */
static const char *const	 good[] = {
	"user@example.org", "u@e", "first.last@example.org",
	"a.b.c.d.e@example.org", "user+tag@example.org",
	"user-name@example.org", "user_name@example.org",
	"!#$%&'*+/=?^_`{|}~@example.org", "!bang@example.org",
	"host!user@example.org", "user%host@example.org", "0123@example.org",
	"USER@EXAMPLE.ORG", "a-@example.org",
	"bounce-1-user=example.org@lists.example.org", "|cat@example.org",
	"/dev/null@example.org", "`id`@example.org", ".user@example.org",
	"user.@example.org", "us..er@example.org", "foo..bar@docomo.example",
	"..a...b..@example.org", ".-@example.org", X100 "@example.org",
	X100 X100 X100 X100 X100 X10 "@e",
	/* no domain */
	"root", "postmaster", "Postmaster", "www-data", "_apt", "first.last",
	"\"quoted\"", "a.", ".a", "a..b",
	/* a hyphen first */
	"u-@example.org", "\"-user\"@example.org",
	/* quoted strings */
	"\"user\"@example.org", "\"\"@example.org", "\" \"@example.org",
	"\"two words\"@example.org", "\"a@b\"@example.org",
	"\"a..b\"@example.org", "\".a.\"@example.org", "\"a\\\"b\"@example.org",
	"\"a\\\\\"@example.org", "\"a\\b\"@example.org",
	"\"a\\ b\"@example.org", "\"<>\"@example.org", "\"a>b\"@example.org",
	"\"(),:;<>@[]\"@example.org",
	/* domains */
	"u@localhost", "u@a.b.c.d.e.f", "u@1.2.3.4", "u@3com.example",
	"u@a-b.example", "u@a--b.example", "u@xn--bcher-kva.example",
	"u@under_score.example", "u@_under.example_", "u@" L63 ".example",
	"u@" D255, "u@" D255 ".", "u@example.", "u@a.example.",
	NULL
};

static const char *const	 bad[] = {
	"$(id)@example.org", ".@example.org", "...@example.org", ".",
	".\"user\"@example.org", "\"user\".@example.org", "us. er@example.org",
	"us er@example.org", "us,er@example.org", "us:er@example.org",
	"us;er@example.org", "us(er)@example.org", "us<er@example.org",
	"us>er@example.org", "us[er]@example.org", "us\\er@example.org",
	"us\"er@example.org", "us\ter@example.org", "us\ner@example.org",
	"us\rer@example.org", "us\001er@example.org", "us\177er@example.org",
	"user\n@example.org", "user@example.org\n", "user@example.org ",
	" user@example.org", "@example.org", "@", "", "user@",
	"user@@example.org", "user@host@example.org", "user@example.org@",
	/* quoted strings */
	"\"user@example.org", "\"user\\\"@example.org", "\"user\\", "\"",
	"\"a\"b\"@example.org", "\"a\"b@example.org", "\"a\".b@example.org",
	"a.\"b\"@example.org", "\"a\tb\"@example.org", "\"a\nb\"@example.org",
	"\"a\rb\"@example.org", "\"a\\\tb\"@example.org",
	"\"a\\\nb\"@example.org", "\"a\177b\"@example.org",
	"\"a\\\177b\"@example.org", "\"a\001b\"@example.org",
	/* domains */
	"u@" D255 "..", "u@-a.example", "u@a-.example", "u@a.-b", "u@a.b-",
	"u@-", "u@.", "u@.example", "u@example..", "u@a..example",
	"u@..example", "u@example.-", "u@example.@", "u@example.!", "u@..",
	"u@a b", "u@a,b", "u@a:b", "u@a/b", "u@a!b", "u@a#b", "u@a(b)", "u@a;b",
	"u@a\"b", "u@\"a\"", "u@a\\b", "u@a\001b", "u@a\177",
	/* UTF-8 */
	"\xc2\x80@example.org", "\xc2\x85@example.org",
	"\"\xc2\x9b\"@example.org", "u@\xc2\x9f.example",
	"\"\\\xc3\xa9\"@example.org", "u@-\xc3\xa9.example",
	"u@\xc3\xa9-.example",
	NULL
};

static const char *const	 too_long[] = {
	X100 X100 X100 X100 X100 X10 "@ee", X100 X100 X100 X100 X100 X10 "xxx",
	"u@" L63 "x.example", "u@" D255 "x", "u@" D255 ".x",
	NULL
};

static const char *const	 dash[] = {
	"-user@example.org", "-", "--", "-oQ/tmp/x@example.org",
	"--file=/etc/passwd", "-C/etc/x",
	NULL
};

static const char *const	 utf8[] = {
	"us\xc3\xa9r@example.org", "user@ex\xc3\xa4mple.org",
	"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.\xe5\xb9\xbf",
	"\xf0\x9f\x93\xac@example.org", "\"\xc3\xa9 \xc3\xa9\"@example.org",
	"\xc3\xa9", "\xf4\x8f\xbf\xbf@example.org", "\xe0\xa0\x80@example.org",
	"\xf0\x90\x80\x80@example.org", "\xed\x9f\xbf@example.org",
	"\xc2\xa0@example.org", "\xc3\xa9..x@example.org",
	".\xc3\xa9@example.org", "u@\xc3\xa9.", "u@a.\xc3\xa9",
	NULL
};

static const char *const	 ill[] = {
	"\xf4\x90\x80\x80@example.org", "\xf5\x80\x80\x80@example.org",
	"\xff@example.org", "us\xe9r@example.org", "user@ex\xe4mple.org",
	"user@ex\xe4", "\"\xe9\"@example.org", "\x80@example.org",
	"\xc3@example.org", "\xc3", "\xe7\x94@example.org",
	"\xf0\x9f\x93@example.org", "\xc0\x80@example.org",
	"\xc0\xaf@example.org", "\xc1\xbf@example.org",
	"\xe0\x80\xaf@example.org", "\xe0\x9f\xbf@example.org",
	"\xf0\x8f\xbf\xbf@example.org", "\xed\xa0\x80@example.org", "u@a.\xe9",
	"u@a.\xe9.",
	NULL
};

/* The same without SMTPUTF8 and with it. */
static const struct {
	const char *const	*list;
	enum mailbox_error	 plain, utf8;
} groups[] = {
	{ good, OK, OK },
	{ bad, BAD, BAD },
	{ too_long, LONG, LONG },
	{ dash, DASH, DASH },
	{ utf8, NEEDS, OK },
	{ ill, ILL, ILL }
};
#define NGROUPS	(sizeof(groups) / sizeof(groups[0]))

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
	{ "\"a@b\"@c", OK, "\"a@b\"@c", "" },
	{ "<\"a@b\">", OK, "\"a@b\"", "" },
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
	{ "< >", OK, "", "" },
	{ " <   > SIZE=1", OK, "", " SIZE=1" },
	{ "< > >", OK, "", " >" },
	{ "<user@example.org> <b@example.org>", OK, "user@example.org",
	    " <b@example.org>" },
	{ "<@a.,@b.:u@c.>", OK, "u@c.", "" },
	{ "<@" L63 "x:user@example.org>", LONG, NULL, NULL },
	{ "<user@example.org>\xe9", ILL, NULL, NULL }
};

static const char *const	 bad_paths[] = {
	"root SIZE=1", "root", "  root", "\"root\"", "\"a@b\"",
	"BODY=8BITMIME SIZE=12345", " BODY=8BITMIME SIZE=12345", "SIZE=12345",
	"SMTPUTF8", "NOTIFY=NEVER", "ORCPT=rfc822;a@b", "AUTH=<>", "AUTH=a@b",
	"envid=QQ314159@example.org RET=HDRS", "", " ", "<", ">", "<\t>", "< ",
	"< >x", "< user@example.org>", "<user@example.org >",
	"<user@example.org", "user@example.org>", "<<user@example.org>>",
	"<user@example.org>>", "<user@example.org>SIZE=1",
	"<user@example.org>,<b@example.org>", "<>x", "Name <user@example.org",
	"user@example.org <", "<@a>", "<@a:>", "<@:user@example.org>",
	"<@a,b:user@example.org>", "<@a,:user@example.org>",
	"<@a,@b user@example.org>", "<@a:@b:user@example.org>", "@a:root",
	"<@\xe2\x80\x8b:u@c>", "<@-a:user@example.org>", "\t<user@example.org>",
	NULL
};

static const char *const	 name_paths[] = {
	"Name <user@example.org>", "\"Printer\" <user@example.org>",
	" \"The Printer\" <user@example.org> SIZE=1",
	"The Printer <user@example.org>", "Printer<user@example.org>",
	"M\xc3\xbcller <user@example.org>", "M\xfcller <user@example.org>",
	"- <user@example.org>", "user@example.org <user@example.org>",
	"mailto:<user@example.org>",
	NULL
};

static const char *const	 dash_paths[] = {
	"<-user@example.org>", "-user@example.org", "<@a:-user@example.org>",
	NULL
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
	size_t			 b, i, len, wrong = 0;
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
				wrong += mailbox_valid(buf, len + 1, 0);
				wrong += mailbox_valid(buf, len + 1,
				    MAILBOX_UTF8);
			}
	}
	is_int((long long)wrong, 0, "no control character, NUL or lone octet");
}

/*
 * One of each kind of characters that no domain has, and of those that some
 * have, by the appendix of RFC 5892 and RFC 5892, 2.6 to 2.8, at each place of
 * a domain; e2e/76-domains.t has all of them.
 */
static const unsigned long	 bad_characters[] = {
	0x80, 0xa0, 0x2028, 0xad, 0x200b, 0x202e, 0xfeff, 0xe0001, 0x3164,
	0xfe0f, 0xe01ef, 0xd7, 0x20ac, 0x2603, 0x1f4ec, 0xbf, 0x3002, 0xff0e,
	0xb2, 0xe000, 0x10fffd, 0xfdd0, 0xfffe, 0x10ffff,
	0
};
static const unsigned long	 good_characters[] = {
	0xe4, 0xdf, 0x3b1, 0x436, 0x5d0, 0x93f, 0x4f8b, 0xac00, 0x2a6df, 0x300,
	0x660, 0xb7, 0x30fb, 0x200c, 0x200d,
	0
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
test_characters(const unsigned long *list, enum mailbox_error want)
{
	static const char	*const forms[] = { "u@%s.example", "u@a%s",
				    "u@x.%sb.", "<@a%sb:u@c>" };
	const char		*mbox, *rest;
	char			 c[8], path[64];
	size_t			 f, len, mboxlen;

	for (; *list != 0; list++)
		for (f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
			encode(c, *list);
			len = (size_t)snprintf(path, sizeof(path), forms[f],
			    c);
			is_int(mailbox_path(path, len, MAILBOX_UTF8, &mbox,
			    &mboxlen, &rest), want, "U+%04lX in %s", *list,
			    forms[f]);
		}
}

/* Those that are mailboxes, one a line: regress/e2e sends mail to them. */
static int
list(void)
{
	const char *const	*p;
	size_t			 i;

	for (i = 0; i < NGROUPS; i++)
		for (p = groups[i].list; *p != NULL; p++)
			if (groups[i].utf8 == OK)
				puts(*p);
	return (0);
}

int
main(int argc, char **argv)
{
	const char		*mbox, *rest;
	const char *const	*p;
	size_t			 i, len;

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return (list());
	for (i = 0; i < NGROUPS; i++)
		for (p = groups[i].list; *p != NULL; p++) {
			test_mailbox(*p, 0, groups[i].plain);
			test_mailbox(*p, MAILBOX_UTF8, groups[i].utf8);
		}
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		test_path(paths[i].s, paths[i].error, paths[i].mbox,
		    paths[i].rest);
	for (p = bad_paths; *p != NULL; p++)
		test_path(*p, BAD, NULL, NULL);
	for (p = name_paths; *p != NULL; p++)
		test_path(*p, NAME, NULL, NULL);
	for (p = dash_paths; *p != NULL; p++)
		test_path(*p, DASH, NULL, NULL);
	is_int(mailbox_path("<>", 2, MAILBOX_UTF8, &mbox, &len, &rest), BAD,
	    "\"<>\" only where it is allowed");
	is_int(mailbox_valid("", 0, MAILBOX_UTF8), 0, "nothing is no mailbox");
	test_octets();
	test_characters(bad_characters, BAD);
	test_characters(good_characters, OK);
	/* In a local part they are nobody's affair, but for controls. */
	is_int(mailbox_valid("\xe2\x82\xac\xe2\x80\x8b@x", 8, MAILBOX_UTF8),
	    1, "a euro sign and U+200B in a local part");
	return (done_testing());
}
