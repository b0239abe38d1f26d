/* SPDX-License-Identifier: ISC */

/* Address literals; mailbox_test.c has what else a mailbox is. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/mailbox.h"
#include "tap.h"

#define OK	MAILBOX_OK
#define BAD	MAILBOX_SYNTAX
#define LONG	MAILBOX_TOO_LONG

#define X10	"xxxxxxxxxx"
#define X100	X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

/*
 * Address literals by the rules of RFC 5321, 4.1.3: what follows "u@", and
 * what is made of it, with SMTPUTF8 and without.
 */
static const struct {
	const char		*s;
	enum mailbox_error	 error;
} literals[] = {
	/* Snum = 1*3DIGIT, 0 to 255 */
	{ "[0.0.0.0]", OK },
	{ "[127.0.0.1]", OK },
	{ "[255.255.255.255]", OK },
	{ "[249.250.199.200]", OK },
	{ "[256.0.0.1]", BAD },
	{ "[1.256.1.1]", BAD },
	{ "[1.1.256.1]", BAD },
	{ "[1.1.1.256]", BAD },
	{ "[1.1.1.260]", BAD },
	{ "[1.1.1.300]", BAD },
	{ "[1.1.1.999]", BAD },
	{ "[1.1.1.1000]", BAD },
	{ "[127.0.0.01]", OK },
	{ "[127.000.000.001]", OK },
	{ "[000.000.000.000]", OK },
	{ "[010.08.009.099]", OK },
	{ "[0000.0.0.0]", BAD },
	{ "[0.0.0.0000]", BAD },
	{ "[127.0.0.0001]", BAD },
	{ "[1.1.1.]", BAD },
	{ "[.1.1.1]", BAD },
	{ "[1..1.1]", BAD },
	{ "[1.1.1.+1]", BAD },
	{ "[1.1.1.-1]", BAD },
	{ "[1.1.1.a]", BAD },
	{ "[1.1.1.1a]", BAD },
	{ "[1.1.1./]", BAD },
	{ "[1.1.1.:]", BAD },
	{ "[0x7f.0.0.1]", BAD },
	/* IPv4-address-literal = Snum 3("." Snum) */
	{ "[1]", BAD },
	{ "[127.1]", BAD },
	{ "[127.0.0]", BAD },
	{ "[127.0.0.1.]", BAD },
	{ "[127.0.0.1.1]", BAD },
	{ "[.127.0.0.1]", BAD },
	{ "[127,0,0,1]", BAD },
	{ "[127.0.0.1:]", BAD },
	{ "[127.0.0.1:25]", BAD },
	{ "[127.0.0.1/8]", BAD },
	{ "[2130706433]", BAD },
	/* "[" and "]" */
	{ "[ 127.0.0.1]", BAD },
	{ "[127.0.0.1 ]", BAD },
	{ "[127.0.0.1", BAD },
	{ "127.0.0.1]", BAD },
	{ "[127.0.0.1]x", BAD },
	{ "[127.0.0.1].", BAD },
	{ "[127.0.0.1].example", BAD },
	{ "x[127.0.0.1]", BAD },
	{ "[127.0.0.1]]", BAD },
	{ "[[127.0.0.1]]", BAD },
	{ "[[127.0.0.1]", BAD },
	{ "[127.0.\\0.1]", BAD },
	{ "[]", BAD },
	{ "[", BAD },
	{ "]", BAD },
	/* "IPv6:", in any case */
	{ "[IPv6:::1]", OK },
	{ "[ipv6:::1]", OK },
	{ "[IPV6:::1]", OK },
	{ "[iPV6:::1]", OK },
	{ "[IPv6:]", BAD },
	{ "[IPv6]", BAD },
	{ "[IPv6::]", BAD },
	{ "[IPv6 :::1]", BAD },
	{ "[IPv6: ::1]", BAD },
	{ "[IPv6:::1 ]", BAD },
	/* no other content has that tag */
	{ "[IPv6:x]", BAD },
	{ "[ipv6:x]", BAD },
	{ "[IPV6:1]", BAD },
	{ "[ipV6:content]", BAD },
	{ "[IPv6:127.0.0.1]", BAD },
	{ "[IPv6:IPv6:::1]", BAD },
	{ "[::1]", BAD },
	{ "[::]", BAD },
	/* IPv6-hex = 1*4HEXDIG */
	{ "[IPv6:0:00:000:0000:1:22:333:4444]", OK },
	{ "[IPv6:0123:4567:89ab:cdef:89AB:CDEF:aA:Ff]", OK },
	{ "[IPv6:ffff::ffff]", OK },
	{ "[IPv6:2001:DB8::1]", OK },
	{ "[IPv6:00000::]", BAD },
	{ "[IPv6:12345::]", BAD },
	{ "[IPv6:::12345]", BAD },
	{ "[IPv6:1:2:3:4:5:6:7:00008]", BAD },
	{ "[IPv6:g::]", BAD },
	{ "[IPv6:::G]", BAD },
	{ "[IPv6:::@]", BAD },
	{ "[IPv6:::`]", BAD },
	{ "[IPv6:::/]", BAD },
	{ "[IPv6:0x1::]", BAD },
	{ "[IPv6:-1::]", BAD },
	{ "[IPv6:fe80::1%lo]", BAD },
	{ "[IPv6:2001:db8::/32]", BAD },
	{ "[IPv6:1111111111111111111111111111111111111111111]", BAD },
	/* IPv6-full: 8 groups */
	{ "[IPv6:1:2:3:4:5:6:7:8]", OK },
	{ "[IPv6:1]", BAD },
	{ "[IPv6:1:2:3:4:5:6:7]", BAD },
	{ "[IPv6:1:2:3:4:5:6:7:]", BAD },
	{ "[IPv6:1:2:3:4:5:6:7:8:]", BAD },
	{ "[IPv6:1:2:3:4:5:6:7:8:9]", BAD },
	{ "[IPv6::1:2:3:4:5:6:7]", BAD },
	{ "[IPv6::1:2:3:4:5:6:7:8]", BAD },
	{ "[IPv6:1:2:3:4-5:6:7:8]", BAD },
	/* IPv6-comp: "::" once, and 6 groups at most */
	{ "[IPv6:::]", OK },
	{ "[IPv6:1::]", OK },
	{ "[IPv6:1::2]", OK },
	{ "[IPv6:1:2:3:4:5:6::]", OK },
	{ "[IPv6:1:2:3:4:5::6]", OK },
	{ "[IPv6:1:2:3::4:5:6]", OK },
	{ "[IPv6:1::2:3:4:5:6]", OK },
	{ "[IPv6:::1:2:3:4:5:6]", OK },
	{ "[IPv6:1:2:3:4:5:6:7::]", BAD },
	{ "[IPv6:1:2:3:4:5:6::7]", BAD },
	{ "[IPv6:1:2:3:4::5:6:7]", BAD },
	{ "[IPv6:1::2:3:4:5:6:7]", BAD },
	{ "[IPv6:::1:2:3:4:5:6:7]", BAD },
	{ "[IPv6:1:2:3:4:5:6:7:8::]", BAD },
	{ "[IPv6:1:2:3:4::5:6:7:8]", BAD },
	{ "[IPv6:::1:2:3:4:5:6:7:8]", BAD },
	{ "[IPv6::::]", BAD },
	{ "[IPv6:::::]", BAD },
	{ "[IPv6::::1]", BAD },
	{ "[IPv6:1:::]", BAD },
	{ "[IPv6:1:::2]", BAD },
	{ "[IPv6:1::2::3]", BAD },
	{ "[IPv6:1::2::]", BAD },
	{ "[IPv6:::1::]", BAD },
	{ "[IPv6:::1:]", BAD },
	{ "[IPv6:1::2:]", BAD },
	{ "[IPv6::1::2]", BAD },
	{ "[IPv6::1]", BAD },
	/* IPv6v4-full: 6 groups, and an IPv4 address */
	{ "[IPv6:1:2:3:4:5:6:192.0.2.1]", OK },
	{ "[IPv6:0:0:0:0:0:ffff:255.255.255.255]", OK },
	{ "[IPv6:1:2:3:4:5:6:000.001.010.099]", OK },
	{ "[IPv6:1:2:3:4:5:192.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4:5:6:7:192.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4:5:6:7:8:192.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4:5:192.0.2.1:6]", BAD },
	{ "[IPv6:192.0.2.1:1:2:3:4:5:6]", BAD },
	{ "[IPv6:1:2:3:4:5:6:192.0.2.1:]", BAD },
	{ "[IPv6:1:2:3:4:5:6:192.0.2.256]", BAD },
	{ "[IPv6:1:2:3:4:5:6:192.0.2.0001]", BAD },
	{ "[IPv6:1:2:3:4:5:6:1921.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4:5:6:0000.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4:5:6:a.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4:5:6:192.0.2.a]", BAD },
	{ "[IPv6:1:2:3:4:5:6:192.0.2]", BAD },
	{ "[IPv6:1:2:3:4:5:6:192.0.2.]", BAD },
	{ "[IPv6:1:2:3:4:5:6:192.]", BAD },
	{ "[IPv6:1:2:3:4:5:6:.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4:5:6:192.0.2.1.1]", BAD },
	{ "[IPv6:1:2:3:4:5:6.192.0.2.1]", BAD },
	/* IPv6v4-comp: "::" once, 4 groups at most, and an IPv4 address */
	{ "[IPv6:::192.0.2.1]", OK },
	{ "[IPv6:::ffff:192.0.2.1]", OK },
	{ "[IPv6:::FFFF:192.000.002.001]", OK },
	{ "[IPv6:64:ff9b::192.0.2.1]", OK },
	{ "[IPv6:1:2:3:4::192.0.2.1]", OK },
	{ "[IPv6:1:2::3:4:192.0.2.1]", OK },
	{ "[IPv6:::1:2:3:4:192.0.2.1]", OK },
	{ "[IPv6:1:2:3:4:5::192.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4::5:192.0.2.1]", BAD },
	{ "[IPv6:1:2::3:4:5:192.0.2.1]", BAD },
	{ "[IPv6:::1:2:3:4:5:192.0.2.1]", BAD },
	{ "[IPv6:1:2:3:4:5:6::192.0.2.1]", BAD },
	{ "[IPv6::192.0.2.1]", BAD },
	{ "[IPv6::::192.0.2.1]", BAD },
	{ "[IPv6:::ffff.192.0.2.1]", BAD },
	{ "[IPv6:192.0.2.1::]", BAD },
	{ "[IPv6:::192.0.2.1:1]", BAD },
	{ "[IPv6:::192.0.2.1::]", BAD },
	{ "[IPv6:1::2::192.0.2.1]", BAD },
	{ "[IPv6:::192.0.2.256]", BAD },
	{ "[IPv6:::192.0.2.0001]", BAD },
	{ "[IPv6:::192.0.2]", BAD },
	{ "[IPv6:::192.0.2.1.1]", BAD },
	/* General-address-literal: no tag but IPv6 is known to IANA */
	{ "[tag:content]", BAD },
	{ "[t:c]", BAD },
	{ "[0:0]", BAD },
	{ "[-t:c]", BAD },
	{ "[x--9:c]", BAD },
	{ "[x-tag:a!b@c^d]", BAD },
	{ "[tag:::]", BAD },
	{ "[tag:!Z^~]", BAD },
	{ "[2001:db8::1]", BAD },
	{ "[IPv4:127.0.0.1]", BAD },
	{ "[IPv4:1]", BAD },
	{ "[IPv5:1.2.3.4]", BAD },
	{ "[IPv5:::1]", BAD },
	{ "[IPv7:::1]", BAD },
	{ "[IP:::1]", BAD },
	{ "[IPv:::1]", BAD },
	{ "[2001:db8:1:2:3:4:5:6]", BAD },
	{ "[fe80::1]", BAD },
	{ "[::ffff:192.0.2.1]", BAD },
	{ "[1:2:3:4:5:6:7:8]", BAD },
	{ "[IPv66:::1]", BAD },
	{ "[xIPv6:::1]", BAD },
	{ "[tag-:content]", BAD },
	{ "[-:content]", BAD },
	{ "[t_g:a]", BAD },
	{ "[t.g:a]", BAD },
	{ "[t g:a]", BAD },
	{ "[:content]", BAD },
	{ "[:]", BAD },
	{ "[tag:]", BAD },
	{ "[tag]", BAD },
	{ "[tag:a b]", BAD },
	{ "[tag: ]", BAD },
	{ "[tag:a[b]", BAD },
	{ "[tag:a\\b]", BAD },
	{ "[tag:a\\]b]", BAD },
	{ "[tag:a\001b]", BAD },
	{ "[tag:a\177b]", BAD },
	{ "[tag:\xc3\xa9]", BAD },
	{ "[t\xc3\xa9:a]", BAD },
	{ "[tag:" X100 X100 X10 X10 X10 X10 "xxxxxxxxx]", BAD },
	{ "[tag:" X100 X100 X10 X10 X10 X10 "xxxxxxxxxx]", LONG }
};
#define NLITERALS	(sizeof(literals) / sizeof(literals[0]))

