/* SPDX-License-Identifier: ISC */
/* client: a client's address and user, and how they are written. */

#ifndef CLIENT_H
#define CLIENT_H

#include <sys/socket.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define CLIENT_MAX	64	/* octets of a client's text, '\0' included */
#define CLIENT_USER_MAX	40	/* the same of a user's text */

/* A client's address and user.  It is small: there may be 100,000 sessions. */
struct client {
	union {
		struct in_addr	 in;
		struct in6_addr	 in6;
	}		 addr;
	uint32_t	 uid;		/* of the client's end, where known */
	uint16_t	 port;
	uint8_t		 family;	/* AF_INET, AF_INET6, AF_UNIX;
					 * AF_UNSPEC: --inetd's pipe or file */
	bool		 known;		/* uid is what the kernel has said */
};

/* client_set: take an address of accept(2); another family than AF_INET,
 * AF_INET6 and AF_UNIX becomes AF_UNSPEC. */
void	client_set(struct client *, const struct sockaddr_storage *);

/*
 * Both write to buf of CLIENT_MAX octets.
 * client_literal: as in an address literal (RFC 5321, 4.1.3): "127.0.0.1",
 * "IPv6:::1"; "" for a UNIX socket or a pipe.
 * client_text: for the log: "[127.0.0.1]:4711", "[::1]:4711"; "unix" for a UNIX
 * socket, "stdin" for a pipe.
 */
void	client_literal(char *buf, const struct client *);
void	client_text(char *buf, const struct client *);

/* client_user: for log and Received: "user=alice"; "uid=1000" where there
 * is no name; "user=?" where the user is not known.  buf has CLIENT_USER_MAX
 * octets. */
void	client_user(char *buf, const struct client *);

#endif
