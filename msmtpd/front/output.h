/* SPDX-License-Identifier: ISC */
/* output: replies gather for one write, and wait for a client that is slow. */

#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "backlog.h"

/* What is written to one client. */
struct output {
	struct backlog	 left;		/* what the client has not taken */
	int		 fd;		/* to write to, not closed here;
					 * -1: replies are dropped */
};

/*
 * output_add: gather a reply of up to SMTP_REPLY_MAX octets for
 * output_send(), so that the replies to pipelined commands (RFC 2920, 3.2)
 * leave in one write(2).  All outputs share the memory in which replies
 * gather: output_send() must follow before another output adds.  Returns
 * false where so much has gathered that output_send() should come next; one
 * more reply fits then.
 */
bool	output_add(struct output *, const char *, size_t);

/* output_last: write a reply that is the last one at once, so that another
 * output's may gather meanwhile.  Where the client does not take it, or others
 * wait, it is dropped.  Returns true. */
bool	output_last(struct output *, const char *, size_t);

/*
 * output_send: write what waits and then what has gathered; what the client
 * does not take now waits.  Returns 0, or -1 with errno set: ENOMEM where
 * there is no memory for what waits, or write(2)'s error.
 */
int	output_send(struct output *);

/* output_waits: whether something waits for the client to take it. */
bool	output_waits(const struct output *);

/* output_end: drop what waits, and each reply that is added later. */
void	output_end(struct output *);

#endif
