/* SPDX-License-Identifier: ISC */

/* Address literals; the other forms of a mailbox are in mailbox_test.c. */

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
 * Address literals by the rules of RFC 5321, 4.1.3: what follows "u@"; the
 * same is made of each with SMTPUTF8 and without.
 */
static const char *const	 good[] = {
	"[0.0.0.0]", "[127.0.0.1]", "[255.255.255.255]", "[249.250.199.200]",
	"[127.0.0.01]", "[127.000.000.001]", "[000.000.000.000]",
	"[010.08.009.099]",
	/* "IPv6:", in any case */
	"[IPv6:::1]", "[ipv6:::1]", "[IPV6:::1]", "[iPV6:::1]",
	/* IPv6-hex = 1*4HEXDIG */
	"[IPv6:0:00:000:0000:1:22:333:4444]",
	"[IPv6:0123:4567:89ab:cdef:89AB:CDEF:aA:Ff]", "[IPv6:ffff::ffff]",
	"[IPv6:2001:DB8::1]",
	/* IPv6-full: 8 groups */
	"[IPv6:1:2:3:4:5:6:7:8]",
	/* IPv6-comp: "::" once, and 6 groups at most */
	"[IPv6:::]", "[IPv6:1::]", "[IPv6:1::2]", "[IPv6:1:2:3:4:5:6::]",
	"[IPv6:1:2:3:4:5::6]", "[IPv6:1:2:3::4:5:6]", "[IPv6:1::2:3:4:5:6]",
	"[IPv6:::1:2:3:4:5:6]",
	/* IPv6v4-full: 6 groups, and an IPv4 address */
	"[IPv6:1:2:3:4:5:6:192.0.2.1]", "[IPv6:0:0:0:0:0:ffff:255.255.255.255]",
	"[IPv6:1:2:3:4:5:6:000.001.010.099]",
	/* IPv6v4-comp: "::" once, 4 groups at most, and an IPv4 address */
	"[IPv6:::192.0.2.1]", "[IPv6:::ffff:192.0.2.1]",
	"[IPv6:::FFFF:192.000.002.001]", "[IPv6:64:ff9b::192.0.2.1]",
	"[IPv6:1:2:3:4::192.0.2.1]", "[IPv6:1:2::3:4:192.0.2.1]",
	"[IPv6:::1:2:3:4:192.0.2.1]",
	NULL
};

