/* SPDX-License-Identifier: ISC */
/* rules: the parser of the file of --rules, and of --as. */

#include <sys/socket.h>

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "rules.h"

#define RULES_LINE_MAX	2048	/* octets of a line */
#define WORDS_MAX	16	/* of a line */

/* A line's words, or those of --as, and which comes next. */
struct words {
	char		*v[WORDS_MAX];
	size_t		 n, next;
	const struct rules_world *world;
	char		*err;
};

/* A rule that is being put together. */
struct draft {
	struct rule	 rule;
	uid_t		*uids;		/* allocated */
	size_t		 nuids;
	const char	*name, *from, *to;
};

/* Always false. */
static bool __attribute__((format(printf, 2, 3)))
wrong(struct words *w, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(w->err, RULES_ERR_MAX, fmt, ap);
	va_end(ap);
	return (false);
}

/* Split a line.  A word in quotes may have spaces and "#"; nothing else is
 * special in it. */
static bool
words_split(struct words *w, char *p)
{
	char	*end;

	w->n = w->next = 0;
	for (;;) {
		p += strspn(p, " \t");
		if (*p == '\0' || *p == '#')
			return (true);
		if (w->n == WORDS_MAX)
			return (wrong(w, "more than %d words", WORDS_MAX));
		if (*p != '"') {
			w->v[w->n++] = p;
			p += strcspn(p, " \t\"");
			if (*p == '"')
				return (wrong(w, "a quote within a word; put "
				    "all of the word in quotes"));
			if (*p != '\0')
				*p++ = '\0';
			continue;
		}
		w->v[w->n++] = ++p;
		if ((end = strchr(p, '"')) == NULL)
			return (wrong(w, "the closing quote is missing"));
		*end = '\0';
		p = end + 1;
		if (*p != '\0' && *p != ' ' && *p != '\t')
			return (wrong(w, "no space after a closing quote"));
	}
}

static char *
words_next(struct words *w)
{
	return (w->next < w->n ? w->v[w->next++] : NULL);
}

/* The argument of a word; NULL, with an error, where there is none. */
static char *
words_argument(struct words *w, const char *word)
{
	char	*arg = words_next(w);

	if (arg == NULL || *arg == '\0') {
		(void)wrong(w, "nothing follows '%s'", word);
		return (NULL);
	}
	return (arg);
}

/* Digits that make a number up to most. */
static bool
number(const char *s, size_t len, uint32_t most, uint32_t *n)
{
	uint64_t	 v = 0;
	size_t		 i;

	for (i = 0; i < len && s[i] >= '0' && s[i] <= '9' && v <= most; i++)
		v = v * 10 + (uint64_t)(s[i] - '0');
	*n = (uint32_t)v;
	return (len > 0 && i == len && v <= most);
}

static bool
parse_user(struct words *w, const char *arg, uid_t *uid)
{
	return (w->world->user(arg, uid) == 0 ||
	    wrong(w, "there is no user '%s'", arg));
}

static bool
parse_uid(struct words *w, const char *arg, uint32_t *uid)
{
	return (number(arg, strlen(arg), UINT32_MAX - 1, uid) ||
	    wrong(w, "'%s' is not a uid", arg));
}

/* A name that no --auth gives would be a rule that never matches. */
static bool
parse_auth(struct words *w, const char *arg, uint8_t *number_of)
{
	size_t	 i;

	for (i = 0; i < w->world->nauths; i++)
		if (strcmp(w->world->auths[i], arg) == 0) {
			*number_of = (uint8_t)i;
			return (true);
		}
	return (wrong(w, "no --auth has the name '%s'", arg));
}

