/* SPDX-License-Identifier: ISC */
/* Packets and messages as an attacker in one process sends them to others. */

#ifndef PACKETS_H
#define PACKETS_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a process that an attacker has taken over can send: it knows the
 * sockets and is not bound to the functions of imsg.h.
 */

/* packet_send: those octets with n (0 to 16) descriptors to this socket;
 * returns -1 with errno of sendmsg(2). */
int	packet_send(int s, const void *, size_t, const int *fds, int n,
	    int flags);

/* packets_to: the socket that what follows is sent to, and attached to it as
 * the descriptor, where one is. */
void	packets_to(int fd);

/* packets_carry: attach this descriptor instead. */
void	packets_carry(int fd);

/* packet: those octets, with nfds (0 to 4) descriptors. */
void	packet(const void *, size_t, int nfds);

/* header: a message that is nothing but this. */
void	header(uint32_t type, uint32_t len, uint32_t reserved);

/* message: with a proper header; len is 65536 - IMSG_HEADER_SIZE at most. */
void	message(uint32_t type, uint32_t peerid, const void *, size_t len,
	    int nfds);

/* A message that is sent once, for the number that asks for it: its type, so
 * many octets of body, so many descriptors. */
struct once {
	uint32_t	 what;
	uint32_t	 type;
	size_t		 len;
	int		 nfds;
};

/* once: send those of the n rows that have this number; the body has room for
 * the longest. */
void	once(const struct once *, size_t n, uint32_t what, uint32_t peerid,
	    const void *body);

/* line: IMSG_LOG, len octets of text, 2000 at most.  LINE: of a literal, with
 * its '\0'. */
void	line(int32_t pri, const char *, size_t len);

#define LINE(pri, s)	line(pri, s, sizeof(s))

#endif
