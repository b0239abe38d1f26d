/* SPDX-License-Identifier: ISC */
/* Content after DATA: dots, line ends and its end, against the reference. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/content.h"
#include "reference.h"
#include "tap.h"

#define TOKENS_MAX	8	/* of a mixture */
#define MIXTURE_MAX	(TOKENS_MAX + 5)

/* The output of a filter fed in pieces. */
struct result {
	char	 out[256];
	size_t	 len;
	size_t	 used;
	bool	 end;
};

static void
filter(struct content *c, const char *p, size_t len, struct result *r)
{
	struct content_out	 out;
	char			 buf[256];
	size_t			 used;

	if (len == 0 || r->end)
		return;
	memcpy(buf, p, len);
	used = content_filter(c, buf, len, &out);
	while (out.spaces-- > 0)
		r->out[r->len++] = ' ';
	memcpy(r->out + r->len, buf, out.len);
	r->len += out.len;
	r->used += used;
	r->end = out.end;
	if (!out.end && used != len)
		r->used = sizeof(buf) + 1;	/* wrong, and so reported */
}

static bool
same(const struct result *r, const char *want, size_t wantlen, size_t used)
{
	return (r->end == (used > 0) && (!r->end || r->used == used) &&
	    r->len == wantlen && memcmp(r->out, want, wantlen) == 0);
}

/*
 * One mixture, whole, at each split in two and in three, and octet by octet,
 * against the reference.  Returns how many of them were wrong.
 */
static unsigned int
try_mixture(const char *in, size_t len)
{
	struct content	 c;
	struct result	 r;
	char		 want[MIXTURE_MAX];
	size_t		 i, j, used, wantlen = 0;
	unsigned int	 bad = 0;

	used = reference_content(in, len, want, &wantlen);
	for (i = 0; i <= len; i++)
		for (j = i; j <= len; j++) {
			memset(&r, 0, sizeof(r));
			content_init(&c);
			filter(&c, in, i, &r);
			filter(&c, in + i, j - i, &r);
			filter(&c, in + j, len - j, &r);
			bad += !same(&r, want, wantlen, used);
		}
	memset(&r, 0, sizeof(r));
	content_init(&c);
	for (i = 0; i < len; i++)
		filter(&c, in + i, 1, &r);
	bad += !same(&r, want, wantlen, used);
	return (bad);
}

/*
 * The next hop: a program that sends the output on doubles the dots at its
 * lines' beginnings and ends its lines with CR LF.  That must be one message
 * again, and the same one.  Returns whether it is not.
 */
static bool
try_hop(const char *in, size_t len)
{
	struct content	 c;
	struct result	 r;
	char		 out[MIXTURE_MAX], sent[3 * MIXTURE_MAX + 3];
	size_t		 i, n = 0, outlen = 0;

	reference_content(in, len, out, &outlen);
	for (i = 0; i < outlen; i++) {
		if (out[i] == '.' && (i == 0 || out[i - 1] == '\n'))
			sent[n++] = '.';
		if (out[i] == '\n')
			sent[n++] = '\r';
		sent[n++] = out[i];
	}
	memcpy(sent + n, ".\r\n", 3);
	memset(&r, 0, sizeof(r));
	content_init(&c);
	filter(&c, sent, n + 3, &r);
	return (!same(&r, out, outlen, n + 3));
}

/*
 * All sequences of up to TOKENS_MAX octets out of CR, LF, "." and "x", the
 * end of data after each.
 */
static void
test_mixtures(void)
{
	static const char	 tokens[] = "\r\n.x";
	char			 in[MIXTURE_MAX];
	unsigned int		 bad, badhop, code, n, rest, i, mixtures;

	for (n = 0; n <= TOKENS_MAX; n++) {
		bad = badhop = 0;
		mixtures = 1U << 2 * n;
		for (code = 0; code < mixtures; code++) {
			for (i = 0, rest = code; i < n; i++, rest >>= 2)
				in[i] = tokens[rest & 3];
			memcpy(in + n, "\r\n.\r\n", 5);
			bad += try_mixture(in, n + 5) != 0;
			badhop += try_hop(in, n + 5);
		}
		is_int(bad, 0, "%u mixtures of %u octets, at every split",
		    mixtures, n);
		is_int(badhop, 0, "and each the same after one more hop");
	}
}

/* By hand, so that the reference is right, to which test_mixtures() compares
 * each sequence of CR, LF, "." and "x". */
static const struct {
	const char	*name;
	const char	*in;
	const char	*out;
} cases[] = {
	{ "nothing", ".\r\n", "" },
	{ "two dots", "..\r\n.\r\n", ".\n" },
	{ "LF . LF", "a\n.\nb\r\n.\r\n", "a\n\nb\n" },
	{ "CR . CR", "a\r.\rb\r\n.\r\n", "a . b\n" },
	{ "CR LF . CR CR LF", "a\r\n.\r\r\nb\r\n.\r\n", "a\n\nb\n" },
	{ "CR CR LF . CR CR LF", "a\r\r\n.\r\r\nb\r\r\n.\r\n",
	    "a\n\nb\n" },
	{ "CR CR LF everywhere", "A: b\r\r\n\r\r\nc\r\r\n.\r\n",
	    "A: b\n\nc\n" },
	{ "nothing but CRs", "\r\r\r\r\n.\r\n", "\n" },
	{ "CRs before the end", "a\r\n\r\r.\r\n\r\n.\r\n", "a\n  .\n\n" },
	{ "dot, bare CR, first", ".\rb\r\n.\r\n", " b\n" },
	{ "8 bits", "\xff\x80\xc3\xa9\r\n.\r\n", "\xff\x80\xc3\xa9\n" },
	{ "a dot within", "a.b.\r\n.\r\n", "a.b.\n" }
};