/* ADDRESS, and how many bits its family has. */
static bool
parse_address(struct words *w, const char *arg, struct in6_addr *addr,
    uint32_t *bits)
{
	struct in6_addr	 any;

	*bits = 32;
	if (inet_pton(AF_INET, arg, &any) == 1)
		rule_net(addr, AF_INET, &any);
	else if (inet_pton(AF_INET6, arg, &any) == 1) {
		*bits = 128;
		rule_net(addr, AF_INET6, &any);
	} else
		return (wrong(w, "'%s' is not an IP address", arg));
	return (true);
}

/* Whether a bit beyond the prefix is set. */
static bool
net_excess(const struct rule *r)
{
	unsigned int	 i;

	for (i = r->prefix; i < 128; i++)
		if (r->addr.s6_addr[i / 8] & 0x80U >> i % 8)
			return (true);
	return (false);
}

/* ADDRESS/LEN; without LEN it is one address. */
static bool
parse_net(struct words *w, char *arg, struct rule *r)
{
	char		*slash = strchr(arg, '/');
	uint32_t	 bits, len;

	if (slash != NULL)
		*slash = '\0';
	if (!parse_address(w, arg, &r->addr, &bits))
		return (false);
	len = bits;
	if (slash != NULL && !number(slash + 1, strlen(slash + 1), bits, &len))
		return (wrong(w, "'%s/%s': the length is not a number up to "
		    "%u", arg, slash + 1, bits));
	r->prefix = (uint8_t)(128 - bits + len);
	return (!net_excess(r) || wrong(w, "%s/%u: the address has bits "
	    "beyond that length", arg, len));
}

static bool
parse_who(struct words *w, struct draft *d, const char *what, char *arg)
{
	struct rule	*r = &d->rule;
	ssize_t		 n;

	if (strcmp(what, "auth") == 0) {
		r->who = RULE_AUTH;
		d->name = arg;
		r->namelen = (uint16_t)strlen(arg);
		return (parse_auth(w, arg, &r->number));
	}
	if (strcmp(what, "net") == 0) {
		r->who = RULE_NET;
		return (parse_net(w, arg, r));
	}
	r->who = RULE_UID;
	if (strcmp(what, "group") == 0) {
		if ((n = w->world->group(arg, &d->uids)) == -1)
			return (wrong(w, "there is no group '%s'", arg));
		d->nuids = (size_t)n;
		return (true);
	}
	if ((d->uids = malloc(sizeof(*d->uids))) == NULL)
		fatal("malloc");
	d->nuids = 1;
	return (strcmp(what, "user") == 0 ? parse_user(w, arg, d->uids) :
	    parse_uid(w, arg, d->uids));
}

/* Whom the rule concerns: the words after its first. */
static bool
parse_client(struct words *w, struct draft *d)
{
	static const char	*const whos[] = { "user", "group", "uid",
				    "auth", "net" };
	const char		*what = words_next(w);
	char			*arg;
	size_t			 i;

	if (what == NULL)
		return (wrong(w, "whom? any, user, group, uid, auth, net or "
		    "unix"));
	if (strcmp(what, "any") == 0)
		return (true);
	if (strcmp(what, "unix") == 0) {
		d->rule.who = RULE_UNIX;
		return (true);
	}
	for (i = 0; i < sizeof(whos) / sizeof(whos[0]); i++)
		if (strcmp(what, whos[i]) == 0)
			return ((arg = words_argument(w, what)) != NULL &&
			    parse_who(w, d, what, arg));
	return (wrong(w, "'%s' is none of any, user, group, uid, auth, net, "
	    "unix", what));
}

/* A pattern, as rule_address() makes addresses.  "<>" is the empty one. */
static bool
parse_pattern(struct words *w, const char *word, char *s,
    struct rule_pattern *p)
{
	size_t	 len = strlen(s);

	if (strcmp(s, "<>") == 0 && strcmp(word, "from") == 0)
		len = 0;
	else if (strpbrk(s, "<>") != NULL)
		return (wrong(w, "'%s': write an address without < and >%s",
		    s, *word == 't' ? "; no mail goes to the null one" : ""));
	if (len > MSMTPD_ADDRESS_MAX)
		return (wrong(w, "longer than %d octets", MSMTPD_ADDRESS_MAX));
	rule_pattern(p, s, rule_fold(s, len));
	return (true);
}

