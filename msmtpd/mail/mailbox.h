/* SPDX-License-Identifier: ISC */
/* mailbox: the parser of RFC 5321's mailboxes and paths. */

#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

/* What is allowed besides RFC 5321's grammar. */
#define MAILBOX_UTF8	0x1	/* RFC 6531: non-ASCII mailboxes */
#define MAILBOX_NULL	0x2	/* "<>", for MAIL only */

/*
 * mailbox_valid: whether the len octets at s are a mailbox that the command may
 * get: Mailbox or Local-part of RFC 5321, 4.1.2, with dots anywhere in the
 * local part and maybe a dot after the domain, and with MAILBOX_UTF8 also as in
 * RFC 6531, 3.3, without the characters of idna.h in the domain; of 1 to
 * MSMTPD_ADDRESS_MAX octets, without control characters, not beginning with
 * "-".  flags: MAILBOX_UTF8 or 0.
 */
bool	mailbox_valid(const char *s, size_t len, int flags);

enum mailbox_error {
	MAILBOX_OK,
	MAILBOX_SYNTAX,		/* 553 5.1.7 / 5.1.3 */
	MAILBOX_TOO_LONG,	/* the same, with a text of its own */
	MAILBOX_NEEDS_UTF8,	/* non-ASCII, no SMTPUTF8: 553 5.6.7 */
	MAILBOX_BAD_UTF8,	/* not well-formed: 553 5.6.7 */
	MAILBOX_DASH,		/* begins with "-" */
	MAILBOX_NAME		/* a name before the address in brackets */
};

/*
 * mailbox_path: parse a Reverse-path or Forward-path (RFC 5321, 4.1.2) at the
 * beginning of the len octets at s.  Tolerated are spaces before the path, a
 * missing pair of angle brackets where there is an "@", spaces in "<>", and a
 * source route, which is dropped.  On MAILBOX_OK, *mbox and *mboxlen are the
 * mailbox within s exactly as received (length 0 for "<>"), and *rest is the
 * path's end: the end of s, or a space, after which parameters follow.
 */
enum mailbox_error mailbox_path(const char *s, size_t len, int flags,
	    const char **mbox, size_t *mboxlen, const char **rest);

#endif
