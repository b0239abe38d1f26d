/* SPDX-License-Identifier: ISC */
/* client: a client's address and user, and how they are written. */

#ifndef CLIENT_H
#define CLIENT_H

#include <sys/socket.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define CLIENT_MAX	64	/* octets of a client's text, '\0' included */

/* A client's address and user.  It is small: there may be 100,000 sessions. */
struct client {
	union {
		struct in_addr	 in;
		struct in6_addr	 in6;
	}		 addr;
	uint32_t	 uid;		/* of the client's end, where known */
	uint16_t	 port;
	uint8_t		 family;	/* AF_UNSPEC: --inetd's pipe or file */
	bool		 known;		/* uid is what the kernel has said */
};

/* client_set: take an address of accept(2); a family other than AF_INET and
 * AF_INET6 becomes AF_UNSPEC. */
void	client_set(struct client *, const struct sockaddr_storage *);

/*
 * Both write to buf of CLIENT_MAX octets.
 * client_literal: as in an address literal (RFC 5321, 4.1.3): "127.0.0.1",
 * "IPv6:::1"; "" for a pipe.
 * client_text: for the log: "[127.0.0.1]:4711", "[::1]:4711"; "stdin" for a
 * pipe.
 */
void	client_literal(char *buf, const struct client *);
void	client_text(char *buf, const struct client *);

#endif
