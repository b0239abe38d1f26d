/* SPDX-License-Identifier: ISC */
/* printed: what a command prints, line by line, for the log. */

#ifndef PRINTED_H
#define PRINTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How much of what a command prints goes to the log, for each mail. */
#define PRINTED_LINE_MAX	800	/* octets of a line */
#define PRINTED_LINES_MAX	100	/* lines */
/* Octets of lines that wait until it is known how the command ends. */
#define PRINTED_HELD_MAX	4096

struct printed {
	uint64_t	 unlogged;	/* octets beyond the bounds */
	uint32_t	 count;
	size_t		 len;		/* of line */
	size_t		 heldlen;	/* of held */
	char		 line[PRINTED_LINE_MAX]; /* without its LF so far */
	char		 held[PRINTED_HELD_MAX]; /* '\n' after each */
};

/* printed_init: begin anew, for the next command. */
void	printed_init(struct printed *);

/*
 * printed_feed: len octets more of what the command of the mail id has printed.
 * Whole lines are held back, so that they can be logged as warnings where the
 * mail fails; those for which there is no more room are logged at once, at
 * info.
 */
void	printed_feed(struct printed *, const char *id, const char *,
	    size_t len);

/* printed_release: log what is held back, at info: the command goes on. */
void	printed_release(struct printed *, const char *id);

/*
 * printed_end: log all that is left, a last line without its LF, and how many
 * octets were beyond the bounds: as warnings where the mail has failed, else at
 * info.
 */
void	printed_end(struct printed *, const char *id, bool failed);

#endif
