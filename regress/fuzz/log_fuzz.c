/* SPDX-License-Identifier: ISC */
/* Fuzz target: octets made printable for the log. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "log.h"

/*
 * parent must accept each line that front and deliver make of a client's words:
 * it ends the daemon where a line is not printable.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*in;
	char		*line;
	size_t		 size, n, i;

	if (len < 2)
		return (0);
	size = (data[0] * 256U + data[1]) % LOG_LINE_MAX + 1;
	in = (const char *)data + 2;
	len -= 2;
	CHECK((line = malloc(size)) != NULL);
	n = log_printable(line, size, in, len);
	CHECK(n < size && line[n] == '\0' && strlen(line) == n);
	CHECK(log_isprintable(line, n));
	/* Whatever is taken is one line, for any terminal. */
	if (log_isprintable(in, len)) {
		CHECK(len < LOG_LINE_MAX);
		for (i = 0; i < len; i++)
			CHECK((unsigned char)in[i] >= ' ' && in[i] != 0x7f);
		/* U+200B, and U+FEFF, look like nothing. */
		CHECK(memmem(in, len, "\342\200\213", 3) == NULL);
		CHECK(memmem(in, len, "\357\273\277", 3) == NULL);
	}
	free(line);
	return (0);
}
