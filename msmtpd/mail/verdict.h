/* SPDX-License-Identifier: ISC */

#ifndef VERDICT_H
#define VERDICT_H

#include <stddef.h>

#include "msmtpd.h"

/* What becomes of a mail, as its client is told. */
struct verdict {
	int		 code;		/* 250, 451, 554, 552, 452 */
	const char	*enhanced;	/* "2.0.0" */
	const char	*text;
};

/*
 * verdict: what the client is told of a command's fate: exit status 0 is 250,
 * what may pass (EX_TEMPFAIL, EX_OSERR, EX_UNAVAILABLE, EX_NOHOST, death by a
 * signal, and every failure of our own) is 451, the rest is 554 with the
 * enhanced code (RFC 3463) that fits.
 */
const struct verdict *verdict(const struct imsg_result *);

/*
 * verdict_describe: the fate for the log: "exit:75", "signal:9", "timeout",
 * "stopped", "failed:error text" (spaces are "_").
 */
void	verdict_describe(char *, size_t, const struct imsg_result *);

#endif
