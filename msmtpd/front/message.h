/* SPDX-License-Identifier: ISC */
/* message: messages in sealed memory files; the account of their memory. */

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
 * A message's content in a memfd (memfd_create(2)).  The account holds the
 * memory of all messages, of those that deliver has, too.
 */
struct message {
	uint64_t	 size;		/* octets */
	uint64_t	 charged;	/* octets of the account */
	int		 fd;		/* memfd; -1: none, or handed over */
};

/* message_init: set the account's bound in octets, and find out which flags
 * this kernel's memfd_create(2) takes.  To be called before the sandbox. */
void	message_init(uint64_t max);

/* message_room: whether the account has room for so many octets more. */
bool	message_room(uint64_t);

/* message_open: begin an empty message.  Returns 0, or -1 with errno set:
 * ENOSPC where the account is full, or as of memfd_create(2). */
int	message_open(struct message *);

/*
 * message_write: append.  Returns 0, or -1 with errno set (ENOSPC: the
 * account is full; write(2)'s error), after which only message_close() makes
 * sense.
 */
int	message_write(struct message *, const char *, size_t);

/* message_seal: let no process change the message any more (F_ADD_SEALS of
 * fcntl(2)).  Returns 0, or -1 with errno set. */
int	message_seal(struct message *);

/*
 * message_leave: deliver has the message and may keep it after
 * message_close().  Returns the octets that stay in the account until
 * message_release() is called with this figure.
 */
uint64_t message_leave(struct message *);
void	message_release(uint64_t);

/* message_close: close the memfd and give its memory back to the account.
 * No-op for { .fd = -1 }, which a message is at first. */
void	message_close(struct message *);

#endif
