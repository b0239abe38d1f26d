/* SPDX-License-Identifier: ISC */
/* received: the Received field. */

#ifndef RECEIVED_H
#define RECEIVED_H

#include <stddef.h>
#include <time.h>

struct received {
	const char	*helo;		/* as received; "" for none, which is
					 * "unknown": "from" must be there */
	const char	*client;	/* client_literal(); "" leaves it out */
	const char	*user;		/* client_user(), a comment; "" leaves
					 * it out */
	const char	*host;		/* our name */
	const char	*protocol;	/* smtp_protocol() */
	const char	*id;		/* id_mail() */
	const char	*rcpt;		/* NULL: no "for" */
	time_t		 when;
};

/*
 * received_format: write a Received field (RFC 5321, 4.4; date as in RFC
 * 5322, 3.3, in local time), folded at 78 octets where its words allow, each
 * line ended by LF, and a '\0', to buf of size octets (MSMTPD_RECEIVED_MAX is
 * enough for any input).  Client's words are made harmless: what is not
 * printable ASCII, or could end a comment, becomes "?".  Returns the length
 * without '\0'.
 */
size_t	received_format(char *, size_t, const struct received *);

#endif
