/* SPDX-License-Identifier: ISC */

#ifndef SMTP_H
#define SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/verdict.h"
#include "msmtpd.h"

/*
 * The SMTP engine: octets in, replies and events out, no I/O.  RFC 5321 with
 * PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531),
 * ENHANCEDSTATUSCODES (2034) and AUTH (4954).
 */

/* No reply, all its lines, is longer than this. */
#define SMTP_REPLY_MAX	1024

/* What the session waits for. */
enum smtp_wait {
	SMTP_WAIT_COMMAND,	/* a command line (or AUTH's next one) */
	SMTP_WAIT_DATA,		/* the message's content */
	SMTP_WAIT_RESULT,	/* smtp_result() */
	SMTP_WAIT_AUTH,		/* smtp_auth_result() */
	SMTP_WAIT_CLOSE		/* replies to be sent, then to be closed */
};

/* The transaction, for ops; valid until smtp_result() is called, or until the
 * callback refused returns. */
struct smtp_mail {
	char		*sender;	/* "" for the null reverse-path */
	char		*rcpts;		/* '\0' after each */
	size_t		 rcpt_octets;	/* in rcpts */
	size_t		 rcpt_space;	/* allocated */
	uint32_t	 nrcpt;
	uint64_t	 declared;	/* SIZE=, 0: not given */
	uint64_t	 size;		/* octets of content handed out */
	bool		 utf8;		/* SMTPUTF8 was given */
	bool		 body8bit;	/* BODY=8BITMIME was given */
};

/*
 * What the engine asks of its user; arg is smtp_new()'s.  None of them may
 * call back into the engine.
 */
struct smtp_ops {
	/*
	 * Send one whole reply (1 to SMTP_REPLY_MAX octets, each line CRLF).
	 * Returns true where the engine should go on with what it has been
	 * given, false where smtp_input() should return after this command.
	 */
	bool	(*reply)(void *arg, const char *, size_t);
	/*
	 * MAIL declares size octets (0: not said): is there memory for them?
	 * false: 452 4.3.1.
	 */
	bool	(*room)(void *arg, uint64_t size);
	/*
	 * DATA is about to be answered 354; make a place for the message.
	 * false: 452 4.3.1.
	 */
	bool	(*data_begin)(void *arg, const struct smtp_mail *);
	/*
	 * Take content: dot-unstuffed, LF line ends; the first time, write the
	 * Received field before it: the content begins with a header field, or
	 * with the header's end.  Called for each message, with no octets
	 * where it is empty.  false: there is no room; the rest is swallowed
	 * and the end of data answered 452 4.3.1.  data_abort follows at once.
	 */
	bool	(*data)(void *arg, const char *, size_t);
	/*
	 * The message is complete; its last line ends in LF.  The engine
	 * waits for smtp_result().
	 */
	void	(*data_end)(void *arg, const struct smtp_mail *);
	/*
	 * Drop the message begun with data_begin: its content has been
	 * refused (too large, a loop, no room).  Not called by smtp_free().
	 */
	void	(*data_abort)(void *arg);
	/*
	 * The mail whose message was dropped has been received to its end,
	 * and this is what the client is told, for the log.
	 */
	void	(*refused)(void *arg, const struct smtp_mail *,
		    const struct verdict *);
	/*
	 * Whether this, made of a client's words, is the id of a mail of ours.
	 */
	bool	(*ours)(void *arg, const char *id);
	/*
	 * Check a user name and password ('\0'-terminated, shorter than
	 * MSMTPD_AUTH_MAX each), not to be kept.  The engine waits for
	 * smtp_auth_result().  Both are empty, which must not match, where
	 * what the client gave cannot be right: each failure comes from here,
	 * and in the same time.
	 */
	void	(*auth)(void *arg, const char *user, const char *pass);
	/*
	 * Something for the log: a refused command or mail.  text is one
	 * line, with client's words in it as received (the log makes them
	 * printable); no password.  pri as in syslog(3).
	 */
	void	(*note)(void *arg, int pri, const char *text);
};

struct smtp;		/* a session */

/*
 * smtp_new: a session.  The settings, which all sessions share, and ops must
 * outlive it; each call of the engine reads the settings as they are then.
 * Returns NULL with errno ENOMEM.
 */
struct smtp *smtp_new(const struct config *, const struct smtp_ops *,
	    void *arg);

/* smtp_free: end it; NULL is allowed. */
void	smtp_free(struct smtp *);

/* smtp_greet: 220 (RFC 5321, 4.2). */
void	smtp_greet(struct smtp *);

/*
 * smtp_input: take octets from the client.  buf is written to: content is
 * converted in place, and all else that is used is zeroed, since it may be
 * AUTH's.  Returns how many were used, which is less than len
 * only where the session waits for a result or is to be closed, or a reply
 * callback has returned false; the caller keeps the rest and brings it again
 * (in front of what is read later) when that has passed.
 */
size_t	smtp_input(struct smtp *, char *buf, size_t len);

/* smtp_waits: what for. */
enum smtp_wait smtp_waits(const struct smtp *);

/*
 * smtp_commands: complete lines seen, those of AUTH included, and messages;
 * for the idle timer, which octets without a line end must not prolong.
 */
uint32_t smtp_commands(const struct smtp *);

/*
 * smtp_result: the answer to data_end.  Replies, and ends the transaction.
 * smtp_auth_result: the answer to auth: 235, 535, or with failed set (the
 * check could not be made) 454.
 */
void	smtp_result(struct smtp *, const struct verdict *);
void	smtp_auth_result(struct smtp *, bool ok, bool failed);

/*
 * smtp_close: end the session from our side, 421 with this enhanced code and
 * text; smtp_waits() is SMTP_WAIT_CLOSE from then on.  Not while a result is
 * awaited, after which it can be called.  why: for smtp_reason(), static.
 * A client that waits in vain, see there, is told that instead.
 */
void	smtp_close(struct smtp *, const char *enhanced, const char *text,
	    const char *why);

/* smtp_mails: mails that were taken, that is whose smtp_result() was 250. */
uint32_t smtp_mails(const struct smtp *);

/*
 * smtp_reason: why the session ended: NULL after QUIT (or while it has not
 * ended), else a few static words: "too many errors", "HTTP request".  In
 * SMTP_WAIT_DATA these words where the client waits in vain, since the end of
 * the message has come with the wrong line ends.
 */
const char *smtp_reason(const struct smtp *);

/* smtp_quiet: true while the session has brought no mail and no error. */
bool	smtp_quiet(const struct smtp *);

/* smtp_helo: the name given with EHLO or HELO, as received, "" for none. */
const char *smtp_helo(const struct smtp *);

/* smtp_protocol: RFC 3848 and 6531: "SMTP", "ESMTP", "ESMTPA", "UTF8SMTP",
 * "UTF8SMTPA", for the transaction under way. */
const char *smtp_protocol(const struct smtp *);

#endif
