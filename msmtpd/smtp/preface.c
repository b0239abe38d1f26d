/* SPDX-License-Identifier: ISC */
/* preface: what comes before the first field of a message's header. */

#include <ctype.h>
#include <string.h>

#include "preface.h"

/*
 * A message begins with a header field (RFC 5322, 2.2 and 4.5: a name, maybe
 * white space, a colon) or with an empty line, which is a header without
 * fields.  A byte order mark and "From " lines, as in mbox files, in any order,
 * are left out where a field follows: the mark would become part of the field's
 * name, and a line, which is no field, would end the header.  Any other message
 * is a body.  An empty line is put before a body: without that line the body's
 * first lines would become part of our Received field, or of the header.
 *
 * A "From " line needs an "@" or a time, as RFC 4155 has it, since no text may
 * be lost that begins with "From now on".
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
are_digits(const char *p)
{
	return (isdigit((unsigned char)p[0]) && isdigit((unsigned char)p[1]));
}

/* Whether the line from p to end, without its LF, has a time: "12:59". */
static bool
has_time(const char *p, const char *end)
{
	for (; end - p >= 5; p++)
		if (p[2] == ':' && are_digits(p) && are_digits(p + 3))
			return (true);
	return (false);
}

/*
 * Whether the octets from *pp to end begin with word: HEADER, and *pp is after
 * the word; UNKNOWN where they are the beginning of the word.
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

/* Whether the octets from *pp to end begin with a "From " line: HEADER, and *pp
 * is after the line; UNKNOWN where the line has not ended. */
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

/* What the octets from p to end, one at least, begin with.  *first is where the
 * header begins, after what is left out. */
static enum preface_kind
preface_find(const char *p, const char *end, const char **first)
{
	enum preface_kind	 kind;

	*first = p;
	if (*p == '\n')
		return (PREFACE_HEADER);
	do {
		if (preface_word(&p, end, preface_bom) == PREFACE_UNKNOWN)
			return (PREFACE_UNKNOWN);
		*first = p;
		/* "From :" is a field. */
		if ((kind = preface_field(p, end)) != PREFACE_BODY)
			return (kind);
	} while ((kind = preface_from_line(&p, end)) == PREFACE_HEADER);
	return (kind);
}

void
preface_init(struct preface *pf)
{
	pf->len = 0;
	pf->first = 0;
	pf->blank = false;
	pf->done = false;
}

size_t
preface_take(struct preface *pf, const char *buf, size_t len, bool end)
{
	enum preface_kind	 kind = PREFACE_UNKNOWN;
	const char		*begin, *first;
	size_t			 n, taken = PREFACE_MAX - pf->len;

	if (taken > len)
		taken = len;
	n = pf->len + taken;
	/* Most messages show in the first piece, which then need not be copied,
	 * what they begin with. */
	begin = first = pf->len == 0 ? buf : pf->held;
	if (begin != buf)
		memcpy(pf->held + pf->len, buf, taken);
	if (n > 0)
		kind = preface_find(begin, begin + n, &first);
	if (kind == PREFACE_UNKNOWN && n < PREFACE_MAX && !end) {
		if (begin == buf)
			memcpy(pf->held, buf, n);
		pf->len = (uint16_t)n;
		return (taken);
	}
	pf->done = true;
	pf->blank = kind != PREFACE_HEADER && n > 0;
	if (pf->blank)
		first = begin;
	if (begin == buf)
		return ((size_t)(first - begin));
	pf->len = (uint16_t)n;
	pf->first = (uint16_t)(first - begin);
	return (taken);
}