/* N/s, N/m, N/h, N/d. */
static bool
parse_rate(struct words *w, const char *arg, struct rule *r)
{
	const size_t	 len = strcspn(arg, "/");
	const char	*unit = arg + len;

	if (!number(arg, len, RULE_RATE_MAX, &r->rate) || r->rate == 0 ||
	    *unit++ != '/' || *unit == '\0' || unit[1] != '\0' ||
	    strchr("smhd", *unit) == NULL)
		return (wrong(w, "'%s' is not a rate such as 100/h: a number "
		    "up to %d, then /s, /m, /h or /d", arg, RULE_RATE_MAX));
	r->period = *unit == 's' ? 1 : *unit == 'm' ? 60 : *unit == 'h' ?
	    3600 : 86400;
	return (true);
}

/* from, to and rate, each once, in any order. */
static bool
parse_rest(struct words *w, struct draft *d)
{
	struct rule	*r = &d->rule;
	const char	*word;
	char		*arg;
	bool		 good, again;

	while ((word = words_next(w)) != NULL) {
		if (strcmp(word, "from") != 0 && strcmp(word, "to") != 0 &&
		    strcmp(word, "rate") != 0)
			return (wrong(w, "'%s' is none of from, to, rate",
			    word));
		if ((arg = words_argument(w, word)) == NULL)
			return (false);
		if (*word == 'f') {
			again = r->has_from++;
			d->from = arg;
			good = parse_pattern(w, word, arg, &r->from);
		} else if (*word == 't') {
			again = r->has_to++;
			d->to = arg;
			good = parse_pattern(w, word, arg, &r->to);
		} else {
			again = r->rate > 0;
			good = parse_rate(w, arg, r);
		}
		if (good && again)
			return (wrong(w, "'%s' twice", word));
		if (!good)
			return (false);
	}
	return (r->rate == 0 || !r->deny ||
	    wrong(w, "a rate, where nothing is allowed"));
}

static bool
parse_rule(struct words *w, struct draft *d, const char *verb)
{
	d->rule.deny = strcmp(verb, "deny") == 0;
	if (!d->rule.deny && strcmp(verb, "allow") != 0)
		return (wrong(w, "'%s' is neither allow nor deny", verb));
	return (parse_client(w, d) && parse_rest(w, d));
}

static void *
append(void *p, const void *from, size_t len)
{
	if (len > 0)
		memcpy(p, from, len);
	return ((char *)p + len);
}

/* Add a rule for these uids. */
static void
rules_add(struct rules *rules, const struct draft *d, const uid_t *uids,
    size_t nuids)
{
	struct rule	 head = d->rule, *r;
	char		*p;

	head.nuids = (uint32_t)nuids;
	rules->v = reallocarray(rules->v, rules->n + 1, sizeof(void *));
	if (rules->v == NULL || (r = malloc(rule_size(&head))) == NULL)
		fatal("malloc");
	*r = head;
	p = append(r + 1, uids, nuids * sizeof(*uids));
	p = append(p, d->name, head.namelen);
	p = append(p, d->from, head.from.len);
	(void)append(p, d->to, head.to.len);
	rules->v[rules->n++] = r;
}

/* Add what a line says: several rules where its users are too many for one. */
static bool
rules_draft(struct rules *rules, struct words *w, const struct draft *d)
{
	size_t	 i = 0, n;

	do {
		n = d->nuids - i < RULE_UIDS_MAX ? d->nuids - i :
		    RULE_UIDS_MAX;
		if (rules->n == RULES_MAX)
			return (wrong(w, "more than %d rules", RULES_MAX));
		rules_add(rules, d, n > 0 ? d->uids + i : NULL, n);
	} while ((i += n) < d->nuids);
	return (true);
}

