/* SPDX-License-Identifier: ISC */

/* Replies: they gather for one write, and wait for a client that is slow. */

#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "backlog.h"

/* What is written to one client. */
struct output {
	struct backlog	 left;		/* what the client has not taken */
	int		 fd;		/* to write to; it stays the user's;
					 * -1: what comes is dropped */
};

enum output_status {
	OUTPUT_DONE,		/* nothing waits */
	OUTPUT_WAITS,		/* the client does not take all of it now */
	OUTPUT_LOST,		/* write(2) has failed, errno says how */
	OUTPUT_NOMEM		/* no memory for what the client leaves */
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

/* output_send: write what has gathered, or keep it behind what waits. */
enum output_status output_send(struct output *);

/* output_flush: write of what waits as much as the client takes now. */
enum output_status output_flush(struct output *);

/* output_waits: whether something waits for the client to take it. */
bool	output_waits(const struct output *);

/* output_end: drop what waits, and all that comes. */
void	output_end(struct output *);

#endif
