/* SPDX-License-Identifier: ISC */
/* The rules of --rules: what the parser takes and refuses, what they decide. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/rules.h"
#include "tap.h"

#define CROWD	5000		/* members of a group that takes several rules */

static int
user(const char *name, uid_t *uid)
{
	*uid = strcmp(name, "www") == 0 ? 33 : 1000;
	return (strcmp(name, "www") == 0 || strcmp(name, "joe doe") == 0 ?
	    0 : -1);
}

static ssize_t
group(const char *name, uid_t **uids)
{
	size_t	 i, n = strcmp(name, "crowd") == 0 ? CROWD : 2;

	*uids = NULL;
	if (strcmp(name, "empty") == 0)
		return (0);
	if ((n == 2 && strcmp(name, "mail") != 0) ||
	    (*uids = calloc(n, sizeof(**uids))) == NULL)
		return (-1);
	for (i = 0; i < n; i++)
		(*uids)[i] = (uid_t)(100 + 10 * i);
	return ((ssize_t)n);
}

static const char *const	 auths[] = { "joe", "ann" };
static const struct rules_world	 world = { user, group, auths, 2 };

/* What is wrong, and in which line. */
static const struct {
	const char	*text;
	const char	*err;
	uint32_t	 line;
} bad[] = {
	{ "permit any", "'permit' is neither allow nor deny", 1 },
	{ "# x\n\nallow", "whom? any, user, group, uid, auth, net or unix",
	    3 },
	{ "allow all", "'all' is none of any, user, group, uid, auth, net, "
	    "unix", 1 },
	{ "allow user", "nothing follows 'user'", 1 },
	{ "allow user \"\"", "nothing follows 'user'", 1 },
	{ "allow any\nallow user nobody\n", "there is no user 'nobody'", 2 },
	{ "allow group x", "there is no group 'x'", 1 },
	{ "allow uid -1", "'-1' is not a uid", 1 },
	{ "allow uid 4294967295", "'4294967295' is not a uid", 1 },
	{ "allow uid 1x", "'1x' is not a uid", 1 },
	{ "allow auth eve", "no --auth has the name 'eve'", 1 },
	{ "allow net 10.0.0.1/33", "'10.0.0.1/33': the length is not a number "
	    "up to 32", 1 },
	{ "allow net ::/129", "'::/129': the length is not a number up to 128",
	    1 },
	{ "allow net 10/8", "'10' is not an IP address", 1 },
	{ "allow net localhost", "'localhost' is not an IP address", 1 },
	{ "allow net 10.0.0.1/8", "10.0.0.1/8: the address has bits beyond "
	    "that length", 1 },
	{ "allow net 2001:db8::1/64", "2001:db8::1/64: the address has bits "
	    "beyond that length", 1 },
	{ "allow any form x", "'form' is none of from, to, rate", 1 },
	{ "allow any from", "nothing follows 'from'", 1 },
	{ "allow any from a from b", "'from' twice", 1 },
	{ "allow any to a to b", "'to' twice", 1 },
	{ "allow any rate 1/s rate 1/s", "'rate' twice", 1 },
	{ "allow any from <a@b>", "'<a@b>': write an address without < and >",
	    1 },
	{ "allow any to <>", "'<>': write an address without < and >; no mail "
	    "goes to the null one", 1 },
#define RATE	" is not a rate such as 100/h: a number up to 1000000, then " \
		"/s, /m, /h or /d"
	{ "allow any rate 10", "'10'" RATE, 1 },
	{ "allow any rate 0/s", "'0/s'" RATE, 1 },
	{ "allow any rate 1000001/d", "'1000001/d'" RATE, 1 },
	{ "allow any rate 1/w", "'1/w'" RATE, 1 },
	{ "allow any rate 1/hour", "'1/hour'" RATE, 1 },
	{ "allow any rate /h", "'/h'" RATE, 1 },
#undef RATE
	{ "deny any rate 1/s", "a rate, where nothing is allowed", 1 },
	{ "allow user \"www", "the closing quote is missing", 1 },
	{ "allow user \"www\"x", "no space after a closing quote", 1 },
	{ "allow user w\"ww\"", "a quote within a word; put all of the word "
	    "in quotes", 1 },
	{ "allow any\r\n", "a control character (octet 13): end lines with LF "
	    "alone", 1 },
	{ "allow any\n\033", "a control character (octet 27)", 2 },
	{ "a a a a a a a a a a a a a a a a a", "more than 16 words", 1 }
};

