/* SPDX-License-Identifier: ISC */
/* logins: the names of --auth, and where their passwords come from. */

#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "logins.h"

void
logins_add(struct logins *l, const char *arg)
{
	size_t	 i, len = strcspn(arg, ",");
	char	*name;

	if (len < 1 || len >= MSMTPD_AUTH_MAX)
		fatal_status(EX_USAGE, "--auth: the user name needs 1 to %d "
		    "octets", MSMTPD_AUTH_MAX - 1);
	if (arg[len] == ',' && arg[len + 1] == '\0')
		fatal_status(EX_USAGE, "--auth: nothing follows the comma; "
		    "give a command there that prints the password");
	if (l->n == RULE_NAMES_MAX)
		fatal_status(EX_USAGE, "--auth: more than %d names",
		    RULE_NAMES_MAX);
	if ((name = strndup(arg, len)) == NULL)
		fatal("strndup");
	for (i = 0; i < l->n; i++)
		if (strcmp(l->names[i], name) == 0)
			fatal_status(EX_USAGE, "--auth: '%s' is given twice; "
			    "leave one out", name);
	l->names[l->n] = name;
	l->evals[l->n++] = arg[len] == ',' ? arg + len + 1 : NULL;
}
