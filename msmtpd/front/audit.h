/* SPDX-License-Identifier: ISC */
/* audit: the line of the log that says what became of a mail. */

#ifndef AUDIT_H
#define AUDIT_H

#include <stdint.h>

/* What the audit line says of a mail; all texts end in '\0'. */
struct audit {
	const char	*id;		/* id_mail() */
	const char	*client;	/* client_text() */
	const char	*who;		/* client_user() */
	const char	*fate;		/* verdict_describe(), or "none" where
					 * no command was to run */
	const char	*why;		/* the reason, printable ASCII; "" for
					 * a mail that is delivered */
	const char	*helo;		/* as received; "" for none */
	const char	*user;		/* smtp_user() */
	const char	*sender;	/* "" for the null reverse-path */
	const char	*rcpts;		/* nrcpt recipients, '\0' after each */
	uint64_t	 size;		/* octets */
	int64_t		 ms;		/* from the end of data to the reply */
	uint32_t	 nrcpt;
	int		 reply;		/* the code that the client is given;
					 * 0: the client was gone */
};

/*
 * audit: log one line about a mail to which DATA has given an id, once its
 * final reply is known, or that there will be none: at info where the reply is
 * 250, else as a warning.  A client's words are made printable and are cut
 * where they are long; the first 10 recipients are named.  The reason stands
 * last, in quotes: it has spaces, which no other field has.
 */
void	audit(const struct audit *);

#endif
