/* SPDX-License-Identifier: ISC */

/* What comes before the first field of a message's header. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/preface.h"
#include "tap.h"

#define BOM	"\xef\xbb\xbf"
#define DATE	"Thu Jan  1 00:00:00 2026"
#define FROM	"From alice@example.org " DATE "\n"

/* Each message, as content.c gives it, and what is handed out. */
static const struct {
	const char	*name;
	const char	*in;
	const char	*out;
} messages[] = {
	{ "empty", "", "" },
	{ "an empty line", "\n", "\n" },
	{ "an empty line, then text", "\ntext\n", "\ntext\n" },
	{ "an empty line, then what looks like a header", "\nA: b\n\nc\n",
	    "\nA: b\n\nc\n" },
	{ "a header", "A: b\n\nc\n", "A: b\n\nc\n" },
	{ "a header alone", "A: b\n", "A: b\n" },
	{ "a short name", "A:\n", "A:\n" },
	{ "any printable character in a name", "!#~-_9;@.: b\n",
	    "!#~-_9;@.: b\n" },
	{ "white space before the colon", "Subject \t : b\n",
	    "Subject \t : b\n" },
	{ "a field named From", "From: a@b\n", "From: a@b\n" },
	{ "the same with a space", "From : a@b\n", "From : a@b\n" },
	{ "the same with many", "From \t  : a@b\n", "From \t  : a@b\n" },
	/* bodies */
	{ "a word", "text\n", "\ntext\n" },
	{ "a letter", "x\n", "\nx\n" },
	{ "two words", "two words: x\n", "\ntwo words: x\n" },
	{ "text before what looks like a header", "Hello,\nA: b\n\nc\n",
	    "\nHello,\nA: b\n\nc\n" },
	{ "a colon first", ": x\n", "\n: x\n" },
	{ "a space first", " A: b\n", "\n A: b\n" },
	{ "a tab first", "\tA: b\n", "\n\tA: b\n" },
	{ "a line of a space", " \n", "\n \n" },
	{ "a space, then an empty line", " \n\nA: b\n", "\n \n\nA: b\n" },
	{ "8 bits in a name", "S\xc3\xbcjet: x\n", "\nS\xc3\xbcjet: x\n" },
	{ "a control character in a name", "A\001: x\n", "\nA\001: x\n" },
	{ "DEL in a name", "A\177: x\n", "\nA\177: x\n" },
	{ "a dot", ".\n", "\n.\n" },
	/* a byte order mark */
	{ "a mark before a header", BOM "A: b\n\nc\n", "A: b\n\nc\n" },
	{ "a mark before text", BOM "text\n", "\n" BOM "text\n" },
	{ "a mark before an empty line", BOM "\nA: b\n", "\n" BOM "\nA: b\n" },
	{ "a mark alone", BOM "\n", "\n" BOM "\n" },
	{ "two marks", BOM BOM "A: b\n", "\n" BOM BOM "A: b\n" },
	{ "half a mark", "\xef\xbb" "A: b\n", "\n\xef\xbb" "A: b\n" },
	{ "half a mark alone", "\xef\xbb\n", "\n\xef\xbb\n" },
	{ "another mark", "\xff\xfe" "A: b\n", "\n\xff\xfe" "A: b\n" },
	{ "a mark after the header's beginning", "A: b\n" BOM "C: d\n",
	    "A: b\n" BOM "C: d\n" },
	/* an mbox file's first line */
	{ "a From line before a header", FROM "A: b\n\nc\n", "A: b\n\nc\n" },
	{ "with an address only", "From a@b\nA: b\n", "A: b\n" },
	{ "with a time only", "From MAILER-DAEMON " DATE "\nA: b\n", "A: b\n" },
	{ "with minutes only", "From root Thu Jan  1 00:59 2026\nA: b\n",
	    "A: b\n" },
	{ "of git", "From 0123456789abcdef Mon Sep 17 00:00:00 2001\n"
	    "From: a@b\n", "From: a@b\n" },
	{ "with a colon", "From a@b: x\nA: b\n", "A: b\n" },
	{ "a mark, then a From line", BOM FROM "A: b\n", "A: b\n" },
	{ "a From line, then a mark", FROM BOM "A: b\n",
	    "\n" FROM BOM "A: b\n" },
	{ "a From line before text", FROM "text\n", "\n" FROM "text\n" },
	{ "a From line before an empty line", FROM "\nA: b\n",
	    "\n" FROM "\nA: b\n" },
	{ "a From line alone", FROM, "\n" FROM },
	{ "a mark and a From line alone", BOM FROM, "\n" BOM FROM },
	{ "two From lines", FROM FROM "A: b\n", "\n" FROM FROM "A: b\n" },
	{ "a folded From line", FROM " x\nA: b\n", "\n" FROM " x\nA: b\n" },
	{ "a sentence", "From now on\nNote: x\n",
	    "\nFrom now on\nNote: x\n" },
	{ "a sentence with a number", "From 1:30 to 12:5\nNote: x\n",
	    "\nFrom 1:30 to 12:5\nNote: x\n" },
	{ "nothing after From", "From \nA: b\n", "\nFrom \nA: b\n" },
	{ "From alone", "From\nA: b\n", "\nFrom\nA: b\n" },
	{ "in lower case", "from a@b " DATE "\nA: b\n",
	    "\nfrom a@b " DATE "\nA: b\n" },
	{ "quoted", ">From a@b " DATE "\nA: b\n",
	    "\n>From a@b " DATE "\nA: b\n" },
	{ "From and a tab", "From\ta@b\nA: b\n", "\nFrom\ta@b\nA: b\n" },
	{ "a From line within the header", "A: b\n" FROM, "A: b\n" FROM }
};

