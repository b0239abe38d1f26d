/* SPDX-License-Identifier: ISC */
/* session_share: what sessions have of what all owners share: places, memory;
 * and who gives way where another owner has less. */

#include <string.h>

#include "account.h"
#include "owner.h"
#include "session.h"
#include "session_int.h"

/* Octets that each session may have in memory without the account: what a
 * transaction to a few needs, so that who has no more is not refused. */
#define SHARE_BASE	4096
#define NEWCOMERS_MAX	32

static uint32_t	 nplaces, nnewcomers;	/* taken */

const char *
session_login(const struct session *s)
{
	/* Nobody has looked at the name that --auth-any takes. */
	return (session_conf->auth == AUTH_ANY ? "" : smtp_user(s->smtp));
}

/* The owner by what is known of the session. */
static struct owner *
share_owner(const struct session *s)
{
	char	 name[MSMTPD_OWNER_MAX];

	owner_name(name, session_login(s), &s->client);
	return (owner_get(name));
}

static void
share_seat(struct session *s)
{
	LIST_INSERT_HEAD(&s->owner->sessions, s, same);
	s->owner->nsessions++;
}

static void
share_unseat(struct session *s)
{
	LIST_REMOVE(s, same);
	s->owner->nsessions--;
}

uint32_t
session_newcomers(uint32_t max)
{
	return (max > 2 * NEWCOMERS_MAX ? NEWCOMERS_MAX : max / 2 + 1);
}

bool
session_room(void)
{
	return (nplaces < session_conf->max_sessions ||
	    nnewcomers < session_newcomers(session_conf->max_sessions));
}

void
session_join(struct session *s)
{
	s->owner = share_owner(s);
	s->newcomer = nplaces >= session_conf->max_sessions;
	if (s->newcomer)
		nnewcomers++;
	else {
		nplaces++;
		share_seat(s);
	}
}

void
session_leave(struct session *s)
{
	if (s->newcomer)
		nnewcomers--;
	else {
		nplaces--;
		share_unseat(s);
	}
	account_give(s->owner, s->memory);
	owner_put(s->owner);
}

void
session_owner(struct session *s)
{
	struct owner	*old = s->owner, *o = share_owner(s);

	account_move(old, o, s->memory);
	if (!s->newcomer)
		share_unseat(s);
	s->owner = o;
	if (!s->newcomer)
		share_seat(s);
	owner_put(old);
}

/* How late a session's turn is to give way: what its client loses.  -1: never,
 * as deliver has its mail. */
static int
share_rank(const struct session *s)
{
	if (s->fd == -1)
		return (-1);
	switch (smtp_waits(s->smtp)) {
	case SMTP_WAIT_CLOSE:
		return (0);
	case SMTP_WAIT_COMMAND:
		return (smtp_transaction(s->smtp) ? 2 : 1);
	case SMTP_WAIT_DATA:
		return (3);
	case SMTP_WAIT_RESULT:
		return (session_mail_waits(s) ? 4 : -1);
	case SMTP_WAIT_AUTH:
		return (5);
	}
	return (-1);
}

/* The owner's session that gives way first, of those of a rank that which has
 * been idle longest; NULL: none can. */
static struct session *
share_idlest(const struct owner *o)
{
	struct session	*s, *first = NULL;
	int		 rank, least = -1;

	LIST_FOREACH(s, &o->sessions, same) {
		if ((rank = share_rank(s)) == -1)
			continue;
		if (first == NULL || rank < least || (rank == least &&
		    s->since < first->since)) {
			first = s;
			least = rank;
		}
	}
	return (first);
}

/* The owner's session that gives back most memory; NULL: none can. */
static struct session *
share_largest(const struct owner *o)
{
	struct session	*s, *largest = NULL;
	uint64_t	 most = 0, octets;

	LIST_FOREACH(s, &o->sessions, same) {
		octets = s->memory + session_mail_memory(s);
		if (octets > most && share_rank(s) != -1) {
			largest = s;
			most = octets;
		}
	}
	return (largest);
}

/*
 * End a session that gives way.  Nothing of its mail was handed on.  The reply
 * is written at once: another session's may be gathering.  Returns false where
 * the session has to stay, as the parent cannot be told that nobody waits for
 * AUTH.
 */
static bool
share_dismiss(struct session *s, const char *enhanced, const char *text,
    const char *why)
{
	struct verdict	 v = { 451, enhanced, text };

	if (!session_auth_cancel(s))
		return (false);
	s->dismissed = true;
	smtp_auth_result(s->smtp, false, true);
	if (session_mail_waits(s))
		session_mail_drop(s, &v);
	smtp_close(s->smtp, enhanced, text, why);
	session_end(s, NULL);
	return (true);
}

/* Make a place for a newcomer of this owner: the one who has most sessions, and
 * more than the newcomer's owner would have, gives one. */
static bool
share_place(const struct owner *newcomer)
{
	struct owner	*o;
	struct session	*s, *first = NULL;
	uint32_t	 more = newcomer->nsessions + 1;

	for (o = owner_next(NULL); o != NULL; o = owner_next(o))
		if (o->nsessions > more && (s = share_idlest(o)) != NULL) {
			first = s;
			more = o->nsessions;
		}
	return (first != NULL && share_dismiss(first, "4.7.0",
	    "Too many sessions, others need a place", "gave way to another"));
}

void
session_known(struct session *s)
{
	s->unknown = false;
	session_owner(s);
	if (!s->newcomer || smtp_waits(s->smtp) == SMTP_WAIT_CLOSE)
		return;
	if (nplaces >= session_conf->max_sessions && !share_place(s->owner)) {
		session_turned();
		smtp_close(s->smtp, "4.7.0", "Too many sessions, try again "
		    "later", "turned away");
		s->eof = true;		/* not to be waited for */
		return;
	}
	s->newcomer = false;
	nnewcomers--;
	nplaces++;
	share_seat(s);
	smtp_greet(s->smtp);
	session_seated();
}

bool
session_squeeze(const struct owner *needs, uint64_t octets)
{
	struct owner	*o;
	struct session	*s, *largest = NULL;
	uint64_t	 more = needs->memory + octets;

	for (o = owner_next(NULL); o != NULL; o = owner_next(o))
		if (o != needs && o->memory > more &&
		    (s = share_largest(o)) != NULL) {
			largest = s;
			more = o->memory;
		}
	return (largest != NULL && share_dismiss(largest, "4.3.1",
	    "No room, others need memory", "gave way to another"));
}

bool
session_settle(struct session *s)
{
	uint64_t	 now;

	/* session_stop() goes through all sessions: none must go. */
	if (session_stopping())
		return (true);
	now = (s->in.len + s->output.left.len) + smtp_memory(s->smtp);
	now -= now < SHARE_BASE ? now : SHARE_BASE;
	if (now < s->memory)
		account_give(s->owner, s->memory - now);
	else if (now > s->memory && account_take(s->owner,
	    now - s->memory) == -1) {
		session_log(s, LOG_WARNING, "no memory left, see "
		    "--max-memory");
		if (share_rank(s) == -1 || !share_dismiss(s, "4.3.1",
		    "No room now, try again later", "no memory left"))
			session_end(s, "no memory left");
		return (false);
	}
	s->memory = (uint32_t)now;
	return (true);
}
