/*
 * Copyright (c) 2026 The msmtpd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <string.h>

#include "reference.h"

/* Where the line that is the end of data begins, or len where it is not. */
static size_t
find_end(const char *in, size_t len)
{
	size_t	 i;

	if (len >= 3 && memcmp(in, ".\r\n", 3) == 0)
		return (0);
	for (i = 0; i + 5 <= len; i++)
		if (memcmp(in + i, "\r\n.\r\n", 5) == 0)
			return (i + 2);
	return (len);
}

size_t
reference_content(const char *in, size_t len, char *out, size_t *outlen)
{
	size_t	 end, i, n = 0, m = 0;

	if ((end = find_end(in, len)) == len)
		return (0);

	/* line ends */
	for (i = 0; i < end; i++) {
		if (in[i] != '\r')
			out[n++] = in[i];
		else if (in[i + 1] != '\n')
			out[n++] = ' ';
	}
	/* dots at the lines' beginnings */
	for (i = 0; i < n; i++)
		if (out[i] != '.' || (i > 0 && out[i - 1] != '\n'))
			out[m++] = out[i];
		else if (i + 1 < n) {
			/* the next octet is not at a line's beginning */
			i++;
			out[m++] = out[i];
		}
	*outlen = m;
	return (end + 3);
}
