/* SPDX-License-Identifier: ISC */

#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * utf8_non_ascii: the character of two octets or more at the beginning of the
 * len octets at s: RFC 6531's UTF8-non-ascii, whose forms are in RFC 3629,
 * section 4.  Returns its length, 2 to 4, and puts the code point into *c; 0
 * where there is none: at the end, for ASCII, and for what is cut off or
 * ill-formed, that is an over-long form, a surrogate, a number above U+10FFFF
 * or an octet that stands alone.
 */
size_t	utf8_non_ascii(const unsigned char *s, size_t len, uint32_t *c);

#endif
