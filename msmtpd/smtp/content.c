/* SPDX-License-Identifier: ISC */

#include <ctype.h>
#include <string.h>

#include "content.h"

/*
 * Only CR LF "." CR LF ends the content (and "." CR LF at its beginning,
 * which follows the CR LF of DATA).  Any laxer rule lets a client hide a
 * second mail in what another server takes for content.  A bare LF is a line
 * end, since that is what it becomes in the output; and a dot that begins a
 * line is removed after either line end, since the command's program, when
 * it sends the mail on, adds one at each line of the output that begins with
 * a dot.  A bare CR becomes a space: no CR is ever in the output.  All other
 * octets, NUL among them, pass.
 *
 * What a state does with an octet: output, then next state.
 *
 *   state        | CR          | LF          | "."         | other
 *   -------------+-------------+-------------+-------------+------------
 *   BOL          | MID_CR      | LF   BOL_LF | DOT         | x    MID
 *   DOT          | DOT_CR      | LF   BOL_LF | "."  MID    | x    MID
 *   DOT_CR       | " "  MID_CR | end         | " ." MID    | " x" MID
 *   BOL_LF       | MID_CR      | LF   BOL_LF | MID         | x    MID
 *   MID          | MID_CR      | LF   BOL_LF | "."  MID    | x    MID
 *   MID_CR       | " "  MID_CR | LF   BOL    | " ." MID    | " x" MID
 *
 * The content ends in DOT_CR, which only BOL leads to, and BOL is the
 * beginning or follows an LF of the output: so the last line always has its
 * line end.
 */
enum content_state {
	BOL,		/* at a line's beginning: the first, or after CR LF */
	DOT,		/* after the "." of a line that began so, removed */
	DOT_CR,		/* after that and a CR, withheld */
	BOL_LF,		/* at a line's beginning, after bare LF */
	MID,		/* within a line */
	MID_CR		/* the same, after a CR, withheld */
};

#define COLUMN_OTHER	255	/* the line is not a Received field */

static const char	 content_field[] = "received:";

void
content_init(struct content *c)
{
	c->received = 0;
	c->state = BOL;
	c->column = 0;
	c->header = true;
}

/* Bare CRs among the octets from p to end become spaces. */
static void
content_blank(char *p, const char *end)
{
	while (p < end &&
	    (p = memchr(p, '\r', (size_t)(end - p))) != NULL)
		*p++ = ' ';
}

/*
 * MID: take what is left of the line, or of the buffer, in one piece.  *outp
 * is where the output goes, never after p.  Returns where the input goes on.
 */
static char *
content_line(struct content *c, char *p, char *end, char **outp)
{
	char	*lf, *next, *stop;
	size_t	 len;

	if ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		next = lf + 1;
		stop = lf;
		c->state = BOL_LF;
		if (stop > p && stop[-1] == '\r') {
			*--stop = '\n';
			c->state = BOL;
		}
		len = (size_t)(stop - p) + 1;
	} else {
		next = stop = end;
		c->state = MID;
		if (stop[-1] == '\r') {
			stop--;
			c->state = MID_CR;
		}
		len = (size_t)(stop - p);
	}
	content_blank(p, stop);
	if (*outp != p)
		memmove(*outp, p, len);
	*outp += len;
	return (next);
}

size_t
content_filter(struct content *c, char *buf, size_t len,
    struct content_out *out)
{
	char	*end = buf + len, *o = buf, *p = buf;

	out->space = out->end = false;
	while (p < end && !out->end) {
		switch (c->state) {
		case BOL:
		case BOL_LF:
			if (*p == '.') {
				c->state = c->state == BOL ? DOT : MID;
				p++;
				continue;
			}
			break;
		case DOT:
			if (*p == '\r') {
				c->state = DOT_CR;
				p++;
				continue;
			}
			break;
		case DOT_CR:
		case MID_CR:
			if (*p == '\n') {
				p++;
				if (c->state == DOT_CR)
					out->end = true;
				else
					*o++ = '\n';
				c->state = BOL;
				continue;
			}
			/*
			 * The CR was bare.  Where it was the last octet of
			 * the buffer before, there is no room for its space
			 * in this one.
			 */
			if (o < p)
				*o++ = ' ';
			else
				out->space = true;
			break;
		}
		p = content_line(c, p, end, &o);
	}
	out->len = (size_t)(o - buf);
	return ((size_t)(p - buf));
}

void
content_header(struct content *c, const char *p, size_t len)
{
	const char	*end = p + len, *lf;

	while (c->header && p < end) {
		if (*p == '\n' && c->column == 0) {
			c->header = false;
			break;
		}
		if (c->column == COLUMN_OTHER || *p == '\n') {
			lf = memchr(p, '\n', (size_t)(end - p));
			if (lf == NULL)
				break;
			c->column = 0;
			p = lf + 1;
			continue;
		}
		if (tolower((unsigned char)*p++) != content_field[c->column])
			c->column = COLUMN_OTHER;
		else if (content_field[++c->column] == '\0') {
			c->received++;
			c->column = COLUMN_OTHER;
		}
	}
}