/* A line, without its end. */
static bool
rules_line(struct rules *rules, struct words *w, const char *text, size_t len,
    uint32_t line)
{
	struct draft	 d;
	char		 copy[RULES_LINE_MAX + 1];
	const char	*verb;
	size_t		 i;
	bool		 good;

	if (len > RULES_LINE_MAX)
		return (wrong(w, "longer than %d octets", RULES_LINE_MAX));
	for (i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
		    text[i] == 0x7f)
			return (wrong(w, "a control character (octet %d)%s",
			    text[i], text[i] == '\r' ? ": end lines with LF "
			    "alone" : ""));
	memcpy(copy, text, len);
	copy[len] = '\0';
	memset(&d, 0, sizeof(d));
	d.rule.line = line;
	if (!words_split(w, copy))
		return (false);
	good = (verb = words_next(w)) == NULL || (parse_rule(w, &d, verb) &&
	    rules_draft(rules, w, &d));
	free(d.uids);
	return (good);
}

int
rules_parse(struct rules *rules, const char *text, size_t len,
    const struct rules_world *world, uint32_t *line, char *err)
{
	struct words	 w = { .world = world, .err = err };
	const char	*end = text + len, *lf;

	memset(rules, 0, sizeof(*rules));
	for (*line = 1; text < end; text = lf + 1, ++*line) {
		if ((lf = memchr(text, '\n', (size_t)(end - text))) == NULL)
			lf = end;
		if (!rules_line(rules, &w, text, (size_t)(lf - text), *line)) {
			rules_free(rules);
			return (-1);
		}
		if (lf == end)
			break;
	}
	return (0);
}

void
rules_free(struct rules *rules)
{
	size_t	 i;

	for (i = 0; i < rules->n; i++)
		free(rules->v[i]);
	free(rules->v);
	memset(rules, 0, sizeof(*rules));
}

/* A word of --as that takes arg. */
static bool
mail_word(struct words *w, struct rules_mail *m, const char *word,
    const char *arg)
{
	struct rule_address	*to = &m->from;
	uint32_t		 bits;
	uint8_t			 unused;

	if (strcmp(word, "user") == 0 || strcmp(word, "uid") == 0) {
		m->client.known = true;
		return (word[1] == 's' ? parse_user(w, arg, &m->client.uid) :
		    parse_uid(w, arg, &m->client.uid));
	}
	if (strcmp(word, "auth") == 0) {
		m->client.auth = arg;
		return (parse_auth(w, arg, &unused));
	}
	if (strcmp(word, "net") == 0) {
		m->client.internet = true;
		return (parse_address(w, arg, &m->client.addr, &bits));
	}
	if (strcmp(word, "to") == 0) {
		m->has_to = true;
		to = &m->to;
	} else if (strcmp(word, "from") != 0)
		return (wrong(w, "'%s' is none of user, uid, auth, net, unix, "
		    "from, to", word));
	if (strlen(arg) > MSMTPD_ADDRESS_MAX)
		return (wrong(w, "longer than %d octets", MSMTPD_ADDRESS_MAX));
	rule_address(to, arg, strcmp(arg, "<>") == 0 ? 0 : strlen(arg));
	return (true);
}

int
rules_mail(struct rules_mail *m, char *text, const struct rules_world *world,
    char *err)
{
	struct words	 w = { .world = world, .err = err };
	const char	*arg, *word;

	memset(m, 0, sizeof(*m));
	m->client.auth = "";
	if (!words_split(&w, text))
		return (-1);
	while ((word = words_next(&w)) != NULL) {
		if (strcmp(word, "unix") == 0) {
			m->client.local = true;
			continue;
		}
		if ((arg = words_argument(&w, word)) == NULL ||
		    !mail_word(&w, m, word, arg))
			return (-1);
	}
	return (0);
}
