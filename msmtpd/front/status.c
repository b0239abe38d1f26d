/* SPDX-License-Identifier: ISC */
/* status: what parent is told for the service manager: counts of mails. */

#include <stdio.h>
#include <string.h>

#include "event.h"
#include "handoff.h"
#include "log.h"
#include "mail/verdict.h"
#include "msmtpd.h"
#include "peer.h"
#include "status.h"

#define STATUS_DELAY	1000	/* ms from a change to its message */

static struct peer		*parent;
static struct timer		 timer;
static struct imsg_status	 status, told;	/* now; as parent knows it */

void
status_init(struct peer *peer)
{
	parent = peer;
}

static void
status_tell(void *arg)
{
	(void)arg;
	handoff_count(&status.running, &status.waiting);
	if (memcmp(&status, &told, sizeof(status)) == 0)
		return;
	/* Where lines of the log wait for parent, they go before this. */
	if (peer_queued(parent) > 0 || peer_send(parent, IMSG_STATUS, 0, -1,
	    &status, sizeof(status)) == -1)
		status_changed();
	else
		told = status;
}

void
status_changed(void)
{
	if (timer.at == 0)
		timer_set(&timer, STATUS_DELAY, status_tell, NULL);
}

void
status_mail(const struct verdict *v)
{
	char	 line[MSMTPD_WHY_MAX];
	int	 n;

	if (v->code < 400)
		status.delivered++;
	else {
		if (v->code < 500)
			status.deferred++;
		else
			status.refused++;
		n = snprintf(line, sizeof(line), "%d %s %s", v->code,
		    v->enhanced, v->text);
		memset(status.why, 0, sizeof(status.why));
		(void)log_printable(status.why, sizeof(status.why), line,
		    (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
	}
	status_changed();
}
