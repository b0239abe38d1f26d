/* SPDX-License-Identifier: ISC */
/* What the content of a mail must become, written to be seen to be right. */

#include <ctype.h>
#include <stdbool.h>
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
	size_t	 end, i, j, n = 0, m = 0;

	if ((end = find_end(in, len)) == len)
		return (0);

	/* line ends */
	for (i = 0; i < end; i++) {
		for (j = i; in[j] == '\r'; )
			j++;
		if (j == i)
			out[n++] = in[i];
		else if (in[j] != '\n')
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

/* Whether a field, whose colon is one of the first 1,024 octets of the message,
 * begins at p. */
static bool
is_field(const char *message, const char *p, const char *end)
{
	const char	*colon, *q;

	if (end - message > 1024)
		end = message + 1024;
	if (p >= end ||
	    (colon = memchr(p, ':', (size_t)(end - p))) == NULL)
		return (false);
	while (colon > p && strchr(" \t", colon[-1]) != NULL && colon[-1] != 0)
		colon--;
	for (q = p; q < colon; q++)
		if (!isgraph((unsigned char)*q))
			return (false);
	return (colon > p);
}

/* Where the line after an mbox file's "From " line begins, or NULL. */
static const char *
after_from(const char *p, const char *end)
{
	const char	*c, *lf;
	bool		 good = false;

	if (end - p < 5 || memcmp(p, "From ", 5) != 0 ||
	    (lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
		return (NULL);
	for (c = p + 5; c < lf; c++)
		good = good || *c == '@' || (*c == ':' && lf - c > 2 &&
		    c - p >= 7 && isdigit((unsigned char)c[-2]) &&
		    isdigit((unsigned char)c[-1]) &&
		    isdigit((unsigned char)c[1]) &&
		    isdigit((unsigned char)c[2]));
	return (good ? lf + 1 : NULL);
}

size_t
reference_message(const char *in, size_t len, char *out, size_t *outlen)
{
	const char	*begin, *next, *end;
	size_t		 used;

	if ((used = reference_content(in, len, out, outlen)) == 0 ||
	    *outlen == 0 || out[0] == '\n')
		return (used);
	end = out + *outlen;
	for (begin = next = out; next != NULL; next = after_from(begin, end)) {
		begin = next;
		if (end - begin >= 3 && memcmp(begin, "\xef\xbb\xbf", 3) == 0)
			begin += 3;
		if (is_field(out, begin, end))
			break;
	}
	if (next != NULL) {
		*outlen = (size_t)(end - begin);
		memmove(out, begin, *outlen);
	} else {
		memmove(out + 1, out, *outlen);
		*out = '\n';
		++*outlen;
	}
	return (used);
}
