/* SPDX-License-Identifier: ISC */

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mailbox.h"
#include "msmtpd.h"
#include "utf8.h"

#define DOMAIN_MAX	255
#define LABEL_MAX	63

/*
 * What is parsed.  Non-ASCII characters are taken wherever RFC 6531 has
 * them and remembered, so that a mailbox that only lacks SMTPUTF8 can be
 * told from a wrong one.
 */
struct scan {
	const unsigned char	*p;
	const unsigned char	*end;
	bool			 utf8;	/* non-ASCII characters were seen */
};

static bool
is_digit(int c)
{
	return (c >= '0' && c <= '9');
}

static bool
is_hexdig(int c)
{
	return (is_digit(c) || (c >= 'A' && c <= 'F') ||
	    (c >= 'a' && c <= 'f'));
}

static bool
is_alnum(int c)
{
	return ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    is_digit(c));
}

static bool
is_atext(int c)
{
	return (is_alnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL));
}

/* The next octet, or -1 at the end. */
static int
scan_peek(const struct scan *s)
{
	return (s->p < s->end ? *s->p : -1);
}

static bool
scan_take(struct scan *s, int c)
{
	if (scan_peek(s) != c)
		return (false);
	s->p++;
	return (true);
}

/* The length of the non-ASCII character at the next octet, 0 where there is
 * none or it is ill-formed. */
static size_t
scan_utf8_len(const struct scan *s)
{
	uint32_t	 c;

	return (utf8_non_ascii(s->p, (size_t)(s->end - s->p), &c));
}

/* Take a non-ASCII character; the C1 controls are not welcome. */
static bool
scan_utf8(struct scan *s)
{
	size_t	 len;

	if ((len = scan_utf8_len(s)) == 0 ||
	    (s->p[0] == 0xc2 && s->p[1] < 0xa0))
		return (false);
	s->p += len;
	s->utf8 = true;
	return (true);
}

/* Dot-string = Atom *("." Atom) */
static bool
scan_dot_string(struct scan *s)
{
	const unsigned char	*atom;

	do {
		atom = s->p;
		while (is_atext(scan_peek(s)) ? (s->p++, true) : scan_utf8(s))
			continue;
		if (s->p == atom)
			return (false);
	} while (scan_take(s, '.'));
	return (true);
}

/* Quoted-string = DQUOTE *QcontentSMTP DQUOTE */
static bool
scan_quoted_string(struct scan *s)
{
	int	 c;

	if (!scan_take(s, '"'))
		return (false);
	while ((c = scan_peek(s)) != '"') {
		if (c == '\\') {
			s->p++;
			c = scan_peek(s);
		} else if (c >= 0x80) {
			if (!scan_utf8(s))
				return (false);
			continue;
		}
		if (c < ' ' || c > '~')
			return (false);
		s->p++;
	}
	s->p++;
	return (true);
}

/*
 * sub-domain = Let-dig [Ldh-str], and "_", which host names out there have;
 * or a U-label, whose 63 octets are those of its A-label, which is not ours
 * to compute.
 */
static enum mailbox_error
scan_label(struct scan *s)
{
	const unsigned char	*label = s->p;
	bool			 ascii = true;
	int			 c;

	for (;;) {
		c = scan_peek(s);
		if (is_alnum(c) || c == '_' || c == '-')
			s->p++;
		else if (scan_utf8(s))
			ascii = false;
		else
			break;
	}
	if (s->p == label || label[0] == '-' || s->p[-1] == '-')
		return (MAILBOX_SYNTAX);
	if (ascii && s->p - label > LABEL_MAX)
		return (MAILBOX_TOO_LONG);
	return (MAILBOX_OK);
}

/* Domain = sub-domain *("." sub-domain) */
static enum mailbox_error
scan_domain(struct scan *s)
{
	const unsigned char	*domain = s->p;
	enum mailbox_error	 error;

	do {
		if ((error = scan_label(s)) != MAILBOX_OK)
			return (error);
	} while (scan_take(s, '.'));
	return (s->p - domain > DOMAIN_MAX ? MAILBOX_TOO_LONG : MAILBOX_OK);
}

/* Snum = 1*3DIGIT, of 0 to 255: leading zeros are no octal here */
static bool
scan_snum(struct scan *s)
{
	int	 digits, value = 0;

	for (digits = 0; digits < 3 && is_digit(scan_peek(s)); digits++)
		value = value * 10 + *s->p++ - '0';
	return (digits > 0 && value <= 255);
}

/* IPv4-address-literal = Snum 3("." Snum) */
static bool
scan_ipv4(struct scan *s)
{
	int	 i;

	for (i = 0; i < 4; i++)
		if ((i > 0 && !scan_take(s, '.')) || !scan_snum(s))
			return (false);
	return (true);
}

/* IPv6-hex = 1*4HEXDIG */
static bool
scan_ipv6_hex(struct scan *s)
{
	int	 digits;

	for (digits = 0; digits < 4 && is_hexdig(scan_peek(s)); digits++)
		s->p++;
	return (digits > 0);
}

/*
 * IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp, all that is
 * left: 8 groups, or "::" and at most 6, as it is for 2 at least.  An IPv4
 * address at the end counts for 2 groups.
 */
static bool
scan_ipv6(struct scan *s)
{
	const unsigned char	*group;
	int			 groups = 0;
	bool			 comp = false;

	if (scan_take(s, ':') && scan_peek(s) != ':')
		return (false);
	do {
		if (scan_take(s, ':')) {
			if (comp)
				return (false);
			comp = true;
			if (s->p == s->end)
				break;
		}
		group = s->p;
		if (!scan_ipv6_hex(s))
			return (false);
		groups++;
		if (scan_peek(s) == '.') {
			s->p = group;
			if (!scan_ipv4(s))
				return (false);
			groups++;
			break;
		}
	} while (scan_take(s, ':'));
	return (s->p == s->end && (comp ? groups <= 6 : groups == 8));
}

