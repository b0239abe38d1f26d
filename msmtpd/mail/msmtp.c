/* SPDX-License-Identifier: ISC */
/* msmtp: which addresses msmtp(1), as the command, sends on unchanged. */

#include <string.h>
#include <strings.h>

#include "msmtp.h"

/*
 * msmtp 1.8 takes an argument of -f for a sender as its configuration file has
 * it, in which %U is the user who runs msmtp, %H and %C are names of the
 * machine and %M is the content of /etc/mailname; "MAILER-DAEMON", in any
 * case, is the null sender.
 */
static bool
sends_sender(const char *s, size_t len)
{
	static const char	 null[] = "MAILER-DAEMON";
	const char		*end = s + len;

	if (len == sizeof(null) - 1 && strncasecmp(s, null, len) == 0)
		return (false);
	while ((s = memchr(s, '%', (size_t)(end - s))) != NULL && ++s < end)
		if (*s == 'U' || *s == 'H' || *s == 'C' || *s == 'M')
			return (false);
	return (true);
}

/*
 * msmtp reads each recipient as the content of a To field, but without what a
 * quoted string is: it drops quotes with what is between them, comments and
 * backslashes, takes what stands before ":" for the name of a group and before
 * "<" for a person's, and ends one address and begins another at a comma, a
 * semicolon or a space.  So "a,b"@c is sent as @c, and u@[IPv6:::1] as 1].
 */
static bool
sends_recipient(const char *s, size_t len)
{
	static const char	 special[] = "\"(,:;<\\ ";
	size_t			 i;

	for (i = 0; i < len; i++)
		if (memchr(special, s[i], sizeof(special) - 1) != NULL)
			return (false);
	return (true);
}

bool
msmtp_sends(const char *s, size_t len, bool sender)
{
	return (sender ? sends_sender(s, len) : sends_recipient(s, len));
}
