/* SPDX-License-Identifier: ISC */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "check.h"
#include "childmsg.h"
#include "log.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What the parent passes on of a log line is one printable line under its
 * sender's name, however it came. */
static void
check_log(const char *name, const void *body, size_t len)
{
	const struct imsg_log	*msg = body;
	size_t			 text;

	if (!childmsg_log(name, body, len))
		return;
	text = len - offsetof(struct imsg_log, text);
	CHECK(msg->pri >= LOG_EMERG && msg->pri <= LOG_DEBUG);
	CHECK(strlen(msg->text) == text - 1);
	CHECK(text <= LOG_LINE_MAX);
	CHECK(strpbrk(msg->text, "\n\r\033\177") == NULL);
	CHECK(strncmp(msg->text, name, strlen(name)) == 0);
}

static void
check_auth(const void *body, size_t len)
{
	struct imsg_auth	 auth;

	if (!childmsg_auth(&auth, body, len))
		return;
	CHECK(strlen(auth.user) < MSMTPD_AUTH_MAX);
	CHECK(strlen(auth.pass) < MSMTPD_AUTH_MAX);
	CHECK(memcmp(&auth, body, sizeof(auth)) == 0);
}

/* The first octet says whose message it is, and which; what follows is its
 * body, in memory of its own length. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void	*body;

	if (size < 1)
		return (0);
	body = malloc(size > 1 ? size - 1 : 1);
	CHECK(body != NULL);
	memcpy(body, data + 1, size - 1);
	switch (*data % 3) {
	case 0:
		check_log("front", body, size - 1);
		break;
	case 1:
		check_log("deliver", body, size - 1);
		break;
	default:
		check_auth(body, size - 1);
	}
	free(body);
	return (0);
}
