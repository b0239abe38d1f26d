/* SPDX-License-Identifier: ISC */
/* session_time: how long a session may wait. */

#include "session_int.h"

#define LINGER		2000	/* ms for the client to read the last reply */
#define RATE_LATE	300000	/* ms that content may be late, --min-rate */
#define RESULT_GRACE	15000	/* ms that deliver, or parent, may be late */

/* What the content since s->since may take at --min-rate, in ms. */
static int64_t
session_earned(const struct session *s)
{
	return ((int64_t)(s->octets * 1000 / session_conf->min_rate));
}

/*
 * A client that is not late begins anew: octets sent early earn no longer
 * pause than RATE_LATE.
 */
void
session_content(struct session *s, size_t len)
{
	s->octets += len;
	if (session_conf->min_rate == 0 ||
	    s->since + session_earned(s) >= event_now()) {
		s->since = event_now();
		s->octets = 0;
	}
}

/* How long after s->since the session may stay as it is, in ms. */
static int64_t
session_patience(const struct session *s)
{
	int64_t	 timeout = (int64_t)session_conf->timeout * 1000;

	if (s->closing)
		return (LINGER);
	if (output_waits(&s->output))
		return (session_stopping() ? LINGER : timeout);
	if (s->always && session_takes(s))
		return (0);
	if (s->unknown)
		return (SESSION_WHO);
	switch (smtp_waits(s->smtp)) {
	case SMTP_WAIT_RESULT:
		/* --command-timeout begins when the mail has its place. */
		return ((int64_t)session_conf->command_timeout * 1000 +
		    RESULT_GRACE + session_mail_queued(s));
	case SMTP_WAIT_AUTH:
		/* The session waits for the parent, not for the client. */
		return (timeout + RESULT_GRACE);
	case SMTP_WAIT_DATA:
		if (session_conf->min_rate > 0)
			return (RATE_LATE + session_earned(s));
		break;
	default:
		break;
	}
	return (timeout);
}

/* The session has stayed too long as it is. */
static void
session_expired(struct session *s)
{
	if (s->closing || output_waits(&s->output)) {
		session_end(s, s->closing ? NULL : "client does not read");
		return;
	}
	if (s->unknown) {
		session_known(s);
		session_resume(s);
		return;
	}
	switch (smtp_waits(s->smtp)) {
	case SMTP_WAIT_RESULT:
		session_mail_timeout(s);
		return;
	case SMTP_WAIT_AUTH:
		s->since = event_now();
		(void)session_auth_cancel(s);
		smtp_auth_result(s->smtp, false, true);
		break;
	case SMTP_WAIT_DATA:
		smtp_close(s->smtp, "4.4.2", "Data comes too slowly",
		    "data too slow");
		break;
	default:
		smtp_close(s->smtp, "4.4.2", "Idle for too long", "timeout");
		break;
	}
	session_resume(s);
}

static void
session_timer(void *arg)
{
	struct session	*s = arg;

	if (s->always && session_takes(s))
		session_read(s);
	else if (event_now() < s->since + session_patience(s))
		session_schedule(s);
	else
		session_expired(s);
}

/*
 * The timer is not moved back with each command, which would cost much: it
 * fires early, and session_timer() sets it again for the time that is left.
 */
void
session_schedule(struct session *s)
{
	int64_t	 left = s->since + session_patience(s) - event_now();

	if (left < 0)
		left = 0;
	if (s->timer.at == 0 || s->timer.at > event_now() + left)
		timer_set(&s->timer, left, session_timer, s);
}
