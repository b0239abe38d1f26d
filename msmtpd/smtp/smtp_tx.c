/* SPDX-License-Identifier: ISC */

#include <stdlib.h>
#include <string.h>

#include "smtp_int.h"

/*
 * Transactions: a session has one only while a mail is under way, and what
 * one mail needed serves the next, of whichever session.
 */

#define RCPTS_SPACE_MIN	256	/* octets for recipients, at first */
#define RCPTS_KEEP	4096	/* and kept in the free list at most */
#define TX_KEEP		32	/* transactions in the free list at most */

static struct smtp_tx	*tx_free;	/* the free list */
static unsigned int	 tx_nfree;
static struct smtp_tx	*tx_retired;	/* see smtp_retire() */

struct smtp_tx *
smtp_tx_get(void)
{
	struct smtp_tx	*tx;

	if ((tx = tx_free) != NULL) {
		tx_free = tx->next;
		tx_nfree--;
		return (tx);
	}
	return (calloc(1, sizeof(*tx)));
}

static void
smtp_tx_put(struct smtp_tx *tx)
{
	if (tx->mail.rcpt_space > RCPTS_KEEP || tx_nfree >= TX_KEEP) {
		free(tx->mail.rcpts);
		tx->mail.rcpts = NULL;
		tx->mail.rcpt_space = 0;
	}
	if (tx_nfree >= TX_KEEP) {
		free(tx);
		return;
	}
	tx->next = tx_free;
	tx_free = tx;
	tx_nfree++;
}

void
smtp_reset(struct smtp *s)
{
	if (s->tx == NULL)
		return;
	smtp_tx_put(s->tx);
	s->tx = NULL;
	s->state = SMTP_GREETED;
}

void
smtp_retire(struct smtp *s)
{
	if (tx_retired != NULL)
		smtp_tx_put(tx_retired);
	tx_retired = s->tx;
	s->tx = NULL;
	s->state = SMTP_GREETED;
}

int
smtp_tx_rcpt(struct smtp_mail *mail, const char *mbox, size_t len)
{
	size_t	 space = mail->rcpt_space, used = mail->rcpt_octets;
	char	*rcpts = mail->rcpts;

	if (used + len + 1 > space) {
		if (space == 0)
			space = RCPTS_SPACE_MIN;
		while (space < used + len + 1)
			space *= 2;
		if ((rcpts = realloc(rcpts, space)) == NULL)
			return (-1);
		mail->rcpts = rcpts;
		mail->rcpt_space = space;
	}
	memcpy(rcpts + used, mbox, len);
	rcpts[used + len] = '\0';
	mail->rcpt_octets += len + 1;
	mail->nrcpt++;
	return (0);
}
