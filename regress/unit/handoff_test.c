/* SPDX-License-Identifier: ISC */
/* Mails that wait for a place among the deliveries: whose turn it is, and what
 * the log says. */

#include <sys/socket.h>

#include <err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "front/account.h"
#include "front/handoff.h"
#include "front/message.h"
#include "front/owner.h"
#include "imsg.h"
#include "log.h"
#include "msmtpd.h"
#include "peer.h"
#include "tap.h"
#include "test_clock.h"

#define SECOND		1000
#define NSLOTS		4	/* --max-deliveries, one of them kept */
#define NMAILS		64

static struct peer	 deliver;
static struct message	 messages[NMAILS];
static struct handoff	 mails[NMAILS];
static uint32_t		 nmails, ndone;
static int		 deliver_fd;	/* deliver's end */
static char		 line[LOG_LINE_MAX];	/* the last one */
static unsigned int	 nlines;

static void
take_line(void *arg, int pri, const char *text)
{
	(void)arg;
	is_int(pri, LOG_WARNING, "the line is a warning");
	strlcpy(line, text, sizeof(line));
	nlines++;
}

static void
unexpected(struct imsg *imsg, void *arg)
{
	(void)arg;
	errx(1, "a message of type %u", imsg->hdr.type);
}

static void
done(void *arg, const struct imsg_result *r)
{
	struct handoff	*h = arg;

	(void)r;
	message_close(h->message);
	ndone++;
	owner_put(h->owner);
}

/* deliver, whose other end takes what a few mails need. */
static void
start_deliver(void)
{
	int	 fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
		err(1, "socketpair");
	deliver_fd = fds[1];
	peer_init(&deliver, "deliver", fds[0], SIZE_MAX);
	deliver.dispatch = unexpected;
	deliver.gone = NULL;
	deliver.drained = NULL;
	if (peer_watch(&deliver) == -1)
		err(1, "peer_watch");
}

static struct handoff *
submit(const char *owner)
{
	static char		 sender[] = "a@example.org";
	static char		 rcpt[] = "b@example.org";
	static struct smtp_mail	 mail = { .sender = sender, .rcpts = rcpt,
				    .rcpt_octets = sizeof(rcpt), .nrcpt = 1 };
	struct handoff		*h = &mails[nmails];

	h->owner = owner_get(owner);
	if (nmails == NMAILS || message_open(&messages[nmails],
	    h->owner) == -1)
		errx(1, "no more mails");
	h->mail = &mail;
	h->message = &messages[nmails];
	h->arg = h;
	h->id.session = ++nmails;
	h->id.mail = 1;
	handoff_submit(h);
	return (h);
}

static void
deliver_answers(uint32_t slot)
{
	static const struct imsg_result	 delivered = {
		.outcome = MAIL_EXITED
	};

	handoff_result(slot, &delivered);
}

/* After ms, this is the n'th line, and it tells that. */
static void
says(int64_t ms, unsigned int n, const char *what)
{
	test_clock_pass(ms - 1);
	is_int(nlines, n - 1, "no line before its time");
	test_clock_pass(1);
	is_int(nlines, n, "a line: %s", what);
	ok(strstr(line, what) != NULL, "\"%s\" tells it", line);
}

/* After ms there is still the n'th line. */
static void
says_nothing(int64_t ms, unsigned int n, const char *why)
{
	test_clock_pass(ms);
	is_int(nlines, n, "%s", why);
}

static void
give_up(struct handoff *h)
{
	handoff_cancel(h);
	message_close(h->message);
	owner_put(h->owner);
}

