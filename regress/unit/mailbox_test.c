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
	{ ".user@example.org", BAD, BAD },
	{ "user.@example.org", BAD, BAD },
	{ "us..er@example.org", BAD, BAD },
	{ ".@example.org", BAD, BAD },
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
	{ "a.", BAD, BAD },
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
	{ "u@" D255 ".", BAD, BAD },
	{ "u@" D255 ".x", LONG, LONG },
	{ "u@-a.example", BAD, BAD },
	{ "u@a-.example", BAD, BAD },
	{ "u@a.-b", BAD, BAD },
	{ "u@a.b-", BAD, BAD },
	{ "u@-", BAD, BAD },
	{ "u@.", BAD, BAD },
	{ "u@.example", BAD, BAD },
	{ "u@example.", BAD, BAD },
	{ "u@a..example", BAD, BAD },
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
	{ "\xc3\xa9..x@example.org", BAD, BAD },
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
	{ "root SIZE=1", OK, "root", " SIZE=1" },
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
	{ "< >", BAD, NULL, NULL },
	{ "< user@example.org>", BAD, NULL, NULL },
	{ "<user@example.org >", BAD, NULL, NULL },
	{ "<user@example.org", BAD, NULL, NULL },
	{ "user@example.org>", BAD, NULL, NULL },
	{ "<<user@example.org>>", BAD, NULL, NULL },
	{ "<user@example.org>>", BAD, NULL, NULL },
	{ "<user@example.org>SIZE=1", BAD, NULL, NULL },
	{ "<user@example.org>,<b@example.org>", BAD, NULL, NULL },
	{ "<>x", BAD, NULL, NULL },
	{ "Name <user@example.org>", OK, "Name", " <user@example.org>" },
	{ "<@a>", BAD, NULL, NULL },
	{ "<@a:>", BAD, NULL, NULL },
	{ "<@:user@example.org>", BAD, NULL, NULL },
	{ "<@a,b:user@example.org>", BAD, NULL, NULL },
	{ "<@a,:user@example.org>", BAD, NULL, NULL },
	{ "<@a,@b user@example.org>", BAD, NULL, NULL },
	{ "<@a:@b:user@example.org>", BAD, NULL, NULL },
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

int
main(void)
{
	const char	*mbox, *rest;
	size_t		 i, len;

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
	diag("%zu addresses", NMAILBOXES + sizeof(paths) / sizeof(paths[0]));
	return (done_testing());
}
