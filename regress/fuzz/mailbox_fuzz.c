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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailbox.h"
#include "msmtpd.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define CHECK(cond)	do {						\
	if (!(cond))							\
		abort();						\
} while (0)

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
	free(p);
	free(path);
	return (0);
}
