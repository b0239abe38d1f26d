/* SPDX-License-Identifier: ISC */
/* trace: the Received fields of a message: their number, and our own one. */

#include <ctype.h>
#include <string.h>

#include "trace.h"

/*
 * A Received field is split into words at white space, folded or not.  Ours,
 * as front writes it and as it comes back, has
 *
 *	by HOST with PROTOCOL id ID
 *
 * in it, one word after the other: HOST is our name, and ID, maybe with a ";"
 * at its end, is an id that this daemon has given.  The field must have all of
 * that, because other hosts may have our name, such as "localhost", and ids of
 * the same form.  A client that writes such a field has its own mail refused.
 */
enum trace_state {
	NAME,		/* in a line that so far begins as the field does */
	OTHER,		/* in a line that does not */
	BODY,		/* in the field's body */
	FOLD		/* after an LF in the body, which may go on */
};

enum trace_step {
	BY,		/* each: the word that is looked for */
	HOST,
	WITH,
	PROTOCOL,
	ID,
	VALUE
};

static const char	 trace_field[] = "received:";

void
trace_init(struct trace *t, const char *host,
    bool (*ours)(void *, const char *), void *arg)
{
	t->host = host;
	t->ours = ours;
	t->arg = arg;
	t->received = 0;
	t->header = true;
	t->loop = false;
	t->state = NAME;
	t->step = BY;
	t->len = 0;
}

static bool
word_is(const struct trace *t, const char *s)
{
	return (strcmp(t->word, s) == 0);
}

/* Whether the word is what a field of ours has at this step. */
static bool
word_fits(struct trace *t)
{
	switch (t->step) {
	case BY:
		return (word_is(t, "by"));
	case HOST:
		return (word_is(t, t->host));
	case WITH:
		return (word_is(t, "with"));
	case PROTOCOL:
		return (!word_is(t, "by"));
	case ID:
		return (word_is(t, "id"));
	case VALUE:
		if (t->word[t->len - 1] == ';')
			t->word[t->len - 1] = '\0';
		return (t->ours(t->arg, t->word));
	}
	return (false);
}

/* A word of a Received field has ended. */
static void
word_end(struct trace *t)
{
	if (t->len == 0)
		return;
	/* A word that is too long cannot be one that is looked for. */
	t->word[t->len < sizeof(t->word) ? t->len : 0] = '\0';
	if (word_fits(t)) {
		if (t->step == VALUE) {
			t->loop = true;
			t->header = false;
		} else
			t->step++;
	} else
		t->step = word_is(t, "by") ? HOST : BY;
	t->len = 0;
}

static void
word_add(struct trace *t, char c)
{
	if (t->len < sizeof(t->word))
		t->word[t->len++] = c;
}

/* An octet at the beginning of a line, or in what may be the field's name. */
static void
name_take(struct trace *t, char c)
{
	if (c == '\n') {
		t->header = t->len > 0;
		t->len = 0;
	} else if (tolower((unsigned char)c) != trace_field[t->len])
		t->state = OTHER;
	else if (trace_field[++t->len] == '\0') {
		t->received++;
		t->state = BODY;
		t->step = BY;
		t->len = 0;
	}
}

static void
body_take(struct trace *t, char c)
{
	if (c != ' ' && c != '\t' && c != '\n') {
		word_add(t, c);
		return;
	}
	word_end(t);
	if (c == '\n')
		t->state = FOLD;
}

void
trace_take(struct trace *t, const char *p, size_t len)
{
	const char	*end = p + len;

	while (t->header && p < end) {
		if (t->state == OTHER) {
			p = memchr(p, '\n', (size_t)(end - p));
			if (p == NULL)
				return;
			p++;
			t->state = NAME;
			t->len = 0;
			continue;
		}
		if (t->state == FOLD)
			t->state = *p == ' ' || *p == '\t' ? BODY : NAME;
		if (t->state == BODY)
			body_take(t, *p++);
		else
			name_take(t, *p++);
	}
}
