/* SPDX-License-Identifier: ISC */
/* trace: the Received fields of a message: their number, and our own one. */

#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msmtpd.h"

/*
 * The Received fields of a message's header (RFC 5321, 4.4): how many, and
 * whether one is our own, so that the mail has been here before.  trace.c has
 * the rules.
 */
struct trace {
	const char	*host;		/* our name in such a field */
	bool		(*ours)(void *, const char *);
	void		*arg;
	uint32_t	 received;	/* fields so far */
	bool		 header;	/* the header has not ended yet */
	bool		 loop;		/* a field of ours: word is its id */
	uint8_t		 state;
	uint8_t		 step;
	uint16_t	 len;		/* in word, or of the field's name */
	char		 word[MSMTPD_HOSTNAME_MAX];
};

/*
 * trace_init: at the message's beginning.  host is the name that our own
 * fields have after "by" and must outlive the struct; ours(arg, id) says
 * whether what such a field has after "id" is the id of a mail of ours.
 */
void	trace_init(struct trace *, const char *host,
	    bool (*ours)(void *, const char *), void *arg);

/*
 * trace_take: look through the next len octets of the message, whose lines end
 * in LF.  Need not be called once header is false.
 */
void	trace_take(struct trace *, const char *, size_t len);

#endif
