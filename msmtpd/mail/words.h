/* SPDX-License-Identifier: ISC */
/* words: the SMTP reply, the smarthost's own, in what a command prints. */

#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "msmtpd.h"

/* Octets of a line that are looked at; RFC 5321, 4.5.3.1.5, allows a reply
 * 512, and msmtp's own words stand before it. */
#define WORDS_LINE_MAX	640

/* A search under way. */
struct words {
	struct mail_words	 found;	/* the last reply so far */
	enum words_about	 next;	/* what a reply in the next line is
					 * about, if msmtp quotes it */
	bool			 open;	/* the reply's next line may follow */
	size_t			 len;
	char			 line[WORDS_LINE_MAX];
};

/* words_init: begin a search. */
void	words_init(struct words *);

/*
 * words_feed: search len octets more of what the command has printed; they
 * may begin and end anywhere.
 *
 * A reply (RFC 5321, 4.2) stands at the beginning of a line, or where msmtp
 * puts it: "msmtp: server message: 550 5.1.1 No such user", with "LMTP " before
 * "server" for LMTP.  It is 4yz or 5yz, y from 0 to 5, or to 9 where msmtp
 * quotes it, then a space, a hyphen or the line's end.  Where there is a hyphen
 * and the next line is a reply of the same code, that line belongs to it; any
 * other line ends it.  Of several replies the last one counts.
 */
void	words_feed(struct words *, const char *, size_t len);

/*
 * words_end: the search is over; a last line may lack its LF.  Returns what
 * has been found, which stays until the next words_init().  The enhanced code
 * (RFC 2034, 4) is that of the first line where its class is the code's.  The
 * text of the lines is joined by spaces; octets that are not printable ASCII
 * are "?"; what does not fit is cut and ends in "...".
 */
const struct mail_words *words_end(struct words *);

/*
 * words_valid: whether this is what words_end() can return: a code in bounds,
 * strings terminated, an enhanced code of the same class, text printable.
 * Words that another process has sent are checked by this.
 */
bool	words_valid(const struct mail_words *);

#endif
