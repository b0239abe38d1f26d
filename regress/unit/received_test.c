/* SPDX-License-Identifier: ISC */
/*
 * The Received field: its words, folding and bounds, whatever a client says.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "msmtpd.h"
#include "front/received.h"
#include "tap.h"

static const struct {
	const char	*name;
	const char	*zone;
	struct received	 r;
	const char	*want;
} cases[] = {
	{ "a mail to one", "UTC0",
	    { "client.example.org", "127.0.0.1", "user=alice",
	    "host.example.org", "ESMTP",
	    "a1b2.1", "user@example.org", 1000000000 },
	    "Received: from client.example.org ([127.0.0.1]) (user=alice)\n"
	    "\tby host.example.org with ESMTP id a1b2.1\n"
	    "\tfor <user@example.org>;\n"
	    "\tSun, 9 Sep 2001 01:46:40 +0000\n" },
	{ "a mail to several", "CET-1",
	    { "client", "IPv6:::1", "", "host", "ESMTPA", "x", NULL, 0 },
	    "Received: from client ([IPv6:::1])\n"
	    "\tby host with ESMTPA id x;\n"
	    "\tThu, 1 Jan 1970 01:00:00 +0100\n" },
	{ "a UNIX socket, no name", "NST3:30",
	    { "", "", "uid=1000", "host", "SMTP", "x", NULL, 1700000000 },
	    "Received: from unknown (uid=1000)\n"
	    "\tby host with SMTP id x;\n"
	    "\tTue, 14 Nov 2023 18:43:20 -0330\n" },
	{ "hostile words", "UTC0",
	    { "a) by b; (c\\ \"d\r\nX: \xc3\xa9\x7f\t<e>", "1\n2", "u)(x",
	    "h(o)st",
	    "E S", "i;d", "\"a>;\\\"\"@\xc3\xa9.example", 0 },
	    "Received: from a??by?b???c???d??X:??????e? ([1?2]) (u??x)\n"
	    "\tby h?o?st with E?S id i?d\n"
	    "\tfor <?a?????@??.example>;\n"
	    "\tThu, 1 Jan 1970 00:00:00 +0000\n" }
};

static void
zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static void
test_cases(void)
{
	char	 buf[MSMTPD_RECEIVED_MAX];
	size_t	 i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		zone(cases[i].zone);
		len = received_format(buf, sizeof(buf), &cases[i].r);
		is_str(buf, cases[i].want, "%s", cases[i].name);
		is_int((long long)len, (long long)strlen(cases[i].want),
		    "%s: length", cases[i].name);
	}
}

/* Words of all lengths: folded at 78 wherever a word is not longer itself. */
static void
test_fold(void)
{
	char		 buf[MSMTPD_RECEIVED_MAX], word[256], *line, *next;
	struct received	 r = { word, "192.0.2.1", "", word, "ESMTP", "id", word,
			    1000000000 };
	size_t		 bad = 0, i, len;

	zone("UTC0");
	for (i = 0; i < sizeof(word); i++) {
		memset(word, 'x', i);
		word[i] = '\0';
		len = received_format(buf, sizeof(buf), &r);
		bad += len != strlen(buf) || buf[len - 1] != '\n';
		for (line = buf; *line != '\0'; line = next) {
			next = strchr(line, '\n') + 1;
			bad += line != buf && *line != '\t';
			bad += next - 1 - line > 78 &&
			    memchr(line + 1, ' ', (size_t)(next - line) - 1) !=
			    NULL && line != buf;
		}
	}
	is_int((long long)bad, 0, "folded, whatever the words' length");
}

/* The longest input fits; too small a buffer is not overrun. */
static void
test_bounds(void)
{
	char		 buf[MSMTPD_RECEIVED_MAX], longest[4096], *small;
	struct received	 r = { longest, longest, longest, longest, longest,
			    longest, longest, 1000000000 };
	size_t		 bad = 0, i, len;

	memset(longest, '(', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	len = received_format(buf, sizeof(buf), &r);
	ok(len < sizeof(buf) - 1 && buf[len - 1] == '\n',
	    "the longest has its end (%zu octets)", len);
	for (i = 0; i < 200; i++) {
		if ((small = malloc(i + 1)) == NULL)
			return;
		small[i] = 'e';
		len = received_format(small, i, &r);
		bad += small[i] != 'e' || (i > 0 && (len != i - 1 ||
		    small[len] != '\0'));
		free(small);
	}
	is_int((long long)bad, 0, "small buffers");
}

static void
test_time(void)
{
	struct received	 r = { "a", "", "", "b", "SMTP", "c", NULL,
			    (time_t)1 << 62 };
	char		 buf[MSMTPD_RECEIVED_MAX];

	zone("UTC0");
	received_format(buf, sizeof(buf), &r);
	ok(strstr(buf, "Thu, 1 Jan 1970 00:00:00 +0000\n") != NULL,
	    "a time that has no date");
}

int
main(void)
{
	test_cases();
	test_fold();
	test_bounds();
	test_time();
	return (done_testing());
}
