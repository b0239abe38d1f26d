/* SPDX-License-Identifier: ISC */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "recorder.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What of the input is no SMTP, at its beginning. */
#define SETTINGS	4

/*
 * Small limits, so that they are met.  The first octet says which settings a
 * session has, the others how it is fed the second time.
 */
static void
begin(struct recorder *r, const uint8_t *data)
{
	static const struct verdict	 verdicts[] = {
		{ 250, "2.0.0", "Taken" },
		{ 451, "4.3.0", "Not now" },
		{ 554, "5.0.0", "Not taken" },
		{ 452, "4.3.1", "No room" }
	};

	recorder_init(r);
	r->conf.auth = data[0] & 0x1;
	r->conf.max_size = data[0] & 0x2 ? 64 : 1 << 20;
	r->conf.max_line = data[0] & 0x4 ? 128 : 2048;
	r->conf.max_recipients = data[0] & 0x8 ? 3 : 100;
	r->conf.max_rcpt_octets = data[0] & 0x8 ? 64 : 10000;
	r->conf.max_auth_line = 4 * r->conf.max_line;
	r->max_content = data[0] & 0x10 ? 40 : UINT64_MAX;
	r->max_declared = data[0] & 0x20 ? 1000 : UINT64_MAX;
	r->verdict = verdicts[data[0] >> 6];
	recorder_start(r);
}

static void
differ(const struct recorder *a, const struct recorder *b)
{
	fprintf(stderr, "--- octet by octet:\n%s\n--- in pieces:\n%s\n",
	    a->events.p, b->events.p);
	abort();
}

/* Pieces of any length, few octets mostly: what the seed makes of it. */
static size_t
piece(uint32_t *seed, uint8_t about)
{
	*seed = *seed * 1103515245 + 12345;
	return (1 + (*seed >> 16) % about * (*seed >> 28 == 0 ? 64 : 1));
}

/*
 * The session is ended from our side, wherever it stands: one reply more, and
 * no mail.  What waits is answered before, as session.c does.
 */
static void
closed(const uint8_t *data, const char *p, size_t len)
{
	static const char	 why[] = "fuzz";
	struct recorder		 r;
	enum smtp_wait		 wait;
	size_t			 off;
	uint32_t		 nreplies, nend;

	begin(&r, data);
	r.hold = (data[3] & 1) != 0;
	recorder_feed(&r, p, ((size_t)data[1] << 8 | data[2]) % (len + 1));
	if (smtp_waits(r.smtp) == SMTP_WAIT_AUTH)
		smtp_auth_result(r.smtp, false, true);
	else
		recorder_answer(&r);
	wait = smtp_waits(r.smtp);
	nreplies = r.nreplies;
	nend = r.nend;
	off = r.replies.len;
	smtp_close(r.smtp, "4.3.2", "Server shutting down", why);
	CHECK(smtp_waits(r.smtp) == SMTP_WAIT_CLOSE && r.nend == nend);
	if (wait == SMTP_WAIT_CLOSE)
		CHECK(r.nreplies == nreplies);
	else
		CHECK(r.nreplies == nreplies + 1 &&
		    strncmp(r.replies.p + off, "421 4.3.2 ", 10) == 0 &&
		    smtp_reason(r.smtp) == why);
	recorder_free(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recorder	 a, b;
	const char	*p = (const char *)data + SETTINGS;
	size_t		 len, n;
	uint32_t	 seed;

	if (size < SETTINGS)
		return (0);
	len = size - SETTINGS;

	/* octet by octet, with each message held against the reference */
	begin(&a, data);
	recorder_octets(&a, p, len);

	/* in pieces, with pauses */
	begin(&b, data);
	b.pauses = (uint32_t)data[1] << 8 | data[2];
	seed = data[3];
	for (; len > 0; p += n, len -= n) {
		n = data[3] == 0 ? len : piece(&seed, data[3]);
		if (n > len)
			n = len;
		recorder_feed(&b, p, n);
		/* what waits behind a pause is taken with the next feed */
	}
	if (a.events.len != b.events.len ||
	    memcmp(a.events.p, b.events.p, a.events.len) != 0 ||
	    smtp_waits(a.smtp) != smtp_waits(b.smtp))
		differ(&a, &b);
	recorder_free(&a);
	recorder_free(&b);
	closed(data, (const char *)data + SETTINGS, size - SETTINGS);
	return (0);
}
