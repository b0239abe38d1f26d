/* SPDX-License-Identifier: ISC */

/* UTF-8: the edges of RFC 3629's grammar, and each code point there is. */

#include <stdint.h>
#include <string.h>

#include "tap.h"
#include "utf8.h"

/* What test_each() and test_octets() do not have: four octets that are none,
 * and ends within a character; and some of the others, to be read. */
static const struct {
	const char	*s;
	size_t		 len;		/* of what is given */
	size_t		 want;		/* 0: refused */
	uint32_t	 c;
	const char	*what;
} cases[] = {
	{ "", 0, 0, 0, "nothing" },
	{ "\0", 1, 0, 0, "NUL, which is ASCII" },
	{ "a", 1, 0, 0, "ASCII" },
	{ "a\xc2\x80", 3, 0, 0, "ASCII before a character" },
	{ "\x7f\x80", 2, 0, 0, "DEL, which is ASCII" },

	{ "\xdf\xbf", 2, 2, 0x7ff, "the last of two octets" },
	{ "\xe0\xa0\x80", 3, 3, 0x800, "the first of three octets" },
	{ "\xed\x9f\xbf", 3, 3, 0xd7ff, "the last before the surrogates" },
	{ "\xef\xbf\xbf", 3, 3, 0xffff, "the last of three octets" },
	{ "\xf0\x90\x80\x80", 4, 4, 0x10000, "the first of four octets" },
	{ "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff, "the last there is" },

	{ "\x80", 1, 0, 0, "a continuation alone" },
	{ "\xbf\xbf\xbf\xbf", 4, 0, 0, "four continuations" },
	{ "\xc0\x80", 2, 0, 0, "NUL, over-long" },
	{ "\xf0\x80\x80\x80", 4, 0, 0, "NUL in four octets" },
	{ "\xf0\x8f\xbf\xbf", 4, 0, 0, "U+FFFF in four octets" },
	{ "\xed\xa0\x80", 3, 0, 0, "the first surrogate" },
	{ "\xed\xa1\x8c\xed\xbe\xb4", 6, 0, 0, "a pair of surrogates" },
	{ "\xf4\x90\x80\x80", 4, 0, 0, "U+110000" },
	{ "\xf7\xbf\xbf\xbf", 4, 0, 0, "begins with 0xf7" },
	{ "\xf8\x88\x80\x80\x80", 5, 0, 0, "five octets" },
	{ "\xfc\x84\x80\x80\x80\x80", 6, 0, 0, "six octets" },

	{ "\xc2", 1, 0, 0, "two octets, cut after one" },
	{ "\xe2\x89", 2, 0, 0, "three octets, cut after two" },
	{ "\xf0\xa3\x8e", 3, 0, 0, "four octets, cut after three" },
	{ "\xf0\xa3\x8e\x7f", 4, 0, 0, "ASCII for the fourth of four" },
	{ "\xf0\xa3\xff\xb4", 4, 0, 0, "0xff for the third of four" },
};

static void
test_cases(void)
{
	uint32_t	 c;
	size_t		 i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c = 0;
		n = utf8_non_ascii((const unsigned char *)cases[i].s,
		    cases[i].len, &c);
		ok(n == cases[i].want && (n == 0 || c == cases[i].c),
		    "%s: %zu octets, U+%04X", cases[i].what, n, c);
	}
}

/* The other direction, as RFC 3629, section 3, says how to encode. */
static size_t
encode(uint32_t c, unsigned char s[4])
{
	size_t	 i, n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (i = n - 1; i > 0; i--) {
		s[i] = (unsigned char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	s[0] = (unsigned char)(n == 1 ? c : ((0xf00U >> n) & 0xf0) | c);
	return (n);
}

static void
test_each(void)
{
	unsigned char	 s[4];
	uint32_t	 c, got, wrong = 0, taken = 0;
	size_t		 n, len;

	for (c = 0; c < 0x200000; c++) {
		len = encode(c, s);
		got = 0;
		n = utf8_non_ascii(s, len, &got);
		if (c < 0x80 || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
			wrong += n != 0;
		else
			wrong += n != len || got != c;
		taken += n != 0;
	}
	is_int(wrong, 0, "each code point is taken, surrogates are not");
	is_int(taken, 0x110000 - 0x80 - 0x800, "and nothing else");
}

/* Of all three octets there are, those that are taken can be written in one
 * way only. */
static void
test_octets(void)
{
	unsigned char	 s[3], again[4];
	uint32_t	 i, c, wrong = 0, taken = 0;
	size_t		 n;

	for (i = 0; i < 0x1000000; i++) {
		s[0] = (unsigned char)(i >> 16);
		s[1] = (unsigned char)(i >> 8);
		s[2] = (unsigned char)i;
		if ((n = utf8_non_ascii(s, sizeof(s), &c)) == 0)
			continue;
		taken++;
		wrong += encode(c, again) != n || memcmp(again, s, n) != 0;
	}
	is_int(wrong, 0, "what is taken is what an encoder makes");
	is_int(taken, 0x780 * 0x100 + 0x10000 - 0x800 - 0x800,
	    "of three octets, two and a third, or three");
}

int
main(void)
{
	test_cases();
	test_each();
	test_octets();
	return (done_testing());
}