/* The mailbox in memory that ends where it does, alone and as a path. */
static void
test_literal(const char *literal, enum mailbox_error want, int flags)
{
	const char	*mbox, *rest;
	char		*p;
	size_t		 len = strlen(literal) + 4, mboxlen;

	if ((p = malloc(len + 1)) == NULL)
		abort();
	snprintf(p, len + 1, "<u@%s>", literal);
	if ((p = realloc(p, len)) == NULL)
		abort();
	is_int(mailbox_valid(p + 1, len - 2, flags), want == OK,
	    "u@%.60s%s", literal, flags ? " with SMTPUTF8" : "");
	if (is_int(mailbox_path(p, len, flags, &mbox, &mboxlen, &rest), want,
	    "<u@%.60s>", literal) && want == OK)
		ok(mbox == p + 1 && mboxlen == len - 2 && rest == p + len,
		    "<u@%.60s> as received", literal);
	free(p);
}

/* Each number with each count of digits, 0 to 1299, in each place. */
static void
test_snum(void)
{
	char	 buf[64];
	int	 digits, len, n, place, wrong = 0;

	for (n = 0; n < 1300; n++)
		for (digits = 1; digits <= 4; digits++)
			for (place = 0; place < 8; place++) {
				len = snprintf(buf, sizeof(buf),
				    "u@[%s%s%0*d%s]",
				    place < 4 ? "" : "IPv6:::",
				    &"1.1.1."[6 - 2 * (place & 3)], digits, n,
				    &".1.1.1"[2 * (place & 3)]);
				wrong += mailbox_valid(buf, (size_t)len, 0) !=
				    (n <= 255 && (digits < 4));
			}
	is_int(wrong, 0, "an Snum is 0 to 255, in 1 to 3 digits");
}

