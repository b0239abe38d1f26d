/* SPDX-License-Identifier: ISC */
/* id: the names of sessions and mails, for the log and for Received. */

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "id.h"
#include "log.h"
#include "msmtpd.h"

#define BASE36_MAX	14	/* digits of 2^64 - 1, and '\0' */

static char		 start[16];	/* 9 digits before year 5188, and 6 */
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
	char		 part[BASE36_MAX];

	clock_gettime(CLOCK_REALTIME, &ts);
	base36(part, (uint64_t)ts.tv_sec * 1000 +
	    (uint64_t)ts.tv_nsec / 1000000);
	(void)strlcpy(start, part, sizeof(start));
	/* Times of the same number of digits, 8 until the year 2059: no time
	 * and pid in a row are those of another start. */
	base36(part, (uint64_t)getpid());
	(void)strlcat(start, part, sizeof(start));
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
	/* Of a session's and a mail's number 7 digits at most. */
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
