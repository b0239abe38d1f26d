/* SPDX-License-Identifier: ISC */
/* owner: whom a session belongs to, among whom what front has is shared. */

#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "log.h"
#include "owner.h"

/* One that has an IPv6 address has all of its network, which is a /64 (RFC
 * 4291, 2.5.4).  An IPv4-mapped address (2.5.5.2) is an IPv4 address. */
static void
owner_address(char *buf, const struct client *c)
{
	struct in6_addr	 net;
	char		 text[INET6_ADDRSTRLEN];

	text[0] = '\0';
	if (c->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&c->addr.in6))
		inet_ntop(AF_INET, &c->addr.in6.s6_addr[12], text,
		    sizeof(text));
	else if (c->family == AF_INET6 &&
	    !IN6_IS_ADDR_LOOPBACK(&c->addr.in6)) {
		net = c->addr.in6;
		memset(&net.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &net, text, sizeof(text));
		strlcat(text, "/64", sizeof(text));
	} else if (c->family != AF_UNSPEC)
		inet_ntop(c->family, &c->addr, text, sizeof(text));
	strlcpy(buf, text[0] != '\0' ? text : "stdin", MSMTPD_OWNER_MAX);
}

void
owner_name(char *buf, const char *auth, const struct client *c)
{
	static const char	 prefix[] = "auth=";
	size_t			 n = sizeof(prefix) - 1;

	if (*auth != '\0') {
		memcpy(buf, prefix, n);
		(void)log_printable(buf + n, MSMTPD_OWNER_MAX - n, auth,
		    strlen(auth));
	} else if (c->known)
		snprintf(buf, MSMTPD_OWNER_MAX, "uid=%u", c->uid);
	else
		owner_address(buf, c);
}
