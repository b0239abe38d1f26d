/* SPDX-License-Identifier: ISC */
/* utf8: well-formed UTF-8. */

#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * utf8_non_ascii: look for a character of two octets or more (UTF8-non-ascii of
 * RFC 6531, section 3.3) at the beginning of the len octets at s.  Returns the
 * character's length, 2 to 4, and stores its code point in *c.  Returns 0 where
 * the octets begin with ASCII or with no whole, well-formed character: a
 * character that is cut off, an over-long form, a surrogate, a number above
 * U+10FFFF, a continuation octet; and for len 0.
 */
size_t	utf8_non_ascii(const unsigned char *s, size_t len, uint32_t *c);

#endif