static void
test_cases(void)
{
	struct content	 c;
	struct result	 r;
	size_t		 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&r, 0, sizeof(r));
		content_init(&c);
		filter(&c, cases[i].in, strlen(cases[i].in), &r);
		is_mem(r.out, r.len, cases[i].out, strlen(cases[i].out),
		    "%s", cases[i].name);
		ok(r.end && r.used == strlen(cases[i].in), "%s: ends",
		    cases[i].name);
	}
}

static void
test_octets(void)
{
	struct content		 c;
	struct content_out	 out;
	char			 buf[64];
	size_t			 used;

	content_init(&c);
	memcpy(buf, "a\0b\0\r\n\0.\r\n.\r\nQUIT\r\n", 19);
	used = content_filter(&c, buf, 19, &out);
	is_int((long long)used, 13, "what follows the end is left");
	ok(out.end, "the end is told");
	is_mem(buf, out.len, "a\0b\0\n\0.\n", 8, "NUL passes");
	is_mem(buf + used, 6, "QUIT\r\n", 6, "what is left is unchanged");
}

/* A long line, whose every length crosses the read's end. */
static void
test_long(void)
{
	struct content		 c;
	struct content_out	 out;
	char			*buf;
	size_t			 i, len = 3000000, total = 0;
	bool			 good = true;

	if ((buf = malloc(len)) == NULL)
		return;
	content_init(&c);
	for (i = 0; i < 3; i++) {
		memset(buf, 'x', len);
		good = good && content_filter(&c, buf, len, &out) == len;
		total += out.len;
	}
	ok(good && total == 3 * len, "a line of 9,000,000 octets");
	memcpy(buf, "\r\n.\r\n", 5);
	content_filter(&c, buf, 5, &out);
	ok(out.end && out.len == 1, "and its end");
	free(buf);
}

/* More CRs than any buffer has, then what decides. */
static void
test_held(void)
{
	struct content		 c;
	struct content_out	 out;
	char			 buf[1000], end[] = "x\r\n.\r\n", lf[] = "\n";
	size_t			 i;
	bool			 good = true;

	content_init(&c);
	for (i = 0; i < 1000; i++) {
		memset(buf, '\r', sizeof(buf));
		good = good && content_filter(&c, buf, sizeof(buf), &out) ==
		    sizeof(buf) && out.len == 0 && out.spaces == 0;
	}
	ok(good, "1,000,000 CRs are withheld");
	content_filter(&c, lf, 1, &out);
	ok(out.len == 1 && out.spaces == 0 && lf[0] == '\n', "before LF");
	for (i = 0; i < 1000; i++) {
		memset(buf, '\r', sizeof(buf));
		content_filter(&c, buf, sizeof(buf), &out);
	}
	content_filter(&c, end, 6, &out);
	ok(out.spaces == 1000000 && out.len == 2 && out.end,
	    "or they are spaces");
}

/* Whether a client that has sent so much waits for its end in vain. */
static const char	*const in_time[] = {
	"", "x\r\n", "x\n", "x.", "x\n..", "x.\n", "x\n..\n",
	"x\r\n..\r\n", "x\n.x\n", "x\n.\nx\n", "x\n.\n\n", "x\n.\nQUI",
	"x\n.\nxQUIT\n", "x\nQUIT\n", ".QUIT\n", "\n.QUIT", "QUIT",
	NULL
};
static const char	*const in_vain[] = {
	".", "x\r\n.", "x\n.", "x\n.\nQUIT", ".\n", ".\r\r\n", "x\n.\n", "x\n.\r\n", "x\r\n.\n", "x\r\r\n.\r\r\n",
	"x\r.\r", "x\r\n.\r", "x\n.\nQUIT\n", "x\n.\nquit\r\n", "x\r.\rQUIT\r",
	".\nQUIT\n", "a longer message of several lines\nx\n\n.\n",
	NULL
};

static void
test_unended(const char *in, bool unended)
{
	struct content	 c;
	struct result	 r;
	size_t		 j, len = strlen(in);
	unsigned int	 bad = 0;

	for (j = 0; j <= len; j++) {
		memset(&r, 0, sizeof(r));
		content_init(&c);
		filter(&c, in, j, &r);
		filter(&c, in + j, len - j, &r);
		bad += r.end || content_unended(&c) != unended;
	}
	memset(&r, 0, sizeof(r));
	content_init(&c);
	for (j = 0; j < len; j++)
		filter(&c, in + j, 1, &r);
	bad += content_unended(&c) != unended;
	is_int(bad, 0, "%s", unended ? "in vain" : "not in vain");
}

int
main(void)
{
	size_t	 i;

	test_cases();
	test_octets();
	test_long();
	test_held();
	for (i = 0; in_time[i] != NULL; i++)
		test_unended(in_time[i], false);
	for (i = 0; in_vain[i] != NULL; i++)
		test_unended(in_vain[i], true);
	test_mixtures();
	return (done_testing());
}
