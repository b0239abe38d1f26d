/* SPDX-License-Identifier: ISC */
/* What a command prints, for the log: in which order, at which priority, how
 * much. */

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "deliver/printed.h"
#include "log.h"
#include "tap.h"

static char	 logged[1 << 17];	/* "6 text\n" for each line */
static int	 nlogged;

static void
sink(void *arg, int pri, const char *text)
{
	size_t	 len = strlen(logged);

	(void)arg;
	nlogged++;
	snprintf(logged + len, sizeof(logged) - len, "%d %s\n", pri, text);
}

static void
begin(struct printed *p)
{
	memset(p, 0xa5, sizeof(*p));
	printed_init(p);
	logged[0] = '\0';
	nlogged = 0;
}

static void
feed(struct printed *p, const char *text)
{
	printed_feed(p, "a.1.1", text, strlen(text));
}

static void
priorities(struct printed *p)
{
	begin(p);
	feed(p, "one\n\ntw");
	feed(p, "o\nthree");
	is_str(logged, "", "nothing before the end");
	printed_end(p, "a.1.1", true);
	is_str(logged, "4 mail id=a.1.1: command: one\n"
	    "4 mail id=a.1.1: command: two\n"
	    "4 mail id=a.1.1: command: three\n", "failed: warnings");
	begin(p);
	feed(p, "one\n");
	printed_end(p, "a.1.1", false);
	is_str(logged, "6 mail id=a.1.1: command: one\n", "else: info");
	begin(p);
	printed_end(p, "a.1.1", true);
	is_str(logged, "", "nothing is nothing");
}

static void
released(struct printed *p)
{
	begin(p);
	feed(p, "one\ntw");
	printed_release(p, "a.1.1");
	is_str(logged, "6 mail id=a.1.1: command: one\n",
	    "whole lines are released");
	feed(p, "o\n");
	printed_release(p, "a.1.1");
	printed_release(p, "a.1.1");
	printed_end(p, "a.1.1", true);
	is_str(logged, "6 mail id=a.1.1: command: one\n"
	    "6 mail id=a.1.1: command: two\n", "each once");
}

/* Lines of each length, as many as go to the log, and more. */
static void
bounds(struct printed *p)
{
	char	 line[PRINTED_LINE_MAX + 64];
	size_t	 len;
	int	 i, wrong = 0;

	for (len = 1; len < sizeof(line); len += 13) {
		begin(p);
		memset(line, 'x', len - 1);
		line[len - 1] = '\n';
		for (i = 0; i < PRINTED_LINES_MAX + 10; i++)
			printed_feed(p, "a.1.1", line, len);
		printed_end(p, "a.1.1", true);
		wrong += nlogged != (len == 1 ? 0 : PRINTED_LINES_MAX) + 1;
		wrong += strstr(logged, "4 mail id=a.1.1: command: ") == NULL;
		/* What found no room was logged before. */
		wrong += (strstr(logged, "6 mail") != NULL) != (len *
		    PRINTED_LINES_MAX > PRINTED_HELD_MAX && len > 1);
	}
	is_int(wrong, 0, "lines beyond the bounds");
	begin(p);
	feed(p, "1234567890\n");
	for (i = 0; i < PRINTED_LINES_MAX; i++)
		feed(p, "\n");
	feed(p, "12345");
	printed_end(p, "a.1.1", false);
	ok(strstr(logged, "command: 6 octets more are not logged") != NULL,
	    "what is too much is counted");
	begin(p);
	printed_feed(p, "a.1.1", "a\0b\n", 4);
	printed_end(p, "a.1.1", false);
	is_str(logged, "6 mail id=a.1.1: command: a?b\n", "NUL");
}

int
main(void)
{
	static struct printed	 p;

	log_init("", sink, NULL);
	priorities(&p);
	released(&p);
	bounds(&p);
	return (done_testing());
}
