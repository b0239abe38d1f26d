/* SPDX-License-Identifier: ISC */

/* What comes before the first field of a message's header. */

#include <string.h>

#include "preface.h"

/*
 * A message begins with a header field (RFC 5322, 2.2 and 4.5: a name, maybe
 * white space, a colon) or with an empty line, which is a header without
 * fields.  Before a field, a byte order mark and a "From " line, as mbox files
 * have it, are left out: the mark would become part of the field's name, the
 * line is no field, and either would end the header.  Any other message is a
 * body: it gets the empty line that it lacks, without which its first lines
 * would become part of our Received field, or of the header.
 *
 * A "From " line is one only with an "@" or a time in it, as the mbox format
 * (RFC 4155) has it: "From now on" is a text, of which nothing may be lost.
 */
enum preface_kind {
	PREFACE_UNKNOWN,	/* more octets will tell */
	PREFACE_HEADER,
	PREFACE_BODY
};

static const char	 preface_bom[] = "\xef\xbb\xbf";
static const char	 preface_from[] = "From ";

/* Whether the octets from p to end begin with a header field. */
static enum preface_kind
preface_field(const char *p, const char *end)
{
	const char	*name = p;

	/* ftext */
	while (p < end && *p > ' ' && *p <= '~' && *p != ':')
		p++;
	if (p > name)
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
	if (p == end)
		return (PREFACE_UNKNOWN);
	return (p > name && *p == ':' ? PREFACE_HEADER : PREFACE_BODY);
}

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

/* Whether the line from p to end, without its LF, has a time: "12:59". */
static bool
has_time(const char *p, const char *end)
{
	for (; end - p >= 5; p++)
		if (is_digit(p[0]) && is_digit(p[1]) && p[2] == ':' &&
		    is_digit(p[3]) && is_digit(p[4]))
			return (true);
	return (false);
}

/*
 * Whether the octets from *pp to end begin with word: HEADER, and *pp is after
 * it; UNKNOWN where they are the beginning of it.
 */
static enum preface_kind
preface_word(const char **pp, const char *end, const char *word)
{
	size_t	 left = (size_t)(end - *pp), len = strlen(word);

	if (memcmp(*pp, word, left < len ? left : len) != 0)
		return (PREFACE_BODY);
	if (left < len)
		return (PREFACE_UNKNOWN);
	*pp += len;
	return (PREFACE_HEADER);
}

/* The same for a "From " line, of any length. */
static enum preface_kind
preface_from_line(const char **pp, const char *end)
{
	const char		*lf, *p = *pp;
	enum preface_kind	 kind;

	if ((kind = preface_word(&p, end, preface_from)) != PREFACE_HEADER)
		return (kind);
	if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
		return (PREFACE_UNKNOWN);
	if (memchr(p, '@', (size_t)(lf - p)) == NULL && !has_time(p, lf))
		return (PREFACE_BODY);
	*pp = lf + 1;
	return (PREFACE_HEADER);
}

/* What the octets from p to end, one at least, begin with.  HEADER: *first is
 * where it does. */
static enum preface_kind
preface_find(const char *p, const char *end, const char **first)
{
	enum preface_kind	 kind;

	*first = p;
	if (*p == '\n')
		return (PREFACE_HEADER);
	if (preface_word(&p, end, preface_bom) == PREFACE_UNKNOWN)
		return (PREFACE_UNKNOWN);
	/* "From :" is a field, if an odd one. */
	kind = preface_field(p, end);
	if (kind == PREFACE_BODY && (kind = preface_from_line(&p, end)) ==
	    PREFACE_HEADER)
		kind = preface_field(p, end);
	*first = p;
	return (kind);
}

void
preface_init(struct preface *pf)
{
	pf->len = 0;
	pf->done = false;
}

bool
preface_take(struct preface *pf, const char *buf, size_t len, bool end,
    struct preface_out *out)
{
	enum preface_kind	 kind = PREFACE_UNKNOWN;
	const char		*begin, *first;
	size_t			 n, taken;

	taken = PREFACE_MAX - pf->len;
	if (taken > len)
		taken = len;
	n = pf->len + taken;
	/* What the first read has brought tells mostly, and is not copied. */
	begin = first = pf->len == 0 ? buf : pf->held;
	if (begin != buf)
		memcpy(pf->held + pf->len, buf, taken);
	if (n > 0)
		kind = preface_find(begin, begin + n, &first);
	if (kind == PREFACE_UNKNOWN && n < PREFACE_MAX && !end) {
		if (begin == buf)
			memcpy(pf->held, buf, n);
		pf->len = (uint16_t)n;
		return (false);
	}
	pf->done = true;
	out->blank = kind != PREFACE_HEADER && n > 0;
	if (out->blank)
		first = begin;
	out->held = first;
	out->heldlen = begin == buf ? 0 : n - (size_t)(first - begin);
	out->used = begin == buf ? (size_t)(first - begin) : taken;
	return (true);
}
