/* SPDX-License-Identifier: ISC */

#ifndef HANDOFF_H
#define HANDOFF_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "id.h"
#include "message.h"
#include "msmtpd.h"
#include "smtp/smtp.h"

struct peer;

/*
 * Handing a mail to the next process and waiting for its result: first come
 * first served, --max-deliveries at once.
 */
enum handoff_state {
	HANDOFF_NONE,
	HANDOFF_QUEUED,		/* waits for its turn */
	HANDOFF_SENDING,	/* not all recipients are sent yet */
	HANDOFF_SENT		/* its result is awaited */
};

struct handoff {
	/* Set by the user before handoff_submit(). */
	const struct smtp_mail	*mail;
	struct message		*message;
	void			*arg;		/* for done */
	struct id		 id;

	/* handoff's own; zeroed at first. */
	TAILQ_ENTRY(handoff)	 entry;
	int64_t			 queued;	/* event_now() when it was */
	int64_t			 sent;		/* the same of its turn */
	uint32_t		 slot;
	enum handoff_state	 state;
};

/*
 * handoff_init: the mails go to deliver, slots of them at once.  done is
 * called when a result is there, never from within a function below but
 * handoff_result() and handoff_gone().
 */
void	handoff_init(struct peer *deliver, uint32_t slots,
	    void (*done)(void *arg, const struct imsg_result *));

/*
 * handoff_submit: queue a sealed message.  The mail and the message must stay
 * until done has been called or handoff_cancel() has.
 */
void	handoff_submit(struct handoff *);

/* handoff_cancel: wait no longer.  A mail that was sent may still be
 * delivered; its slot and its memory stay taken until deliver answers. */
void	handoff_cancel(struct handoff *);

/* handoff_queued: how long it waited for its turn, in ms; 0 while it does. */
int64_t	handoff_queued(const struct handoff *);

/* handoff_pump: send what can be sent now; also to be called when deliver has
 * drained its queue. */
void	handoff_pump(void);

/* handoff_result: deliver's answer.  An answer that nobody can have asked for
 * is fatal. */
void	handoff_result(uint32_t slot, const struct imsg_result *);

/* handoff_gone: deliver is gone: every mail that waits gets MAIL_FAILED. */
void	handoff_gone(void);

#endif
