/* SPDX-License-Identifier: ISC */

#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Linux 6.3; Debian 12's headers do not have it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#endif

/*
 * A message's content in a memfd (memfd_create(2)), and the account of the
 * memory that all of them take, those that deliver has included.
 */
struct message {
	uint64_t	 size;		/* octets */
	uint64_t	 charged;	/* to the account; 0: there is none */
	int		 fd;		/* -1: none, or handed over */
};

/* message_init: the account's bound in octets.  Finds out, before any seccomp
 * filter, which flags memfd_create(2) takes here. */
void	message_init(uint64_t max);

/* message_room: whether the account has room for so many octets more. */
bool	message_room(uint64_t);

/* message_open: begin an empty message.  Returns 0, or -1 with errno set:
 * ENOSPC where the account is full, or memfd_create(2)'s error. */
int	message_open(struct message *);

/*
 * message_write: append.  Returns 0, or -1 with errno set (ENOSPC: the
 * account is full; write(2)'s error), after which only message_close() makes
 * sense.
 */
int	message_write(struct message *, const char *, size_t);

/* message_seal: nobody can change it from now on (F_ADD_SEALS).  Returns 0,
 * or -1 with errno set. */
int	message_seal(struct message *);

/* message_leave: deliver has the message and may keep it longer than we do.
 * Returns its charge, which stays in the account until message_release() is
 * called with it. */
uint64_t message_leave(struct message *);
void	message_release(uint64_t);

/* message_close: forget it and give its memory back to the account.  No-op
 * where there is none; a message is { .fd = -1 } at first. */
void	message_close(struct message *);

#endif
