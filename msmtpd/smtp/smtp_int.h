/* SPDX-License-Identifier: ISC */

#ifndef SMTP_INT_H
#define SMTP_INT_H

/* What the files of the SMTP engine share; for all others, smtp.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content.h"
#include "msmtpd.h"
#include "preface.h"
#include "smtp.h"
#include "trace.h"

/* Where in a session; the bits are for the table of verbs. */
enum smtp_state {
	SMTP_CONNECTED	= 0x1,	/* neither EHLO nor HELO was given */
	SMTP_GREETED	= 0x2,
	SMTP_MAIL	= 0x4,	/* a transaction, no recipient */
	SMTP_RCPT	= 0x8	/* the same, with recipients */
};
#define SMTP_ANY	(SMTP_CONNECTED | SMTP_GREETED | SMTP_MAIL | SMTP_RCPT)

/* What AUTH's next line is. */
enum smtp_auth_step {
	SMTP_AUTH_NONE,		/* AUTH is not under way */
	SMTP_AUTH_PLAIN,	/* PLAIN's message */
	SMTP_AUTH_USER,		/* LOGIN's two */
	SMTP_AUTH_PASS
};

/* Why a line is swallowed. */
enum smtp_skip {
	SMTP_SKIP_NONE,
	SMTP_SKIP_LONG,
	SMTP_SKIP_NOMEM
};

/* A transaction, allocated by MAIL and freed by smtp_reset(). */
struct smtp_tx {
	struct smtp_mail	 mail;
	struct content		 content;
	struct trace		 trace;
	struct preface		 preface;
	const struct verdict	*refusal;	/* the content is swallowed, and
						 * this its reply; or NULL */
	const char		*deferral;	/* the reply to the recipients
						 * that were deferred */
	uint32_t		 deferred;	/* so many, not logged yet */
	uint32_t		 refused;	/* recipients */
	char			 sender[MSMTPD_ADDRESS_MAX + 1];
};

/*
 * A session.  There may be ten thousand idle ones: what only a session at
 * work needs is allocated then.
 */
struct smtp {
	const struct config	*conf;
	const struct smtp_ops	*ops;
	void			*arg;
	char			*helo;		/* NULL: none, or empty */
	char			*line;		/* beginning of a line whose
						 * end has not come */
	char			*user;		/* LOGIN's, for its password */
	struct smtp_tx		*tx;		/* in SMTP_MAIL, SMTP_RCPT */
	const char		*reason;
	uint32_t		 line_len;
	uint32_t		 line_space;
	uint32_t		 commands;
	uint32_t		 errors;	/* since the last mail taken */
	uint32_t		 noops;		/* in a row */
	uint32_t		 mails;		/* taken */
	uint8_t			 wait;		/* enum smtp_wait */
	uint8_t			 state;		/* enum smtp_state */
	uint8_t			 step;		/* enum smtp_auth_step */
	uint8_t			 skip;		/* enum smtp_skip */
	uint8_t			 auth_failures;
	bool			 extended;	/* EHLO, not HELO */
	bool			 authenticated;
	bool			 busy;		/* has brought a mail, or an
						 * error */
	bool			 paused;	/* reply() said so */
};

/* smtp.c */

/* smtp_say: one reply line (RFC 5321, 4.2), given without its CR LF; more
 * than SMTP_REPLY_MAX - 2 octets are cut. */
void	smtp_say(struct smtp *, const char *);
/* smtp_reply: a reply of several lines (RFC 5321, 4.2.1), as it is sent, of
 * SMTP_REPLY_MAX octets at most. */
void	smtp_reply(struct smtp *, const char *, size_t);
/*
 * smtp_refuse: a permanent error of the client's: says it, logs it with the
 * len octets at what (no password may be there), counts it, and ends the
 * session where it is one too many.
 * smtp_refuse_rcpt: the same for a recipient, which is not counted here.
 * smtp_defer: a lack of ours: says it and logs it.
 */
void	smtp_refuse(struct smtp *, const char *, const char *what, size_t);
void	smtp_refuse_rcpt(struct smtp *, const char *, const char *what,
	    size_t);
void	smtp_defer(struct smtp *, const char *);
/* smtp_log: ops->note() with printf(3)'s format. */
void	smtp_log(struct smtp *, int, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* smtp_verb.c */

/* smtp_command: a command line without its line end. */
void	smtp_command(struct smtp *, char *, size_t);
/* smtp_is_http: whether a line that begins so is an HTTP request, or a field
 * of its header. */
bool	smtp_is_http(const char *, size_t);
/* smtp_end_http: end the session because of one. */
void	smtp_end_http(struct smtp *);
/* smtp_word_is: whether the len octets at s are word, in any case. */
bool	smtp_word_is(const char *s, size_t len, const char *word);
/* smtp_trim: how long a line is without the white space at its end, which RFC
 * 5321, 4.1.1 asks to tolerate. */
size_t	smtp_trim(const char *, size_t);
/* smtp_idles: count a command that brings no mail nearer.  Returns true where
 * it was one too many: 421 has been its reply, and the session's end. */
bool	smtp_idles(struct smtp *);

/*
 * The verbs of smtp_mail.c (RFC 5321, 4.1.1.2 to 4.1.1.4) and smtp_auth.c
 * (RFC 4954, 4): given the argument, shorter than a line may be, without
 * control characters and spaces around it, in a buffer that they may write
 * to; no '\0' follows.
 */
void	smtp_verb_mail(struct smtp *, char *, size_t);
void	smtp_verb_rcpt(struct smtp *, char *, size_t);
void	smtp_verb_data(struct smtp *, char *, size_t);
void	smtp_verb_auth(struct smtp *, char *, size_t);

/* smtp_mail.c */

/* smtp_content: octets of the message; returns how many of them were. */
size_t	smtp_content(struct smtp *, char *, size_t);
/* smtp_log_deferred: log the recipients that were deferred, in one line, where
 * there are any. */
void	smtp_log_deferred(struct smtp *);

/* smtp_tx.c */

/* smtp_tx_rcpt: add a recipient (RFC 5321, 3.3), of any length.  Returns 0,
 * or -1 with errno ENOMEM and nothing changed. */
int	smtp_tx_rcpt(struct smtp_mail *, const char *, size_t);
/* smtp_reset: end the transaction and free it, where there is one. */
void	smtp_reset(struct smtp *);

/* smtp_auth.c */

/* smtp_auth_line: a line of the exchange, without its line end. */
void	smtp_auth_line(struct smtp *, char *, size_t);
/* smtp_auth_end: forget what the exchange has brought so far. */
void	smtp_auth_end(struct smtp *);

/* smtp_param.c */

struct smtp_param {
	const char	*name;
	size_t		 namelen;
	const char	*value;		/* NULL: there was no "=" */
	size_t		 valuelen;
};

/*
 * smtp_param_next: take the next parameter of MAIL or RCPT (RFC 5321, 4.1.2,
 * and 6531, 3.3) from the octets between *p and end.  Returns 1, 0 at the
 * end, -1 where they are none.
 */
int	smtp_param_next(const char **p, const char *end, struct smtp_param *);
/* smtp_param_size: SIZE's value; 20 digits and more than 2^64 are 2^64 - 1.
 * Returns 0, or -1 where it is none. */
int	smtp_param_size(const struct smtp_param *, uint64_t *);
/* smtp_param_mailbox: whether it has AUTH's value, "<>" or xtext. */
bool	smtp_param_mailbox(const struct smtp_param *);

#endif
