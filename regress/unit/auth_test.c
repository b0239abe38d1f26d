/* SPDX-License-Identifier: ISC */
/*
 * What --auth checks: the name and the password, and how failures delay every
 * answer.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "parent/auth.h"
#include "event.h"
#include "imsg.h"
#include "peer.h"
#include "tap.h"

/* parent's check of a login, and front's end of the socket. */

#define SLOTS	3

static struct peer	 front;
static struct imsgbuf	 ibuf;

static void
request(uint32_t peerid, const char *user, const char *pass)
{
	struct imsg_auth	 given;

	memset(&given, 0, sizeof(given));
	strlcpy(given.user, user, sizeof(given.user));
	strlcpy(given.pass, pass, sizeof(given.pass));
	auth_request(&front, peerid, &given);
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

static void
stop(void *arg)
{
	(void)arg;
	event_exit();
}

/* Until each answer that waits now has been sent. */
static void
wait_answers(void)
{
	static struct timer	 end;
	int64_t			 begin = event_now();

	timer_set(&end, 2000, stop, NULL);
	is_int(event_loop(), 0, "time passes");
	ok(event_now() - begin >= 2000, "two seconds of it");
}

int
main(void)
{
	uint32_t	 i;
	int		 sv[2];

	if (event_init() == -1 || imsg_socketpair(sv) == -1)
		return (1);
	peer_init(&front, "front", sv[0], 65536);
	imsgbuf_init(&ibuf, sv[1], 65536);
	auth_init("user", "echo secret", NULL, SLOTS);

	request(1, "user", "secret");
	is_str(answers(), "1 yes, ", "the right password: at once");
	auth_cancel(1);
	auth_cancel(77);
	is_str(answers(), "", "a cancel of what has no answer due: nothing");

	/* The delay stays when the client that has caused it is gone. */
	request(1, "user", "guess");
	auth_cancel(1);
	request(2, "user", "secret");
	is_str(answers(), "", "after a failure, cancelled: no answer at once");
	wait_answers();
	is_str(answers(), "2 yes, ", "but later, and none to the other");

	/* All places taken, and one given back. */
	request(1, "", "");
	request(2, "user", "");
	request(3, "", "secret");
	request(4, "user", "secret");
	request(2, "user", "secret");
	is_str(answers(), "4 unchecked, 2 unchecked, ", "no place is left");
	auth_cancel(77);
	request(4, "user", "secret");
	is_str(answers(), "4 unchecked, ", "nor after a cancel of nothing");
	auth_cancel(2);
	auth_cancel(2);
	request(4, "user", "secret");
	request(5, "user", "secret");
	is_str(answers(), "5 unchecked, ", "one cancelled: one place");
	wait_answers();
	is_str(answers(), "1 no, 3 no, 4 yes, ", "nothing empty is right");

	for (i = 10; i < 1000; i++) {
		request(i, "user", "guess");
		auth_cancel(i);
	}
	is_str(answers(), "", "many that go away: no answer");
	request(i, "user", "secret");
	wait_answers();
	is_str(answers(), "1000 yes, ", "and a place for who stays");

	imsgbuf_clear(&ibuf);
	peer_close(&front);
	return (done_testing());
}
