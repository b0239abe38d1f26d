/* SPDX-License-Identifier: ISC */
/* peer: a process at the other end of an imsg socket, watched by the loop. */

#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "imsg.h"

struct peer {
	struct imsgbuf	 ibuf;
	struct event	 ev;
	struct timer	 retry;		/* set: imsgbuf_write() returned 1 */
	const char	*name;		/* for the log; static */
	/* One message has come; imsg_free() follows. */
	void		(*dispatch)(struct imsg *, void *arg);
	/* The other end has closed; peer_close() has been called here. */
	void		(*gone)(void *arg);
	/* The queue has been sent; may be NULL. */
	void		(*drained)(void *arg);
	void		*arg;		/* the callbacks' argument */
	bool		 open;
};

/* peer_init: own the connected socket fd, and queue at most maxqueue octets.
 * The caller sets the callbacks. */
void	peer_init(struct peer *, const char *name, int fd, size_t maxqueue);

/* peer_watch: let the event loop dispatch messages.  Returns 0, or -1 with
 * errno set. */
int	peer_watch(struct peer *);

/*
 * peer_wait: wait for one message, ms milliseconds at most; for the time before
 * the loop runs and before any seccomp filter.  Returns 0 and fills in the
 * message, or -1 with errno set (ETIMEDOUT, or imsgbuf_get()'s).
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

/* peer_close: stop watching, drop the queue, close the socket. */
void	peer_close(struct peer *);

#endif
