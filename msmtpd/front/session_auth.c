/* SPDX-License-Identifier: ISC */
/* session_auth: AUTH, for which the parent is asked, who has the passwords. */

#include <errno.h>
#include <string.h>

#include "owner.h"
#include "peer.h"
#include "session.h"
#include "session_int.h"

static struct peer	*parent;

void
session_auth_init(struct peer *peer)
{
	parent = peer;
}

void
session_auth_ask(void *arg, const char *user, const char *pass)
{
	struct session		*s = arg;
	struct imsg_auth	 auth;

	memset(&auth, 0, sizeof(auth));
	strlcpy(auth.owner, s->owner->name, sizeof(auth.owner));
	strlcpy(auth.user, user, sizeof(auth.user));
	strlcpy(auth.pass, pass, sizeof(auth.pass));
	/* Where the question is lost, session_expired() answers 454. */
	if (peer_send(parent, IMSG_AUTH, s->id.session, -1, &auth,
	    sizeof(auth)) == -1)
		session_log(s, LOG_WARNING, "AUTH: cannot ask the parent: %s",
		    strerror(errno));
	else
		s->asking = true;
	explicit_bzero(&auth, sizeof(auth));
}

bool
session_auth_cancel(struct session *s)
{
	if (s->asking && peer_send(parent, IMSG_AUTH_CANCEL, s->id.session,
	    -1, NULL, 0) == -1) {
		session_log(s, LOG_WARNING, "AUTH: cannot tell the parent: %s",
		    strerror(errno));
		return (false);
	}
	s->asking = false;
	return (true);
}

void
session_auth_result(uint32_t number, const struct imsg_auth_result *r)
{
	struct session	*s;

	if ((s = session_find(number)) == NULL || !s->asking)
		return;
	s->asking = false;
	if (smtp_waits(s->smtp) != SMTP_WAIT_AUTH)
		return;
	s->since = event_now();
	smtp_auth_result(s->smtp, r->answer == AUTH_YES,
	    r->answer == AUTH_UNCHECKED);
	session_owner(s);
	session_resume(s);
}
