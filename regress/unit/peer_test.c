/* SPDX-License-Identifier: ISC */
/*
 * A peer whose socket the kernel cannot serve now: messages wait, are tried
 * again with pauses, and keep their order.
 */

#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "event.h"
#include "imsg.h"
#include "log.h"
#include "peer.h"
#include "tap.h"

#define QUEUE	(1024 * 1024)
#define RUN	350	/* ms that the loop runs while nothing can be sent */
#define CALLS	4	/* and how often it may try in that time */

static struct peer	 a, b;
static uint32_t		 got, wrong;
static int		 drained, gone, lines;

/* In place of the C library's: what the kernel lacks, and how often it was
 * asked. */
static int		 lack, calls;

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	calls++;
	if (lack != 0) {
		errno = lack;
		return (-1);
	}
	return ((ssize_t)syscall(SYS_sendmsg, fd, msg, flags));
}

static void
sink(void *arg, int pri, const char *text)
{
	(void)arg, (void)pri, (void)text;
	lines++;
}

static void
count(struct imsg *imsg, void *arg)
{
	(void)arg;
	wrong += imsg->hdr.peerid != got++;
}

static void
none(struct imsg *imsg, void *arg)
{
	(void)arg;
	(void)imsg;
	wrong++;
}

static void
on_gone(void *arg)
{
	(void)arg;
	gone++;
}

static void
on_drained(void *arg)
{
	(void)arg;
	drained++;
	event_exit();
}

static void
stop(void *arg)
{
	(void)arg;
	event_exit();
}

static void
run(int64_t ms)
{
	struct timer	 t = { 0 };

	timer_set(&t, ms, stop, NULL);
	(void)event_loop();
	timer_clear(&t);
}

/* Both ends; of a's messages some wait, though b would take them. */
static uint32_t
setup(void)
{
	static const char	 body[8192];
	struct imsg		 imsg;
	uint32_t		 sent = 0;
	int			 sv[2];

	if (imsg_socketpair(sv) == -1)
		abort();
	peer_init(&a, "a", sv[0], QUEUE);
	peer_init(&b, "b", sv[1], QUEUE);
	a.dispatch = none;
	b.dispatch = count;
	a.gone = b.gone = on_gone;
	a.drained = on_drained;
	got = wrong = 0;
	drained = gone = 0;
	while (peer_queued(&a) < 3 * sizeof(body))
		if (peer_send(&a, 1, sent++, -1, body, sizeof(body)) == -1)
			abort();
	while (imsgbuf_get(&b.ibuf, &imsg) == 1)
		count(&imsg, NULL);
	return (sent);
}

static void
teardown(void)
{
	peer_close(&a);
	peer_close(&b);
}

static void
test_short(int error, const char *name)
{
	uint32_t	 sent = setup();

	ok(peer_watch(&a) == 0 && peer_watch(&b) == 0, "%s: watched", name);
	lack = error;
	calls = lines = 0;
	run(RUN);
	is_int(lines, error == ETOOMANYREFS, "%s: what the log says", name);
	ok(calls >= 1, "%s: it is tried", name);
	ok(calls <= CALLS, "%s: but not without pause (%d)", name, calls);
	is_int(peer_send(&a, 1, sent++, -1, NULL, 0), 0, "%s: one more",
	    name);
	is_int(drained, 0, "%s: they wait", name);
	lack = 0;
	run(30000);
	is_int(drained, 1, "%s: sent when that is over", name);
	is_int((long long)peer_queued(&a), 0, "%s: all of them", name);
	while (got < sent && gone == 0)
		run(1);
	is_int(got, sent, "%s: all have come", name);
	is_int(wrong, 0, "%s: in their order", name);
	teardown();
}

/* The timer goes with it. */
static void
test_close(void)
{
	(void)setup();
	(void)peer_watch(&a);
	lack = ENOBUFS;
	run(1);
	peer_close(&a);
	calls = 0;
	run(RUN);
	is_int(calls, 0, "closed: no further try");
	lack = 0;
	teardown();
}

static void
test_flush(void)
{
	(void)setup();
	lack = ENOMEM;
	calls = 0;
	is_int(imsgbuf_flush(&a.ibuf, RUN), -1, "flush gives up");
	is_int(errno, ETIMEDOUT, "is ETIMEDOUT");
	/* The last when the time is over. */
	ok(calls <= CALLS + 1, "flush: not without pause (%d)", calls);
	lack = 0;
	is_int(imsgbuf_flush(&a.ibuf, 30000), 0, "flush");
	is_int((long long)a.ibuf.queued, 0, "all are sent");
	teardown();
}

int
main(void)
{
	if (event_init() == -1)
		abort();
	log_init("", sink, NULL);
	test_short(ENOBUFS, "ENOBUFS");
	test_short(ENOMEM, "ENOMEM");
	test_short(ETOOMANYREFS, "ETOOMANYREFS");
	test_close();
	test_flush();
	return (done_testing());
}
