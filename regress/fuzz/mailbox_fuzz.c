/* SPDX-License-Identifier: ISC */
/* Fuzz target: mailboxes and paths, and what must hold for each. */

#include <arpa/inet.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "mail/mailbox.h"
#include "msmtpd.h"

/* Whole blocks of Unicode that have nothing that a domain has, at p. */
static bool
in_bad_block(const unsigned char *p)
{
	static const struct {
		uint32_t	 first;
		uint32_t	 last;
	} blocks[] = {
		{ 0x80, 0xa9 }, { 0x2000, 0x200b }, { 0x200e, 0x206f },
		{ 0x20a0, 0x20c0 }, { 0x2190, 0x2bff }, { 0x3000, 0x3004 },
		{ 0xe000, 0xf8ff }, { 0xfe00, 0xfe19 }, { 0xfe30, 0xfe6b },
		{ 0xff00, 0xff0f }, { 0xfff9, 0xfffd }, { 0x1f000, 0x1fbca },
		{ 0xe0000, 0xe0fff }, { 0xf0000, 0x10ffff }
	};
	uint32_t	 c;
	size_t		 i;

	if (p[0] < 0xe0)
		c = (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	else if (p[0] < 0xf0)
		c = (p[0] & 0xfU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
	else
		c = (p[0] & 0x7U) << 18 | (p[1] & 0x3fU) << 12 |
		    (p[2] & 0x3fU) << 6 | (p[3] & 0x3fU);
	for (i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (c >= blocks[i].first && c <= blocks[i].last)
			return (true);
	return (false);
}

/* What holds for any mailbox, whatever the grammar says of it. */
static void
check_mailbox(const char *p, size_t len, int flags)
{
	const char	*at;
	size_t		 i;

	CHECK(len > 0 && len <= MSMTPD_ADDRESS_MAX);
	CHECK(p[0] != '-');
	/* Dots alone are no local part. */
	at = memrchr(p, '@', len);
	for (i = 0; i < len && p[i] == '.'; i++)
		continue;
	CHECK(i < len && p + i != at);
	for (i = 0; i < len; i++) {
		CHECK((unsigned char)p[i] >= ' ' && p[i] != 0x7f);
		CHECK((p[i] & 0x80) == 0 || (flags & MAILBOX_UTF8));
	}
	/* The domain: no "@" is in it, and no quote. */
	if (at == NULL || p[len - 1] == '"')
		return;
	CHECK(at[1] != '.' && memmem(at, len - (size_t)(at - p), "..", 2) ==
	    NULL);
	for (; at < p + len; at++)
		CHECK((unsigned char)*at < 0xc0 ||
		    !in_bad_block((const unsigned char *)at));
}

static void
check_path(const char *p, size_t len, int flags)
{
	enum mailbox_error	 error;
	const char		*mbox, *rest;
	size_t			 mboxlen, spaces;

	for (spaces = 0; spaces < len && p[spaces] == ' '; spaces++)
		continue;
	error = mailbox_path(p, len, flags, &mbox, &mboxlen, &rest);
	if (error == MAILBOX_NAME)
		CHECK(p[spaces] != '<' && memchr(p, '<', len) != NULL &&
		    memchr(memchr(p, '<', len), '>',
		    len - (size_t)((const char *)memchr(p, '<', len) - p)) !=
		    NULL);
	if (error != MAILBOX_OK)
		return;
	CHECK(mbox >= p && mbox + mboxlen <= rest && rest <= p + len);
	CHECK(rest == p + len || *rest == ' ');
	if (mboxlen == 0) {
		CHECK(flags & MAILBOX_NULL);
		CHECK(mbox[-1] == '<' && rest[-1] == '>');
		while (mbox < rest - 1)
			CHECK(*mbox++ == ' ');
		return;
	}
	/* Only brackets make a mailbox of a local part, and of nothing else. */
	CHECK(p[spaces] == '<' ? rest[-1] == '>' : rest == mbox + mboxlen);
	CHECK(p[spaces] == '<' || memchr(mbox, '@', mboxlen) != NULL);
	check_mailbox(mbox, mboxlen, flags);
	CHECK(mailbox_valid(mbox, mboxlen, flags & MAILBOX_UTF8));
}

/* Append the IPv4 address at s without leading zeros, which C has none of. */
static void
plain_ipv4(char *out, const char *s)
{
	size_t	 digits;

	out += strlen(out);
	while (*s != '\0') {
		digits = strspn(s, "0123456789");
		if (digits >= 2 && digits <= 3)
			while (digits-- > 1 && *s == '0')
				s++;
		while (*s != '\0' && *s != '.')
			*out++ = *s++;
		if (*s == '.')
			*out++ = *s++;
	}
	*out = '\0';
}

/* Where there is a "::": whether no more than 6 groups are beside it. */
static bool
few_groups(const char *s)
{
	size_t	 groups = 0, len;

	if (strstr(s, "::") == NULL)
		return (true);
	for (; *s != '\0'; s += len + (s[len] == ':')) {
		len = strcspn(s, ":");
		if (len > 0)
			groups += memchr(s, '.', len) != NULL ? 2 : 1;
	}
	return (groups <= 6);
}

/*
 * What inet_pton(3) says of the address, of both families; RFC 5321 differs
 * from it in leading zeros, and in "::" for a single group.
 */
static bool
reference_address(int af, const char *p, size_t len)
{
	char		 text[64], plain[64];
	const char	*tail;
	struct in6_addr	 addr;

	if (len >= sizeof(text) || memchr(p, '\0', len) != NULL)
		return (false);
	memcpy(text, p, len);
	text[len] = '\0';
	tail = strrchr(text, ':');
	tail = tail == NULL ? text : tail + 1;
	if (strchr(tail, '.') == NULL)
		tail += strlen(tail);
	memcpy(plain, text, (size_t)(tail - text));
	plain[tail - text] = '\0';
	plain_ipv4(plain, tail);
	return (inet_pton(af, plain, &addr) == 1 &&
	    (af == AF_INET || few_groups(plain)));
}

static bool
is_mailbox_with(const char *tag, const char *p, size_t len)
{
	char	*mailbox;
	size_t	 taglen = strlen(tag);
	bool	 valid;

	if ((mailbox = malloc(taglen + len + 4)) == NULL)
		abort();
	memcpy(mailbox, "u@[", 3);
	memcpy(mailbox + 3, tag, taglen);
	memcpy(mailbox + 3 + taglen, p, len);
	mailbox[3 + taglen + len] = ']';
	valid = mailbox_valid(mailbox, taglen + len + 4, 0);
	free(mailbox);
	return (valid);
}

/* The input, or what is in it of "u@[IPv6:input]", as an address literal. */
static void
check_literal(const char *p, size_t len)
{
	bool	 valid;

	if (len >= 3 && memcmp(p, "u@[", 3) == 0) {
		p += 3;
		len -= 3;
	}
	if (len > 0 && p[len - 1] == ']')
		len--;
	/* no tag but that one is known */
	if (len < 5 || strncasecmp(p, "IPv6:", 5) != 0)
		CHECK(is_mailbox_with("", p, len) ==
		    reference_address(AF_INET, p, len));
	if (len >= 5 && strncasecmp(p, "IPv6:", 5) == 0) {
		p += 5;
		len -= 5;
	}
	valid = reference_address(AF_INET6, p, len);
	CHECK(is_mailbox_with("IPv6:", p, len) == valid);
	CHECK(is_mailbox_with("ipV6:", p, len) == valid);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*mbox, *rest;
	char		*p, *path;
	size_t		 mboxlen;
	int		 flags;
	bool		 valid = false;

	if ((p = malloc(size + (size == 0))) == NULL ||
	    (path = malloc(size + 2)) == NULL)
		abort();
	memcpy(p, data, size);
	path[0] = '<';
	memcpy(path + 1, data, size);
	path[size + 1] = '>';
	for (flags = 0; flags <= (MAILBOX_UTF8 | MAILBOX_NULL); flags++) {
		check_path(p, size, flags);
		check_path(path, size + 2, flags);
	}
	for (flags = 0; flags <= MAILBOX_UTF8; flags++) {
		if (!mailbox_valid(p, size, flags)) {
			/* SMTPUTF8 makes nothing invalid */
			CHECK(!valid);
			continue;
		}
		valid = true;
		check_mailbox(p, size, flags);
		CHECK(mailbox_path(path, size + 2, flags, &mbox, &mboxlen,
		    &rest) == MAILBOX_OK);
		CHECK(mbox == path + 1 && mboxlen == size);
	}
	check_literal(p, size);
	free(p);
	free(path);
	return (0);
}
