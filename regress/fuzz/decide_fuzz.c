/* SPDX-License-Identifier: ISC */
/* Fuzz target: what rules decide, at MAIL and at RCPT and after a login. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "world.h"

static enum rule_answer
decide(const struct rules *r, struct rules_mail *m, const char *auth,
    bool to)
{
	const struct rule	*which;
	enum rule_answer	 answer;

	m->client.auth = auth;
	answer = rule_decide((const struct rule *const *)r->v, r->n,
	    &m->client, &m->from, to ? &m->to : NULL, &which);
	CHECK(answer != RULE_ALLOW || (which != NULL && !which->deny));
	CHECK(answer != RULE_DENY || which == NULL || which->deny);
	CHECK(answer != RULE_LOGIN || (which->who == RULE_AUTH &&
	    !which->deny && *auth == '\0'));
	return (answer);
}

/* Whether the text matches, by trying each place: as slow as it is simple. */
static bool
matches(const char *p, const char *pend, const char *s, const char *send)
{
	for (; p < pend && *p != '*'; p++, s++)
		if (s == send || *p != *s)
			return (false);
	if (p == pend)
		return (s == send);
	for (p++; s <= send; s++)
		if (matches(p, pend, s, send))
			return (true);
	return (false);
}

/* One rule, which says who may send: does its pattern hold? */
static void
check_pattern(const struct rules *r, const struct rules_mail *m,
    enum rule_answer answer)
{
	const struct rule	*v = r->v[0];
	const char		*p = (const char *)(v + 1);

	if (r->n != 1 || v->who != RULE_ANY || v->deny || v->from.len > 12 ||
	    m->from.len > 40 || v->has_to || !v->has_from)
		return;
	CHECK((answer == RULE_ALLOW) == matches(p, p + v->from.len,
	    m->from.text, m->from.text + m->from.len));
}

static void
check_answers(const struct rules *r, struct rules_mail *m)
{
	const enum rule_answer	 mail = decide(r, m, "", false);
	const enum rule_answer	 rcpt = decide(r, m, "", true);
	bool			 helps;

	/* MAIL is refused only where no recipient could be allowed, and 530
	 * only where a login could help. */
	CHECK(mail == RULE_ALLOW || rcpt != RULE_ALLOW);
	CHECK(mail != RULE_DENY || rcpt == RULE_DENY);
	helps = decide(r, m, "j", true) == RULE_ALLOW ||
	    decide(r, m, "k", true) == RULE_ALLOW;
	CHECK(rcpt != RULE_LOGIN || helps);
	CHECK(rcpt != RULE_DENY || !helps);
	if (r->n > 0)
		check_pattern(r, m, mail);
}

/* Rules, a NUL, and a question as of --as. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t		*nul = memchr(data, '\0', size);
	struct rules		 r;
	struct rules_mail	 m;
	char			*as, err[RULES_ERR_MAX];
	uint32_t		 line;

	if (nul == NULL)
		return (0);
	as = strndup((const char *)nul + 1, (size_t)(data + size - nul - 1));
	CHECK(as != NULL);
	if (rules_parse(&r, (const char *)data, (size_t)(nul - data), &world,
	    &line, err) == 0) {
		if (rules_mail(&m, as, &world, err) == 0)
			check_answers(&r, &m);
		rules_free(&r);
	}
	free(as);
	return (0);
}