/*
 * General-address-literal = Standardized-tag ":" 1*dcontent, all that is
 * left; which tags there are is not known here.
 */
static bool
scan_general(struct scan *s)
{
	const unsigned char	*tag = s->p;
	int			 c;

	while (is_alnum(c = scan_peek(s)) || c == '-')
		s->p++;
	if (s->p == tag || s->p[-1] == '-' || !scan_take(s, ':') ||
	    s->p == s->end)
		return (false);
	for (; (c = scan_peek(s)) != -1; s->p++)
		if (c < '!' || c > '~' || (c >= '[' && c <= ']'))
			return (false);
	return (true);
}

/* What is between "[" and "]". */
static bool
is_literal(const unsigned char *p, const unsigned char *end)
{
	static const char	 tag[] = "IPv6:";
	const size_t		 taglen = sizeof(tag) - 1;
	struct scan		 s = { p, end, false };

	/* a tag like any other, but for its content */
	if ((size_t)(end - p) >= taglen &&
	    strncasecmp((const char *)p, tag, taglen) == 0) {
		s.p += taglen;
		return (scan_ipv6(&s));
	}
	if (scan_ipv4(&s) && s.p == end)
		return (true);
	s.p = p;
	return (scan_general(&s));
}

/* address-literal (RFC 5321, 4.1.3), after its "[" */
static enum mailbox_error
scan_literal(struct scan *s)
{
	const unsigned char	*end, *p = s->p;

	end = memchr(p, ']', (size_t)(s->end - p));
	if (end == NULL)
		return (MAILBOX_SYNTAX);
	s->p = end + 1;
	if (s->p - p >= DOMAIN_MAX)
		return (MAILBOX_TOO_LONG);
	return (is_literal(p, end) ? MAILBOX_OK : MAILBOX_SYNTAX);
}

/* Mailbox = Local-part "@" (Domain / address-literal), or a local part */
static enum mailbox_error
scan_mailbox(struct scan *s)
{
	const unsigned char	*mailbox = s->p;
	enum mailbox_error	 error = MAILBOX_OK;

	if (scan_peek(s) == '-')
		return (MAILBOX_DASH);
	if (!(scan_peek(s) == '"' ? scan_quoted_string(s) :
	    scan_dot_string(s)))
		return (MAILBOX_SYNTAX);
	if (scan_take(s, '@'))
		error = scan_take(s, '[') ? scan_literal(s) : scan_domain(s);
	if (error == MAILBOX_OK && s->p - mailbox > MSMTPD_ADDRESS_MAX)
		error = MAILBOX_TOO_LONG;
	return (error);
}

/* A-d-l ":", a source route: nothing where there is none. */
static enum mailbox_error
scan_route(struct scan *s)
{
	enum mailbox_error	 error;

	if (scan_peek(s) != '@')
		return (MAILBOX_OK);
	do {
		if (!scan_take(s, '@'))
			return (MAILBOX_SYNTAX);
		if ((error = scan_domain(s)) != MAILBOX_OK)
			return (error);
	} while (scan_take(s, ','));
	return (scan_take(s, ':') ? MAILBOX_OK : MAILBOX_SYNTAX);
}

/* Path, after any spaces; mbox is the mailbox within it. */
static enum mailbox_error
scan_path(struct scan *s, int flags, struct scan *mbox)
{
	enum mailbox_error	 error;
	bool			 bracket;
	int			 c;

	while (scan_take(s, ' '))
		continue;
	bracket = scan_take(s, '<');
	mbox->p = mbox->end = s->p;
	if (!bracket || scan_peek(s) != '>' || !(flags & MAILBOX_NULL)) {
		if ((error = scan_route(s)) != MAILBOX_OK)
			return (error);
		mbox->p = s->p;
		if ((error = scan_mailbox(s)) != MAILBOX_OK)
			return (error);
		mbox->end = s->p;
	}
	if (bracket && !scan_take(s, '>'))
		return (MAILBOX_SYNTAX);
	c = scan_peek(s);
	return (c == -1 || c == ' ' ? MAILBOX_OK : MAILBOX_SYNTAX);
}

enum mailbox_error
mailbox_path(const char *str, size_t len, int flags, const char **mbox,
    size_t *mboxlen, const char **rest)
{
	struct scan		 s, m;
	enum mailbox_error	 error;

	s.p = (const unsigned char *)str;
	s.end = s.p + len;
	s.utf8 = false;
	error = scan_path(&s, flags, &m);
	if (error == MAILBOX_SYNTAX && scan_peek(&s) >= 0x80 &&
	    scan_utf8_len(&s) == 0)
		return (MAILBOX_BAD_UTF8);
	if (error != MAILBOX_OK)
		return (error);
	if (s.utf8 && !(flags & MAILBOX_UTF8))
		return (MAILBOX_NEEDS_UTF8);
	*mbox = (const char *)m.p;
	*mboxlen = (size_t)(m.end - m.p);
	*rest = (const char *)s.p;
	return (MAILBOX_OK);
}

bool
mailbox_valid(const char *str, size_t len, int flags)
{
	struct scan	 s;

	s.p = (const unsigned char *)str;
	s.end = s.p + len;
	s.utf8 = false;
	return (scan_mailbox(&s) == MAILBOX_OK && s.p == s.end &&
	    (!s.utf8 || (flags & MAILBOX_UTF8)));
}
