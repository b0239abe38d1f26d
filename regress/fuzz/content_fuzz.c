/* SPDX-License-Identifier: ISC */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "smtp/content.h"
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

/*
 * The first octet says how long the pieces are that the rest is given in; the
 * outcome is the reference's.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct content		 c;
	struct content_out	 out;
	char			*got, *in, *piece, *want;
	size_t			 done = 0, gotlen = 0, n, used, wantlen = 0;

	if (size == 0)
		return (0);
	in = malloc(size + 5);
	got = malloc(size + 5);
	want = malloc(size + 5);
	CHECK(in != NULL && got != NULL && want != NULL);
	memcpy(in, data + 1, size - 1);
	/* there is always an end */
	memcpy(in + size - 1, "\r\n.\r\n", 5);
	size += 4;
	used = reference_content(in, size, want, &wantlen);

	content_init(&c);
	memset(&out, 0, sizeof(out));
	while (!out.end) {
		n = 1 + data[0] % (1 + (done & 15));
		if (data[0] == 255)
			n = size;
		if (n > size - done)
			n = size - done;
		CHECK(n > 0 && (piece = malloc(n)) != NULL);
		memcpy(piece, in + done, n);
		n = content_filter(&c, piece, n, &out);
		if (out.space) {
			content_header(&c, " ", 1);
			got[gotlen++] = ' ';
		}
		content_header(&c, piece, out.len);
		CHECK(gotlen + out.len <= size);
		memcpy(got + gotlen, piece, out.len);
		gotlen += out.len;
		done += n;
		free(piece);
	}
	CHECK(done == used);
	CHECK(gotlen == wantlen && memcmp(got, want, wantlen) == 0);
	CHECK(memchr(got, '\r', gotlen) == NULL);
	CHECK(gotlen == 0 || got[gotlen - 1] == '\n');
	CHECK(c.received == count_received(got, gotlen));
	free(in);
	free(got);
	free(want);
	return (0);
}
