/* SPDX-License-Identifier: ISC */
/* listen: the listening sockets, passed or bound. */

#ifndef LISTEN_H
#define LISTEN_H

#include <sys/socket.h>

#include <stddef.h>

#include "options.h"

/* Listening sockets, until they are passed on to front. */
struct listeners {
	int			 fds[MSMTPD_LISTENERS_MAX];
	size_t			 n;
	struct sockaddr_storage	 client;	/* --inetd: whose socket it is;
						 * AF_UNSPEC: not a socket */
};

/*
 * listen_inherited: close all descriptors but 0 to 2 and the sockets that a
 * service manager has passed.  To be called before any descriptor is opened.
 */
void	listen_inherited(void);

/*
 * listen_open: take the sockets that a service manager has passed
 * (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS; LISTEN_FDNAMES for log and
 * errors), else bind and listen on each interface and at each path; a UNIX
 * socket that nobody listens on is replaced.  All are non-blocking and
 * close-on-exec, those of TCP with TCP_NODELAY and SO_KEEPALIVE, which accepted
 * sockets inherit.  Logs each address.  Any failure ends the process: EX_OSERR
 * for an address that cannot be bound, EX_USAGE for a malformed address and for
 * --interface, --port or --socket beside passed sockets, EX_CONFIG for a passed
 * descriptor that is not a TCP or UNIX listener, and for a path that cannot be
 * bound.
 */
void	listen_open(struct listeners *, const struct options *);

/* listen_check: end the process with EX_USAGE where an --interface is not an
 * address, or one, or a --socket, is given twice. */
void	listen_check(const struct options *);

#endif
