/* SPDX-License-Identifier: ISC */

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "idna.h"
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

/*
 * Dot-string = Atom *("." Atom), and dots anywhere beside the atoms, one of
 * which there must be: foo..bar, foo. and .foo are mailboxes out there.
 */
static bool
scan_dot_string(struct scan *s)
{
	bool	 atom = false;

	for (;;) {
		if (is_atext(scan_peek(s))) {
			s->p++;
			atom = true;
		} else if (scan_utf8(s))
			atom = true;
		else if (!scan_take(s, '.'))
			return (atom);
	}
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
 * to compute, without what no label has.
 */
static enum mailbox_error
scan_label(struct scan *s)
{
	const unsigned char	*label = s->p, *p;
	bool			 ascii = true;
	uint32_t		 character;
	int			 c;

	for (;;) {
		p = s->p;
		c = scan_peek(s);
		if (is_alnum(c) || c == '_' || c == '-')
			s->p++;
		else if (scan_utf8(s))
			ascii = false;
		else
			break;
		if (c >= 0x80 && utf8_non_ascii(p, (size_t)(s->p - p),
		    &character) > 0 && idna_disallowed(character))
			return (MAILBOX_SYNTAX);
	}
	if (s->p == label || label[0] == '-' || s->p[-1] == '-')
		return (MAILBOX_SYNTAX);
	if (ascii && s->p - label > LABEL_MAX)
		return (MAILBOX_TOO_LONG);
	return (MAILBOX_OK);
}

/* Domain = sub-domain *("." sub-domain), and a dot, which is not part of its
 * length, at the end. */
static enum mailbox_error
scan_domain(struct scan *s)
{
	const unsigned char	*domain = s->p, *end;
	enum mailbox_error	 error;
	int			 c;

	do {
		if ((error = scan_label(s)) != MAILBOX_OK)
			return (error);
		end = s->p;
		if (!scan_take(s, '.'))
			break;
		c = scan_peek(s);
	} while (is_alnum(c) || c == '_' || c == '-' || c == '.' || c >= 0x80);
	return (end - domain > DOMAIN_MAX ? MAILBOX_TOO_LONG : MAILBOX_OK);
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
 * What is between "[" and "]": an IPv4 address, or an IPv6 address after its
 * tag.  IANA's registry of tags for a General-address-literal has no other, so
 * that whatever else stands there is no address.
 */
static bool
is_literal(const unsigned char *p, const unsigned char *end)
{
	static const char	 tag[] = "IPv6:";
	const size_t		 taglen = sizeof(tag) - 1;
	struct scan		 s = { p, end, false };

	if ((size_t)(end - p) >= taglen &&
	    strncasecmp((const char *)p, tag, taglen) == 0) {
		s.p += taglen;
		return (scan_ipv6(&s));
	}
	return (scan_ipv4(&s) && s.p == end);
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

/*
 * Whether a path without angle brackets is none: a local part alone, or a
 * parameter after an address that was forgotten.  Of the parameters that are
 * offered or that clients send, only these may have an "@".
 */
static bool
is_no_path(const struct scan *mbox)
{
	static const char	*const params[] = { "AUTH=", "ENVID=" };
	const char		*p = (const char *)mbox->p;
	size_t			 i, len = (size_t)(mbox->end - mbox->p), n;

	for (i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		n = strlen(params[i]);
		if (len >= n && strncasecmp(p, params[i], n) == 0)
			return (true);
	}
	/* A quoted string may have an "@", and no domain ends in a quote. */
	return (*p == '"' ? p[len - 1] == '"' :
	    memchr(p, '@', len) == NULL);
}

/* "<>", with spaces in it; mbox is what is within, nothing.  Takes nothing
 * where it is not there. */
static bool
scan_null(struct scan *s, struct scan *mbox)
{
	const unsigned char	*p = s->p;

	if (scan_take(s, '<')) {
		mbox->p = mbox->end = s->p;
		while (scan_take(s, ' '))
			continue;
		if (scan_take(s, '>'))
			return (true);
	}
	s->p = p;
	return (false);
}

/* Path, after any spaces, but "<>"; mbox is the mailbox within it. */
static enum mailbox_error
scan_address(struct scan *s, struct scan *mbox)
{
	enum mailbox_error	 error;
	const unsigned char	*p;
	bool			 bracket = scan_take(s, '<');

	if ((error = scan_route(s)) != MAILBOX_OK)
		return (error);
	mbox->p = s->p;
	if ((error = scan_mailbox(s)) != MAILBOX_OK)
		return (error);
	mbox->end = s->p;
	if (bracket)
		return (scan_take(s, '>') ? MAILBOX_OK : MAILBOX_SYNTAX);
	for (p = s->p; p < s->end && *p == ' '; p++)
		continue;
	/* What looks like an address was the name of the one that follows. */
	return (is_no_path(mbox) || (p < s->end && *p == '<') ?
	    MAILBOX_SYNTAX : MAILBOX_OK);
}

static enum mailbox_error
scan_path(struct scan *s, int flags, struct scan *mbox)
{
	enum mailbox_error	 error;
	int			 c;

	while (scan_take(s, ' '))
		continue;
	if ((!(flags & MAILBOX_NULL) || !scan_null(s, mbox)) &&
	    (error = scan_address(s, mbox)) != MAILBOX_OK)
		return (error);
	c = scan_peek(s);
	return (c == -1 || c == ' ' ? MAILBOX_OK : MAILBOX_SYNTAX);
}

/* Whether there is a name in front of an address in angle brackets, as in the
 * header: all up to the brackets. */
static bool
has_name(const unsigned char *p, const unsigned char *end)
{
	const unsigned char	*bracket;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == end || *p == '<')
		return (false);
	bracket = memchr(p, '<', (size_t)(end - p));
	return (bracket != NULL && end - bracket > 1 && bracket[1] != '>' &&
	    memchr(bracket, '>', (size_t)(end - bracket)) != NULL);
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
	if (error != MAILBOX_OK && has_name((const unsigned char *)str, s.end))
		return (MAILBOX_NAME);
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
