/* SPDX-License-Identifier: ISC */
/* message: messages in sealed memory files. */

#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Linux 6.3; Debian 12's headers do not have it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#endif

struct owner;

/*
 * A message's content in a memfd (memfd_create(2)).  The owner's account holds
 * its memory, as long as deliver has it, too.
 */
struct message {
	struct owner	*owner;
	uint64_t	 size;		/* octets */
	uint64_t	 charged;	/* octets of the account */
	int		 fd;		/* memfd; -1: none, or handed over */
};

/* message_init: find out which flags this kernel's memfd_create(2) takes.  To
 * be called before the sandbox. */
void	message_init(void);

/* message_open: begin an empty message.  Returns 0, or -1 with errno set:
 * ENOSPC where the account is full, or as of memfd_create(2). */
int	message_open(struct message *, struct owner *);

/*
 * message_write: append.  Returns 0, or -1 with errno set (ENOSPC: the
 * account is full; write(2)'s error), after which only message_close() makes
 * sense.
 */
int	message_write(struct message *, const char *, size_t);

/* message_seal: let no process change the message any more (F_ADD_SEALS of
 * fcntl(2)).  Returns 0, or -1 with errno set. */
int	message_seal(struct message *);

/* message_leave: deliver has the message and may keep it after
 * message_close().  Its octets stay in the account until the caller gives them
 * back. */
void	message_leave(struct message *);

/* message_close: close the memfd and give its memory back to the account.
 * No-op for { .fd = -1 }, which a message is at first. */
void	message_close(struct message *);

#endif
