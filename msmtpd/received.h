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

#ifndef RECEIVED_H
#define RECEIVED_H

#include <stddef.h>
#include <time.h>

/* A Received field, folded, is never longer than this. */
#define RECEIVED_MAX	2048

struct received {
	const char	*helo;		/* as received; "" for none */
	const char	*client;	/* "127.0.0.1", "IPv6:::1", or "" for a
					 * pipe */
	const char	*host;		/* our name */
	const char	*protocol;	/* smtp_protocol() */
	const char	*id;
	const char	*rcpt;		/* NULL: not told */
	time_t		 when;
};

/*
 * received_format: write a Received field (RFC 5321, 4.4; date as in RFC
 * 5322, 3.3, in local time), folded at 78 octets where its words allow, each
 * line ended by LF, and a '\0', to buf of size octets (RECEIVED_MAX is
 * enough for any input).  Client's words are made harmless: what is not
 * printable ASCII, or could end a comment, becomes "?".  Returns the length
 * without '\0'.
 */
size_t	received_format(char *, size_t, const struct received *);

#endif
