/* SPDX-License-Identifier: ISC */
/* session_rules: --rules: what a session's client may send, and how often. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/rule.h"
#include "owner.h"
#include "rate.h"
#include "session.h"
#include "session_int.h"

static const struct rule	**rules;
static size_t			 nrules;

void
session_rules_init(void)
{
	if ((rules = calloc(RULES_MAX, sizeof(void *))) == NULL)
		fatal("calloc");
	/* The sandbox has no getrandom(2). */
	rate_init((uint64_t)arc4random() << 32 | arc4random());
}

void
session_rule(const void *data, size_t len)
{
	struct rule	*r;

	if ((r = malloc(len)) == NULL)
		fatal("malloc");
	if (nrules == RULES_MAX)
		fatalx("parent: more than %d rules", RULES_MAX);
	memcpy(r, data, len);
	rules[nrules++] = r;
}

static void
session_client(struct rule_client *rc, const struct session *s)
{
	const struct client	*c = &s->client;

	rc->auth = session_login(s);
	rc->uid = c->uid;
	rc->known = c->known;
	rc->local = c->family == AF_UNIX;
	rc->internet = c->family == AF_INET || c->family == AF_INET6;
	if (rc->internet)
		rule_net(&rc->addr, c->family, &c->addr);
}

/* Always false. */
static bool
rules_refuse(struct smtp_refusal *no, const char *reply, const struct rule *r)
{
	(void)strlcpy(no->reply, reply, sizeof(no->reply));
	if (r == NULL)
		(void)strlcpy(no->why, "no rule matches", sizeof(no->why));
	else
		snprintf(no->why, sizeof(no->why), "rules, line %u", r->line);
	return (false);
}

/*
 * Whether the rule's rate leaves room for one more.  A rule without "to" counts
 * the mail, with its first recipient: no other such rule can decide about the
 * rest of them.  One with "to" counts each recipient.
 */
static bool
rules_rate(struct session *s, const struct rule *r, struct smtp_refusal *no)
{
	char		 reply[sizeof(no->reply)];
	int64_t		 ms;

	if (r->rate == 0 || (!r->has_to && s->counted))
		return (true);
	ms = rate_take(r->line, s->owner->name, r->rate, r->period,
	    event_now());
	if (ms > 0) {
		snprintf(reply, sizeof(reply), "450 4.7.1 Too many mails, try "
		    "again in %lld s", (long long)(ms + 999) / 1000);
		return (rules_refuse(no, reply, r));
	}
	s->counted = s->counted || !r->has_to;
	return (true);
}

bool
session_may(void *arg, const char *sender, const char *rcpt,
    struct smtp_refusal *no)
{
	struct session		*s = arg;
	struct rule_address	 from, to;
	struct rule_client	 client;
	const struct rule	*r;

	if (!session_conf->rules)
		return (true);
	if (rcpt == NULL)
		s->counted = false;
	else
		rule_address(&to, rcpt, strlen(rcpt));
	rule_address(&from, sender, strlen(sender));
	session_client(&client, s);
	switch (rule_decide(rules, nrules, &client, &from, rcpt != NULL ? &to :
	    NULL, &r)) {
	case RULE_ALLOW:
		return (rcpt == NULL || rules_rate(s, r, no));
	case RULE_LOGIN:
		return (rules_refuse(no, "530 5.7.0 Authentication required",
		    r));
	default:
		return (rules_refuse(no, "550 5.7.1 Not allowed", r));
	}
}
