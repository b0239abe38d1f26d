/* SPDX-License-Identifier: ISC */
/* handoff: mails wait for a place among the deliveries, then for a result. */

#ifndef HANDOFF_H
#define HANDOFF_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "id.h"
#include "message.h"
#include "msmtpd.h"
#include "smtp/smtp.h"

struct owner;
struct peer;

enum handoff_state {
	HANDOFF_NONE,
	HANDOFF_QUEUED,		/* waits for its owner's turn, and a place */
	HANDOFF_SENDING,	/* not all recipients are sent yet */
	HANDOFF_SENT		/* the result is awaited */
};

struct handoff {
	/* Set by the user before handoff_submit(). */
	const struct smtp_mail	*mail;
	struct message		*message;
	void			*arg;		/* for done */
	struct id		 id;
	struct owner		*owner;

	/* Written by handoff only; zeroed at first. */
	TAILQ_ENTRY(handoff)	 entry;		/* of all that wait */
	TAILQ_ENTRY(handoff)	 next;		/* of their owner's */
	int64_t			 queued;	/* event_now() at submit */
	int64_t			 sent;		/* when it had its place */
	uint32_t		 slot;
	enum handoff_state	 state;
};

/*
 * handoff_init: the mails go to deliver, slots of them at once.  Only
 * handoff_result() and handoff_gone() call done.
 */
void	handoff_init(struct peer *deliver, uint32_t slots,
	    void (*done)(void *arg, const struct imsg_result *));

/*
 * handoff_submit: queue a sealed message.  Owners are served in turn, each
 * owner's mails in the order in which they came.  An eighth of the slots,
 * rounded, is for owners who have no other mail with deliver.  The mail and the
 * message must stay until done or handoff_cancel() has been called.  At most
 * once a minute the log warns of a mail that has waited for 10 s.
 */
void	handoff_submit(struct handoff *);

/* handoff_cancel: wait no longer.  A mail that was sent may still be
 * delivered; slot and memory of such a mail stay taken until the result. */
void	handoff_cancel(struct handoff *);

/* handoff_queued: how long the mail waited for its place, in ms; 0 while it
 * waits. */
int64_t	handoff_queued(const struct handoff *);

/* handoff_count: how many mails deliver has, and how many wait for a place. */
void	handoff_count(uint32_t *running, uint32_t *waiting);

/* handoff_pump: send what can be sent now: the callback for when deliver has
 * taken all that was sent.  The argument is not used. */
void	handoff_pump(void *);

/* handoff_result: deliver's result of the mail in this slot.  A result for a
 * slot that has no mail, or only a part of one, is fatal. */
void	handoff_result(uint32_t slot, const struct imsg_result *);

/* handoff_gone: deliver has gone: the result of each mail is MAIL_FAILED. */
void	handoff_gone(void);

#endif
