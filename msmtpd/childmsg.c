/* SPDX-License-Identifier: ISC */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <syslog.h>

#include "childmsg.h"
#include "log.h"

bool
childmsg_log(const char *name, const void *data, size_t len)
{
	const struct imsg_log	*msg = data;
	size_t			 namelen = strlen(name);

	/* Not sizeof(*msg): what pads the struct is no text. */
	if (len <= offsetof(struct imsg_log, text) ||
	    len > offsetof(struct imsg_log, text) + sizeof(msg->text) ||
	    msg->pri < LOG_EMERG || msg->pri > LOG_DEBUG)
		return (false);
	len -= offsetof(struct imsg_log, text);
	return (memchr(msg->text, '\0', len) == msg->text + len - 1 &&
	    log_isprintable(msg->text, len - 1) &&
	    strncmp(msg->text, name, namelen) == 0 &&
	    strncmp(msg->text + namelen, ": ", 2) == 0);
}

bool
childmsg_auth(struct imsg_auth *auth, const void *data, size_t len)
{
	if (len != sizeof(*auth))
		return (false);
	memcpy(auth, data, sizeof(*auth));
	return (auth->user[sizeof(auth->user) - 1] == '\0' &&
	    auth->pass[sizeof(auth->pass) - 1] == '\0');
}
