/* SPDX-License-Identifier: ISC */
/*
 * smtp: the SMTP engine: octets in, replies and events out, no I/O.  RFC 5321
 * with PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531),
 * ENHANCEDSTATUSCODES (2034) and AUTH (4954).
 */

#ifndef SMTP_H
#define SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/verdict.h"
#include "msmtpd.h"

/* The octets of a reply, with all its lines, at most. */
#define SMTP_REPLY_MAX	1024

/* What the session waits for. */
enum smtp_wait {
	SMTP_WAIT_COMMAND,	/* a command line (or AUTH's next one) */
	SMTP_WAIT_DATA,		/* the message's content */
	SMTP_WAIT_RESULT,	/* smtp_result() */
	SMTP_WAIT_AUTH,		/* smtp_auth_result() */
	SMTP_WAIT_CLOSE		/* the end, once the replies are sent */
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

/* Why a mail or a recipient is refused: a reply, and words for the log. */
struct smtp_refusal {
	char		 reply[64];
	char		 why[64];
};

/*
 * What the engine asks of its user; arg is smtp_new()'s.  None of them may
 * call back into the engine.
 */
struct smtp_ops {
	/*
	 * Send one whole reply (1 to SMTP_REPLY_MAX octets, each line CRLF).
	 * Returns true where the engine should go on with its input, false
	 * where smtp_input() should return after this command.
	 */
	bool	(*reply)(void *arg, const char *, size_t);
	/*
	 * Whether the client may send a mail of this reverse-path ("": the
	 * null one) to this recipient, or (NULL) to any.  false: the refusal
	 * says why, with 4yz or 5yz.
	 */
	bool	(*may)(void *arg, const char *sender, const char *rcpt,
		    struct smtp_refusal *);
	/*
	 * Whether there is memory for a message of size octets, as MAIL has
	 * declared (0: it has not), or for size octets more of recipients.
	 * false: 452 4.3.1.
	 */
	bool	(*room)(void *arg, uint64_t size);
	/*
	 * DATA is about to be answered 354; make a place for the message, and
	 * put the mail's id, which ends its final reply, into id, which is of
	 * MSMTPD_ID_MAX octets.  false: there is no room, and the id is that
	 * of a mail that is refused with 452 4.3.1.
	 */
	bool	(*data_begin)(void *arg, const struct smtp_mail *, char *id);
	/*
	 * Take content, without transparency dots, with LF line ends.  It
	 * begins with a header field, or with the header's end, so that the
	 * Received field can be put before it.  Called for each message, with
	 * no octets where the message is empty.  false: there is no room;
	 * data_abort follows at once, the rest is swallowed and the end of
	 * data answered 452 4.3.1.
	 */
	bool	(*data)(void *arg, const char *, size_t);
	/*
	 * The message is complete, and its last line ends in LF.  The engine
	 * waits for smtp_result().
	 */
	void	(*data_end)(void *arg, const struct smtp_mail *);
	/*
	 * Drop the message begun with data_begin: its content has been
	 * refused (too large, a loop, no room).  Not called by smtp_free().
	 */
	void	(*data_abort)(void *arg);
	/*
	 * For the log, what the client is told of a mail that has an id and
	 * does not come to data_end: data_begin has returned false, or its
	 * message was dropped and has been received to its end, or smtp_close()
	 * or smtp_gone() has cut it off.  Called once for each such mail.
	 */
	void	(*refused)(void *arg, const struct smtp_mail *,
		    const struct verdict *);
	/*
	 * Whether this, made of a client's words, is the id of a mail of ours.
	 */
	bool	(*ours)(void *arg, const char *id);
	/*
	 * Check a user name and password ('\0'-terminated, shorter than
	 * MSMTPD_AUTH_MAX each), which must not be kept.  The engine waits for
	 * smtp_auth_result().  Where what the client gave cannot be right, both
	 * are empty, which must not match, so that each failure takes the same
	 * time.
	 */
	void	(*auth)(void *arg, const char *user, const char *pass);
	/*
	 * Log one line, with syslog(3)'s pri.  The client's words in it are as
	 * received (the log makes them printable); no password is among them.
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

/* smtp_free: free the session; NULL is allowed. */
void	smtp_free(struct smtp *);

/* smtp_greet: 220 (RFC 5321, 4.2). */
void	smtp_greet(struct smtp *);

/*
 * smtp_input: take octets from the client.  buf is written to: content is
 * converted in place, and all other octets that are used are zeroed, since a
 * password may be among them.  Returns how many were used, which is less than
 * len only where the session waits for a result or has ended, or the callback
 * reply has returned false; the caller keeps the others and gives them again,
 * before what is read later, when that has passed.
 */
size_t	smtp_input(struct smtp *, char *buf, size_t len);

/* smtp_waits: what the session waits for. */
enum smtp_wait smtp_waits(const struct smtp *);

/*
 * smtp_commands: the number of complete lines, those of AUTH included, and
 * messages so far; for --timeout, which octets without a line end must not
 * extend.
 */
uint32_t smtp_commands(const struct smtp *);

/*
 * smtp_result: the answer to data_end.  Replies, "250 2.0.0 text, id=ID", of
 * 512 octets at most (RFC 5321, 4.5.3.1.5), and ends the transaction.
 * smtp_auth_result: the answer to auth: 235, 535, or with failed set (the
 * check could not be made) 454.
 */
void	smtp_result(struct smtp *, const struct verdict *);
void	smtp_auth_result(struct smtp *, bool ok, bool failed);

/*
 * smtp_close: say 421 with this enhanced code and text, and end the session:
 * smtp_waits() is SMTP_WAIT_CLOSE from then on.  Must not be called while a
 * result is awaited.  why is static and becomes smtp_reason().  A client that
 * has ended its message with wrong line ends is told that instead.  Within a
 * message the reply ends with the mail's id, as smtp_result()'s does.
 */
void	smtp_close(struct smtp *, const char *enhanced, const char *text,
	    const char *why);

/*
 * smtp_gone: the client is gone, or cannot be served on, and why.  A message
 * that was not received to its end is reported to the callback refused, with
 * code 0, since there is no reply, and the session is at its end.
 */
void	smtp_gone(struct smtp *, const char *why);

/* smtp_mails: the number of mails that were answered with 250. */
uint32_t smtp_mails(const struct smtp *);

/*
 * smtp_reason: why the session ended, a few static words such as "too many
 * errors"; NULL after QUIT, and while the session has not ended, save that in
 * SMTP_WAIT_DATA words tell of a client that has ended its message with wrong
 * line ends.
 */
const char *smtp_reason(const struct smtp *);

/* smtp_quiet: true while the session has brought no mail and no error. */
bool	smtp_quiet(const struct smtp *);

/* smtp_helo: the name given with EHLO or HELO, as received, "" for none. */
const char *smtp_helo(const struct smtp *);

/* smtp_user: the name with which the client has logged in, of 255 octets at
 * most, control characters as "?"; "" for none. */
const char *smtp_user(const struct smtp *);

/* smtp_memory: octets that the session has allocated for what its client has
 * sent: a transaction with its recipients, the beginning of a line. */
size_t	smtp_memory(const struct smtp *);

/* smtp_transaction: whether MAIL has begun a transaction that has not ended. */
bool	smtp_transaction(const struct smtp *);

/* smtp_protocol: RFC 3848 and 6531: "SMTP", "ESMTP", "ESMTPA", "UTF8SMTP",
 * "UTF8SMTPA", for the transaction under way. */
const char *smtp_protocol(const struct smtp *);

#endif
