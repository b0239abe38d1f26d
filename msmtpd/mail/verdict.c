/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "verdict.h"

static const struct verdict_row {
	int			 status;
	struct verdict	 verdict;
} by_status[] = {
	{ EX_OK,	{ 250, "2.0.0", "Ok: delivered" } },
	{ EX_USAGE,	{ 554, "5.3.5", "The command was used wrongly" } },
	{ EX_DATAERR,	{ 554, "5.6.0", "The mail is not understood" } },
	{ EX_NOINPUT,	{ 554, "5.3.0", "The command lacks its input" } },
	{ EX_NOUSER,	{ 554, "5.1.1", "No such user" } },
	{ EX_NOHOST,	{ 451, "4.4.4", "Host not found, try again" } },
	{ EX_UNAVAILABLE, { 451, "4.3.0", "Service unavailable, try again" } },
	{ EX_SOFTWARE,	{ 554, "5.3.0", "The command has failed" } },
	{ EX_OSERR,	{ 451, "4.3.0", "System error, try again" } },
	{ EX_OSFILE,	{ 554, "5.3.5", "A system file is missing" } },
	{ EX_CANTCREAT,	{ 554, "5.3.0", "The command cannot write" } },
	{ EX_IOERR,	{ 554, "5.3.0", "Input or output has failed" } },
	{ EX_TEMPFAIL,	{ 451, "4.3.0", "Temporary failure, try again" } },
	{ EX_PROTOCOL,	{ 554, "5.5.0", "Protocol error" } },
	{ EX_NOPERM,	{ 554, "5.7.0", "Permission denied" } },
	{ EX_CONFIG,	{ 554, "5.3.5", "The command is not configured" } },
};

static const struct verdict	 other_status =
    { 554, "5.3.0", "The command has failed" };
static const struct verdict	 by_signal =
    { 451, "4.3.0", "The command was killed, try again" };
static const struct verdict	 by_timeout =
    { 451, "4.3.0", "Not delivered in time, try again" };
static const struct verdict	 by_stop =
    { 451, "4.3.2", "The server is shutting down, try again" };
static const struct verdict	 by_failure =
    { 451, "4.3.0", "Local error, try again" };

static const struct verdict *
verdict_status(int status)
{
	size_t	 i;

	for (i = 0; i < sizeof(by_status) / sizeof(by_status[0]); i++)
		if (by_status[i].status == status)
			return (&by_status[i].verdict);
	return (&other_status);
}

const struct verdict *
verdict(const struct imsg_result *r)
{
	switch (r->outcome) {
	case MAIL_EXITED:
		return (verdict_status(r->value));
	case MAIL_SIGNALED:
		return (&by_signal);
	case MAIL_TIMEOUT:
		return (&by_timeout);
	case MAIL_STOPPED:
		return (&by_stop);
	default:
		return (&by_failure);
	}
}

void
verdict_describe(char *buf, size_t size, const struct imsg_result *r)
{
	char	*p;

	switch (r->outcome) {
	case MAIL_EXITED:
		snprintf(buf, size, "exit:%d", r->value);
		break;
	case MAIL_SIGNALED:
		snprintf(buf, size, "signal:%d", r->value);
		break;
	case MAIL_TIMEOUT:
		strlcpy(buf, "timeout", size);
		break;
	case MAIL_STOPPED:
		strlcpy(buf, "stopped", size);
		break;
	default:
		snprintf(buf, size, "failed:%s", strerror(r->value));
		for (p = buf; *p != '\0'; p++)
			if (*p == ' ')
				*p = '_';
	}
}
