/* SPDX-License-Identifier: ISC */
/* handoff: mails wait for a place among the deliveries, then for a result. */

#include <sys/uio.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "event.h"
#include "handoff.h"
#include "log.h"
#include "owner.h"
#include "peer.h"

#define HANDOFF_RETRY	100	/* ms until sending is tried again */
#define WAIT_LONG	10000	/* ms in the queue before the log warns */
#define WAIT_LOG	60000	/* ms between two such warnings */

/* A place among the deliveries. */
struct slot {
	struct handoff	*handoff;	/* NULL: its session gave up */
	struct owner	*owner;
	uint64_t	 held;		/* octets of the account, which are the
					 * slot's own where handoff is NULL */
	bool		 used;
};

static TAILQ_HEAD(, handoff)	 queue = TAILQ_HEAD_INITIALIZER(queue);
static TAILQ_HEAD(, owner)	 turns = TAILQ_HEAD_INITIALIZER(turns);
static struct slot	*slots;
static uint32_t		 nslots, nused, nwaiting;
static struct peer	*deliver;
static struct timer	 retry_timer, wait_timer;
static struct handoff	*sending;	/* the one in HANDOFF_SENDING */
static const char	*sending_rest;	/* recipients still to be sent */
static size_t		 sending_left;	/* octets of sending_rest */
static bool		 aborting;	/* deliver is to drop a mail of which
					 * it has a part, in aborting_slot */
static uint32_t		 aborting_slot;
static void		(*when_done)(void *, const struct imsg_result *);

void
handoff_init(struct peer *peer, uint32_t n,
    void (*done)(void *, const struct imsg_result *))
{
	deliver = peer;
	nslots = n;
	when_done = done;
	if ((slots = calloc(n, sizeof(*slots))) == NULL)
		fatal("calloc");
}

static void
queue_add(struct handoff *h)
{
	struct owner	*o = h->owner;

	if (TAILQ_EMPTY(&o->mails))
		TAILQ_INSERT_TAIL(&turns, o, turn);
	TAILQ_INSERT_TAIL(&o->mails, h, next);
	TAILQ_INSERT_TAIL(&queue, h, entry);
	nwaiting++;
}

/* Take a mail out.  taken: it has a place now, and its owner comes last. */
static void
queue_remove(struct handoff *h, bool taken)
{
	struct owner	*o = h->owner;

	TAILQ_REMOVE(&queue, h, entry);
	TAILQ_REMOVE(&o->mails, h, next);
	nwaiting--;
	if (!taken && !TAILQ_EMPTY(&o->mails))
		return;
	TAILQ_REMOVE(&turns, o, turn);
	if (!TAILQ_EMPTY(&o->mails))
		TAILQ_INSERT_TAIL(&turns, o, turn);
}

/*
 * The mail whose turn it is: NULL where no owner may have a place.  Slow
 * commands of one owner must not hold all places, so that some are kept for
 * those who have none; with the memory for mails it is the same.
 */
static struct handoff *
queue_next(void)
{
	uint32_t	 kept = (nslots + 4) / 8;
	struct owner	*o;
	struct handoff	*h;

	if (nused == nslots)
		return (NULL);
	TAILQ_FOREACH(o, &turns, turn) {
		h = TAILQ_FIRST(&o->mails);
		if (o->nrunning == 0 || (nused + kept < nslots &&
		    account_holds(h->message->charged)))
			return (h);
	}
	return (NULL);
}

static void
handoff_finish(struct handoff *h, const struct imsg_result *r)
{
	h->state = HANDOFF_NONE;
	when_done(h->arg, r);
}

/* How many octets of whole recipients, with the '\0' of each, fit into
 * space. */
static size_t
whole_rcpts(const char *rcpts, size_t left, size_t space)
{
	if (left <= space)
		return (left);
	while (space > 0 && rcpts[space - 1] != '\0')
		space--;
	return (space);
}

/* Send the envelope's head with the memfd.  Returns false, with errno set,
 * where peer_sendv() fails. */
static bool
send_head(struct handoff *h)
{
	struct imsg_mail	 head;
	struct iovec		 iov[3];
	size_t			 room;

	memset(&head, 0, sizeof(head));
	head.size = h->message->size;
	head.nrcpt = h->mail->nrcpt;
	head.rcpt_octets = (uint32_t)h->mail->rcpt_octets;
	head.utf8 = h->mail->utf8;
	id_mail(head.id, &h->id);
	strlcpy(head.owner, h->owner->name, sizeof(head.owner));
	iov[0].iov_base = &head;
	iov[0].iov_len = sizeof(head);
	iov[1].iov_base = h->mail->sender;
	iov[1].iov_len = strlen(h->mail->sender) + 1;
	room = IMSG_DATA_MAX - iov[0].iov_len - iov[1].iov_len;
	iov[2].iov_base = h->mail->rcpts;
	iov[2].iov_len = whole_rcpts(h->mail->rcpts, h->mail->rcpt_octets,
	    room);
	if (peer_sendv(deliver, IMSG_MAIL, h->slot, h->message->fd, iov,
	    3) == -1)
		return (false);
	h->message->fd = -1;
	sending = h;
	sending_rest = h->mail->rcpts + iov[2].iov_len;
	sending_left = h->mail->rcpt_octets - iov[2].iov_len;
	return (true);
}

static bool
send_rest(void)
{
	size_t	 len;

	while (sending_left > 0 && peer_queued(deliver) == 0) {
		len = whole_rcpts(sending_rest, sending_left, IMSG_DATA_MAX);
		if (peer_send(deliver, IMSG_RCPT, sending->slot, -1,
		    sending_rest, len) == -1)
			return (false);
		sending_rest += len;
		sending_left -= len;
	}
	if (sending_left == 0) {
		sending->state = HANDOFF_SENT;
		sending = NULL;
	}
	return (true);
}

