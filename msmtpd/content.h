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

#ifndef CONTENT_H
#define CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What follows DATA: finds its end, removes the dots that stand for
 * transparency (RFC 5321, 4.5.2), makes each line end LF, and counts the
 * Received fields of the header.  See content.c for the rules.
 */
struct content {
	uint32_t	 received;	/* fields so far */
	uint8_t		 state;
	uint8_t		 column;	/* of the header line, see content.c */
	bool		 header;	/* no empty line so far */
};

struct content_out {
	size_t		 len;		/* octets of output, at the buffer's
					 * beginning */
	bool		 space;		/* one " " comes before them */
	bool		 end;		/* the content has ended */
};

/* content_init: at the message's beginning. */
void	content_init(struct content *);

/*
 * content_filter: convert the len octets at buf in place.  Returns how many
 * of them were content: all, or, with out->end, those up to the end of
 * data, which is not to be followed by another call.
 */
size_t	content_filter(struct content *, char *buf, size_t len,
	    struct content_out *);

/*
 * content_header: look through output for the header's Received fields.
 * Need not be called once content->header is false.
 */
void	content_header(struct content *, const char *, size_t);

#endif
