/* SPDX-License-Identifier: ISC */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <syslog.h>

#include "childmsg.h"
#include "tap.h"

/* What comes: priority, text with its length, whether a '\0' follows. */
static const struct log_case {
	const char	*name;
	int32_t		 pri;
	const char	*text;
	size_t		 len;		/* '\0' included where it is sent */
	int		 good;
} logs[] = {
#define TEXT(t)	t, sizeof(t)
	{ "a line", LOG_INFO, TEXT("front: hello"), 1 },
	{ "the most urgent", LOG_EMERG, TEXT("front: x"), 1 },
	{ "the least", LOG_DEBUG, TEXT("front: x"), 1 },
	{ "more than that", LOG_DEBUG + 1, TEXT("front: x"), 0 },
	{ "negative", -1, TEXT("front: x"), 0 },
	{ "a facility in it", LOG_MAIL | LOG_INFO, TEXT("front: x"), 0 },
	{ "no text at all", LOG_INFO, "", 0, 0 },
	{ "an empty one", LOG_INFO, TEXT(""), 0 },
	{ "the name alone", LOG_INFO, TEXT("front"), 0 },
	{ "no space", LOG_INFO, TEXT("front:x"), 0 },
	{ "nothing after it", LOG_INFO, TEXT("front: "), 1 },
	{ "another's name", LOG_INFO, TEXT("deliver: x"), 0 },
	{ "a longer name", LOG_INFO, TEXT("fronts: x"), 0 },
	{ "not terminated", LOG_INFO, "front: x", 8, 0 },
	{ "terminated early", LOG_INFO, TEXT("front: x\0y"), 0 },
	{ "terminated twice", LOG_INFO, "front: x\0", 10, 0 },
	{ "a newline", LOG_INFO, TEXT("front: x\nparent: y"), 0 },
	{ "a control character", LOG_INFO, TEXT("front: \033[2J"), 0 },
	{ "UTF-8", LOG_INFO, TEXT("front: \xc3\xbc"), 1 },
	{ "half of it", LOG_INFO, TEXT("front: \xc3"), 0 },
#undef TEXT
};

static void
log_cases(void)
{
	struct imsg_log	 msg;
	size_t		 i;

	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		memset(&msg, 'z', sizeof(msg));
		msg.pri = logs[i].pri;
		memcpy(msg.text, logs[i].text, logs[i].len);
		is_int(childmsg_log("front", &msg, offsetof(struct imsg_log,
		    text) + logs[i].len), logs[i].good, "log: %s",
		    logs[i].name);
	}
}

static void
log_lengths(void)
{
	const size_t	 most = offsetof(struct imsg_log, text) + LOG_LINE_MAX;
	struct {
		struct imsg_log	 msg;
		char		 more[16];
	}		 longer;
	struct imsg_log	 msg;
	size_t		 len;
	int		 wrong = 0;

	memset(&msg, 0, sizeof(msg));
	strcpy(msg.text, "front: x");
	/* Any but the one at which the only '\0' is the last octet. */
	for (len = 0; len <= sizeof(msg); len++)
		wrong += childmsg_log("front", &msg, len) != (len ==
		    offsetof(struct imsg_log, text) + 9);
	is_int(wrong, 0, "log: no other length will do");
	memset(&longer, 'x', sizeof(longer));
	longer.msg.pri = LOG_INFO;
	memcpy(longer.msg.text, "front: ", 7);
	((char *)&longer)[most] = '\0';
	is_int(childmsg_log("front", &longer, most + 1), 0,
	    "log: longer than a line");
	((char *)&longer)[most - 1] = '\0';
	is_int(childmsg_log("front", &longer, most), 1,
	    "log: as long as a line can be");
}

static void
auth_cases(void)
{
	struct imsg_auth	 given, got;

	memset(&given, 0, sizeof(given));
	strcpy(given.user, "me");
	memset(given.pass, 'p', sizeof(given.pass) - 1);
	ok(childmsg_auth(&got, &given, sizeof(given)), "auth: the longest");
	is_mem(&got, sizeof(got), &given, sizeof(given), "auth: as it came");
	ok(!childmsg_auth(&got, &given, sizeof(given) - 1), "auth: short");
	ok(!childmsg_auth(&got, &given, sizeof(given) + 1), "auth: long");
	ok(!childmsg_auth(&got, &given, 0), "auth: empty");
	given.pass[sizeof(given.pass) - 1] = 'p';
	ok(!childmsg_auth(&got, &given, sizeof(given)),
	    "auth: a password that does not end");
	given.pass[sizeof(given.pass) - 1] = '\0';
	memset(given.user, 'u', sizeof(given.user));
	ok(!childmsg_auth(&got, &given, sizeof(given)),
	    "auth: a user that does not end");
}

int
main(void)
{
	log_cases();
	log_lengths();
	auth_cases();
	return (done_testing());
}
