/* SPDX-License-Identifier: ISC */
/* address: an IP address and port of either family, in one form. */

#ifndef ADDRESS_H
#define ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct sockaddr_storage;

/*
 * address_take: the address, an IPv4 one as an IPv4-mapped IPv6 address
 * (RFC 4291, 2.5.5.2), and the port in the host's order.  Returns false where
 * the family is neither AF_INET nor AF_INET6.
 */
bool	address_take(struct in6_addr *, uint16_t *port,
	    const struct sockaddr_storage *);

/* address_is_any: whether it is :: or 0.0.0.0. */
bool	address_is_any(const struct in6_addr *);

/* address_map: an IPv4 address as an IPv4-mapped one. */
void	address_map(struct in6_addr *, const struct in_addr *);

#endif
