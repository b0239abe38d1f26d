/* SPDX-License-Identifier: ISC */

/* What the files of the session share; for all others, session.h. */

#ifndef SESSION_INT_H
#define SESSION_INT_H

#include <sys/queue.h>

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

struct peer;

struct session {
	LIST_ENTRY(session) entry;
	int		 fd;		/* -1: the client is gone */
	struct event	 event;
	struct event	*out_event;	/* of output.fd, where it is not fd */
	struct timer	 timer;
	struct smtp	*smtp;
	struct backlog	 in;		/* what the engine has not taken */
	struct output	 output;
	struct mail	*mail;		/* session_mail.c's; NULL: none */
	int64_t		 since;		/* event_now() of the last progress */
	uint64_t	 octets;	/* of late content, since then */
	struct id	 id;
	uint32_t	 commands;	/* smtp_commands() at since */
	struct client	 client;
	bool		 asking;	/* the parent owes an answer to AUTH */
	bool		 eof;		/* the client sends nothing more */
	bool		 excess;	/* maybe more has come than was used */
	bool		 closing;	/* shut down; what comes is dropped */
	bool		 always;	/* read without waiting: a regular file,
				 * a pipe whose writer has gone */
};

LIST_HEAD(session_list, session);

/* session.c: how sessions begin and end. */

extern const struct config	*session_conf;
extern struct session_list	 sessions;

/* session_stopping: whether session_stop() has been called. */
bool	session_stopping(void);

/*
 * session_end: end the session: close its descriptors and log why (NULL:
 * QUIT), or smtp_reason() where there is one.  The session itself stays while
 * it waits for the result of a complete mail, which is delivered although
 * nobody is there to be told.
 */
void	session_end(struct session *, const char *why);

/* session_free: free a session whose client is gone and that waits for
 * nothing. */
void	session_free(struct session *);

/* session_io.c: what is read and written. */

/* session_watch: have the event loop watch a new session's descriptors.
 * Returns 0, or -1 with errno of event_add() or calloc(3). */
int	session_watch(struct session *);

/* session_takes: whether the engine takes input, and the client replies. */
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

/* session_mail_init: hand mails over to deliver, slots at once. */
void	session_mail_init(struct peer *deliver, uint32_t slots);

/* session_mail_free: forget the mail on its way, where there is one.  Where
 * deliver has it, deliver may still run the command. */
void	session_mail_free(struct session *);

/* session_mail_queued: how long the mail, whose result is awaited, waited for
 * its turn, in ms; 0 while it does. */
int64_t	session_mail_queued(const struct session *);

/* session_mail_timeout: deliver's result is overdue: answer 451. */
void	session_mail_timeout(struct session *);

/* session_auth.c: AUTH, which the parent checks. */

void	session_auth_init(struct peer *parent);

/* session_auth_ask: struct smtp_ops' callback auth; ask the parent. */
void	session_auth_ask(void *, const char *user, const char *pass);

/*
 * session_auth_cancel: tell the parent that nobody waits for an answer that
 * it owes, so that the question takes no place there.  Returns false where
 * the parent cannot be told.
 */
bool	session_auth_cancel(struct session *);

/* session_log.c */

/* session_log: a line about a session, of this priority (syslog(3)). */
void	session_log(const struct session *, int, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* session_log_end: the line for a session that has ended, because of why or
 * (NULL) by QUIT. */
void	session_log_end(const struct session *, const char *why);

#endif
