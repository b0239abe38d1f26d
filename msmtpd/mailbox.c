/*
 * Copyright (c) 2026 The msmtpd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <arpa/inet.h>

#include <string.h>
#include <strings.h>

#include "mailbox.h"
#include "msmtpd.h"

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
is_alnum(int c)
{
	return ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9'));
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

/*
 * The length of the non-ASCII character at the next octet (RFC 3629, 4), 0
 * where there is none or it is ill-formed.
 */
static size_t
scan_utf8_len(const struct scan *s)
{
	const unsigned char	*p = s->p;
	size_t			 i, len, left = (size_t)(s->end - s->p);
	unsigned char		 lo = 0x80, hi = 0xbf;

	if (left < 2 || p[0] < 0xc2 || p[0] > 0xf4)
		return (0);
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < len)
		return (0);
	/* no over-long form, no surrogate, nothing above U+10FFFF */
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (p[1] < lo || p[1] > hi)
		return (0);
	for (i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return (0);
	return (len);
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

/* Whether the octets from p to end are an address of family af. */
static bool
is_address(int af, const unsigned char *p, const unsigned char *end)
{
	char		 text[INET6_ADDRSTRLEN];
	struct in6_addr	 addr;
	size_t		 len = (size_t)(end - p);

	if (len >= sizeof(text) || memchr(p, '\0', len) != NULL)
		return (false);
	memcpy(text, p, len);
	text[len] = '\0';
	return (inet_pton(af, text, &addr) == 1);
}

/* General-address-literal = Standardized-tag ":" 1*dcontent */
static bool
is_general_literal(const unsigned char *p, const unsigned char *end)
{
	const unsigned char	*tag = p;

	while (p < end && (is_alnum(*p) || *p == '-'))
		p++;
	if (p == tag || p[-1] == '-' || p == end || *p++ != ':' || p == end)
		return (false);
	for (; p < end; p++)
		if (*p < '!' || *p > '~' || *p == '[' || *p == '\\')
			return (false);
	return (true);
}

/* address-literal (RFC 5321, 4.1.3) */
static enum mailbox_error
scan_literal(struct scan *s)
{
	const unsigned char	*end, *p;

	if (!scan_take(s, '['))
		return (MAILBOX_SYNTAX);
	p = s->p;
	end = memchr(p, ']', (size_t)(s->end - p));
	if (end == NULL)
		return (MAILBOX_SYNTAX);
	s->p = end + 1;
	if (s->p - p >= DOMAIN_MAX)
		return (MAILBOX_TOO_LONG);
	if (end - p >= 5 && strncasecmp((const char *)p, "IPv6:", 5) == 0)
		return (is_address(AF_INET6, p + 5, end) ? MAILBOX_OK :
		    MAILBOX_SYNTAX);
	return (is_address(AF_INET, p, end) || is_general_literal(p, end) ?
	    MAILBOX_OK : MAILBOX_SYNTAX);
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
		error = scan_peek(s) == '[' ? scan_literal(s) : scan_domain(s);
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
