/* SPDX-License-Identifier: ISC */
/* Fuzz target: what becomes of a mail's content, against the reference. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "smtp/content.h"
#include "smtp/preface.h"
#include "smtp/trace.h"
#include "reference.h"

/* Received fields of the header of a whole message, line by line. */
static uint32_t
count_received(const char *p, size_t len)
{
	const char	*end = p + len, *lf;
	uint32_t	 n = 0;

	while (p < end && *p != '\n') {
		if (end - p >= 9 && strncasecmp(p, "received:", 9) == 0)
			n++;
		if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
			break;
		p = lf + 1;
	}
	return (n);
}

/* What comes out of both, one after the other. */
struct output {
	struct content	 content;
	struct preface	 preface;
	struct trace	 trace;
	char		*p;
	size_t		 len;
	size_t		 space;
};

static void
put(struct output *o, const char *p, size_t len)
{
	CHECK(len <= o->space - o->len);
	trace_take(&o->trace, p, len);
	if (len > 0)
		memcpy(o->p + o->len, p, len);
	o->len += len;
}

static void
put_message(struct output *o, const char *p, size_t len, bool end)
{
	struct preface	*pf = &o->preface;
	size_t		 taken;

	if (!pf->done) {
		taken = preface_take(pf, p, len, end);
		CHECK(taken <= len && o->len == 0);
		if (!pf->done) {
			CHECK(!end && taken == len && pf->len < PREFACE_MAX);
			return;
		}
		put(o, "\n", pf->blank);
		put(o, pf->held + pf->first, pf->len - pf->first);
		p += taken;
		len -= taken;
	}
	put(o, p, len);
}

/* An id of ours. */
static bool
ours(void *arg, const char *id)
{
	CHECK(arg == NULL);
	return (strcmp(id, "s.1.1") == 0);
}

/* The same for the words of a whole field, of n octets. */
static bool
is_ours(const char *p, size_t n)
{
	static const char	*const want[] = { "by", "h", "with", NULL,
				    "id" };
	char			*field, *rest, *word;
	size_t			 step = 0;
	bool			 found = false;

	CHECK((field = malloc(n + 1)) != NULL);
	memcpy(field, p, n);
	field[n] = '\0';
	for (rest = field; !found &&
	    (word = strtok_r(rest, " \t\n", &rest)) != NULL;) {
		if (strcmp(word, "by") == 0)
			step = 1;
		else if (step == 5) {
			found = strcmp(word, "s.1.1") == 0 ||
			    strcmp(word, "s.1.1;") == 0;
			step = 0;
		} else if (step > 0 && (want[step] == NULL ||
		    strcmp(word, want[step]) == 0))
			step++;
		else
			step = 0;
	}
	free(field);
	return (found);
}

/* What there is of Received fields in a whole message. */
static void
check_trace(const struct trace *t, const char *p, size_t len)
{
	const char	*end = p + len, *field, *lf;

	if (!t->loop)
		CHECK(t->received == count_received(p, len));
	/* Where a NUL is, the words of one are not those of the other. */
	if (memchr(p, '\0', len) != NULL)
		return;
	while (p < end && *p != '\n') {
		field = p;
		do {
			if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
				lf = end - 1;
			p = lf + 1;
		} while (p < end && (*p == ' ' || *p == '\t'));
		if (p - field >= 9 && strncasecmp(field, "received:", 9) == 0 &&
		    is_ours(field + 9, (size_t)(p - field - 9))) {
			CHECK(t->loop);
			return;
		}
	}
	CHECK(!t->loop);
}

/* The first lines of the output are a header, or there is nothing of one. */
static void
check_begin(const char *p, size_t len)
{
	const char	*colon;

	if (len == 0 || *p == '\n')
		return;
	colon = memchr(p, ':', len);
	CHECK(colon != NULL && colon > p && *p > ' ' && *p <= '~');
	CHECK(memchr(p, '\n', (size_t)(colon - p)) == NULL);
}

/*
 * The first octet says how long the pieces are that the rest is given in; the
 * outcome is the reference's.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct output		 o;
	struct content_out	 out;
	char			*in, *piece, *want;
	size_t			 done = 0, n, used, wantlen = 0;

	if (size == 0)
		return (0);
	in = malloc(size + 5);
	want = malloc(size + 5);
	o.p = malloc(size + 5);
	o.space = size + 5;
	o.len = 0;
	CHECK(in != NULL && o.p != NULL && want != NULL);
	memcpy(in, data + 1, size - 1);
	/* there is always an end */
	memcpy(in + size - 1, "\r\n.\r\n", 5);
	size += 4;
	used = reference_message(in, size, want, &wantlen);

	content_init(&o.content);
	preface_init(&o.preface);
	trace_init(&o.trace, "h", ours, NULL);
	memset(&out, 0, sizeof(out));
	while (!out.end) {
		n = 1 + data[0] % (1 + (done & 15));
		if (data[0] == 255)
			n = size;
		if (n > size - done)
			n = size - done;
		CHECK(n > 0 && (piece = malloc(n)) != NULL);
		memcpy(piece, in + done, n);
		n = content_filter(&o.content, piece, n, &out);
		CHECK(out.spaces <= done);
		for (; out.spaces > 0; out.spaces--)
			put_message(&o, " ", 1, false);
		put_message(&o, piece, out.len, out.end);
		done += n;
		free(piece);
	}
	CHECK(done == used);
	CHECK(o.len == wantlen && memcmp(o.p, want, wantlen) == 0);
	CHECK(memchr(o.p, '\r', o.len) == NULL);
	CHECK(o.len == 0 || o.p[o.len - 1] == '\n');
	check_trace(&o.trace, o.p, o.len);
	check_begin(o.p, o.len);
	free(in);
	free(o.p);
	free(want);
	return (0);
}
