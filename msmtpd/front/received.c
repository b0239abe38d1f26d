/* SPDX-License-Identifier: ISC */
/* received: the Received field. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msmtpd.h"
#include "received.h"

#define LINE_MAX_OCTETS	78

/* A field being written.  Octets for which there is no room are left out. */
struct field {
	char	*buf;
	size_t	 size;		/* '\0' included */
	size_t	 len;
	size_t	 column;
};

static void
field_put(struct field *f, const char *p, size_t len)
{
	size_t	 room = f->size - f->len - 1;

	if (len > room)
		len = room;
	memcpy(f->buf + f->len, p, len);
	f->len += len;
	f->column += len;
}

/* Begin a line. */
static void
field_fold(struct field *f)
{
	field_put(f, "\n\t", 2);
	f->column = 1;
}

/* Add a word, after a space or, where the line would be too long, a fold. */
static void
field_word(struct field *f, const char *fmt, ...)
{
	char	 word[MSMTPD_ADDRESS_MAX + 16];
	va_list	 ap;
	size_t	 len;

	va_start(ap, fmt);
	vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	len = strlen(word);
	if (f->column + 1 + len > LINE_MAX_OCTETS)
		field_fold(f);
	else if (f->column > 1)
		field_put(f, " ", 1);
	field_put(f, word, len);
}

/* Copy a client's word so that it can neither end the field or a comment, nor
 * pass for more than one word. */
static const char *
harmless(char *dst, size_t size, const char *src)
{
	size_t	 i;

	for (i = 0; i + 1 < size && src[i] != '\0'; i++)
		dst[i] = src[i] <= ' ' || src[i] > '~' ||
		    strchr("()<>\\\";,", src[i]) != NULL ? '?' : src[i];
	dst[i] = '\0';
	return (dst);
}

/* A date as in RFC 5322, 3.3.  strftime(3) would use the locale's names. */
static void
field_date(struct field *f, time_t when)
{
	static const char	 days[][4] = { "Sun", "Mon", "Tue", "Wed",
				    "Thu", "Fri", "Sat" };
	static const char	 months[][4] = { "Jan", "Feb", "Mar", "Apr",
				    "May", "Jun", "Jul", "Aug", "Sep", "Oct",
				    "Nov", "Dec" };
	struct tm		 tm;
	long			 zone;

	if (localtime_r(&when, &tm) == NULL) {
		when = 0;
		gmtime_r(&when, &tm);
	}
	zone = labs(tm.tm_gmtoff) / 60;
	field_word(f, "%s, %d %s %04d %02d:%02d:%02d %c%02ld%02ld",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    tm.tm_gmtoff < 0 ? '-' : '+', zone / 60 % 100, zone % 60);
}

static void
field_from(struct field *f, const struct received *r)
{
	char	 word[MSMTPD_HOSTNAME_MAX];

	field_word(f, "from");
	field_word(f, "%s", harmless(word, sizeof(word), r->helo[0] != '\0' ?
	    r->helo : "unknown"));
	if (r->client[0] != '\0')
		field_word(f, "([%s])", harmless(word, 64, r->client));
	if (r->user[0] != '\0')
		field_word(f, "(%s)", harmless(word, 64, r->user));
	field_fold(f);
}

size_t
received_format(char *buf, size_t size, const struct received *r)
{
	struct field	 f = { .buf = buf, .size = size };
	char		 word[MSMTPD_ADDRESS_MAX + 1];

	if (size == 0)
		return (0);
	field_put(&f, "Received:", 9);
	field_from(&f, r);
	field_word(&f, "by");
	field_word(&f, "%s", harmless(word, MSMTPD_HOSTNAME_MAX, r->host));
	field_word(&f, "with %s", harmless(word, 16, r->protocol));
	field_word(&f, "id %s%s", harmless(word, MSMTPD_ID_MAX, r->id),
	    r->rcpt == NULL ? ";" : "");
	if (r->rcpt != NULL) {
		field_fold(&f);
		field_word(&f, "for");
		field_word(&f, "<%s>;", harmless(word, sizeof(word),
		    r->rcpt));
	}
	field_fold(&f);
	field_date(&f, r->when);
	field_put(&f, "\n", 1);
	f.buf[f.len] = '\0';
	return (f.len);
}