/* Rules, what --as asks, the answer, and the line that decides. */
static const struct {
	const char	*rules, *as;
	enum rule_answer answer;
	uint32_t	 line;
} cases[] = {
#define A RULE_ALLOW
#define D RULE_DENY
#define L RULE_LOGIN
	{ "", "to a@b", D, 0 },
	{ "# allow any", "to a@b", D, 0 },
	{ "\n \t\nallow any # all", "to a@b", A, 3 },
	{ "allow any", "", A, 1 },
	{ "deny any\nallow any", "to a@b", D, 1 },
	{ "deny any\nallow any", "", D, 1 },
	/* who */
	{ "allow user www", "user www", A, 1 },
	{ "allow user \"joe doe\"", "user \"joe doe\"", A, 1 },
	{ "allow user www", "user \"joe doe\"", D, 0 },
	{ "allow user www", "net 127.0.0.1", D, 0 },
	{ "allow uid 0", "unix", D, 0 },
	{ "allow uid 33", "user www unix", A, 1 },
	{ "allow group mail", "uid 110", A, 1 },
	{ "allow group mail", "uid 105", D, 0 },
	{ "allow group empty", "uid 0", D, 0 },
	{ "allow group crowd", "uid 50090", A, 1 },
	{ "allow group crowd", "uid 20580", A, 1 },
	{ "allow group crowd", "uid 50091", D, 0 },
	{ "allow unix", "unix", A, 1 },
	{ "allow unix", "net ::1", D, 0 },
	{ "allow net 10.0.0.0/8", "net 10.9.8.7", A, 1 },
	{ "allow net 10.0.0.0/8", "net ::ffff:10.9.8.7", A, 1 },
	{ "allow net 10.0.0.0/8", "net 11.0.0.0", D, 0 },
	{ "allow net 10.0.0.0/8", "unix", D, 0 },
	{ "allow net 192.0.2.128/25", "net 192.0.2.127", D, 0 },
	{ "allow net 192.0.2.128/25", "net 192.0.2.129", A, 1 },
	{ "allow net 192.0.2.1", "net 192.0.2.1", A, 1 },
	{ "allow net 192.0.2.1", "net 192.0.2.0", D, 0 },
	{ "allow net 0.0.0.0/0", "net 203.0.113.9", A, 1 },
	{ "allow net 0.0.0.0/0", "net 2001:db8::1", D, 0 },
	{ "allow net ::/0", "net 2001:db8::1", A, 1 },
	{ "allow net ::/0", "net 127.0.0.1", D, 0 },
	{ "allow net 2001:db8::/33", "net 2001:db8:8000::", D, 0 },
	/* patterns */
	{ "allow any from *@b.c", "from x@b.c", A, 1 },
	{ "allow any from *@b.c", "from x@B.C", A, 1 },
	{ "allow any from *@B.c.", "from x@b.C.", A, 1 },
	{ "allow any from *@b.c", "from x@a.b.c", D, 0 },
	{ "allow any from *@b.c", "from x@b.cc", D, 0 },
	{ "allow any from *.c", "from x@b.c", A, 1 },
	{ "allow any from www@b", "from WWW@b", A, 1 },
	{ "allow any from www@b", "from www@b2", D, 0 },
	{ "allow any from a*b*c@d", "from axbyc@d", A, 1 },
	{ "allow any from a*b*c@d", "from abc@d", A, 1 },
	{ "allow any from a*b*c@d", "from axyc@d", D, 0 },
	{ "allow any from a*b*b*c@d", "from abc@d", D, 0 },
	{ "allow any from *ab*ab*", "from abab", A, 1 },
	{ "allow any from *ab*ab*", "from aba", D, 0 },
	{ "allow any from aba*aba", "from aba", D, 0 },
	{ "allow any from a**@*", "from ab@c", A, 1 },
	{ "allow any from <>", "from <>", A, 1 },
	{ "allow any from <>", "from a@b", D, 0 },
	{ "allow any from *@*", "from <>", D, 0 },
	{ "allow any from *", "from <>", A, 1 },
	{ "allow any to \"a b#*\"", "to \"a b#c\"", A, 1 },
	{ "deny any to root@b\nallow any", "to ROOT@b.", D, 1 },
	/* first match, recipients known or not */
	{ "allow any to *@b\ndeny any", "", A, 1 },
	{ "allow any to *@b\ndeny any", "to x@c", D, 2 },
	{ "deny any to *@b\nallow any", "", A, 2 },
	{ "deny any to *@b\nallow any", "to x@b", D, 1 },
	{ "deny any to *@b\nallow any", "to x@c", A, 2 },
	{ "deny any to *\nallow any", "", D, 1 },
	{ "deny any to *@b", "", D, 0 },
	{ "deny any from a@b\nallow any to *@c", "from a@b", D, 1 },
	{ "deny user www to *@b\nallow user www rate 1/h\nallow any",
	    "user www to x@c", A, 2 },
	{ "allow any to *@b from *@a", "from x@a to x@b", A, 1 },
	/* a login */
	{ "allow auth joe", "", L, 1 },
	{ "allow auth joe", "to a@b", L, 1 },
	{ "allow auth joe", "auth joe", A, 1 },
	{ "allow auth joe", "auth ann to a@b", D, 0 },
	{ "deny any\nallow auth joe", "", D, 1 },
	{ "allow auth joe\ndeny any", "", L, 1 },
	{ "allow auth joe\nallow any", "", A, 2 },
	{ "allow auth joe from *@a", "from x@b", D, 0 },
	{ "allow auth joe to *@a\nallow any to *@b", "", A, 2 },
	{ "allow auth joe to *@a\nallow any to *@b", "to x@a", L, 1 },
	{ "allow auth joe to *@a\nallow any to *@b", "to x@c", D, 0 },
	{ "deny auth joe\nallow auth joe", "", D, 0 },
	{ "deny auth joe\nallow auth joe\nallow auth ann", "", L, 3 },
	{ "deny auth joe to *@a\nallow auth joe", "", L, 2 },
	{ "deny auth joe to *@a\nallow auth joe", "to x@a", D, 0 },
	{ "deny auth joe\nallow any", "", A, 2 },
	{ "deny auth joe\nallow any", "auth joe", D, 1 },
	{ "allow user www\nallow auth joe", "user www", A, 1 }
#undef A
#undef D
#undef L
};

