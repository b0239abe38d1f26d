/* SPDX-License-Identifier: ISC */

#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

/* How a path may look besides RFC 5321's grammar. */
#define MAILBOX_UTF8	0x1	/* RFC 6531: non-ASCII mailboxes */
#define MAILBOX_NULL	0x2	/* "<>", for MAIL only */

/*
 * mailbox_valid: whether the len octets at s are a mailbox as the command may
 * get it: RFC 5321, 4.1.2 (Mailbox: dot-string or quoted-string local part,
 * "@", domain or address literal) or a bare local part; dots anywhere in the
 * local part and one after the domain; with MAILBOX_UTF8 also RFC 6531, 3.3, in
 * well-formed UTF-8 (RFC 3629), but see idna.h; no control character,
 * no NUL, no leading "-", 1 to MSMTPD_ADDRESS_MAX octets.  flags:
 * MAILBOX_UTF8 or 0.
 */
bool	mailbox_valid(const char *, size_t, int);

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
 * beginning of the len octets at s, with what is tolerated: spaces before it,
 * a missing pair of angle brackets where there is an "@", spaces in "<>", a
 * source route, which is dropped.  On
 * MAILBOX_OK, *mbox and *mboxlen are the mailbox within s exactly as received
 * (length 0 for "<>") and *rest is where the path ended (parameters follow,
 * after a space, or the end).
 */
enum mailbox_error mailbox_path(const char *s, size_t len, int flags,
	    const char **mbox, size_t *mboxlen, const char **rest);

#endif