static const char *const	 bad[] = {
	"[256.0.0.1]", "[1.256.1.1]", "[1.1.256.1]", "[1.1.1.256]",
	"[1.1.1.260]", "[1.1.1.300]", "[1.1.1.999]", "[1.1.1.1000]",
	"[0000.0.0.0]", "[0.0.0.0000]", "[127.0.0.0001]", "[1.1.1.]",
	"[.1.1.1]", "[1..1.1]", "[1.1.1.+1]", "[1.1.1.-1]", "[1.1.1.a]",
	"[1.1.1.1a]", "[1.1.1./]", "[1.1.1.:]", "[0x7f.0.0.1]",
	/* IPv4-address-literal = Snum 3("." Snum) */
	"[1]", "[127.1]", "[127.0.0]", "[127.0.0.1.]", "[127.0.0.1.1]",
	"[.127.0.0.1]", "[127,0,0,1]", "[127.0.0.1:]", "[127.0.0.1:25]",
	"[127.0.0.1/8]", "[2130706433]",
	/* "[" and "]" */
	"[ 127.0.0.1]", "[127.0.0.1 ]", "[127.0.0.1", "127.0.0.1]",
	"[127.0.0.1]x", "[127.0.0.1].", "[127.0.0.1].example", "x[127.0.0.1]",
	"[127.0.0.1]]", "[[127.0.0.1]]", "[[127.0.0.1]", "[127.0.\\0.1]", "[]",
	"[", "]",
	/* "IPv6:", in any case */
	"[IPv6:]", "[IPv6]", "[IPv6::]", "[IPv6 :::1]", "[IPv6: ::1]",
	"[IPv6:::1 ]",
	/* no other content has that tag */
	"[IPv6:x]", "[ipv6:x]", "[IPV6:1]", "[ipV6:content]",
	"[IPv6:127.0.0.1]", "[IPv6:IPv6:::1]", "[::1]", "[::]",
	/* IPv6-hex = 1*4HEXDIG */
	"[IPv6:00000::]", "[IPv6:12345::]", "[IPv6:::12345]",
	"[IPv6:1:2:3:4:5:6:7:00008]", "[IPv6:g::]", "[IPv6:::G]", "[IPv6:::@]",
	"[IPv6:::`]", "[IPv6:::/]", "[IPv6:0x1::]", "[IPv6:-1::]",
	"[IPv6:fe80::1%lo]", "[IPv6:2001:db8::/32]",
	"[IPv6:1111111111111111111111111111111111111111111]",
	/* IPv6-full: 8 groups */
	"[IPv6:1]", "[IPv6:1:2:3:4:5:6:7]", "[IPv6:1:2:3:4:5:6:7:]",
	"[IPv6:1:2:3:4:5:6:7:8:]", "[IPv6:1:2:3:4:5:6:7:8:9]",
	"[IPv6::1:2:3:4:5:6:7]", "[IPv6::1:2:3:4:5:6:7:8]",
	"[IPv6:1:2:3:4-5:6:7:8]",
	/* IPv6-comp: "::" once, and 6 groups at most */
	"[IPv6:1:2:3:4:5:6:7::]", "[IPv6:1:2:3:4:5:6::7]",
	"[IPv6:1:2:3:4::5:6:7]", "[IPv6:1::2:3:4:5:6:7]",
	"[IPv6:::1:2:3:4:5:6:7]", "[IPv6:1:2:3:4:5:6:7:8::]",
	"[IPv6:1:2:3:4::5:6:7:8]", "[IPv6:::1:2:3:4:5:6:7:8]", "[IPv6::::]",
	"[IPv6:::::]", "[IPv6::::1]", "[IPv6:1:::]", "[IPv6:1:::2]",
	"[IPv6:1::2::3]", "[IPv6:1::2::]", "[IPv6:::1::]", "[IPv6:::1:]",
	"[IPv6:1::2:]", "[IPv6::1::2]", "[IPv6::1]",
	/* IPv6v4-full: 6 groups, and an IPv4 address */
	"[IPv6:1:2:3:4:5:192.0.2.1]", "[IPv6:1:2:3:4:5:6:7:192.0.2.1]",
	"[IPv6:1:2:3:4:5:6:7:8:192.0.2.1]", "[IPv6:1:2:3:4:5:192.0.2.1:6]",
	"[IPv6:192.0.2.1:1:2:3:4:5:6]", "[IPv6:1:2:3:4:5:6:192.0.2.1:]",
	"[IPv6:1:2:3:4:5:6:192.0.2.256]", "[IPv6:1:2:3:4:5:6:192.0.2.0001]",
	"[IPv6:1:2:3:4:5:6:1921.0.2.1]", "[IPv6:1:2:3:4:5:6:0000.0.2.1]",
	"[IPv6:1:2:3:4:5:6:a.0.2.1]", "[IPv6:1:2:3:4:5:6:192.0.2.a]",
	"[IPv6:1:2:3:4:5:6:192.0.2]", "[IPv6:1:2:3:4:5:6:192.0.2.]",
	"[IPv6:1:2:3:4:5:6:192.]", "[IPv6:1:2:3:4:5:6:.0.2.1]",
	"[IPv6:1:2:3:4:5:6:192.0.2.1.1]", "[IPv6:1:2:3:4:5:6.192.0.2.1]",
	/* IPv6v4-comp: "::" once, 4 groups at most, and an IPv4 address */
	"[IPv6:1:2:3:4:5::192.0.2.1]", "[IPv6:1:2:3:4::5:192.0.2.1]",
	"[IPv6:1:2::3:4:5:192.0.2.1]", "[IPv6:::1:2:3:4:5:192.0.2.1]",
	"[IPv6:1:2:3:4:5:6::192.0.2.1]", "[IPv6::192.0.2.1]",
	"[IPv6::::192.0.2.1]", "[IPv6:::ffff.192.0.2.1]", "[IPv6:192.0.2.1::]",
	"[IPv6:::192.0.2.1:1]", "[IPv6:::192.0.2.1::]",
	"[IPv6:1::2::192.0.2.1]", "[IPv6:::192.0.2.256]",
	"[IPv6:::192.0.2.0001]", "[IPv6:::192.0.2]", "[IPv6:::192.0.2.1.1]",
	/* General-address-literal: no tag but IPv6 is known to IANA */
	"[tag:content]", "[t:c]", "[0:0]", "[-t:c]", "[x--9:c]",
	"[x-tag:a!b@c^d]", "[tag:::]", "[tag:!Z^~]", "[2001:db8::1]",
	"[IPv4:127.0.0.1]", "[IPv4:1]", "[IPv5:1.2.3.4]", "[IPv5:::1]",
	"[IPv7:::1]", "[IP:::1]", "[IPv:::1]", "[2001:db8:1:2:3:4:5:6]",
	"[fe80::1]", "[::ffff:192.0.2.1]", "[1:2:3:4:5:6:7:8]", "[IPv66:::1]",
	"[xIPv6:::1]", "[tag-:content]", "[-:content]", "[t_g:a]", "[t.g:a]",
	"[t g:a]", "[:content]", "[:]", "[tag:]", "[tag]", "[tag:a b]",
	"[tag: ]", "[tag:a[b]", "[tag:a\\b]", "[tag:a\\]b]", "[tag:a\001b]",
	"[tag:a\177b]", "[tag:\xc3\xa9]", "[t\xc3\xa9:a]",
	"[tag:" X100 X100 X10 X10 X10 X10 "xxxxxxxxx]",
	NULL
};

static const char *const	 too_long[] = {
	"[tag:" X100 X100 X10 X10 X10 X10 "xxxxxxxxxx]",
	NULL
};

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

static void
test_literals(const char *const *list, enum mailbox_error want)
{
	for (; *list != NULL; list++) {
		test_literal(*list, want, 0);
		test_literal(*list, want, MAILBOX_UTF8);
	}
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
	const char *const	*p;

	for (p = good; *p != NULL; p++)
		printf("u@%s\n", *p);
	return (0);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return (list());
	test_literals(good, OK);
	test_literals(bad, BAD);
	test_literals(too_long, LONG);
	test_snum();
	test_groups();
	return (done_testing());
}