static void
use_slot(struct slot *slot, struct handoff *h)
{
	slot->used = true;
	slot->handoff = h;
	slot->owner = owner_ref(h->owner);
	slot->held = h->message->charged;
	account_hold(slot->owner, slot->held);
	slot->owner->nrunning++;
	nused++;
}

static void
free_slot(struct slot *slot)
{
	account_unhold(slot->owner, slot->held);
	if (slot->handoff == NULL)
		account_give(slot->owner, slot->held);
	slot->owner->nrunning--;
	owner_put(slot->owner);
	slot->used = false;
	nused--;
}

static bool
send_abort(void)
{
	if (peer_send(deliver, IMSG_RCPT, aborting_slot, -1, NULL, 0) == -1)
		return (false);
	aborting = false;
	free_slot(&slots[aborting_slot]);
	return (true);
}

/* Give the mail a place, if the envelope's head can be sent.  Returns false,
 * with errno set, where it cannot, or the rest not now. */
static bool
send_next(struct handoff *h)
{
	struct slot	*slot = slots;

	while (slot->used)
		slot++;
	h->slot = (uint32_t)(slot - slots);
	if (!send_head(h))
		return (false);
	queue_remove(h, true);
	use_slot(slot, h);
	h->sent = event_now();
	h->state = HANDOFF_SENDING;
	return (send_rest());
}

/*
 * Send one mail after the other, and each piece only when deliver has taken
 * the piece before: what peer keeps does not grow with the number of mails.
 */
void
handoff_pump(void *arg)
{
	struct handoff	*h;
	bool		 sent = true;

	(void)arg;
	while (sent && deliver->open && peer_queued(deliver) == 0) {
		if (aborting)
			sent = send_abort();
		else if (sending != NULL && sending_left > 0)
			sent = send_rest();
		else if ((h = queue_next()) != NULL)
			sent = send_next(h);
		else
			break;
	}
	/* After any other error handoff_gone() follows. */
	if (!sent && (errno == ENOMEM || errno == ENOBUFS ||
	    errno == ETOOMANYREFS))
		timer_set(&retry_timer, HANDOFF_RETRY, handoff_pump, NULL);
}

void
handoff_count(uint32_t *running, uint32_t *waiting)
{
	*running = nused;
	*waiting = nwaiting;
}

static void
log_wait(const struct handoff *first)
{
	char		 id[MSMTPD_ID_MAX];
	uint32_t	 running, waiting;

	handoff_count(&running, &waiting);
	id_mail(id, &first->id);
	log_warnx("mail id=%s: has waited %lld s for a place among the "
	    "deliveries (running: %u of %u, waiting: %u), see "
	    "--max-deliveries", id,
	    (long long)(event_now() - first->queued) / 1000, running, nslots,
	    waiting);
}

/* The first mail has waited longest: warn of it when it has waited for
 * WAIT_LONG. */
static void
queue_watch(void *arg)
{
	static int64_t	 next;	/* no line before */
	struct handoff	*h = TAILQ_FIRST(&queue);
	int64_t		 due;

	(void)arg;
	if (h == NULL)
		return;
	due = h->queued + WAIT_LONG > next ? h->queued + WAIT_LONG : next;
	if (event_now() >= due) {
		log_wait(h);
		due = next = event_now() + WAIT_LOG;
	}
	timer_set(&wait_timer, due - event_now(), queue_watch, NULL);
}

void
handoff_submit(struct handoff *h)
{
	h->state = HANDOFF_QUEUED;
	h->queued = event_now();
	queue_add(h);
	handoff_pump(NULL);
	if (wait_timer.at == 0)
		queue_watch(NULL);
}

void
handoff_cancel(struct handoff *h)
{
	switch (h->state) {
	case HANDOFF_NONE:
		return;
	case HANDOFF_QUEUED:
		queue_remove(h, false);
		break;
	case HANDOFF_SENDING:
		sending = NULL;
		sending_left = 0;
		aborting = true;
		aborting_slot = h->slot;
		/* FALLTHROUGH */
	case HANDOFF_SENT:
		slots[h->slot].handoff = NULL;
		message_leave(h->message);
		break;
	}
	h->state = HANDOFF_NONE;
}

int64_t
handoff_queued(const struct handoff *h)
{
	return (h->state == HANDOFF_QUEUED ? 0 : h->sent - h->queued);
}

void
handoff_result(uint32_t slot, const struct imsg_result *r)
{
	struct handoff	*h;

	if (slot >= nslots || !slots[slot].used || (aborting &&
	    aborting_slot == slot) || (sending != NULL &&
	    sending->slot == slot))
		fatalx("deliver: a result without a mail");
	h = slots[slot].handoff;
	free_slot(&slots[slot]);
	if (h != NULL)
		handoff_finish(h, r);
	handoff_pump(NULL);
}

void
handoff_gone(void)
{
	static const struct imsg_result	 gone = {
		.outcome = MAIL_FAILED, .value = EPIPE
	};
	struct handoff			*h;
	uint32_t			 i;

	sending = NULL;
	sending_left = 0;
	aborting = false;
	for (i = 0; i < nslots; i++) {
		if (!slots[i].used)
			continue;
		h = slots[i].handoff;
		free_slot(&slots[i]);
		if (h != NULL)
			handoff_finish(h, &gone);
	}
	while ((h = TAILQ_FIRST(&queue)) != NULL) {
		queue_remove(h, false);
		handoff_finish(h, &gone);
	}
}
