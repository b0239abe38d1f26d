/* SPDX-License-Identifier: ISC */
/* base64: the decoder for AUTH. */

#include <stdint.h>

#include "base64.h"

/* The value of a digit, or -1. */
static int
base64_digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return (c - 'A');
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (c - '0' + 52);
	if (c == '+')
		return (62);
	if (c == '/')
		return (63);
	return (-1);
}

/* Decode four digits, the last npad of which are "=", to the 24 bits of three
 * octets.  Returns 0, or -1 where they are not base64. */
static int
base64_group(const unsigned char *src, size_t npad, uint32_t *bits)
{
	size_t	 i;
	int	 v;

	*bits = 0;
	for (i = 0; i < 4; i++) {
		v = i < 4 - npad ? base64_digit(src[i]) : 0;
		if (v == -1)
			return (-1);
		*bits = *bits << 6 | (uint32_t)v;
	}
	/* Unused bits must be zero, so that a value has one spelling. */
	if ((*bits & ((1U << 8 * npad) - 1)) != 0)
		return (-1);
	return (0);
}

ssize_t
base64_decode(void *vdst, const char *vsrc, size_t len)
{
	const unsigned char	*src = (const unsigned char *)vsrc;
	unsigned char		*dst = vdst;
	uint32_t		 bits;
	size_t			 i, npad, n = 0;

	if (len % 4 != 0)
		return (-1);
	for (i = 0; i < len; i += 4) {
		npad = 0;
		if (i + 4 == len && src[i + 3] == '=')
			npad = src[i + 2] == '=' ? 2 : 1;
		if (base64_group(src + i, npad, &bits) == -1)
			return (-1);
		dst[n++] = (unsigned char)(bits >> 16);
		if (npad < 2)
			dst[n++] = (unsigned char)(bits >> 8);
		if (npad < 1)
			dst[n++] = (unsigned char)bits;
	}
	return ((ssize_t)n);
}
