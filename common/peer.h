/* SPDX-License-Identifier: ISC */

#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "imsg.h"

/*
 * A process at the other end of an imsg socket, watched by the event loop.
 */
struct peer {
	struct imsgbuf	 ibuf;
	struct event	 ev;
	struct timer	 retry;		/* the kernel was short of something */
	const char	*name;		/* for the log; static */
	/* One message has come.  What it does not take of imsg is freed. */
	void		(*dispatch)(struct imsg *, void *arg);
	/* The peer has closed its end; the peer is closed on ours already. */
	void		(*gone)(void *arg);
	/* All that was queued has been sent; or NULL. */
	void		(*drained)(void *arg);
	void		*arg;		/* the callbacks' argument */
	bool		 open;
};

/*
 * peer_init: own the connected socket fd; at most maxqueue octets wait to be
 * sent.  The callbacks are set by the caller.
 */
void	peer_init(struct peer *, const char *name, int fd, size_t maxqueue);

/* peer_watch: from now on messages are dispatched by the event loop.
 * Returns 0, or -1 with errno set. */
int	peer_watch(struct peer *);

/*
 * peer_wait: before the loop runs and before any seccomp filter: wait for one
 * message for ms milliseconds at most.  Returns 0 and fills in the message,
 * or -1 with errno set (ETIMEDOUT, or imsgbuf_get()'s).
 */
int	peer_wait(struct peer *, struct imsg *, int ms);

/*
 * peer_send, peer_sendv: imsg_compose(), imsg_composev() to the peer.  Returns
 * 0, or -1 with errno set; ENOTCONN where the peer is closed.  On failure fd
 * stays the caller's.
 */
int	peer_send(struct peer *, uint32_t type, uint32_t peerid, int fd,
	    const void *, size_t);
int	peer_sendv(struct peer *, uint32_t type, uint32_t peerid, int fd,
	    const struct iovec *, int);

/* peer_queued: octets that wait to be sent. */
size_t	peer_queued(const struct peer *);

/* peer_close: stop watching, drop what waits, close the socket. */
void	peer_close(struct peer *);

#endif
