/* SPDX-License-Identifier: ISC */

#ifndef IMSG_H
#define IMSG_H

#include <sys/queue.h>
#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Messages between processes after OpenBSD's imsg_init(3), over an AF_UNIX
 * SOCK_SEQPACKET pair: one message is one packet with at most one
 * descriptor, so nothing is reassembled and no descriptor can be matched to
 * the wrong message.
 *
 * What differs from the functions of the same name in that manual page:
 * imsgbuf_init() cannot fail, bounds the queue and owns the socket, which
 * imsgbuf_clear() closes; imsgbuf_get() reads the socket itself, as there is
 * no imsgbuf_read(); imsg_compose() sends at once where it can, gives no pid
 * and returns 0; imsgbuf_write() may return 1, and imsgbuf_flush() has a time
 * limit; the descriptor of a message is its member fd, as there is no
 * imsg_get_fd().
 */

/* A packet, header included, is at most this long. */
#define MAX_IMSGSIZE	16384
#define IMSG_HEADER_SIZE	sizeof(struct imsg_hdr)
#define IMSG_DATA_MAX	(MAX_IMSGSIZE - IMSG_HEADER_SIZE)
#define IMSG_RETRY	100	/* ms, after imsgbuf_write() has returned 1 */

struct imsg_hdr {
	uint32_t	 type;
	uint32_t	 len;		/* of the packet, header included */
	uint32_t	 peerid;	/* the sender's name for its subject */
	uint32_t	 reserved;	/* 0 */
};

struct imsg {
	struct imsg_hdr	 hdr;
	const void	*data;		/* valid until the next imsgbuf_get() */
	int		 fd;		/* -1: none came */
};

struct ibuf;

struct imsgbuf {
	TAILQ_HEAD(, ibuf)	 queue;		/* waits to be sent */
	size_t			 queued;	/* octets in queue */
	size_t			 maxqueue;	/* bound of queued */
	int			 fd;
};

/*
 * imsg_socketpair: a pair of connected SOCK_SEQPACKET sockets, non-blocking
 * and close-on-exec.  Returns 0, or -1 with errno set.
 */
int	imsg_socketpair(int [2]);

/*
 * imsgbuf_init: use the connected socket fd, which the imsgbuf now owns,
 * and let at most maxqueue octets wait for the peer.
 */
void	imsgbuf_init(struct imsgbuf *, int fd, size_t maxqueue);

/* imsgbuf_clear: drop what waits (closing its descriptors), close the socket.
 * May be called twice. */
void	imsgbuf_clear(struct imsgbuf *);

/*
 * imsgbuf_get: take one message from the socket.  Returns 1 and fills in
 * imsg (its descriptor, close-on-exec, now belongs to the caller); 0 when
 * there is none now; -1 with errno set: ECONNRESET when the peer has closed,
 * EBADMSG for a packet that is truncated, shorter than a header, whose
 * length is not its own, whose reserved field is set, or that carries
 * anything but one descriptor, else recvmsg(2)'s error.  After -1 the socket
 * is of no more use.  A descriptor that found the table full is imsg->fd ==
 * -1, no error.
 */
int	imsgbuf_get(struct imsgbuf *, struct imsg *);

/*
 * imsg_get_data: copy the body into buf, whose size must be the body's.
 * Returns 0, or -1 with errno EBADMSG where the lengths differ.
 */
int	imsg_get_data(const struct imsg *, void *, size_t);

/* imsg_get_len: octets in the body, 0 to IMSG_DATA_MAX. */
size_t	imsg_get_len(const struct imsg *);

/* imsg_free: close the descriptor nobody took (set fd to -1 to take it). */
void	imsg_free(struct imsg *);

/*
 * imsg_compose, imsg_composev: send a message now, or queue it (a copy)
 * where the peer's buffer is full or others wait already.  On success fd (-1
 * for none) belongs to the imsgbuf and is closed once it is sent; on failure
 * it stays the caller's.  Returns 0, or -1 with errno set: EMSGSIZE for more
 * than IMSG_DATA_MAX octets, ENOBUFS where the queue is at its bound, ENOMEM,
 * or sendmsg(2)'s error (EPIPE: the peer is gone).
 */
int	imsg_compose(struct imsgbuf *, uint32_t type, uint32_t peerid, int fd,
	    const void *, size_t);
int	imsg_composev(struct imsgbuf *, uint32_t type, uint32_t peerid, int fd,
	    const struct iovec *, int);

/*
 * imsgbuf_write: send of the queue what the peer takes now.  Returns 0 (look
 * at imsgbuf_queued() for what is left), 1 where the kernel is short of
 * something (ENOBUFS, ENOMEM, ETOOMANYREFS): nothing is lost, but that the
 * socket is writable does not tell when to try again; or -1 with errno set.
 */
int	imsgbuf_write(struct imsgbuf *);

/*
 * imsgbuf_flush: imsgbuf_write() until the queue is empty, waiting for the
 * peer for ms milliseconds in all at most.  Returns 0, or -1 with errno set
 * (ETIMEDOUT).
 */
int	imsgbuf_flush(struct imsgbuf *, int ms);

/* imsgbuf_queued: octets that wait to be sent. */
size_t	imsgbuf_queued(const struct imsgbuf *);

#endif
