/* SPDX-License-Identifier: ISC */
/* audit: the line of the log that says what became of a mail. */

#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "log.h"
#include "msmtpd.h"

#define AUDIT_RCPTS	10	/* recipients that are named */
/* What is shown of a client's words at most, encoded. */
#define FIELD_HELO	128
#define FIELD_ADDRESS	320
#define FIELD_USER	64
/* What is shown of the reason, encoded. */
#define FIELD_WHY	240
#define RCPTS_MIN	8	/* "..." and '\0': no recipient has room */
#define PROCNAME_ROOM	16	/* "front: ", which the log puts before it */

/*
 * A text as the value of a field: made printable as the log does it, and with
 * it the character at which the value ends: the space, or the quote for a text
 * in quotes.  No text that comes here has a control character, so that '\001'
 * can stand for that character, and is encoded, or cut, as a whole.
 */
static void
field(char *dst, size_t size, const char *src, char end)
{
	char	 text[MSMTPD_ADDRESS_MAX + 1], octal[5], *p;

	(void)strlcpy(text, src, sizeof(text));
	for (p = text; (p = strchr(p, end)) != NULL; )
		*p = '\001';
	(void)log_printable(dst, size, text, strlen(text));
	snprintf(octal, sizeof(octal), "\\%03o", (unsigned char)end);
	/* log_printable() has doubled the backslashes of the text. */
	for (p = dst; (p = strchr(p, '\\')) != NULL; p += 2)
		if (strncmp(p, "\\001", 4) == 0)
			memcpy(p, octal, 4);
}

/* Append the recipients to the line, as many whole ones as have room. */
static void
audit_rcpts(char *dst, size_t size, const struct audit *a)
{
	const char	*p = a->rcpts;
	char		 one[FIELD_ADDRESS + 4];
	size_t		 len = 0, n;
	uint32_t	 i;

	for (i = 0; i < a->nrcpt && i < AUDIT_RCPTS; i++) {
		one[0] = ',';
		one[1] = '<';
		field(one + 2, FIELD_ADDRESS, p, ' ');
		strlcat(one, ">", sizeof(one));
		n = strlen(one);
		/* ",..." and '\0' must fit behind it. */
		if (len + n + 5 > size)
			break;
		memcpy(dst + len, one + (i == 0), n - (i == 0));
		len += n - (i == 0);
		p += strlen(p) + 1;
	}
	dst[len] = '\0';
	if (i < a->nrcpt)
		strlcat(dst, i > 0 ? ",..." : "...", size);
}

/* The reason, " why=\"text\"", with which the line ends; "" for none. */
static void
audit_why(char *dst, size_t size, const char *why)
{
	char	 text[FIELD_WHY];
	size_t	 room = size - sizeof(" why=\"\"") + 1;

	*dst = '\0';
	if (*why == '\0')
		return;
	field(text, room < sizeof(text) ? room : sizeof(text), why, '"');
	snprintf(dst, size, " why=\"%s\"", text);
}

/*
 * The daemon's own words stand before the client's, so that long addresses
 * cut off nothing that matters.
 */
void
audit(const struct audit *a)
{
	char	 helo[FIELD_HELO], user[FIELD_USER], sender[FIELD_ADDRESS];
	char	 line[LOG_LINE_MAX - PROCNAME_ROOM], why[FIELD_WHY + 8];
	char	 reply[12] = "-";
	size_t	 n, room;

	if (a->reply != 0)
		snprintf(reply, sizeof(reply), "%d", a->reply);
	field(helo, sizeof(helo), a->helo, ' ');
	field(user, sizeof(user), a->user, ' ');
	field(sender, sizeof(sender), a->sender, ' ');
	snprintf(line, sizeof(line), "mail id=%s client=%s %s reply=%s "
	    "command=%s size=%llu seconds=%lld.%03lld helo=%s%s%s from=<%s> "
	    "nrcpt=%u to=", a->id, a->client, a->who, reply, a->fate,
	    (unsigned long long)a->size, (long long)(a->ms / 1000),
	    (long long)(a->ms % 1000), *helo != '\0' ? helo : "-",
	    *user != '\0' ? " auth=" : "", user, sender, a->nrcpt);
	n = strlen(line);
	/* All other fields at their longest leave room for 100 octets. */
	room = sizeof(line) - n - RCPTS_MIN;
	audit_why(why, room < sizeof(why) ? room : sizeof(why), a->why);
	audit_rcpts(line + n, sizeof(line) - n - strlen(why), a);
	(void)strlcat(line, why, sizeof(line));
	log_put((a->reply == 250 ? LOG_INFO : LOG_WARNING) | LOG_KEEP, line);
}
