/* SPDX-License-Identifier: ISC */
/*
 * Fuzz target: an SMTP session, at any split, and what must hold whatever a
 * client sends.
 */

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "recorder.h"

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
	r->conf.auth = !(data[0] & 0x1) ? AUTH_OFF : data[0] & 0x8 ?
	    AUTH_ANY : AUTH_REQUIRED;
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
	const char		*vain;
	uint32_t		 nreplies, nend;

	begin(&r, data);
	r.hold = (data[3] & 1) != 0;
	recorder_feed(&r, p, ((size_t)data[1] << 8 | data[2]) % (len + 1));
	if (smtp_waits(r.smtp) == SMTP_WAIT_AUTH)
		smtp_auth_result(r.smtp, false, true);
	else
		recorder_answer(&r);
	wait = smtp_waits(r.smtp);
	vain = wait == SMTP_WAIT_DATA ? smtp_reason(r.smtp) : NULL;
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
		    smtp_reason(r.smtp) == (vain != NULL ? vain : why));
	/* A client that waits in vain for the end of its message is told how
	 * a message ends. */
	CHECK((vain != NULL) == (strstr(r.replies.p + off,
	    "must end with CR LF . CR LF") != NULL));
	recorder_free(&r);
}

/* Whether the line looks like HTTP, or like a field of its header. */
static bool
looks_like_http(const char *line)
{
	static const char	*const verbs[] = { "EHLO", "HELO", "AUTH",
				    "MAIL", "RCPT", "DATA", "RSET", "NOOP",
				    "VRFY", "HELP", "QUIT", "EXPN", "STARTTLS",
				    "BDAT" };
	static const char	*const methods[] = { "get ", "post ", "put ",
				    "head ", "options ", "connect ",
				    "delete ", "patch " };
	size_t			 i, n;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcasestr(line, methods[i]) == line)
			return (true);
	if (strcasestr(line, " http/") != NULL)
		return (true);
	n = strcspn(line, ": \t");
	if (n == 0 || line[n + strspn(line + n, " \t")] != ':')
		return (false);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strlen(verbs[i]) == n && strncasecmp(line, verbs[i],
		    n) == 0)
			return (false);
	for (i = 0; i < n; i++)
		if (!isgraph((unsigned char)line[i]))
			return (false);
	return (true);
}

/* Whether the session ends because of HTTP: 1 or 0, or -1 where another limit
 * may come first.  line has room for so many octets. */
static int
http_comes(const char *p, size_t len, char *line, size_t size)
{
	const char	*lf;
	size_t		 i, n;
	int		 lines;

	if (len >= 2 && memcmp(p, "\x16\x03", 2) == 0)
		return (0);
	for (lines = 0; lines < 15; lines++, len -= (size_t)(lf + 1 - p),
	    p = lf + 1) {
		lf = memchr(p, '\n', len);
		if (lf == NULL)
			return (len < size ? 0 : -1);
		n = (size_t)(lf - p);
		if (n + 1 > size || memchr(p, '\0', n) != NULL)
			return (-1);
		memcpy(line, p, n);
		line[n] = '\0';
		if (n > 0 && line[n - 1] == '\r')
			line[--n] = '\0';
		if (looks_like_http(line))
			return (1);
		while (n > 0 && strchr(" \t", line[n - 1]) != NULL)
			line[--n] = '\0';
		for (i = 0; i < n && !iscntrl((unsigned char)line[i]); )
			i++;
		if (i == n && strcasecmp(line, "QUIT") == 0)
			return (0);
		if (i == n && (strcasestr(line, "EHLO") == line ||
		    strcasestr(line, "HELO") == line))
			return (n > 200 || (n > 4 && line[4] != ' ') ? -1 : 0);
	}
	return (-1);
}

/* What must have come of it, HTTP, by the input's first lines. */
static void
check_http(const struct recorder *r, const char *p, size_t len)
{
	char	*line;
	int	 comes;

	line = malloc(r->conf.max_line);
	CHECK(line != NULL);
	comes = http_comes(p, len, line, r->conf.max_line);
	if (comes != -1)
		CHECK(comes == (strstr(r->replies.p,
		    "HTTP is not spoken here") != NULL));
	free(line);
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
	check_http(&a, p, len);

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