/* How many groups there may be, before and after "::". */
static void
test_groups(void)
{
	char	 buf[128];
	int	 after, before, i, len, v4, wrong = 0;

	for (before = 0; before < 10; before++)
		for (after = 0; after < 10; after++)
			for (v4 = 0; v4 < 2; v4++) {
				len = snprintf(buf, sizeof(buf), "u@[IPv6:");
				for (i = 0; i < before; i++)
					len += snprintf(buf + len, 8, "%s%d",
					    i > 0 ? ":" : "", i);
				len += snprintf(buf + len, 8, "::");
				for (i = 0; i < after; i++)
					len += snprintf(buf + len, 8, "%s%d",
					    i > 0 ? ":" : "", i);
				len += snprintf(buf + len, 16, "%s%s]",
				    v4 && after > 0 ? ":" : "",
				    v4 ? "192.0.2.1" : "");
				wrong += mailbox_valid(buf, (size_t)len, 0) !=
				    (before + after <= (v4 ? 4 : 6));
			}
	is_int(wrong, 0, "\"::\" and 6 groups, or 4 and an IPv4 address");
}

/* Those that are mailboxes, one a line: regress/e2e sends mail to them. */
static int
list(void)
{
	size_t	 i;

	for (i = 0; i < NLITERALS; i++)
		if (literals[i].error == OK)
			printf("u@%s\n", literals[i].s);
	return (0);
}

int
main(int argc, char **argv)
{
	size_t	 i;

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return (list());
	for (i = 0; i < NLITERALS; i++) {
		test_literal(literals[i].s, literals[i].error, 0);
		test_literal(literals[i].s, literals[i].error, MAILBOX_UTF8);
	}
	test_snum();
	test_groups();
	diag("%zu address literals", NLITERALS);
	return (done_testing());
}
