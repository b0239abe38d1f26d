/* SPDX-License-Identifier: ISC */
/* content: what follows DATA, up to its end. */

#include <string.h>
#include <strings.h>

#include "content.h"

/*
 * Only CR LF "." CR LF ends the content (and "." CR LF at its beginning,
 * which follows the CR LF of DATA).  Any laxer rule lets a client hide a
 * second mail in what another server takes for content.  A bare LF is a line
 * end, since it becomes one in the output.  A dot that begins a line is removed
 * after either line end, since the program that sends the mail on adds one to
 * each line of the output that begins with a dot.  All CRs directly before an
 * LF are removed: a client that adds a CR to lines that have one sends CR CR
 * LF, and if anything stayed of the first CR, the empty line after the header
 * would become a folded line of the header.  Any other CR becomes a space, so
 * that no CR is ever in the output.  All other octets, NUL among them, pass.
 *
 * What a state does with an octet: output, then next state.  A CR is withheld
 * until it is known what follows; "s" is a space for each withheld CR.
 *
 *   state        | CR          | LF          | "."         | other
 *   -------------+-------------+-------------+-------------+------------
 *   BOL          | MID_CR      | LF   BOL_LF | DOT         | x    MID
 *   DOT          | DOT_CR      | LF   BOL_LF | "."  MID    | x    MID
 *   DOT_CR       | MID_CR      | end         | s "." MID   | s x  MID
 *   BOL_LF       | MID_CR      | LF   BOL_LF | MID         | x    MID
 *   MID          | MID_CR      | LF   BOL_LF | "."  MID    | x    MID
 *   MID_CR       | MID_CR      | LF   BOL    | s "." MID   | s x  MID
 *
 * The content ends in DOT_CR, which only BOL leads to, and BOL is the
 * beginning or follows an LF of the output, so that the last line always has
 * its line end.
 */
enum content_state {
	BOL,		/* at the content's beginning, or after CR LF */
	DOT,		/* after a "." that began a line and was removed */
	DOT_CR,		/* after such a "." and one CR, which is withheld */
	BOL_LF,		/* at a line's beginning, after bare LF */
	MID,		/* within a line */
	MID_CR		/* within a line, after CRs, which are withheld */
};

void
content_init(struct content *c)
{
	c->held = 0;
	c->state = BOL;
	/* The CR LF of DATA. */
	memset(c->tail, 0, sizeof(c->tail));
	c->tail[CONTENT_TAIL - 1] = '\n';
}

/* Keep the last octets received, of which the len octets at p are the end. */
static void
content_remember(struct content *c, const char *p, size_t len)
{
	if (len >= CONTENT_TAIL) {
		memcpy(c->tail, p + len - CONTENT_TAIL, CONTENT_TAIL);
		return;
	}
	memmove(c->tail, c->tail + len, CONTENT_TAIL - len);
	memcpy(c->tail + CONTENT_TAIL - len, p, len);
}

/* Where the line end before p begins, with all its CRs.  Returns NULL where
 * there is none.  No octet before begin is looked at. */
static const char *
content_line_end(const char *begin, const char *p)
{
	const char	*end = p;

	if (p > begin && p[-1] == '\n')
		p--;
	while (p > begin && p[-1] == '\r')
		p--;
	return (p < end ? p : NULL);
}

bool
content_unended(const struct content *c)
{
	const char	*begin = c->tail, *p;

	/* The last line may lack its line end. */
	p = content_line_end(begin, begin + CONTENT_TAIL);
	if (p == NULL)
		p = begin + CONTENT_TAIL;
	/* A script may have sent QUIT without waiting for a reply. */
	if (p - begin >= 4 && strncasecmp(p - 4, "quit", 4) == 0)
		p = content_line_end(begin, p - 4);
	return (p != NULL && p - begin >= 2 && p[-1] == '.' &&
	    (p[-2] == '\n' || p[-2] == '\r'));
}

/*
 * In MID, take what is left of the line, or of the buffer, in one piece.  *outp
 * is where the output goes, never after p.  Returns where the input goes on.
 */
static char *
content_line(struct content *c, char *p, char *end, char **outp)
{
	char	*cr = p, *lf, *next, *stop;
	size_t	 len;

	lf = memchr(p, '\n', (size_t)(end - p));
	next = lf != NULL ? lf + 1 : end;
	for (stop = lf != NULL ? lf : end; stop > p && stop[-1] == '\r'; )
		stop--;
	len = (size_t)(stop - p);
	while ((cr = memchr(cr, '\r', (size_t)(stop - cr))) != NULL)
		*cr = ' ';
	if (lf != NULL) {
		c->state = stop < lf ? BOL : BOL_LF;
		p[len++] = '\n';
	} else {
		c->held = (uint64_t)(end - stop);
		c->state = c->held > 0 ? MID_CR : MID;
	}
	if (*outp != p)
		memmove(*outp, p, len);
	*outp += len;
	return (next);
}

/*
 * In DOT_CR or MID_CR, take the octet at p, which comes after CRs that are
 * withheld.  Returns where the input goes on.
 */
static char *
content_after_cr(struct content *c, char *p, char **outp,
    struct content_out *out)
{
	uint64_t	 room = (uint64_t)(p - *outp);

	if (*p == '\r') {
		c->held++;
		c->state = MID_CR;
		return (p + 1);
	}
	if (*p == '\n') {
		if (c->state == DOT_CR)
			out->end = true;
		else
			*(*outp)++ = '\n';
		c->held = 0;
		c->state = BOL;
		return (p + 1);
	}
	/* CRs of this buffer have left room for their spaces.  The spaces for
	 * CRs of earlier buffers are out->spaces, before all of this buffer. */
	if (room > c->held)
		room = c->held;
	memset(*outp, ' ', (size_t)room);
	*outp += room;
	out->spaces += c->held - room;
	c->held = 0;
	c->state = MID;
	return (p);
}

size_t
content_filter(struct content *c, char *buf, size_t len,
    struct content_out *out)
{
	char	*end = buf + len, *o = buf, *p = buf;

	out->spaces = 0;
	out->end = false;
	content_remember(c, buf, len);
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
				c->held = 1;
				p++;
				continue;
			}
			break;
		case DOT_CR:
		case MID_CR:
			p = content_after_cr(c, p, &o, out);
			continue;
		}
		p = content_line(c, p, end, &o);
	}
	out->len = (size_t)(o - buf);
	return ((size_t)(p - buf));
}
