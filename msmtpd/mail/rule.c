/* SPDX-License-Identifier: ISC */
/* rule: a rule of --rules, and what the rules decide about a mail. */

#include <sys/socket.h>

#include <string.h>

#include "address.h"
#include "rule.h"

static const uint32_t *
rule_uids(const struct rule *r)
{
	return ((const void *)(r + 1));
}

static const char *
rule_name(const struct rule *r)
{
	return ((const void *)(rule_uids(r) + r->nuids));
}

size_t
rule_size(const struct rule *r)
{
	return (sizeof(*r) + r->nuids * sizeof(uint32_t) + r->namelen +
	    r->from.len + r->to.len);
}

void
rule_pattern(struct rule_pattern *p, const char *s, size_t len)
{
	const char	*star = memchr(s, '*', len);

	p->len = p->head = (uint16_t)len;
	p->tail = 0;
	if (star == NULL)
		return;
	p->head = (uint16_t)(star - s);
	p->tail = (uint16_t)(s + len - 1 - (const char *)memrchr(s, '*', len));
}

static bool
pattern_valid(const struct rule_pattern *p, const char *s, bool given)
{
	struct rule_pattern	 want;

	if (!given)
		return (p->len == 0 && p->head == 0 && p->tail == 0);
	rule_pattern(&want, s, p->len);
	return (memcmp(&want, p, sizeof(want)) == 0);
}

static bool
uids_ascend(const struct rule *r)
{
	const uint32_t	*uids = rule_uids(r);
	uint32_t	 i;

	for (i = 1; i < r->nuids; i++)
		if (uids[i - 1] >= uids[i])
			return (false);
	return (true);
}

const char *
rule_check(const void *data, size_t len)
{
	const struct rule	*r = data;
	const char		*name;

	if (len < sizeof(*r) || r->nuids > RULE_UIDS_MAX ||
	    r->namelen >= MSMTPD_AUTH_MAX || r->from.len > MSMTPD_ADDRESS_MAX ||
	    r->to.len > MSMTPD_ADDRESS_MAX || len != rule_size(r))
		return ("its length is wrong");
	if (r->line == 0 || r->rate > RULE_RATE_MAX ||
	    (r->rate == 0) != (r->period == 0) || r->period > 86400)
		return ("a number out of bounds");
	if (r->who > RULE_UNIX || r->prefix > 128 || r->deny > 1 ||
	    r->has_from > 1 || r->has_to > 1 || r->number >= RULE_NAMES_MAX ||
	    r->reserved[0] != 0 || memcmp(r->reserved, r->reserved + 1,
	    sizeof(r->reserved) - 1) != 0)
		return ("a field out of bounds");
	name = rule_name(r);
	if ((r->who == RULE_AUTH) != (r->namelen > 0) ||
	    (r->who != RULE_UID && r->nuids > 0) || !uids_ascend(r))
		return ("malformed list of users");
	if (!pattern_valid(&r->from, name + r->namelen, r->has_from) ||
	    !pattern_valid(&r->to, name + r->namelen + r->from.len, r->has_to))
		return ("malformed pattern");
	return (NULL);
}

/* The octets of a local part in quotes, without these; returns where the
 * closing one stands. */
static const char *
address_unquote(struct rule_address *a, const char *s, const char *end)
{
	for (s++; s < end && *s != '"'; s++) {
		if (*s == '\\' && s + 1 < end)
			s++;
		a->text[a->len++] = *s == '@' ? '\001' : *s;
	}
	return (s);
}

size_t
rule_fold(char *s, size_t len)
{
	size_t	 i;

	if (len > 0 && s[len - 1] == '.' && memchr(s, '@', len) != NULL)
		len--;
	for (i = 0; i < len; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] |= 0x20;
	return (len);
}

void
rule_address(struct rule_address *a, const char *s, size_t len)
{
	const char	*end = s + len;

	a->len = 0;
	if (len > 0 && *s == '"' && (s = address_unquote(a, s, end)) < end)
		s++;
	memcpy(a->text + a->len, s, (size_t)(end - s));
	a->len = rule_fold(a->text, a->len + (size_t)(end - s));
}

void
rule_net(struct in6_addr *addr, int family, const void *from)
{
	if (family == AF_INET6)
		memcpy(addr, from, sizeof(*addr));
	else
		address_map(addr, from);
}

