/* SPDX-License-Identifier: ISC */
/* base64, as AUTH takes it: what is decoded, and what is refused. */

#include <stdlib.h>
#include <string.h>

#include "smtp/base64.h"
#include "tap.h"

static const struct {
	const char	*in;
	const char	*out;
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
	{ "0189", "\xd3\x5f\x3d", 3 }
};

/* What is refused; of "Zh==" and "Zm9=" bits are set that nothing uses. */
static const char	*const refused[] = {
	"=", "==", "====", "Z", "Zg", "Zm8", "Zg=", "Z===", "Zg==Zg==",
	"Zm8=Zm9v", "Zg=v", "Zm9v=", "Zm9vZ", "Zh==", "Zm9=", "Zm 9v", " Zm9v",
	"Zm9v\n", "Zm\r\n", "Zm-_", "Zm9\xe9", "*", "****"
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

/* In place, in memory that ends where the text does. */
static void
test_decode(const char *in, const char *out, ssize_t want)
{
	size_t	 len = strlen(in);
	ssize_t	 n;
	char	*p;

	if ((p = malloc(len + (len == 0))) == NULL)
		abort();
	memcpy(p, in, len);
	n = base64_decode(p, p, len);
	is_int(n, want, "length of \"%s\"", in);
	if (n > 0)
		is_mem(p, (size_t)n, out, (size_t)n, "octets of \"%s\"", in);
	free(p);
}

int
main(void)
{
	size_t	 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		test_decode(cases[i].in, cases[i].out, cases[i].len);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		test_decode(refused[i], "", -1);
	is_int(base64_decode((char [4]){ 0 }, "Zm\0v", 4), -1, "a NUL");
	test_round();
	return (done_testing());
}