/* What the log says of mails that wait long. */
static void
test_wait(void)
{
	struct handoff	*last;
	int		 i;

	for (i = 0; i < NSLOTS - 1; i++)
		submit("a");
	says_nothing(60 * SECOND, 0, "who has a place is not told of");
	submit("a");
	test_clock_pass(4 * SECOND);
	submit("a");
	says(6 * SECOND, 1, ".4.1: has waited 10 s for a place among the "
	    "deliveries (running: 3 of 4, waiting: 2), see --max-deliveries");
	says(60 * SECOND, 2, ".4.1: has waited 70 s ");
	/* The fourth mail has a place, the fifth is the first that waits. */
	deliver_answers(0);
	submit("a");
	says(60 * SECOND, 3, ".5.1: has waited 126 s ");
	deliver_answers(0);
	deliver_answers(0);
	is_int(ndone, 3, "three mails are delivered");
	says_nothing(600 * SECOND, 3, "nobody waits: no line");
	submit("a");
	test_clock_pass(9 * SECOND);
	deliver_answers(0);
	says_nothing(600 * SECOND, 3, "a short wait: no line");
	last = submit("a");
	says(10 * SECOND, 4, ".8.1: has waited 10 s for a place among the "
	    "deliveries (running: 3 of 4, waiting: 1)");
	give_up(last);
	says_nothing(600 * SECOND, 4, "a mail that was given up: no line");
	for (i = 0; i < NSLOTS - 1; i++)
		deliver_answers((uint32_t)i);
}

/* The first letters of the owners of the mails that deliver was sent since the
 * last call, in their order. */
static const char *
order(void)
{
	static char	 letters[NMAILS + 1];
	union {
		struct imsg_hdr	 hdr;
		char		 buf[MAX_IMSGSIZE];
	}		 packet;
	size_t		 n = 0, len;

	while (recv(deliver_fd, &packet.hdr, sizeof(packet.hdr),
	    MSG_DONTWAIT) == sizeof(packet.hdr)) {
		len = packet.hdr.len - sizeof(packet.hdr);
		if (recv(deliver_fd, packet.buf, len, 0) != (ssize_t)len)
			err(1, "recv");
		letters[n++] = packet.buf[offsetof(struct imsg_mail, owner)];
	}
	letters[n] = '\0';
	return (letters);
}

/* Of the mails that deliver has, the first one ends; false: there is none. */
static bool
first_ends(void)
{
	uint32_t	 i;

	for (i = 0; i < nmails; i++)
		if (mails[i].state == HANDOFF_SENT) {
			deliver_answers(mails[i].slot);
			return (true);
		}
	return (false);
}

/* How many mails deliver has, and how many wait. */
static void
counts(uint32_t running, uint32_t waiting, const char *what)
{
	uint32_t	 have[2];

	handoff_count(&have[0], &have[1]);
	is_int(have[0], running, "%s: %u run", what, running);
	is_int(have[1], waiting, "%s: %u wait", what, waiting);
}

static void
test_turns(void)
{
	struct handoff	*gone;
	int		 i;

	nlines = 0;
	(void)order();
	for (i = 0; i < 9; i++)
		submit("a");
	counts(3, 6, "nine of one owner");
	submit("b");
	counts(4, 6, "one who has none is served at once");
	submit("b");
	submit("b");
	submit("c");
	gone = submit("d");
	counts(4, 10, "no place is left");
	give_up(gone);
	counts(4, 9, "a mail that is given up");
	/* Where a mail of a's ends, c has the place, which is the kept one:
	 * none may follow until another one ends. */
	deliver_answers(0);
	counts(4, 8, "a's place goes to who has none");
	deliver_answers(0);
	counts(3, 8, "nobody else may have the kept one");
	while (first_ends())
		;
	counts(0, 0, "all are done");
	is_str(order(), "aaabcababaaaa", "owners in turn");
	is_int(nlines, 0, "and no line of all that");
}

int
main(void)
{
	log_init("", take_line, NULL);
	id_init();
	if (event_init() == -1)
		err(1, "event_init");
	start_deliver();
	message_init();
	owner_init(10);
	account_init(1024 * 1024, NULL);
	handoff_init(&deliver, NSLOTS, done);
	test_wait();
	test_turns();
	return (done_testing());
}
