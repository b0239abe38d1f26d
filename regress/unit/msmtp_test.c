/* SPDX-License-Identifier: ISC */

/* What msmtp sends on; regress/e2e/24-msmtp-addresses.t asks msmtp itself. */

#include <stdlib.h>
#include <string.h>

#include "mail/msmtp.h"
#include "tap.h"

/* Sent as a sender and as a recipient. */
static const char	*const any[] = {
	"", "user@example.org", "first.last+tag@example.org",
	".a..b.@example.org.", "!#$%&'*+-/=?^_`{|}~@example.org", "root",
	"u@[127.0.0.1]", "us\xc3\xa9r@ex\xc3\xa4mple.org",
	"%u%h%c%m@example.org", "%F@example.org", "%%@example.org",
	"user%host@example.org", "100%", "%", "U%", "MAILER-DAEMON@example.org",
	"MAILER-DAEMO", "MAILER-DAEMONS", "XMAILER-DAEMON", "a)b@example.org",
	"a>b@example.org", "a[b]@example.org",
	NULL
};

/* As a recipient alone: the configuration file expands them, or they mean the
 * null sender. */
static const char	*const recipient[] = {
	"%U@example.org", "%H@example.org", "%C@example.org", "%M@example.org",
	"%U", "u%U", "u%Uv@example.org", "%%U@example.org", "%u%U@example.org",
	"user%Mars@example.org", "MAILER-DAEMON", "mailer-daemon",
	"Mailer-Daemon",
	NULL
};

/* As a sender alone: in a To field they mean something else. */
static const char	*const sender[] = {
	"% U", "\"MAILER-DAEMON\"", "\"user\"@example.org", "\"\"@example.org",
	"\"quoted\"", "\"a b\"@example.org", "\"foo..bar\"@example.org",
	"u@[IPv6:::1]", "u@[tag:a]", "a(b)@example.org", "a,b@example.org",
	"a:b@example.org", "a;b@example.org", "a<b@example.org",
	"a\\b@example.org", "a b@example.org", "a@example.org,",
	NULL
};
static const char	*const neither[] = {
	"\"%U\"@example.org",
	NULL
};

/* In memory that ends where the address does. */
static void
test_address(const char *s, int as_sender, int want)
{
	size_t	 len = strlen(s);
	char	*p;

	if ((p = malloc(len + (len == 0))) == NULL)
		abort();
	memcpy(p, s, len);
	is_int(msmtp_sends(p, len, as_sender), want, "\"%s\" as %s %s", s,
	    as_sender ? "sender" : "recipient", want ? "sent" : "changed");
	free(p);
}

static void
test_addresses(const char *const *list, int as_sender, int as_recipient)
{
	for (; *list != NULL; list++) {
		test_address(*list, 1, as_sender);
		test_address(*list, 0, as_recipient);
	}
}

int
main(void)
{
	test_addresses(any, 1, 1);
	test_addresses(recipient, 0, 1);
	test_addresses(sender, 1, 0);
	test_addresses(neither, 0, 0);
	return (done_testing());
}
