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

#ifndef REFERENCE_H
#define REFERENCE_H

#include <stddef.h>

/*
 * reference_content: what msmtpd/content.c must make of the len octets at
 * in, written to be seen to be right, not to be fast.  Looks for the end of
 * data as a whole, then converts in passes of their own what is before it.
 * Returns the number of octets up to and including the end of data, 0 where
 * there is none, and then writes nothing.  out has room for len octets.
 */
size_t	reference_content(const char *in, size_t len, char *out,
	    size_t *outlen);

#endif
