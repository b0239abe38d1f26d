/* SPDX-License-Identifier: ISC */
/* Numbered lines for the tests of logger, and what reads them again. */

#ifndef LINES_H
#define LINES_H

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "logger.h"
#include "tap.h"

#define NLINES	2000	/* many more than a reader and the buffer take */

static char	 text[4 * 1024 * 1024];
static size_t	 textlen;

/* The length of line n: a short one fits where a long one did not. */
static size_t
number_len(int n)
{
	return (419 - (size_t)(n % 3) * 200);
}

/* A line that shows where it is torn. */
static void
log_number(int n)
{
	char	 line[420];

	memset(line, 'x', sizeof(line));
	(void)snprintf(line, sizeof(line), "line %05d", n);
	line[10] = ' ';
	line[number_len(n) - 1] = '.';
	line[number_len(n)] = '\0';
	logger_sink(NULL, LOG_INFO, line);
}

static void
log_numbers(int from, int to)
{
	while (from < to)
		log_number(from++);
}

/*
 * Read text: numbered lines, whole and in order, and notices, which must
 * count what is missing where they stand.  Returns the number that would come
 * next, -1 where anything is wrong; *lost is the sum of the notices.
 */
static int
tally(int *lost)
{
	char	*line, *next, *p, *end;
	int	 want = 0;

	*lost = 0;
	text[textlen] = '\0';
	for (line = text; line < text + textlen; line = next) {
		if ((end = strchr(line, '\n')) == NULL) {
			diag("no newline: %s", line);
			return (-1);
		}
		next = end + 1;
		*end = '\0';
		if (end > line && end[-1] == '\r')
			*--end = '\0';
		if ((p = strstr(line, "line ")) != NULL &&
		    strlen(p) == number_len(want) &&
		    p[strlen(p) - 1] == '.' &&
		    strspn(p + 11, "x") == strlen(p) - 12 &&
		    atoi(p + 5) == want)
			want++;
		else if ((p = strstr(line, " log line")) != NULL &&
		    (strcmp(p, " log lines were lost") == 0 ||
		    strcmp(p, " log line was lost") == 0)) {
			while (p > line && p[-1] >= '0' && p[-1] <= '9')
				p--;
			*lost += atoi(p);
			want += atoi(p);
		} else {
			diag("after %d: %s", want, line);
			return (-1);
		}
	}
	return (want);
}

static int
matches(const char *s, const char *pattern)
{
	regex_t	 re;
	int	 ret;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		abort();
	ret = regexec(&re, s, 0, NULL, 0);
	regfree(&re);
	if (ret != 0)
		diag("not matched: %s", s);
	return (ret == 0);
}

#endif
