/* SPDX-License-Identifier: ISC */
/* What the bench's tools share: options, a clock, a report, a message. */

#include <sys/resource.h>
#include <sys/time.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stats.h"

#define LINE	72		/* octets of a line of the message */

static int	json;

uint64_t
stats_now(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec);
}

void
stats_init(struct stats *st, size_t max, size_t size)
{
	memset(st, 0, sizeof(*st));
	if ((st->ns = calloc(max, sizeof(*st->ns))) == NULL)
		err(1, NULL);
	st->max = max;
	st->size = size;
}

void
stats_add(struct stats *st, uint64_t ns)
{
	if (st->n == st->max)
		errx(1, "more mails than were sent");
	st->ns[st->n++] = ns;
}

static int
compare(const void *a, const void *b)
{
	uint64_t	x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return ((x > y) - (x < y));
}

static double
seconds(struct timeval tv)
{
	return ((double)tv.tv_sec + (double)tv.tv_usec / 1e6);
}

/* The value that the share p of all does not exceed (nearest rank), in us. */
static double
percentile(const struct stats *st, double p)
{
	size_t	i = (size_t)(p * (double)st->n + 0.999999);

	return ((double)st->ns[i > 0 ? i - 1 : 0] / 1e3);
}

void
stats_print(struct stats *st)
{
	struct rusage	ru;
	double		s = (double)(st->end - st->begin) / 1e9;
	double		n = (double)st->n;

	if (st->n == 0)
		errx(1, "no mail was measured");
	getrusage(RUSAGE_SELF, &ru);
	qsort(st->ns, st->n, sizeof(*st->ns), compare);
	printf(json ?
	    "{\"mails\":%zu,\"size\":%zu,\"seconds\":%.6f,"
	    "\"mails_per_s\":%.1f,\"mb_per_s\":%.2f,\"p50_us\":%.1f,"
	    "\"p99_us\":%.1f,\"max_us\":%.1f,\"own_cpu_us\":%.1f}\n" :
	    "%zu mails of %zu octets in %.3f s: %.1f mails/s, %.2f MB/s, "
	    "latency p50 %.1f us, p99 %.1f us, max %.1f us; "
	    "own CPU %.1f us/mail\n",
	    st->n, st->size, s, n / s, n * (double)st->size / s / 1e6,
	    percentile(st, 0.5), percentile(st, 0.99), percentile(st, 1.0),
	    (seconds(ru.ru_utime) + seconds(ru.ru_stime)) * 1e6 / n);
	fflush(stdout);
}

static size_t
number(const char *option, const char *s, size_t max)
{
	char		*end;
	unsigned long	 n;

	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || n < 1 || n > max)
		errx(2, "--%s: must be a number from 1 to %zu", option, max);
	return (n);
}

int
stats_options(int argc, char **argv, const struct stats_option *opts,
    const char *usage)
{
	const struct stats_option	*o;
	const char			*arg, *equals;
	size_t				 len;
	int				 i;

	for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (*(arg = argv[i] + 2) == '\0')
			return (i + 1);
		equals = strchr(arg, '=');
		len = equals != NULL ? (size_t)(equals - arg) : strlen(arg);
		if (strcmp(arg, "json") == 0) {
			json = 1;
			continue;
		}
		for (o = opts; o->name != NULL; o++)
			if (strlen(o->name) == len &&
			    strncmp(o->name, arg, len) == 0 &&
			    (equals != NULL) == (o->max > 0))
				break;
		if (o->name == NULL)
			errx(2, "usage: %s", usage);
		*o->value = o->max > 0 ? number(o->name, equals + 1, o->max) :
		    1;
	}
	return (i);
}

char *
stats_message(size_t size)
{
	static const char	 head[] = "From: bench@localhost\r\n"
	    "To: sink@localhost\r\nSubject: bench\r\n\r\n";
	char			*s;
	size_t			 i, col = 0;

	if (size < sizeof(head) + 1)
		errx(2, "--size: must be %zu or more", sizeof(head) + 1);
	if ((s = malloc(size + 4)) == NULL)
		err(1, NULL);
	memcpy(s, head, sizeof(head) - 1);
	for (i = sizeof(head) - 1; i < size - 2; i++, col++) {
		if (col >= LINE && i < size - 4) {
			s[i++] = '\r';
			s[i] = '\n';
			col = (size_t)-1;
		} else
			s[i] = (char)('a' + col % 26);
	}
	memcpy(s + size - 2, "\r\n.\r\n", 6);
	return (s);
}
