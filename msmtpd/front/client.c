/* SPDX-License-Identifier: ISC */
/* client: a client's address and user, and how they are written. */

#include <arpa/inet.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "users.h"

void
client_set(struct client *c, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in	*sin = (const void *)ss;
	const struct sockaddr_in6	*sin6 = (const void *)ss;

	c->family = AF_UNSPEC;
	if (ss->ss_family == AF_INET) {
		c->family = AF_INET;
		c->addr.in = sin->sin_addr;
		c->port = ntohs(sin->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		c->family = AF_INET6;
		c->addr.in6 = sin6->sin6_addr;
		c->port = ntohs(sin6->sin6_port);
	} else if (ss->ss_family == AF_UNIX)
		c->family = AF_UNIX;
}

/* Write the address without port.  Returns false where there is none. */
static bool
client_address(char *text, socklen_t size, const struct client *c)
{
	return ((c->family == AF_INET || c->family == AF_INET6) &&
	    inet_ntop(c->family, &c->addr, text, size) != NULL);
}

void
client_literal(char *buf, const struct client *c)
{
	char	 text[INET6_ADDRSTRLEN];

	if (client_address(text, sizeof(text), c))
		snprintf(buf, CLIENT_MAX, "%s%s", c->family == AF_INET6 ?
		    "IPv6:" : "", text);
	else
		buf[0] = '\0';
}

void
client_text(char *buf, const struct client *c)
{
	char	 text[INET6_ADDRSTRLEN];

	if (client_address(text, sizeof(text), c))
		snprintf(buf, CLIENT_MAX, "[%s]:%u", text, c->port);
	else
		strlcpy(buf, c->family == AF_UNIX ? "unix" : "stdin",
		    CLIENT_MAX);
}

void
client_user(char *buf, const struct client *c)
{
	const char	*name;

	if (c->known && (name = users_name(c->uid)) != NULL)
		snprintf(buf, CLIENT_USER_MAX, "user=%s", name);
	else if (c->known)
		snprintf(buf, CLIENT_USER_MAX, "uid=%u", c->uid);
	else
		strlcpy(buf, "user=?", CLIENT_USER_MAX);
}
