/* SPDX-License-Identifier: ISC */
/* logins: the names of --auth, and where their passwords come from. */

#ifndef LOGINS_H
#define LOGINS_H

#include <stddef.h>

#include "mail/rule.h"

struct logins {
	const char	*names[RULE_NAMES_MAX];
	const char	*evals[RULE_NAMES_MAX];	/* shell commands; NULL: ask on
						 * the terminal */
	size_t		 n;
};

/* logins_add: take an argument of --auth, "user[,passwordeval]" as msmtp's
 * msmtpd has it, or end the process with EX_USAGE. */
void	logins_add(struct logins *, const char *arg);

#endif
