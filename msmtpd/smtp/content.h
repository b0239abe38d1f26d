/* SPDX-License-Identifier: ISC */
/* content: what follows DATA, up to its end. */

#ifndef CONTENT_H
#define CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTENT_TAIL	16	/* for CR LF "." CR LF "QUIT" CR LF */

/*
 * What follows DATA: finds its end, removes the dots that stand for
 * transparency (RFC 5321, 4.5.2), and makes each line end LF.  See content.c
 * for the rules.
 */
struct content {
	uint64_t	 held;		/* CRs whose next octet has not come */
	char		 tail[CONTENT_TAIL];	/* the last octets received */
	uint8_t		 state;
};

struct content_out {
	uint64_t	 spaces;	/* so many " ", then ... */
	size_t		 len;		/* ... so many octets of the buffer */
	bool		 end;		/* the content has ended */
};

/* content_init: at the message's beginning. */
void	content_init(struct content *);

/*
 * content_filter: convert the len octets at buf in place.  Returns how many
 * of them were content: all, or, with out->end, those up to the end of data,
 * after which the function must not be called again.
 */
size_t	content_filter(struct content *, char *buf, size_t len,
	    struct content_out *);

/*
 * content_unended: whether the client seems to have ended the message with a
 * wrong line end, or without one: the last line received is a dot alone, or
 * QUIT after such a line.  Must not be called after out->end.
 */
bool	content_unended(const struct content *);

#endif
