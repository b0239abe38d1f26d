/* SPDX-License-Identifier: ISC */
/* id: the names of sessions and mails, for the log and for Received. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "id.h"
#include "log.h"
#include "msmtpd.h"

#define BASE36_MAX	14	/* digits of 2^64 - 1, and '\0' */

static char		 start[BASE36_MAX];
static const char	 digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static void
base36(char *buf, uint64_t v)
{
	char			 tmp[BASE36_MAX];
	size_t			 n = sizeof(tmp) - 1;

	tmp[n] = '\0';
	do {
		tmp[--n] = digits[v % 36];
		v /= 36;
	} while (v > 0);
	memcpy(buf, tmp + n, sizeof(tmp) - n);
}

void
id_init(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	base36(start, (uint64_t)ts.tv_sec * 1000 +
	    (uint64_t)ts.tv_nsec / 1000000);
}

void
id_session(char *buf, const struct id *id)
{
	char	 session[BASE36_MAX];

	base36(session, id->session);
	snprintf(buf, MSMTPD_ID_MAX, "%s.%s", start, session);
}

void
id_mail(char *buf, const struct id *id)
{
	char	 session[BASE36_MAX], mail[BASE36_MAX];
	int	 n;

	base36(session, id->session);
	base36(mail, id->mail);
	/* 9 digits at most before the year 5188, and twice 7 at most. */
	n = snprintf(buf, MSMTPD_ID_MAX, "%s.%s.%s", start, session, mail);
	if (n < 0 || n >= MSMTPD_ID_MAX)
		fatalx("id: %s is too long", buf);
}

bool
id_is_mail(const char *s)
{
	size_t	 len = strlen(start);
	int	 part;

	if (strncmp(s, start, len) != 0)
		return (false);
	s += len;
	for (part = 0; part < 2; part++) {
		if (*s++ != '.' || (len = strspn(s, digits)) == 0)
			return (false);
		s += len;
	}
	return (*s == '\0');
}