static const struct {
	const char	*as, *err;
} questions[] = {
	{ "user", "nothing follows 'user'" },
	{ "user x", "there is no user 'x'" },
	{ "group mail", "'group' is none of user, uid, auth, net, unix, from, "
	    "to" },
	{ "net 10.0.0.0/8", "'10.0.0.0/8' is not an IP address" },
	{ "auth eve", "no --auth has the name 'eve'" },
	{ "from \"a", "the closing quote is missing" }
};

/* Mailboxes, and what patterns are compared with. */
static const struct {
	const char	*mailbox, *text;
} addresses[] = {
	{ "", "" },
	{ "Root@Example.ORG", "root@example.org" },
	{ "root@example.org.", "root@example.org" },
	{ "root.", "root." },
	{ "\"root\"@b", "root@b" },
	{ "\"ro\\ot\"@b", "root@b" },
	{ "\"a@b\"@c", "a\001b@c" },
	{ "\"a b\"", "a b" },
	{ "\"\"@b", "@b" },
	{ "\"", "" },
	{ "\"a\\", "a\\" },
	{ "gr\xc3\x9c@b", "gr\xc3\x9c@b" }
};

static void
parse(struct rules *r, const char *text, const char *name)
{
	char		 err[RULES_ERR_MAX] = "";
	uint32_t	 line;
	size_t		 i;

	if (rules_parse(r, text, strlen(text), &world, &line, err) == -1)
		diag("line %u: %s", line, err);
	is_str(err, "", "%s: parsed", name);
	for (i = 0; i < r->n; i++)
		if (rule_check(r->v[i], rule_size(r->v[i])) != NULL)
			ok(0, "%s: rule %zu is one", name, i);
}

static void
errors(void)
{
	char		 err[RULES_ERR_MAX], long_line[3000];
	struct rules	 r;
	uint32_t	 line;
	size_t		 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(err, "nothing");
		ok(rules_parse(&r, bad[i].text, strlen(bad[i].text), &world,
		    &line, err) == -1 && r.n == 0, "error %zu", i);
		is_str(err, bad[i].err, "... says what");
		is_int(line, bad[i].line, "... and where");
	}
	memset(long_line, '#', sizeof(long_line));
	ok(rules_parse(&r, long_line, 2048, &world, &line, err) == 0,
	    "a line of 2048 octets");
	rules_free(&r);
	ok(rules_parse(&r, long_line, 2049, &world, &line, err) == -1,
	    "and one of 2049");
	is_str(err, "longer than 2048 octets", "... says what");
	ok(rules_parse(&r, "allow any\0", 10, &world, &line, err) == -1,
	    "a NUL");
}

