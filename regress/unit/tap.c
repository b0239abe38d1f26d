/* SPDX-License-Identifier: ISC */
/* TAP for tests written in C. */

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static int	 ran, failed;

static int
report(int good, const char *fmt, va_list ap)
{
	char		 name[1024];
	const char	*p;

	printf("%sok %d - ", good ? "" : "not ", ++ran);
	vsnprintf(name, sizeof(name), fmt, ap);
	/* A name that has a newline in it would be two lines of TAP. */
	for (p = name; *p != '\0'; p++)
		putchar(iscntrl((unsigned char)*p) ? '?' : *p);
	putchar('\n');
	if (!good)
		failed++;
	fflush(stdout);
	return (good);
}

int
ok(int good, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	report(good, fmt, ap);
	va_end(ap);
	return (good);
}

int
is_int(long long got, long long want, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	report(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("#      got: %lld\n# expected: %lld\n", got, want);
	return (got == want);
}

static void
show(const char *label, const unsigned char *p, size_t len)
{
	size_t	 i;

	printf("# %8s: %zu octets \"", label, len);
	for (i = 0; i < len && i < 2000; i++) {
		if (p[i] == '\n')
			printf("\\n");
		else if (p[i] == '\r')
			printf("\\r");
		else if (p[i] < ' ' || p[i] > '~' || p[i] == '\\')
			printf("\\x%02x", p[i]);
		else
			putchar(p[i]);
	}
	printf("\"\n");
}

int
is_str(const char *got, const char *want, const char *fmt, ...)
{
	va_list	 ap;
	int	 good;

	good = got != NULL && want != NULL ? strcmp(got, want) == 0 :
	    got == want;
	va_start(ap, fmt);
	report(good, fmt, ap);
	va_end(ap);
	if (!good) {
		show("got", (const unsigned char *)(got ? got : "(null)"),
		    strlen(got ? got : "(null)"));
		show("expected", (const unsigned char *)(want ? want :
		    "(null)"), strlen(want ? want : "(null)"));
	}
	return (good);
}

int
is_mem(const void *got, unsigned long gotlen, const void *want,
    unsigned long wantlen, const char *fmt, ...)
{
	va_list	 ap;
	int	 good;

	good = gotlen == wantlen && memcmp(got, want, gotlen) == 0;
	va_start(ap, fmt);
	report(good, fmt, ap);
	va_end(ap);
	if (!good) {
		show("got", got, gotlen);
		show("expected", want, wantlen);
	}
	return (good);
}

void
diag(const char *fmt, ...)
{
	va_list	 ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
skip(int n, const char *why)
{
	while (n-- > 0)
		printf("ok %d # SKIP %s\n", ++ran, why);
	/* As report(): a child that is forked must not print them again. */
	fflush(stdout);
}

void
skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

int
done_testing(void)
{
	printf("1..%d\n", ran);
	if (failed)
		printf("# %d of %d failed\n", failed, ran);
	return (failed != 0);
}