/* What has been handed out. */
struct result {
	struct preface	 preface;
	char		*out;
	size_t		 len;
	bool		 bad;		/* a promise was broken */
};

static void
put(struct result *r, const char *p, size_t len)
{
	if (len > 0)
		memcpy(r->out + r->len, p, len);
	r->len += len;
}

static void
take(struct result *r, const char *p, size_t len, bool end)
{
	struct preface	*pf = &r->preface;
	char		*copy;
	size_t		 taken = 0;
	bool		 was = pf->done;

	/* memory of its own, so that a sanitizer sees its bounds */
	if ((copy = malloc(len + (len == 0))) == NULL)
		abort();
	memcpy(copy, p, len);
	if (!was)
		taken = preface_take(pf, copy, len, end);
	r->bad = r->bad || taken > len || (!pf->done && (end || taken < len));
	if (pf->done && !was) {
		put(r, "\n", pf->blank);
		put(r, pf->held + pf->first, pf->len - pf->first);
	}
	if (pf->done)
		put(r, copy + taken, len - taken);
	free(copy);
}

/* In pieces of so many octets, after the first one; is it what is wanted? */
static bool
same(const char *in, size_t len, size_t first, size_t piece, const char *want,
    size_t wantlen)
{
	struct result	 r = { .len = 0 };
	size_t		 i, n;
	bool		 ret;

	if ((r.out = malloc(len + 1)) == NULL)
		abort();
	preface_init(&r.preface);
	for (i = 0, n = first; i < len; i += n, n = piece) {
		if (n > len - i)
			n = len - i;
		take(&r, in + i, n, false);
	}
	take(&r, "", 0, true);
	ret = !r.bad && r.len == wantlen && memcmp(r.out, want, wantlen) == 0;
	free(r.out);
	return (ret);
}

/* Whole, at each split in two, and octet by octet. */
static void
try_message(const char *name, const char *in, size_t len, const char *want,
    size_t wantlen)
{
	size_t	 i, step = len > 200 ? 17 : 1;
	int	 bad = 0;

	for (i = 0; i <= len; i += step)
		bad += !same(in, len, i, len + 1, want, wantlen);
	bad += !same(in, len, 1, 1, want, wantlen);
	bad += !same(in, len, 7, 5, want, wantlen);
	is_int(bad, 0, "%s", name);
}

/* The end comes with the last octets. */
static void
test_end(void)
{
	struct result	 r = { .len = 0 };
	char		 out[16];

	r.out = out;
	preface_init(&r.preface);
	take(&r, "Fr", 2, false);
	ok(!r.preface.done, "Fr: not known");
	take(&r, "om\n", 3, true);
	is_mem(r.out, r.len, "\nFrom\n", 6, "From, and that is all");
}

/* A name of n octets, a colon; after a From line of so many, or none. */
static char *
long_name(size_t from, size_t n)
{
	char	*p;

	if ((p = malloc(1 + from + n + 8)) == NULL)
		abort();
	/* room for the empty line */
	p[0] = '\n';
	memset(p + 1, 'x', from + n);
	if (from > 0) {
		memcpy(p + 1, "From a@b", 8);
		p[from] = '\n';
	}
	memcpy(p + 1 + from + n, ": y\nz\n", 7);
	return (p);
}

/* What is not known after PREFACE_MAX octets is a body. */
static void
test_long(void)
{
	char	 name[64], *p;
	size_t	 from, n;

	for (from = 0; from <= 900; from += 300)
		for (n = PREFACE_MAX - 3; n <= PREFACE_MAX + 1; n++) {
			p = long_name(from, n - from);
			snprintf(name, sizeof(name), "a colon after %zu "
			    "octets, %zu of a From line", n, from);
			if (n < PREFACE_MAX)
				try_message(name, p + 1, n + 6,
				    p + 1 + from, n + 6 - from);
			else
				try_message(name, p + 1, n + 6, p, n + 7);
			free(p);
		}
	/* a line without an end */
	n = 100000;
	if ((p = malloc(n + 1)) == NULL)
		abort();
	memset(p, 'x', n + 1);
	p[0] = p[n] = '\n';
	try_message("a line of 100,000 octets", p + 1, n, p, n + 1);
	memset(p + 1, ' ', n - 1);
	memcpy(p + 1, "From ", 5);
	try_message("the same in a From line", p + 1, n, p, n + 1);
	free(p);
}

static void
test_nul(void)
{
	try_message("NUL", "\0A: b\n", 6, "\n\0A: b\n", 7);
	try_message("NUL in a name", "A\0: b\n", 6, "\nA\0: b\n", 7);
	try_message("NUL in a From line", "From a@b\0\nA: b\n", 15, "A: b\n",
	    5);
}

int
main(void)
{
	size_t	 i;

	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		try_message(messages[i].name, messages[i].in,
		    strlen(messages[i].in), messages[i].out,
		    strlen(messages[i].out));
	test_end();
	test_long();
	test_nul();
	return (done_testing());
}
