/* SPDX-License-Identifier: ISC */
/* Fuzz target: base64, decoded and encoded again. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "smtp/base64.h"

/* The one way to write n octets in base64. */
static size_t
encode(const unsigned char *p, size_t n, char *out)
{
	static const char	 digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t			 i, len = 0;
	uint32_t		 v;

	for (i = 0; i < n; i += 3) {
		v = (uint32_t)p[i] << 16;
		if (i + 1 < n)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < n)
			v |= p[i + 2];
		out[len++] = digits[v >> 18];
		out[len++] = digits[v >> 12 & 63];
		out[len++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
		out[len++] = i + 2 < n ? digits[v & 63] : '=';
	}
	return (len);
}

/* What is decoded has this one spelling; and any octets can be decoded. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*in, *out;
	ssize_t	 n;

	in = malloc(size + 1);
	out = malloc(size * 2 + 4);
	if (in == NULL || out == NULL)
		abort();
	memcpy(in, data, size);
	if ((n = base64_decode(in, in, size)) != -1) {
		if (encode((unsigned char *)in, (size_t)n, out) != size ||
		    memcmp(out, data, size) != 0)
			abort();
	}
	n = base64_decode(out, out, encode(data, size, out));
	if (n < 0 || (size_t)n != size || memcmp(out, data, size) != 0)
		abort();
	free(in);
	free(out);
	return (0);
}
