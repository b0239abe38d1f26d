/* SPDX-License-Identifier: ISC */

#include <arpa/inet.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "mail/mailbox.h"
#include "msmtpd.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What holds for any mailbox, whatever the grammar says of it. */
static void
check_mailbox(const char *p, size_t len, int flags)
{
	size_t	 i;

	CHECK(len > 0 && len <= MSMTPD_ADDRESS_MAX);
	CHECK(p[0] != '-');
	for (i = 0; i < len; i++) {
		CHECK((unsigned char)p[i] >= ' ' && p[i] != 0x7f);
		CHECK((p[i] & 0x80) == 0 || (flags & MAILBOX_UTF8));
	}
}

static void
check_path(const char *p, size_t len, int flags)
{
	const char	*mbox, *rest;
	size_t		 mboxlen;

	if (mailbox_path(p, len, flags, &mbox, &mboxlen, &rest) != MAILBOX_OK)
		return;
	CHECK(mbox >= p && mbox + mboxlen <= rest && rest <= p + len);
	CHECK(rest == p + len || *rest == ' ');
	if (mboxlen == 0) {
		CHECK(flags & MAILBOX_NULL);
		CHECK(memcmp(mbox - 1, "<>", 2) == 0);
		return;
	}
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
	/* with a colon it may be a general one */
	if (memchr(p, ':', len) == NULL)
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
