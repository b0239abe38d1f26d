/* SPDX-License-Identifier: ISC */

/* The memory of a transaction: its recipients, and its end. */

#include <stdlib.h>
#include <string.h>

#include "smtp_int.h"

#define RCPTS_SPACE_MIN	256	/* octets for recipients, at first */

void
smtp_reset(struct smtp *s)
{
	if (s->tx == NULL)
		return;
	smtp_log_deferred(s);
	free(s->tx->mail.rcpts);
	free(s->tx);
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
