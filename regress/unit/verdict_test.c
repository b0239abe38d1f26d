/* SPDX-License-Identifier: ISC */
/*
 * How a command's end becomes the reply to the client and the words in the
 * log.
 */

#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "tap.h"
#include "mail/verdict.h"

/* Each exit status that means something, after sysexits(3). */
static const struct {
	int		 status;
	int		 code;
	const char	*enhanced;
} statuses[] = {
	{ EX_OK, 250, "2.0.0" },
	{ 1, 554, "5.3.0" },
	{ EX_USAGE, 554, "5.3.5" },
	{ EX_DATAERR, 554, "5.6.0" },
	{ EX_NOINPUT, 554, "5.3.0" },
	{ EX_NOUSER, 554, "5.1.1" },
	{ EX_NOHOST, 451, "4.4.4" },
	{ EX_UNAVAILABLE, 451, "4.3.0" },
	{ EX_SOFTWARE, 554, "5.3.0" },
	{ EX_OSERR, 451, "4.3.0" },
	{ EX_OSFILE, 554, "5.3.5" },
	{ EX_CANTCREAT, 554, "5.3.0" },
	{ EX_IOERR, 554, "5.3.0" },
	{ EX_TEMPFAIL, 451, "4.3.0" },
	{ EX_PROTOCOL, 554, "5.5.0" },
	{ EX_NOPERM, 554, "5.7.0" },
	{ EX_CONFIG, 554, "5.3.5" },
	{ 126, 554, "5.3.0" },
	{ 127, 554, "5.3.0" },
	{ 255, 554, "5.3.0" },
	{ 256, 554, "5.3.0" },
	{ -1, 554, "5.3.0" }
};

/* Every fate, for the client and for the log. */
static const struct {
	struct imsg_result	 result;
	int			 code;
	const char		*fate;
} fates[] = {
	{ { MAIL_EXITED, 0 }, 250, "exit:0" },
	{ { MAIL_EXITED, 75 }, 451, "exit:75" },
	{ { MAIL_SIGNALED, SIGKILL }, 451, "signal:9" },
	{ { MAIL_SIGNALED, 0 }, 451, "signal:0" },
	{ { MAIL_TIMEOUT, 0 }, 451, "timeout" },
	{ { MAIL_STOPPED, 0 }, 451, "stopped" },
	{ { MAIL_FAILED, 24 }, 451, "failed:Too_many_open_files" },
	{ { MAIL_FAILED, 0 }, 451, "failed:Success" },
	{ { 0, 0 }, 451, "failed:Success" },
	{ { 99, 0 }, 451, "failed:Success" }
};

/* A reply's code and its enhanced code are of one class, and its text is
 * plain. */
static bool
is_sound(const struct verdict *v)
{
	const char	*p;

	if (v->enhanced[0] != '0' + v->code / 100 || *v->text == '\0')
		return (false);
	for (p = v->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return (false);
	return (true);
}

int
main(void)
{
	const struct verdict	*v;
	struct imsg_result		 r = { MAIL_EXITED, 0 };
	char				 buf[64], small[6];
	int				 successes = 0, unsound = 0;
	size_t				 i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		r.value = statuses[i].status;
		v = verdict(&r);
		is_int(v->code, statuses[i].code, "status %d: code", r.value);
		is_str(v->enhanced, statuses[i].enhanced,
		    "status %d: enhanced code", r.value);
	}
	for (r.value = -1000; r.value <= 1000; r.value++) {
		v = verdict(&r);
		successes += v->code == 250;
		unsound += !is_sound(v);
	}
	is_int(successes, 1, "one status alone is success");
	for (i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
		v = verdict(&fates[i].result);
		is_int(v->code, fates[i].code, "fate %zu: code", i);
		unsound += !is_sound(v);
		verdict_describe(buf, sizeof(buf), &fates[i].result);
		is_str(buf, fates[i].fate, "fate %zu: for the log", i);
		ok(strchr(buf, ' ') == NULL, "fate %zu: one word", i);
	}
	is_int(unsound, 0, "all replies are sound");
	/* Whatever deliver says. */
	r.outcome = MAIL_FAILED;
	r.value = INT_MIN;
	verdict_describe(buf, sizeof(buf), &r);
	ok(strncmp(buf, "failed:", 7) == 0, "an unknown errno: %s", buf);
	verdict_describe(small, sizeof(small), &r);
	is_str(small, "faile", "a small buffer");
	return (done_testing());
}
