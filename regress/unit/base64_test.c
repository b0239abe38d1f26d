/* SPDX-License-Identifier: ISC */
/* base64, as AUTH takes it: what is decoded, and what is refused. */

#include <stdlib.h>
#include <string.h>

#include "smtp/base64.h"
#include "tap.h"

static const struct {
	const char	*in;
	const char	*out;	/* NULL: refused */
	ssize_t		 len;
} cases[] = {
	/* RFC 4648, 10 */
	{ "", "", 0 },
	{ "Zg==", "f", 1 },
	{ "Zm8=", "fo", 2 },
	{ "Zm9v", "foo", 3 },
	{ "Zm9vYg==", "foob", 4 },
	{ "Zm9vYmE=", "fooba", 5 },
	{ "Zm9vYmFy", "foobar", 6 },
	{ "AAAA", "\0\0\0", 3 },
	{ "AHVzZXIAc2VjcmV0", "\0user\0secret", 12 },
	{ "+/+/", "\xfb\xff\xbf", 3 },
	{ "////", "\xff\xff\xff", 3 },
	{ "0189", "\xd3\x5f\x3d", 3 },
	{ "=", NULL, -1 },
	{ "==", NULL, -1 },
	{ "====", NULL, -1 },
	{ "Z", NULL, -1 },
	{ "Zg", NULL, -1 },
	{ "Zm8", NULL, -1 },
	{ "Zg=", NULL, -1 },
	{ "Z===", NULL, -1 },
	{ "Zg==Zg==", NULL, -1 },
	{ "Zm8=Zm9v", NULL, -1 },
	{ "Zg=v", NULL, -1 },
	{ "Zm9v=", NULL, -1 },
	{ "Zm9vZ", NULL, -1 },
	{ "Zh==", NULL, -1 },		/* unused bits set */
	{ "Zm9=", NULL, -1 },
	{ "Zm 9v", NULL, -1 },
	{ " Zm9v", NULL, -1 },
	{ "Zm9v\n", NULL, -1 },
	{ "Zm\r\n", NULL, -1 },
	{ "Zm-_", NULL, -1 },
	{ "Zm9\xe9", NULL, -1 },
	{ "*", NULL, -1 },
	{ "****", NULL, -1 }
};

/* All values of each octet, alone and with others, against an encoder. */
static void
test_round(void)
{
	static const char	 digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char		 out[3];
	char			 in[4];
	unsigned int		 bad = 0, v;

	for (v = 0; v < 1U << 24; v += 251) {
		in[0] = digits[v >> 18];
		in[1] = digits[v >> 12 & 63];
		in[2] = digits[v >> 6 & 63];
		in[3] = digits[v & 63];
		if (base64_decode(out, in, 4) != 3 ||
		    ((unsigned int)out[0] << 16 | (unsigned int)out[1] << 8 |
		    out[2]) != v)
			bad++;
	}
	is_int(bad, 0, "all sorts of octets");
}

int
main(void)
{
	char	*p;
	size_t	 i, len;
	ssize_t	 n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = strlen(cases[i].in);
		/* in place, in memory that ends where the text does */
		if ((p = malloc(len + (len == 0))) == NULL)
			return (1);
		memcpy(p, cases[i].in, len);
		n = base64_decode(p, p, len);
		is_int(n, cases[i].len, "length of \"%s\"", cases[i].in);
		if (n > 0)
			is_mem(p, (size_t)n, cases[i].out, (size_t)n,
			    "octets of \"%s\"", cases[i].in);
		free(p);
	}
	is_int(base64_decode((char [4]){ 0 }, "Zm\0v", 4), -1, "a NUL");
	test_round();
	return (done_testing());
}
