/* SPDX-License-Identifier: ISC */
/* base64: the decoder for AUTH. */

#ifndef BASE64_H
#define BASE64_H

#include <sys/types.h>

#include <stddef.h>

/*
 * base64_decode: decode the len octets at src (RFC 4648, 4: with padding,
 * nothing but the alphabet, unused bits zero) to dst, which has room for
 * len / 4 * 3 octets and may be src.  Returns how many octets were written,
 * or -1 where src is not base64.
 */
ssize_t	base64_decode(void *dst, const char *src, size_t len);

#endif
