/* SPDX-License-Identifier: ISC */
/* session_int: what the files of the session share. */

#ifndef SESSION_INT_H
#define SESSION_INT_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backlog.h"
#include "client.h"
#include "event.h"
#include "id.h"
#include "log.h"
#include "msmtpd.h"
#include "output.h"
#include "smtp/smtp.h"

struct owner;
struct peer;
struct verdict;

struct session {
	RB_ENTRY(session) entry;
	int		 fd;		/* -1: the client is gone */
	struct event	 event;
	struct event	*out_event;	/* of output.fd; NULL: that is fd */
	struct timer	 timer;
	struct smtp	*smtp;
	struct backlog	 in;		/* what the engine has not taken */
	struct output	 output;
	struct mail	*mail;		/* see session_mail.c; NULL: none */
	struct owner	*owner;
	LIST_ENTRY(session) same;	/* of the owner's that have a place */
	int64_t		 since;		/* event_now() of the last progress */
	uint64_t	 octets;	/* of late content, since then */
	struct id	 id;
	uint32_t	 commands;	/* smtp_commands() at since */
	uint32_t	 memory;	/* on the owner's account, for what
				 * waits in memory */
	struct client	 client;
	bool		 asking;	/* the parent owes an answer to AUTH */
	bool		 unknown;	/* the parent owes the client's user */
	bool		 counted;	/* the mail, by a rule with a rate */
	bool		 eof;		/* the client sends nothing more */
	bool		 excess;	/* the client may have sent more than
				 * the engine has used */
	bool		 closing;	/* shut down; input is dropped */
	bool		 newcomer;	/* has no place yet, nor a greeting */
	bool		 dismissed;	/* gives way to another owner's */
	bool		 always;	/* read without waiting: a regular file,
				 * a pipe whose writer has gone */
};

RB_HEAD(session_tree, session);

/* session.c: how sessions begin and end, and their lines in the log. */

extern const struct config	*session_conf;
extern struct session_tree	 sessions;	/* by number */

/* session_find: the session of this number, or NULL. */
struct session *session_find(uint32_t number);

/* session_stopping: whether session_stop() has been called. */
bool	session_stopping(void);

/*
 * session_end: close the session's descriptors and log why it has ended
 * (NULL: QUIT), or smtp_reason() where there is one.  The session is freed,
 * unless deliver has its mail, which is delivered although the client has gone;
 * a mail that waits for its turn is dropped, and has its audit line.
 */
void	session_end(struct session *, const char *why);

/* session_free: free a session whose client has gone and that waits for
 * nothing. */
void	session_free(struct session *);

/* session_log: a line about a session, of this priority (syslog(3)); it counts
 * among its owner's, see owner_line(). */
void	session_log(const struct session *, int, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* session_turned: no place is left; log it, once a second.  session_seated: a
 * newcomer has a place. */
void	session_turned(void);
void	session_seated(void);

/* session_share.c: what sessions have of what all owners share. */

/* session_join: find the session's owner, and give it a place or let it wait
 * for one as a newcomer.  session_leave: take all that back. */
void	session_join(struct session *);
void	session_leave(struct session *);

/* session_login: the name with which the client has proved to be somebody;
 * "": none. */
const char *session_login(const struct session *);

/* session_owner: the client's user or login has changed: the session's owner
 * changes with that, outside a transaction. */
void	session_owner(struct session *);

/*
 * session_known: the client's user, in s->client, is settled: known, or
 * unknown for good.  Called once a session, before its first command.  A
 * newcomer is greeted, and where no place is free, another owner's session
 * gives way, or the newcomer is told 421.  session_resume() must follow.
 */
void	session_known(struct session *);

/* session_settle: bring the account up to date.  Returns false where there is
 * no room for what the session has: it has been ended. */
bool	session_settle(struct session *);

/* session_squeeze: see account_init(). */
bool	session_squeeze(const struct owner *, uint64_t);

/* session_io.c: what is read and written. */

/* session_watch: have the event loop watch a new session's descriptors.
 * Returns 0, or -1 with errno of event_add() or calloc(3). */
int	session_watch(struct session *);

/* session_takes: whether the engine takes input and no reply waits. */
bool	session_takes(const struct session *);

/* session_read: read what the client has sent, and act on it. */
void	session_read(struct session *);

/* session_resume: send the replies that have gathered, give the engine what
 * waits for it, and watch for more; this may end the session. */
void	session_resume(struct session *);

/* session_time.c: how long a session may wait. */

/* session_content: the client has sent len octets of a mail's content. */
void	session_content(struct session *, size_t len);

/* session_schedule: set the timer for what the session waits for now. */
void	session_schedule(struct session *);

/* session_mail.c: the engine's callbacks, and what becomes of a mail. */

extern const struct smtp_ops	 session_ops;

/* session_mail_init: mails go to deliver, slots of them at once. */
void	session_mail_init(struct peer *deliver, uint32_t slots);

/* session_mail_free: forget the session's mail, if any.  Where deliver has
 * the mail, deliver may still run the command. */
void	session_mail_free(struct session *);

/* session_mail_queued: handoff_queued() of the mail whose result is
 * awaited. */
int64_t	session_mail_queued(const struct session *);

/* session_mail_waits: whether the session's mail waits for its turn. */
bool	session_mail_waits(const struct session *);

/* session_mail_memory: octets of the account that the session's mail has. */
uint64_t session_mail_memory(const struct session *);

/* session_mail_drop: a mail that waits for its turn gets this reply instead. */
void	session_mail_drop(struct session *, const struct verdict *);

/* session_mail_timeout: the result has not come in time: answer 451. */
void	session_mail_timeout(struct session *);

/* session_who.c: the client's user, whom the parent can ask for. */

#define SESSION_WHO	1000	/* ms that the parent has for an answer */

void	session_who_init(struct peer *parent);

/*
 * session_who: find out who the client of a new session is.  local is the
 * connection's own end, or NULL: the kernel is asked for it.  Until the parent
 * has answered, or SESSION_WHO has passed, the engine is given no input.
 */
void	session_who(struct session *, const struct sockaddr_storage *client,
	    const struct sockaddr_storage *local);

/* session_auth.c: AUTH, which the parent checks. */

void	session_auth_init(struct peer *parent);

/* session_auth_ask: ask the parent; the callback auth of struct smtp_ops. */
void	session_auth_ask(void *, const char *user, const char *pass);

/* session_auth_cancel: if the parent owes an answer, tell it to forget the
 * question.  Returns false where the parent cannot be told. */
bool	session_auth_cancel(struct session *);

/* session_rules.c: --rules. */

/* session_rules_init: to be called once where there are rules, before the
 * sandbox. */
void	session_rules_init(void);

/* session_may: whether a rule allows this; the callback may of smtp_ops. */
bool	session_may(void *, const char *sender, const char *rcpt,
	    struct smtp_refusal *);

#endif
