/* SPDX-License-Identifier: ISC */
/*
 * imsg: messages between processes after OpenBSD's imsg_init(3), over an
 * AF_UNIX SOCK_SEQPACKET pair: one message is one packet with at most one
 * descriptor, so that nothing has to be reassembled and no descriptor can be
 * matched to the wrong message.
 *
 * The functions differ from those of the same name in that manual page:
 * imsgbuf_init() cannot fail, bounds the queue and owns the socket, which
 * imsgbuf_clear() closes; imsgbuf_get() reads the socket itself, as there is
 * no imsgbuf_read(); imsg_compose() sends at once where it can, takes no pid
 * and returns 0; imsgbuf_write() may return 1, and imsgbuf_flush() has a time
 * limit; the descriptor of a message is its member fd, as there is no
 * imsg_get_fd().
 */

#ifndef IMSG_H
#define IMSG_H

#include <sys/queue.h>
#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

/* A packet, header included, is at most this long. */
#define MAX_IMSGSIZE	16384
#define IMSG_HEADER_SIZE	sizeof(struct imsg_hdr)
#define IMSG_DATA_MAX	(MAX_IMSGSIZE - IMSG_HEADER_SIZE)
#define IMSG_RETRY	100	/* ms, after imsgbuf_write() has returned 1 */

struct imsg_hdr {
	uint32_t	 type;
	uint32_t	 len;		/* of the packet, header included */
	uint32_t	 peerid;	/* the sender's number of its subject */
	uint32_t	 reserved;	/* 0 */
};

struct imsg {
	struct imsg_hdr	 hdr;
	const void	*data;		/* valid until the next imsgbuf_get() */
	int		 fd;		/* -1: no descriptor came */
};

struct ibuf;

struct imsgbuf {
	TAILQ_HEAD(, ibuf)	 queue;		/* packets not yet sent */
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
 * imsg_norights: have the kernel refuse to the peer (EPERM) to send descriptors
 * to this UNIX socket, or to those that a listening one accepts: SO_PASSRIGHTS.
 * Who closes a descriptor that lingers has to wait.  No-op before Linux 6.16.
 */
void	imsg_norights(int fd);

/*
 * imsgbuf_init: use the connected socket fd, which the imsgbuf now owns,
 * and let at most maxqueue octets wait for the peer.
 */
void	imsgbuf_init(struct imsgbuf *, int fd, size_t maxqueue);

/* imsgbuf_clear: drop the queue and its descriptors, close the socket.  May be
 * called twice. */
void	imsgbuf_clear(struct imsgbuf *);

/*
 * imsgbuf_get: take one message from the socket.  Returns 1 and fills in
 * imsg, whose descriptor, close-on-exec, belongs to the caller; 0 when there
 * is no message now; -1 with errno set: ECONNRESET when the peer has closed;
 * EBADMSG for a packet that is truncated or shorter than a header, whose header
 * has another length or a reserved field that is not 0, or that carries
 * anything but one descriptor; else recvmsg(2)'s error.  After -1 the socket
 * is of no more use.  After EBADMSG descriptors that have come stay open, since
 * close(2) of one could block: the caller ends the process.  Where the table of
 * descriptors was full, imsg->fd is -1, without an error.
 */
int	imsgbuf_get(struct imsgbuf *, struct imsg *);

/* imsg_get_data: copy the body into buf.  Returns 0, or -1 with errno EBADMSG
 * where the body has another size than buf. */
int	imsg_get_data(const struct imsg *, void *, size_t);

/* imsg_get_len: octets in the body, 0 to IMSG_DATA_MAX. */
size_t	imsg_get_len(const struct imsg *);

/* imsg_free: close the message's descriptor, unless its receiver has taken it
 * and set fd to -1. */
void	imsg_free(struct imsg *);

/*
 * imsg_compose, imsg_composev: send a message now, or queue a copy where the
 * peer's buffer is full or other messages wait already.  On success fd (-1 for
 * none) belongs to the imsgbuf, which closes it once it is sent; on failure fd
 * stays the caller's.  Returns 0, or -1 with errno set: EMSGSIZE for more than
 * IMSG_DATA_MAX octets, ENOBUFS where the queue is at its bound, ENOTCONN after
 * imsgbuf_clear(), ENOMEM, or sendmsg(2)'s error (EPIPE: the peer has closed).
 */
int	imsg_compose(struct imsgbuf *, uint32_t type, uint32_t peerid, int fd,
	    const void *, size_t);
int	imsg_composev(struct imsgbuf *, uint32_t type, uint32_t peerid, int fd,
	    const struct iovec *, int);

/*
 * imsgbuf_write: send the packets of the queue that the peer takes now.
 * Returns 0 (queued says what is left); 1 where the kernel is short of
 * something (ENOBUFS, ENOMEM, ETOOMANYREFS): nothing is lost, but the socket
 * stays writable, so that the caller has to try again after IMSG_RETRY; or -1
 * with errno set.
 */
int	imsgbuf_write(struct imsgbuf *);

/* imsgbuf_flush: send the whole queue, in ms milliseconds at most.  Returns 0,
 * or -1 with errno set (ETIMEDOUT). */
int	imsgbuf_flush(struct imsgbuf *, int ms);

#endif
