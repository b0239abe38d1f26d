/* SPDX-License-Identifier: ISC */
/* utf8: well-formed UTF-8. */

#include <stddef.h>
#include <stdint.h>

#include "utf8.h"

/* The grammar of RFC 3629, section 4, a row for each form of a character.  All
 * octets after the second are 0x80 to 0xbf. */
static const struct form {
	unsigned char	 first, last;	/* of the first octet */
	unsigned char	 low, high;	/* of the second */
	unsigned char	 len;
} forms[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },	/* below 0xc2: over-long */
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },	/* below 0xa0: over-long */
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },	/* above 0x9f: surrogates */
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },	/* below 0x90: over-long */
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },	/* above 0x8f: above U+10FFFF */
};

static const struct form *
utf8_form(unsigned char first)
{
	size_t	 i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (first >= forms[i].first && first <= forms[i].last)
			return (&forms[i]);
	return (NULL);
}

size_t
utf8_non_ascii(const unsigned char *s, size_t len, uint32_t *c)
{
	const struct form	*form;
	size_t			 i;

	/* Most text is ASCII: do not search the table for it. */
	if (len < 2 || s[0] < 0x80 || (form = utf8_form(s[0])) == NULL ||
	    len < form->len || s[1] < form->low || s[1] > form->high)
		return (0);
	*c = s[0] & (0x7fU >> form->len);
	for (i = 1; i < form->len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return (0);
		*c = *c << 6 | (s[i] & 0x3fU);
	}
	return (form->len);
}
