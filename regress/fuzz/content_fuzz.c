/* SPDX-License-Identifier: ISC */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "smtp/content.h"
#include "smtp/preface.h"
#include "reference.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

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
	char		*p;
	size_t		 len;
	size_t		 space;
};

static void
put(struct output *o, const char *p, size_t len)
{
	CHECK(len <= o->space - o->len);
	content_header(&o->content, p, len);
	if (len > 0)
		memcpy(o->p + o->len, p, len);
	o->len += len;
}

static void
put_message(struct output *o, const char *p, size_t len, bool end)
{
	struct preface_out	 out;

	if (!o->preface.done) {
		if (!preface_take(&o->preface, p, len, end, &out)) {
			CHECK(!end && o->preface.len < PREFACE_MAX);
			return;
		}
		CHECK(out.used <= len && o->preface.done && o->len == 0);
		put(o, "\n", out.blank);
		put(o, out.held, out.heldlen);
		p += out.used;
		len -= out.used;
	}
	put(o, p, len);
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
	CHECK(o.content.received == count_received(o.p, o.len));
	check_begin(o.p, o.len);
	free(in);
	free(o.p);
	free(want);
	return (0);
}
