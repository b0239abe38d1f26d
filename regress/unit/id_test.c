/* SPDX-License-Identifier: ISC */
/* Ids: of many processes that start at the same time no two have the same. */

#include <sys/wait.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/id.h"
#include "msmtpd.h"
#include "tap.h"

#define STARTS	240

static char	 ids[STARTS][MSMTPD_ID_MAX];

/* In a child: name the first mail as soon as all children are there. */
static void
name_mail(int go, int out)
{
	const struct id	 id = { 1, 1 };
	char		 buf[MSMTPD_ID_MAX] = "";

	if (read(go, buf, 1) != 0)
		_exit(1);
	id_init();
	id_mail(buf, &id);
	_exit(write(out, buf, sizeof(buf)) != sizeof(buf));
}

/* --inetd: 240 processes, let go in the same moment. */
static void
test_starts(void)
{
	int	 go[2], out[2], i, named = 0, twice = 0;

	if (pipe(go) == -1 || pipe(out) == -1)
		abort();
	for (i = 0; i < STARTS; i++)
		switch (fork()) {
		case -1:
			abort();
		case 0:
			close(go[1]);
			name_mail(go[0], out[1]);
		}
	close(go[1]);
	close(out[1]);
	while (named < STARTS &&
	    read(out[0], ids[named], sizeof(ids[0])) == sizeof(ids[0]))
		named++;
	while (wait(NULL) != -1)
		;
	is_int(named, STARTS, "processes that have named a mail");
	qsort(ids, STARTS, sizeof(ids[0]),
	    (int (*)(const void *, const void *))(void (*)(void))strcmp);
	for (i = 1; i < named; i++)
		twice += strcmp(ids[i - 1], ids[i]) == 0;
	is_int(twice, 0, "ids that have come twice");
}

/* The longest numbers of a session and a mail, and how long that gets. */
static void
test_longest(void)
{
	const struct id	 id = { UINT32_MAX, UINT32_MAX };
	char		 buf[MSMTPD_ID_MAX];

	id_init();
	id_mail(buf, &id);
	ok(strlen(buf) < MSMTPD_ID_MAX - 1 && id_is_mail(buf), "%s", buf);
}

int
main(void)
{
	test_starts();
	test_longest();
	return (done_testing());
}
