/* SPDX-License-Identifier: ISC */

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
