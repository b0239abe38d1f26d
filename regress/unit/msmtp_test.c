/* SPDX-License-Identifier: ISC */

/* What msmtp sends on; regress/e2e/24-msmtp-addresses.t asks msmtp itself. */

#include <stdlib.h>
#include <string.h>

#include "mail/msmtp.h"
#include "tap.h"

static const struct {
	const char	*s;
	int		 sender;	/* whether msmtp sends it as one */
	int		 recipient;
} addresses[] = {
	{ "", 1, 1 },
	{ "user@example.org", 1, 1 },
	{ "first.last+tag@example.org", 1, 1 },
	{ ".a..b.@example.org.", 1, 1 },
	{ "!#$%&'*+-/=?^_`{|}~@example.org", 1, 1 },
	{ "root", 1, 1 },
	{ "u@[127.0.0.1]", 1, 1 },
	{ "us\xc3\xa9r@ex\xc3\xa4mple.org", 1, 1 },
	/* what the configuration file expands */
	{ "%U@example.org", 0, 1 },
	{ "%H@example.org", 0, 1 },
	{ "%C@example.org", 0, 1 },
	{ "%M@example.org", 0, 1 },
	{ "%U", 0, 1 },
	{ "u%U", 0, 1 },
	{ "u%Uv@example.org", 0, 1 },
	{ "%%U@example.org", 0, 1 },
	{ "%u%U@example.org", 0, 1 },
	{ "user%Mars@example.org", 0, 1 },
	{ "\"%U\"@example.org", 0, 0 },
	/* and what not */
	{ "%u%h%c%m@example.org", 1, 1 },
	{ "%F@example.org", 1, 1 },
	{ "%%@example.org", 1, 1 },
	{ "user%host@example.org", 1, 1 },
	{ "100%", 1, 1 },
	{ "%", 1, 1 },
	{ "U%", 1, 1 },
	{ "% U", 1, 0 },
	/* the null sender */
	{ "MAILER-DAEMON", 0, 1 },
	{ "mailer-daemon", 0, 1 },
	{ "Mailer-Daemon", 0, 1 },
	{ "MAILER-DAEMON@example.org", 1, 1 },
	{ "MAILER-DAEMO", 1, 1 },
	{ "MAILER-DAEMONS", 1, 1 },
	{ "XMAILER-DAEMON", 1, 1 },
	{ "\"MAILER-DAEMON\"", 1, 0 },
	/* what means something in a To field */
	{ "\"user\"@example.org", 1, 0 },
	{ "\"\"@example.org", 1, 0 },
	{ "\"quoted\"", 1, 0 },
	{ "\"a b\"@example.org", 1, 0 },
	{ "\"foo..bar\"@example.org", 1, 0 },
	{ "u@[IPv6:::1]", 1, 0 },
	{ "u@[tag:a]", 1, 0 },
	{ "a(b)@example.org", 1, 0 },
	{ "a,b@example.org", 1, 0 },
	{ "a:b@example.org", 1, 0 },
	{ "a;b@example.org", 1, 0 },
	{ "a<b@example.org", 1, 0 },
	{ "a\\b@example.org", 1, 0 },
	{ "a b@example.org", 1, 0 },
	{ "a@example.org,", 1, 0 },
	/* and what not, alone */
	{ "a)b@example.org", 1, 1 },
	{ "a>b@example.org", 1, 1 },
	{ "a[b]@example.org", 1, 1 }
};

/* In memory that ends where the address does. */
static void
test_address(const char *s, int sender, int want)
{
	size_t	 len = strlen(s);
	char	*p;

	if ((p = malloc(len + (len == 0))) == NULL)
		abort();
	memcpy(p, s, len);
	is_int(msmtp_sends(p, len, sender), want, "\"%s\" as %s %s", s,
	    sender ? "sender" : "recipient", want ? "sent" : "changed");
	free(p);
}

int
main(void)
{
	size_t	 i;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		test_address(addresses[i].s, 1, addresses[i].sender);
		test_address(addresses[i].s, 0, addresses[i].recipient);
	}
	return (done_testing());
}
