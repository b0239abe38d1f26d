/* SPDX-License-Identifier: ISC */

#ifndef PREFACE_H
#define PREFACE_H

/* What comes before the first field of a message's header. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many octets at a message's beginning decide: what has not shown to be a
 * header by then is body. */
#define PREFACE_MAX	1024

/*
 * A Received field is put in front of the message, so that its first line
 * becomes part of a header.  See preface.c for the rules.
 */
struct preface {
	uint16_t	 len;		/* octets held */
	bool		 done;
	char		 held[PREFACE_MAX];
};

/* What is to be handed out, in this order. */
struct preface_out {
	bool		 blank;		/* an empty line */
	const char	*held;		/* octets held so far */
	size_t		 heldlen;
	size_t		 used;		/* from here on of what was given */
};

/* preface_init: at the message's beginning. */
void	preface_init(struct preface *);

/*
 * preface_take: take the next len octets (0 is allowed) of the message, whose
 * lines end in LF.  Returns true, done set and out filled, where it is known
 * now what the message begins with; always with end, which says that nothing
 * follows.  Returns false where all octets have been kept.  Not to be called
 * once done is set.
 */
bool	preface_take(struct preface *, const char *, size_t len, bool end,
	    struct preface_out *);

#endif