static bool
uids_have(const struct rule *r, uint32_t uid)
{
	const uint32_t	*uids = rule_uids(r);
	uint32_t	 first = 0, n = r->nuids;

	for (; n > 1; n -= n / 2)
		if (uids[first + n / 2] <= uid)
			first += n / 2;
	return (n == 1 && uids[first] == uid);
}

/* ::/0 is all of IPv6, and nothing of IPv4. */
static bool
net_matches(const struct rule *r, const struct rule_client *c)
{
	const uint8_t	*net = r->addr.s6_addr, *addr = c->addr.s6_addr;
	const size_t	 octets = r->prefix / 8;
	const int	 rest = 8 - r->prefix % 8;
	bool		 four = r->prefix >= 96 &&
			    IN6_IS_ADDR_V4MAPPED(&r->addr);

	if (!c->internet || memcmp(net, addr, octets) != 0 ||
	    four != IN6_IS_ADDR_V4MAPPED(&c->addr))
		return (false);
	return (rest == 8 || net[octets] >> rest == addr[octets] >> rest);
}

static bool
who_matches(const struct rule *r, const struct rule_client *c)
{
	switch (r->who) {
	case RULE_ANY:
		return (true);
	case RULE_UID:
		return (c->known && uids_have(r, c->uid));
	case RULE_AUTH:
		return (strlen(c->auth) == r->namelen &&
		    memcmp(c->auth, rule_name(r), r->namelen) == 0);
	case RULE_NET:
		return (net_matches(r, c));
	default:
		return (c->local);
	}
}

/*
 * Whether the text has the pieces between the stars of s, in their order.  The
 * first place of each is as good as any later one, so that nothing is tried
 * twice.  s begins and ends with "*".
 */
static bool
pieces_match(const char *s, size_t len, const char *text, size_t textlen)
{
	const char	*end = s + len, *at, *piece = s + 1, *star;
	size_t		 n;

	for (; piece < end; piece = star + 1) {
		star = memchr(piece, '*', (size_t)(end - piece));
		n = (size_t)(star - piece);
		/* memmem(3) takes longer for one octet. */
		at = n == 1 ? memchr(text, *piece, textlen) :
		    memmem(text, textlen, piece, n);
		if (at == NULL)
			return (false);
		textlen -= (size_t)(at - text) + n;
		text = at + n;
	}
	return (true);
}

static bool
pattern_matches(const struct rule_pattern *p, const char *s,
    const struct rule_address *a)
{
	const size_t	 fixed = (size_t)p->head + p->tail;

	if (p->head == p->len)
		return (a->len == p->len && memcmp(a->text, s, p->len) == 0);
	return (a->len >= fixed &&
	    memcmp(a->text + a->len - p->tail, s + p->len - p->tail,
	    p->tail) == 0 && memcmp(a->text, s, p->head) == 0 &&
	    pieces_match(s + p->head, p->len - fixed, a->text + p->head,
	    a->len - fixed));
}

/* Whether the pattern is "*" alone. */
static bool
pattern_any(const struct rule_pattern *p)
{
	return (p->len == 1 && p->head == 0);
}

enum rule_answer
rule_decide(const struct rule *const *rules, size_t n,
    const struct rule_client *c, const struct rule_address *from,
    const struct rule_address *to, const struct rule **which)
{
	const struct rule	*hope = NULL, *r;
	const char		*patterns;
	uint64_t		 denied = 0;	/* names, by number */
	bool			 login, sure;
	size_t			 i;

	*which = NULL;
	for (i = 0; i < n; i++) {
		r = rules[i];
		/* A client that has not logged in may still do that. */
		login = r->who == RULE_AUTH && *c->auth == '\0';
		if (!login && !who_matches(r, c))
			continue;
		patterns = rule_name(r) + r->namelen;
		if ((r->has_from && !pattern_matches(&r->from, patterns,
		    from)) || (r->has_to && to != NULL &&
		    !pattern_matches(&r->to, patterns + r->from.len, to)))
			continue;
		sure = to != NULL || !r->has_to || pattern_any(&r->to);
		if (login && r->deny)
			denied |= sure ? 1ULL << r->number : 0;
		else if (login && hope == NULL &&
		    (denied & 1ULL << r->number) == 0)
			hope = r;
		if (login || (r->deny && !sure))
			continue;
		*which = r;
		if (!r->deny)
			return (RULE_ALLOW);
		break;
	}
	if (hope == NULL)
		return (RULE_DENY);
	*which = hope;
	return (RULE_LOGIN);
}
