/* SPDX-License-Identifier: ISC */

#ifndef SESSION_H
#define SESSION_H

#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "handoff.h"
#include "message.h"
#include "msmtpd.h"
#include "smtp/smtp.h"

struct peer;

/* Octets that are kept for a session until their time comes: input that
 * followed a complete message, output that the client does not take. */
struct backlog {
	char		*data;		/* NULL: none */
	uint32_t	 off, len;
};

/* An address as small as it can be: there may be 100,000 of them. */
struct client {
	union {
		struct in_addr	 in;
		struct in6_addr	 in6;
	}		 addr;
	uint16_t	 port;
	uint8_t		 family;	/* AF_UNSPEC: --inetd's pipe */
};

/* One client's session in front. */
struct session {
	LIST_ENTRY(session) entry;
	int		 fd;		/* -1: the client is gone */
	int		 out_fd;	/* to write to; fd but with a pipe */
	struct event	 event;
	struct event	*out_event;	/* of out_fd, where it is another */
	struct timer	 timer;
	struct smtp	*smtp;
	struct backlog	 in, out;
	struct message	 message;
	struct handoff	 handoff;
	int64_t		 since;		/* event_now() of the last progress */
	uint64_t	 octets;	/* of content, since then */
	uint32_t	 number;
	uint32_t	 mails;
	uint32_t	 commands;	/* smtp_commands() at since */
	struct client	 client;
	bool		 asking;	/* the parent owes an answer to AUTH */
	bool		 eof;		/* the client sends nothing more */
	bool		 begun;		/* the message has its Received field */
	bool		 excess;	/* maybe more has come than was used */
	bool		 closing;	/* shut down; what comes is dropped */
	bool		 always;	/* read without waiting: a regular file,
				 * a pipe whose writer has gone */
};

/*
 * session_init: conf must stay; parent answers AUTH; ended is called when a
 * session has been freed.
 */
void	session_init(const struct config *, struct peer *parent,
	    void (*ended)(void));

/*
 * session_new: greet a client on fd, which belongs to the session now; addr
 * is AF_UNSPEC for --inetd's pipe or file, out the descriptor to write to, fd
 * itself where it is the same.  On failure the client is told 421, both are
 * closed, and the log says so.
 */
void	session_new(int fd, int out, const struct sockaddr_storage *addr);

/* session_count: how many there are, those included whose client has gone and
 * whose mail is still on its way. */
uint32_t session_count(void);

/* session_auth_result: the parent's answer; of a session that has ended
 * meanwhile it is dropped. */
void	session_auth_result(uint32_t number, enum auth_answer);

/* session_stop: 421 to all that do not wait for a delivery; those that do
 * get it afterwards. */
void	session_stop(void);

/* The rest is between session.c and its neighbours, session_*.c. */

extern const struct smtp_ops	 session_ops;
extern const struct config	*session_conf;
extern struct peer		*session_parent;

/* session_reply: a struct smtp_ops callback; replies gather for one write. */
bool	session_reply(void *, const char *, size_t);

/* session_resume: feed the engine what waits, read on. */
void	session_resume(struct session *);

/*
 * session_end: the session is over.  A complete mail on its way stays on its
 * way: the client has sent it, and only the answer finds nobody.
 */
void	session_end(struct session *, const char *why);

/* session_output: send the replies that have gathered, keep what the client
 * does not take.  Returns false where that was the session's end. */
bool	session_output(struct session *);

/* session_flush: send of what has been kept what the client takes now.
 * Returns false where that was the session's end. */
bool	session_flush(struct session *);

/* backlog_save: keep a copy.  Returns false where there is no memory. */
bool	backlog_save(struct backlog *, const char *, size_t);

/* backlog_free: zero and free it; nothing is kept then. */
void	backlog_free(struct backlog *);

/* session_stopping: whether session_stop() has been called. */
bool	session_stopping(void);

/* session_id: "START.NUMBER" in base 36; buf of MSMTPD_ID_MAX octets. */
void	session_id(const struct session *, char *);

/* session_mail_init: start handing over to deliver. */
void	session_mail_init(struct peer *deliver, uint32_t slots);

/* session_mail_timeout: the result is overdue; answer 451. */
void	session_mail_timeout(struct session *);

/*
 * session_auth_cancel: the session ends: tell the parent, so that an answer
 * that it owes takes nobody's place there.  Returns false where it cannot be
 * told.
 */
bool	session_auth_cancel(struct session *);

/* session_log_init: fix the first part of all ids. */
void	session_log_init(void);

/* session_client: "127.0.0.1", "IPv6:::1" with literal, else "[::1]", ""
 * for a pipe; buf of CLIENT_MAX octets. */
#define CLIENT_MAX	64
void	session_client(const struct session *, char *, bool literal);

/* session_mail_id: "START.NUMBER.MAIL". */
void	session_mail_id(const struct session *, char *);

/* session_log_mail: the audit line. */
void	session_log_mail(const struct session *, const struct smtp_mail *,
	    uint64_t size, const struct imsg_result *,
	    const struct verdict *);

/* session_log_refused: the same for one that the engine has refused after its
 * content was received. */
void	session_log_refused(const struct session *, const struct smtp_mail *,
	    const struct verdict *);

/* session_log_end: the line for a session that ended otherwise than by QUIT;
 * at debug for one that brought neither mail nor error. */
void	session_log_end(const struct session *, const char *why);

/* session_log: a line about a session. */
void	session_log(const struct session *, int, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
