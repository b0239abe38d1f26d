/* SPDX-License-Identifier: ISC */
/* verdict: what a client is told of its mail. */

#ifndef VERDICT_H
#define VERDICT_H

#include <stddef.h>

#include "msmtpd.h"

/* Octets of a verdict in one line, "550 5.1.1 text", with '\0'. */
#define VERDICT_MAX	(4 + MSMTPD_ENHANCED_MAX + MSMTPD_WORDS_MAX)

/* The final reply to a mail. */
struct verdict {
	int		 code;		/* 250, or 400 to 599 */
	const char	*enhanced;	/* "2.0.0", of the code's class */
	const char	*text;		/* shorter than MSMTPD_WORDS_MAX */
};

/*
 * verdict: what the client is told of a command's fate.  Exit status 0 is
 * 250.  With another one, the SMTP reply that the command has printed decides
 * (struct mail_words), except that 421, and what concerns the session or the
 * login with the smarthost and not the mail, is 451, and a code that RFC 5321
 * does not have, such as 571, is 450 or 550.  Without such a reply the
 * exit status decides: those of sysexits.h that say something about the mail,
 * and unknown ones, are 55z, all others 451.  So is a signal, a timeout, the
 * daemon's end and every failure of our own.  The strings are constant, or are
 * those of the result.
 */
void	verdict(struct verdict *, const struct imsg_result *);

/*
 * verdict_describe: the fate for the log: "exit:75", "signal:9", "timeout",
 * "stopped", "failed:error text" (spaces are "_").
 */
void	verdict_describe(char *, size_t, const struct imsg_result *);

/*
 * verdict_why: the reason for the log: the smarthost's own words, unchanged,
 * "535 5.7.8 Wrong password", or, without them, the verdict's text.  size is
 * VERDICT_MAX; "" for a mail that is delivered.
 */
void	verdict_why(char *, size_t, const struct verdict *,
	    const struct imsg_result *);

#endif
