/* SPDX-License-Identifier: ISC */
/* preface: what comes before the first field of a message's header. */

#ifndef PREFACE_H
#define PREFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The octets at a message's beginning that are searched for a header: a message
 * that has shown none by then is a body. */
#define PREFACE_MAX	1024

/* The beginning of a message, until it is known what the message begins with.
 * See preface.c for the rules. */
struct preface {
	uint16_t	 len;		/* octets held */
	uint16_t	 first;		/* so many of them are left out */
	bool		 blank;		/* an empty line comes before them */
	bool		 done;		/* first and blank are known */
	char		 held[PREFACE_MAX];
};

/* preface_init: at the message's beginning. */
void	preface_init(struct preface *);

/*
 * preface_take: look at the next len octets (0 is allowed) of the message,
 * whose lines end in LF; end: nothing follows them.  Returns how many are held
 * or left out: all, unless done is set, after which the function must not be
 * called again.  With end, done is always set.
 */
size_t	preface_take(struct preface *, const char *, size_t len, bool end);

#endif
