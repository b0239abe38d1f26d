/* SPDX-License-Identifier: ISC */
/*
 * What --auth checks: names and passwords, and how failures delay every answer,
 * one owner after the other.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "parent/auth.h"
#include "parent/logins.h"
#include "event.h"
#include "imsg.h"
#include "peer.h"
#include "tap.h"
#include "test_clock.h"

/* parent's check of a login, and front's end of the socket. */

#define SLOTS	6

static struct peer	 front;
static struct imsgbuf	 ibuf;

static void
request_of(const char *owner, uint32_t peerid, const char *user,
    const char *pass)
{
	struct imsg_auth	 given;

	memset(&given, 0, sizeof(given));
	strlcpy(given.owner, owner, sizeof(given.owner));
	strlcpy(given.user, user, sizeof(given.user));
	strlcpy(given.pass, pass, sizeof(given.pass));
	auth_request(&front, peerid, &given);
}

static void
request(uint32_t peerid, const char *user, const char *pass)
{
	request_of("uid=1", peerid, user, pass);
}

/* What has been answered: "1 no, 2 yes, ". */
static const char *
answers(void)
{
	static const char	*const names[] = { "no", "yes", "unchecked" };
	static char		 buf[256];
	struct imsg_auth_result	 result;
	struct imsg		 imsg;
	size_t			 used = 0;

	buf[0] = '\0';
	while (imsgbuf_get(&ibuf, &imsg) == 1) {
		if (imsg.hdr.type != IMSG_AUTH_RESULT || imsg_get_data(&imsg,
		    &result, sizeof(result)) == -1 || result.answer > 2)
			return ("no IMSG_AUTH_RESULT");
		used += (size_t)snprintf(buf + used, sizeof(buf) - used,
		    "%u %s, ", imsg.hdr.peerid, names[result.answer]);
		imsg_free(&imsg);
		if (used >= sizeof(buf))
			return ("too many");
	}
	return (buf);
}

/* Which of all names and passwords are right. */
static void
pairs(void)
{
	static const struct {
		const char	*user, *pass;
		const char	*answer;
	} tries[] = {
		{ "user", "secret", "1 yes, " },
		{ "other", "word", "1 yes, " },
		{ "user", "word", "1 no, " },
		{ "other", "secret", "1 no, " },
		{ "User", "secret", "1 no, " },
		{ "user", "secret ", "1 no, " },
		{ "user", "secre", "1 no, " },
		{ "nobody", "secret", "1 no, " },
		{ "user", "", "1 no, " },
		{ "", "secret", "1 no, " },
		{ "", "", "1 no, " }
	};
	size_t	 i;

	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		request(1, tries[i].user, tries[i].pass);
		if (tries[i].answer[2] == 'n') {
			is_str(answers(), "", "a failure: no answer at once");
			test_clock_pass(1000);
		}
		is_str(answers(), tries[i].answer, "try %zu", i);
		/* The penalty is over. */
		test_clock_pass(61000);
	}
}

int
main(void)
{
	static const struct logins	 logins = {
		.names = { "user", "other" },
		.evals = { "echo secret", "echo word" }, .n = 2
	};
	uint32_t	 i;
	int		 sv[2];

	if (event_init() == -1 || imsg_socketpair(sv) == -1)
		return (1);
	peer_init(&front, "front", sv[0], 65536);
	imsgbuf_init(&ibuf, sv[1], 65536);
	auth_init(&logins, NULL, SLOTS);

	pairs();
	auth_cancel(77);
	is_str(answers(), "", "a cancel of what has no answer due: nothing");

	/* The delay stays when the client that has caused it is gone. */
	request(1, "user", "guess");
	auth_cancel(1);
	request(2, "user", "secret");
	is_str(answers(), "", "after a failure, cancelled: no answer at once");
	test_clock_pass(1000);
	is_str(answers(), "2 yes, ", "but later, and none to the other");
	request(1, "user", "secret");
	is_str(answers(), "", "nor is the next one answered at once");
	test_clock_pass(1000);
	is_str(answers(), "1 yes, ", "but a second after the last");

	/* All places taken, and one given back. */
	for (i = 1; i <= SLOTS; i++)
		request(i, "user", "");
	request(SLOTS + 1, "user", "secret");
	request(2, "user", "secret");
	is_str(answers(), "7 unchecked, 2 unchecked, ", "no place is left");
	auth_cancel(77);
	request(7, "user", "secret");
	is_str(answers(), "7 unchecked, ", "nor after a cancel of nothing");
	auth_cancel(2);
	auth_cancel(2);
	request(7, "user", "secret");
	request(8, "user", "secret");
	is_str(answers(), "8 unchecked, ", "one cancelled: one place");
	test_clock_pass(3000);
	is_str(answers(), "1 no, 3 no, 4 no, ", "one answer a second in all");
	test_clock_pass(3000);
	is_str(answers(), "5 no, 6 no, 7 yes, ", "until all have theirs");

	/* Owners take turns, whoever came first. */
	for (i = 1; i <= 4; i++)
		request_of("uid=666", i, "user", "guess");
	request_of("uid=33", 5, "user", "secret");
	request_of("uid=33", 6, "other", "word");
	test_clock_pass(2000);
	is_str(answers(), "1 no, 5 yes, ", "who asks seldom does not wait");
	auth_cancel(2);
	request_of("192.0.2.1", 2, "user", "secret");
	test_clock_pass(4000);
	is_str(answers(), "2 yes, 3 no, 6 yes, 4 no, ", "one turn each");

	for (i = 10; i < 1000; i++) {
		request(i, "user", "guess");
		auth_cancel(i);
	}
	is_str(answers(), "", "many that go away: no answer");
	request(i, "user", "secret");
	test_clock_pass(2000);
	is_str(answers(), "1000 yes, ", "and a place for who stays");

	imsgbuf_clear(&ibuf);
	peer_close(&front);
	return (done_testing());
}
