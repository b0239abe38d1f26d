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

/* Messages, as content.c gives them, that begin with a header, or end it at
 * once: they are handed out as they are. */
static const char	*const headers[] = {
	"", "\n", "\ntext\n", "\nA: b\n\nc\n", "A: b\n\nc\n", "A: b\n", "A:\n",
	"!#~-_9;@.: b\n", "Subject \t : b\n", "From: a@b\n", "From : a@b\n",
	"From \t  : a@b\n", "A: b\n" BOM "C: d\n", "A: b\n" FROM
};

/* Those that are a body alone: an empty line comes before it. */
static const char	*const bodies[] = {
	"text\n", "x\n", "two words: x\n", "Hello,\nA: b\n\nc\n", ": x\n",
	" A: b\n", "\tA: b\n", " \n", " \n\nA: b\n", "S\xc3\xbcjet: x\n",
	"A\001: x\n", "A\177: x\n", ".\n", BOM "text\n", BOM "\nA: b\n",
	BOM "\n", BOM BOM "A: b\n", "\xef\xbb" "A: b\n", "\xef\xbb\n",
	"\xff\xfe" "A: b\n", FROM "text\n", FROM "\nA: b\n", FROM FROM "x\n",
	FROM, BOM FROM, FROM BOM "\nA: b\n", FROM " x\nA: b\n",
	"From now on\nNote: x\n", "From 1:30 to 12:5\nNote: x\n",
	"From \nA: b\n", "From\nA: b\n", "from a@b " DATE "\nA: b\n",
	">From a@b " DATE "\nA: b\n", "From\ta@b\nA: b\n"
};

/* What is left out before a header. */
static const struct {
	const char	*name;
	const char	*in;
	const char	*out;
} messages[] = {
	{ "a mark before a header", BOM "A: b\n\nc\n", "A: b\n\nc\n" },
	{ "a From line before a header", FROM "A: b\n\nc\n", "A: b\n\nc\n" },
	{ "with an address only", "From a@b\nA: b\n", "A: b\n" },
	{ "with a time only", "From MAILER-DAEMON " DATE "\nA: b\n", "A: b\n" },
	{ "with minutes only", "From root Thu Jan  1 00:59 2026\nA: b\n",
	    "A: b\n" },
	{ "of git", "From 0123456789abcdef Mon Sep 17 00:00:00 2001\n"
	    "From: a@b\n", "From: a@b\n" },
	{ "with a colon", "From a@b: x\nA: b\n", "A: b\n" },
	{ "a mark, then a From line", BOM FROM "A: b\n", "A: b\n" },
	{ "a From line, then a mark", FROM BOM "A: b\n", "A: b\n" },
	{ "two From lines", FROM FROM "A: b\n", "A: b\n" },
	{ "and marks before each", BOM FROM BOM FROM BOM "A: b\n", "A: b\n" }
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

static void
test_tables(void)
{
	char	 body[256];
	size_t	 i, len;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		len = strlen(headers[i]);
		try_message("as it is", headers[i], len, headers[i], len);
	}
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		len = strlen(bodies[i]);
		snprintf(body, sizeof(body), "\n%s", bodies[i]);
		try_message("a body", bodies[i], len, body, len + 1);
	}
	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		try_message(messages[i].name, messages[i].in,
		    strlen(messages[i].in), messages[i].out,
		    strlen(messages[i].out));
}

int
main(void)
{
	test_tables();
	test_end();
	test_long();
	test_nul();
	return (done_testing());
}
