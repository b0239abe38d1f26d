/* SPDX-License-Identifier: ISC */
/* smtp_int: what the files of the SMTP engine share, and no other file. */

#ifndef SMTP_INT_H
#define SMTP_INT_H

#include "content.h"
#include "msmtpd.h"
#include "preface.h"
#include "smtp.h"
#include "trace.h"

/* The state of a session, in bits for the table of verbs. */
enum smtp_state {
	SMTP_CONNECTED	= 0x1,	/* neither EHLO nor HELO was given */
	SMTP_GREETED	= 0x2,
	SMTP_MAIL	= 0x4,	/* a transaction without recipients */
	SMTP_RCPT	= 0x8	/* a transaction with recipients */
};
#define SMTP_ANY	(SMTP_CONNECTED | SMTP_GREETED | SMTP_MAIL | SMTP_RCPT)

/* What AUTH's next line is. */
enum smtp_auth_step {
	SMTP_AUTH_NONE,		/* AUTH is not under way */
	SMTP_AUTH_PLAIN,	/* PLAIN's message */
	SMTP_AUTH_USER,		/* LOGIN's user name */
	SMTP_AUTH_PASS		/* LOGIN's password */
};

/* A transaction, allocated by MAIL and freed by smtp_reset(). */
struct smtp_tx {
	struct smtp_mail	 mail;
	struct content		 content;
	struct trace		 trace;
	struct preface		 preface;
	const struct verdict	*refusal;	/* NULL, or the reply to content
						 * that is swallowed */
	char			 deferral[128];	/* of recipients: the reply, and
						 * why */
	uint32_t		 deferred;	/* recipients not logged yet */
	uint32_t		 refused;	/* recipients */
	char			 sender[MSMTPD_ADDRESS_MAX + 1];
	char			 id[MSMTPD_ID_MAX];	/* once DATA is given */
};

/*
 * A session.  There may be ten thousand idle ones, so that what only a session
 * at work needs is allocated when it is needed.
 */
struct smtp {
	const struct config	*conf;
	const struct smtp_ops	*ops;
	void			*arg;
	char			*helo;		/* NULL: none, or empty */
	char			*line;		/* the beginning of a line that
						 * has not ended */
	char			*user;		/* who logs in, or has; NULL */
	struct smtp_tx		*tx;		/* in SMTP_MAIL, SMTP_RCPT */
	const char		*reason;
	const char		*skip;		/* NULL, or the reply to a line
						 * that is swallowed */
	uint32_t		 line_len;
	uint32_t		 line_space;
	uint32_t		 commands;
	uint32_t		 errors;	/* since the last mail that was
						 * answered with 250 */
	uint32_t		 noops;		/* since the last mail */
	uint32_t		 mails;		/* answered with 250 */
	uint8_t			 wait;		/* enum smtp_wait */
	uint8_t			 state;		/* enum smtp_state */
	uint8_t			 step;		/* enum smtp_auth_step */
	uint8_t			 auth_failures;
	bool			 extended;	/* EHLO, not HELO */
	bool			 authenticated;
	bool			 busy;		/* a mail or error has come */
	bool			 paused;	/* reply() has returned false */
};

/* smtp.c */

/* smtp_say: one reply line (RFC 5321, 4.2), given without its CR LF; more
 * than SMTP_REPLY_MAX - 2 octets are cut. */
void	smtp_say(struct smtp *, const char *);
/* smtp_reply: a reply of several lines (RFC 5321, 4.2.1), as it is sent, of
 * SMTP_REPLY_MAX octets at most. */
void	smtp_reply(struct smtp *, const char *, size_t);
/*
 * smtp_refuse: answer a permanent error of the client with this reply, log it
 * with the len octets at what (which must hold no password), count it, and end
 * the session where --max-errors is reached.
 * smtp_refuse_rcpt: the same for a recipient, which is not counted.
 * smtp_defer: answer and log something that may pass.
 */
void	smtp_refuse(struct smtp *, const char *, const char *what, size_t len);
void	smtp_refuse_rcpt(struct smtp *, const char *, const char *what,
	    size_t len);
void	smtp_defer(struct smtp *, const char *);
/* smtp_end: end the session for what the client does: log why, with
 * syslog(3)'s priority, and say 421 4.7.0 and the text.  why is static. */
void	smtp_end(struct smtp *, int pri, const char *text, const char *why);
/* smtp_log: ops->note() with printf(3)'s format. */
void	smtp_log(struct smtp *, int, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* smtp_verb.c */

/* smtp_command: a command line without its line end. */
void	smtp_command(struct smtp *, char *, size_t);
/* smtp_is_http: whether a line with this beginning is an HTTP request, or a
 * field of its header, which smtp_end() answers as below. */
bool	smtp_is_http(const char *, size_t);
#define HTTP_REPLY	"HTTP is not spoken here"
#define HTTP_REASON	"HTTP request"
/* smtp_word_is: whether the len octets at s are word, in any case. */
bool	smtp_word_is(const char *s, size_t len, const char *word);
/* smtp_trim: the length of a line without the white space at its end, which
 * RFC 5321, 4.1.1 asks servers to tolerate. */
size_t	smtp_trim(const char *, size_t);
/* smtp_idles: count a command that brings no mail nearer.  Returns true where
 * --max-noops is reached: then it has been answered with 421, and the session
 * has ended. */
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

/* smtp_content: take octets that follow DATA, and write to them.  Returns how
 * many of them were the message's. */
size_t	smtp_content(struct smtp *, char *, size_t);
/* smtp_log_deferred: log the recipients that were deferred, in one line, where
 * there are any. */
void	smtp_log_deferred(struct smtp *);
/* smtp_reset: end the transaction and free it, where there is one. */
void	smtp_reset(struct smtp *);

/* smtp_auth.c */

/* smtp_auth_line: a line of the exchange, without its line end. */
void	smtp_auth_line(struct smtp *, char *, size_t);
/* smtp_auth_end: forget what an exchange that is not complete has brought. */
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
 * and 6531, 3.3) from the octets between *p and end.  Returns 1, or 0 at the
 * end, or -1 for wrong syntax.
 */
int	smtp_param_next(const char **p, const char *end, struct smtp_param *);
/* smtp_param_size: SIZE's value, of at most 20 digits; what 64 bits cannot hold
 * becomes UINT64_MAX.  Returns 0, or -1 for wrong syntax. */
int	smtp_param_size(const struct smtp_param *, uint64_t *);
/* smtp_param_mailbox: whether the value is AUTH's, "<>" or xtext. */
bool	smtp_param_mailbox(const struct smtp_param *);

#endif
