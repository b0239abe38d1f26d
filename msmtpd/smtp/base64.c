/* SPDX-License-Identifier: ISC */
/* base64: the decoder for AUTH. */

#include <stdint.h>
#include <string.h>

#include "base64.h"

#define BASE64_DIGITS	64

static const char	 digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789+/";

ssize_t
base64_decode(void *vdst, const char *src, size_t len)
{
	unsigned char	*dst = vdst;
	const char	*digit;
	uint32_t	 bits = 0;
	size_t		 i, n = 0, npad = 0;

	if (len % 4 != 0)
		return (-1);
	while (npad < 2 && npad < len && src[len - 1 - npad] == '=')
		npad++;
	for (i = 0; i < len - npad; i++) {
		digit = memchr(digits, src[i], BASE64_DIGITS);
		if (digit == NULL)
			return (-1);
		bits = bits << 6 | (uint32_t)(digit - digits);
		/* The second, third and fourth digit complete an octet each,
		 * and leave 4, 2 and 0 bits for the next one. */
		if (i % 4 > 0)
			dst[n++] = (unsigned char)(bits >> (6 - i % 4 * 2));
	}
	/* Unused bits must be zero, so that a value has one spelling. */
	if ((bits & ((1U << 2 * npad) - 1)) != 0)
		return (-1);
	return ((ssize_t)n);
}
