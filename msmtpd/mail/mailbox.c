/* SPDX-License-Identifier: ISC */
/* mailbox: the parser of RFC 5321's mailboxes and paths. */

#include <ctype.h>
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
 * The octets that are left to parse.  Non-ASCII characters are taken wherever
 * RFC 6531 allows them, and utf8 remembers them, so that the client hears that
 * SMTPUTF8 is missing where nothing else is wrong with the mailbox.
 */
struct scan {
	const unsigned char	*p;
	const unsigned char	*end;
	bool			 utf8;	/* non-ASCII characters were seen */
};

/*
 * The functions of <ctype.h> take the result of scan_peek(), whose -1 is EOF,
 * and know ASCII only, since the daemon never calls setlocale(3).
 */
static bool
is_atext(int c)
{
	return (isalnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL));
}

static bool
is_label(int c)
{
	return (isalnum(c) || c == '_' || c == '-');
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

/* Take a non-ASCII character, but no C1 control, which a terminal may obey.
 * Returns the code point, 0 where there is none. */
static uint32_t
scan_utf8(struct scan *s)
{
	uint32_t	 c;
	size_t		 len;

	len = utf8_non_ascii(s->p, (size_t)(s->end - s->p), &c);
	if (len == 0 || c < 0xa0)
		return (0);
	s->p += len;
	s->utf8 = true;
	return (c);
}

/* Dot-string = Atom *("." Atom), or at least one atom and dots anywhere, since
 * mailboxes such as foo..bar, foo. and .foo exist. */
static bool
scan_dot_string(struct scan *s)
{
	bool	 atom = false;

	for (;;) {
		if (is_atext(scan_peek(s))) {
			s->p++;
			atom = true;
		} else if (scan_utf8(s) != 0)
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
			if (scan_utf8(s) == 0)
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
 * sub-domain = Let-dig [Ldh-str], with "_" as well, which real host names have;
 * or a U-label without the characters that no label has.  For a U-label the
 * limit of 63 octets applies to its A-label, which is not computed here.
 */
static enum mailbox_error
scan_label(struct scan *s)
{
	const unsigned char	*label = s->p;
	bool			 ascii = true;
	uint32_t		 character;

	for (;;) {
		if (is_label(scan_peek(s)))
			s->p++;
		else if ((character = scan_utf8(s)) == 0)
			break;
		else if (idna_disallowed(character))
			return (MAILBOX_SYNTAX);
		else
			ascii = false;
	}
	if (s->p == label || label[0] == '-' || s->p[-1] == '-')
		return (MAILBOX_SYNTAX);
	if (ascii && s->p - label > LABEL_MAX)
		return (MAILBOX_TOO_LONG);
	return (MAILBOX_OK);
}

/* Domain = sub-domain *("." sub-domain), and maybe a dot at the end, which does
 * not count towards the domain's length. */
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
	} while (is_label(c) || c == '.' || c >= 0x80);
	return (end - domain > DOMAIN_MAX ? MAILBOX_TOO_LONG : MAILBOX_OK);
}

/* Snum = 1*3DIGIT, a decimal number of 0 to 255, maybe with leading zeros */
static bool
scan_snum(struct scan *s)
{
	int	 digits, value = 0;

	for (digits = 0; digits < 3 && isdigit(scan_peek(s)); digits++)
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

	for (digits = 0; digits < 4 && isxdigit(scan_peek(s)); digits++)
		s->p++;
	return (digits > 0);
}

/*
 * IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp, up to the end:
 * 8 groups, or "::", which stands for 2 groups or more, and at most 6 others.
 * An IPv4 address at the end counts for 2 groups.
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
 * Whether the octets from p to end, which are between "[" and "]", are an IPv4
 * address, or an IPv6 address after its tag.  IANA's registry has no other tag
 * for a General-address-literal.
 */
static bool
is_literal(const unsigned char *p, const unsigned char *end)
{
	struct scan	 s = { p, end, false };

	if (end - p >= 5 && strncasecmp((const char *)p, "IPv6:", 5) == 0) {
		s.p += 5;
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

/* Mailbox = Local-part "@" (Domain / address-literal), or Local-part alone */
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

/* [A-d-l ":"], a source route */
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
 * Whether a mailbox without angle brackets was not meant as one: it is a local
 * part alone, or the address is missing and this is a parameter.  Of the
 * parameters that clients send, only AUTH and ENVID may have an "@".
 */
static bool
is_no_path(const struct scan *mbox)
{
	const char	*p = (const char *)mbox->p;
	size_t		 len = (size_t)(mbox->end - mbox->p);

	if ((len >= 5 && strncasecmp(p, "AUTH=", 5) == 0) ||
	    (len >= 6 && strncasecmp(p, "ENVID=", 6) == 0))
		return (true);
	/* A quoted string may have an "@", and no domain ends in a quote. */
	return (*p == '"' ? p[len - 1] == '"' :
	    memchr(p, '@', len) == NULL);
}

/* Path, with angle brackets or without; with null also "<>", maybe with spaces
 * in it.  mbox is what is within the path. */
static enum mailbox_error
scan_address(struct scan *s, bool null, struct scan *mbox)
{
	enum mailbox_error	 error;
	const unsigned char	*p;
	bool			 bracket = scan_take(s, '<');

	mbox->p = mbox->end = s->p;
	if (bracket && null) {
		while (scan_take(s, ' '))
			continue;
		if (scan_take(s, '>'))
			return (MAILBOX_OK);
		s->p = mbox->p;
	}
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
	/* An address in angle brackets follows: this one was its name. */
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
	error = scan_address(s, (flags & MAILBOX_NULL) != 0, mbox);
	if (error != MAILBOX_OK)
		return (error);
	c = scan_peek(s);
	return (c == -1 || c == ' ' ? MAILBOX_OK : MAILBOX_SYNTAX);
}

/* Whether a name comes before an address in angle brackets, as in a header. */
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
	const unsigned char	*p = (const unsigned char *)str;
	struct scan		 s = { p, p + len, false }, m;
	enum mailbox_error	 error;
	uint32_t		 c;

	error = scan_path(&s, flags, &m);
	if (error != MAILBOX_OK && has_name(p, s.end))
		return (MAILBOX_NAME);
	if (error == MAILBOX_SYNTAX && scan_peek(&s) >= 0x80 &&
	    utf8_non_ascii(s.p, (size_t)(s.end - s.p), &c) == 0)
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
	const unsigned char	*p = (const unsigned char *)str;
	struct scan		 s = { p, p + len, false };

	return (scan_mailbox(&s) == MAILBOX_OK && s.p == s.end &&
	    (!s.utf8 || (flags & MAILBOX_UTF8)));
}
