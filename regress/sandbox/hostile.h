/* SPDX-License-Identifier: ISC */

#ifndef HOSTILE_H
#define HOSTILE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imsg.h"
#include "msmtpd.h"

/*
 * The real deliver of the product binary, between a parent (honest) and a
 * front (hostile) that are both the test.
 */
struct deliver {
	pid_t		 pid;
	int		 parent;	/* our ends of its sockets */
	int		 front;
	char		 log[8192];	/* what it has logged */
	uint32_t	 results;	/* IMSG_RESULT seen */
	uint32_t	 delivered;	/* of these, exit status 0 */
	bool		 deaf;		/* front reads no results */
	bool		 gone;
	int		 status;	/* wait status, once gone */
};

/* hostile_init: the product's binary, and the directory of the test (what the
 * command records goes there).  The program that records is this one. */
void	hostile_init(const char *binary, const char *dir);

/* hostile_record: be the command: file the arguments; exits. */
void	hostile_record(const char *dir, char **argv) __attribute__((noreturn));

/*
 * hostile_begin: what main() of such a test begins with: be the command where
 * the arguments say so; else make the directory from its template, and
 * hostile_init().
 */
void	hostile_begin(int argc, char **argv, char *dir);

/* hostile_start: start deliver; start: send IMSG_START, too. */
void	hostile_start(struct deliver *, bool start);

/* hostile_settle: until it has read all that was sent, has answered a ping
 * since, and has sent that many results; or is gone.  Returns false where it
 * hangs. */
bool	hostile_settle(struct deliver *, uint32_t results);

/* hostile_end: close its sockets and wait for its end; false: it hangs, and
 * is killed. */
bool	hostile_end(struct deliver *);

/*
 * hostile_packet: send a packet as front, with the n descriptors; the header
 * as given.  Returns false where deliver has closed its end.
 */
bool	hostile_packet(struct deliver *, const void *, size_t, const int *fds,
	    int n);

/* hostile_send: an imsg with a proper header; fd -1: none. */
bool	hostile_send(struct deliver *, uint32_t type, uint32_t peerid, int fd,
	    const void *, size_t);

/* hostile_memfd: size octets, with these seals. */
int	hostile_memfd(size_t, int seals);

/* A body of IMSG_MAIL. */
struct mail {
	struct imsg_mail head;
	char		 text[8192];
	size_t		 len;		/* of text */
};

/* hostile_mail: a proper one to one recipient. */
void	hostile_mail(struct mail *);

/* hostile_partial: send a proper one to two recipients, the second of which,
 * 15 octets, is to follow. */
void	hostile_partial(struct deliver *, uint32_t peerid, int fd);

/* hostile_addresses: its sender and recipients, with a proper head. */
void	hostile_addresses(struct mail *, const char *sender, size_t senderlen,
	    const char *rcpts, size_t rcptlen, uint32_t nrcpt);

/* hostile_recorded: count the commands that have run, and those that have
 * got an argument that no mailbox can be; forgets them. */
void	hostile_recorded(unsigned int *runs, unsigned int *bad);

#define HOSTILE_SIZE	64		/* octets of a message */
#define HOSTILE_SLOTS	4		/* --max-deliveries */
#define HOSTILE_RCPTS	100		/* --max-recipients */
#define HOSTILE_SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | \
			    F_SEAL_SEAL)

#endif
