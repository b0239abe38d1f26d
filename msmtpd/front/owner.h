/* SPDX-License-Identifier: ISC */
/* owner: whom a session belongs to, among whom what front has is shared. */

#ifndef OWNER_H
#define OWNER_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stdbool.h>
#include <stdint.h>

#include "msmtpd.h"

struct client;
struct handoff;
struct session;

/* What one owner has.  Only owner.c writes what has no other file's name. */
struct owner {
	RB_ENTRY(owner)		 entry;
	TAILQ_ENTRY(owner)	 idle;		/* of those with nothing */
	const char		*name;		/* owner_name() */
	uint32_t		 refs;
	uint32_t		 unsaid;	/* lines that were left out */
	int64_t			 lines;		/* when all lines would be
						 * due, LOG_EVERY apart */
	/* session_share.c: those that have a place. */
	LIST_HEAD(, session)	 sessions;
	uint32_t		 nsessions;
	/* handoff.c: mails that wait and mails that deliver has. */
	uint32_t		 nrunning;
	TAILQ_HEAD(, handoff)	 mails;
	TAILQ_ENTRY(owner)	 turn;		/* among those with mails */
	/* account.c: octets, and those of mails that deliver has. */
	uint64_t		 memory, held;
};

/*
 * owner_name: write to buf of MSMTPD_OWNER_MAX octets who a session's owner
 * is, as one word that is printable: auth, the name with which the client has
 * proved to be somebody ("": it has not), as "auth=NAME"; else the client's
 * user, where it is known, as "uid=N"; else the client's address, that of the
 * network in IPv6 ("2001:db8::/64"); "stdin" for a pipe.
 */
void	owner_name(char *buf, const char *auth, const struct client *);

/* owner_init: to be called once.  Of the owners that have nothing any more as
 * many as max are remembered, while the log still counts their lines. */
void	owner_init(uint32_t max);

/*
 * owner_get: the owner of this name, found in a tree or made, for
 * owner_put().  Where there is no memory, an owner that all share for whom
 * there was none.
 * owner_ref: the same owner once more.
 */
struct owner *owner_get(const char *name);
struct owner *owner_ref(struct owner *);

/* owner_put: who got the owner has nothing of it any more. */
void	owner_put(struct owner *);

/* owner_next: the owner after this one, in no certain order; NULL: the first,
 * or there is none. */
struct owner *owner_next(struct owner *);

/*
 * owner_line: whether the log takes one more line about the owner now: 20 a
 * second, and 200 at once after silence.  Of those left out the log tells the
 * number, after a second.  Audit lines of mails whose command has run are not
 * asked for.
 */
bool	owner_line(struct owner *);

#endif