static void
decisions(void)
{
	char			 as[128], err[RULES_ERR_MAX];
	const struct rule	*which;
	struct rules		 r;
	struct rules_mail	 m;
	size_t			 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(&r, cases[i].rules, cases[i].rules);
		strcpy(as, cases[i].as);
		is_int(rules_mail(&m, as, &world, err), 0, "as %s",
		    cases[i].as);
		is_int(rule_decide((const struct rule *const *)r.v, r.n,
		    &m.client, &m.from, m.has_to ? &m.to : NULL, &which),
		    cases[i].answer, "... the answer");
		is_int(which != NULL ? which->line : 0, cases[i].line,
		    "... and the line");
		rules_free(&r);
	}
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		strcpy(as, questions[i].as);
		err[0] = '\0';
		is_int(rules_mail(&m, as, &world, err), -1, "as %s",
		    questions[i].as);
		is_str(err, questions[i].err, "... says what");
	}
}

static void
forms(void)
{
	struct rule_address	 a;
	struct rules		 r;
	char			 text[RULES_MAX * 10 + 11], err[RULES_ERR_MAX];
	uint32_t		 line;
	size_t			 i;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		rule_address(&a, addresses[i].mailbox,
		    strlen(addresses[i].mailbox));
		is_mem(a.text, a.len, addresses[i].text,
		    strlen(addresses[i].text), "address %zu", i);
	}
	parse(&r, "allow any rate 10/m\nallow group crowd\nallow any rate 1/d "
	    "to *", "three rules");
	is_int((int)r.n, 5, "a large group takes three");
	is_int(r.v[0]->rate, 10, "a rate");
	is_int(r.v[0]->period, 60, "... in s");
	is_int(r.v[4]->period, 86400, "... a day");
	is_int(r.v[4]->line, 3, "the line of the last");
	rules_free(&r);
	for (i = 0; i <= RULES_MAX; i++)
		memcpy(text + i * 10, "allow any\n", 10);
	is_int(rules_parse(&r, text, RULES_MAX * 10, &world, &line, err), 0,
	    "as many rules as there may be");
	rules_free(&r);
	is_int(rules_parse(&r, text, RULES_MAX * 10 + 10, &world, &line, err),
	    -1, "and one more");
	is_str(err, "more than 10000 rules", "... says what");
}

/* A message that is no rule: each field out of its bounds. */
static void
messages(void)
{
	struct rules	 r;
	struct rule	*v;
	char		*end;
	size_t		 len;

	parse(&r, "allow group mail from a*b to *c", "a rule");
	v = r.v[0];
	len = rule_size(v);
	end = (char *)v + len;
	is_str(rule_check(v, len), NULL, "taken as it is");
#define WRONG(field, value, name) do { \
	struct rule	 old = *v; \
	v->field = value; \
	ok(rule_check(v, len) != NULL, "message: %s", name); \
	*v = old; \
} while (0)
	ok(rule_check(v, len - 1) != NULL, "message: short");
	ok(rule_check(v, len + 1) != NULL, "message: long");
	ok(rule_check(v, sizeof(*v) - 1) != NULL, "message: half a head");
	ok(rule_check(v, 0) != NULL, "message: empty");
	WRONG(nuids, 1, "fewer users");
	WRONG(nuids, RULE_UIDS_MAX + 1, "too many");
	WRONG(nuids, UINT32_MAX, "far too many");
	WRONG(line, 0, "no line");
	WRONG(rate, 1, "a rate without a period");
	WRONG(period, 1, "a period without a rate");
	WRONG(prefix, 129, "a prefix");
	WRONG(who, RULE_UNIX + 1, "nobody known");
	WRONG(who, RULE_AUTH, "a login without a name");
	WRONG(who, RULE_ANY, "anybody, with users");
	WRONG(deny, 2, "neither");
	WRONG(has_from, 2, "from, twice");
	WRONG(has_from, 0, "a pattern of nothing");
	WRONG(number, RULE_NAMES_MAX, "a name's number");
	WRONG(reserved[3], 1, "reserved");
	WRONG(from.head, 2, "a head with a star");
	WRONG(to.tail, 0, "no tail");
	WRONG(from.len, 2, "another length");
#undef WRONG
	end[-1] = '*';
	ok(rule_check(v, len) != NULL, "message: a star in the tail");
	end[-1] = 'c';
	memset(v + 1, 0, sizeof(uint32_t) * 2);
	ok(rule_check(v, len) != NULL, "message: users out of order");
	rules_free(&r);
}

int
main(void)
{
	errors();
	decisions();
	forms();
	messages();
	return (done_testing());
}
