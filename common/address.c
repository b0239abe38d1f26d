/* SPDX-License-Identifier: ISC */
/* address: an IP address and port of either family, in one form. */

#include <sys/socket.h>

#include <string.h>

#include "address.h"

void
address_map(struct in6_addr *ip, const struct in_addr *in)
{
	memset(ip, 0, sizeof(*ip));
	memset(&ip->s6_addr[10], 0xff, 2);
	memcpy(&ip->s6_addr[12], in, sizeof(*in));
}

bool
address_is_any(const struct in6_addr *ip)
{
	static const struct in_addr	 any;
	struct in6_addr			 mapped;

	address_map(&mapped, &any);
	return (IN6_IS_ADDR_UNSPECIFIED(ip) || IN6_ARE_ADDR_EQUAL(ip, &mapped));
}

bool
address_take(struct in6_addr *ip, uint16_t *port,
    const struct sockaddr_storage *ss)
{
	const struct sockaddr_in	*sin = (const void *)ss;
	const struct sockaddr_in6	*sin6 = (const void *)ss;

	if (ss->ss_family == AF_INET) {
		address_map(ip, &sin->sin_addr);
		*port = ntohs(sin->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		*ip = sin6->sin6_addr;
		*port = ntohs(sin6->sin6_port);
	} else
		return (false);
	return (true);
}
