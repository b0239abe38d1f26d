/* SPDX-License-Identifier: ISC */
/* Mails that wait for a place among the deliveries, and what the log says. */

#include <sys/socket.h>

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "front/handoff.h"
#include "front/message.h"
#include "imsg.h"
#include "log.h"
#include "msmtpd.h"
#include "peer.h"
#include "tap.h"
#include "test_clock.h"

#define SECOND		1000
#define NSLOTS		2	/* --max-deliveries */
#define NMAILS		8

static struct peer	 deliver;
static struct message	 messages[NMAILS];
static struct handoff	 mails[NMAILS];
static uint32_t		 nmails, ndone;
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
	struct message	*message = arg;

	(void)r;
	message_close(message);
	ndone++;
}

/* deliver, whose other end nobody reads from: it takes what a few mails
 * need. */
static void
start_deliver(void)
{
	int	 fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
		err(1, "socketpair");
	peer_init(&deliver, "deliver", fds[0], SIZE_MAX);
	deliver.dispatch = unexpected;
	deliver.gone = NULL;
	deliver.drained = NULL;
	if (peer_watch(&deliver) == -1)
		err(1, "peer_watch");
}

static void
submit(void)
{
	static char		 sender[] = "a@example.org";
	static char		 rcpt[] = "b@example.org";
	static struct smtp_mail	 mail = { .sender = sender, .rcpts = rcpt,
				    .rcpt_octets = sizeof(rcpt), .nrcpt = 1 };
	struct handoff		*h = &mails[nmails];

	if (nmails == NMAILS || message_open(&messages[nmails]) == -1)
		errx(1, "no more mails");
	h->mail = &mail;
	h->message = h->arg = &messages[nmails];
	h->id.session = ++nmails;
	h->id.mail = 1;
	strlcpy(h->owner, "uid=1000", sizeof(h->owner));
	handoff_submit(h);
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

int
main(void)
{
	log_init("", take_line, NULL);
	id_init();
	if (event_init() == -1)
		err(1, "event_init");
	start_deliver();
	message_init(1024 * 1024);
	handoff_init(&deliver, NSLOTS, done);

	submit();
	submit();
	says_nothing(60 * SECOND, 0, "who has a place is not told of");
	submit();
	test_clock_pass(4 * SECOND);
	submit();
	says(6 * SECOND, 1, ".3.1: has waited 10 s for a place among the "
	    "deliveries (running: 2 of 2, waiting: 2), see --max-deliveries");
	says(60 * SECOND, 2, ".3.1: has waited 70 s ");
	/* The third mail has a place, the fourth is the first that waits. */
	deliver_answers(0);
	submit();
	says(60 * SECOND, 3, ".4.1: has waited 126 s ");
	deliver_answers(1);
	deliver_answers(0);
	is_int(ndone, 3, "three mails are delivered");
	says_nothing(600 * SECOND, 3, "nobody waits: no line");
	submit();
	test_clock_pass(9 * SECOND);
	deliver_answers(0);
	says_nothing(600 * SECOND, 3, "a short wait: no line");
	submit();
	says(10 * SECOND, 4, ".7.1: has waited 10 s for a place among the "
	    "deliveries (running: 2 of 2, waiting: 1)");
	handoff_cancel(&mails[6]);
	message_close(&messages[6]);
	says_nothing(600 * SECOND, 4, "a mail that was given up: no line");
	return (done_testing());
}
