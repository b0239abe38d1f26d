/* SPDX-License-Identifier: ISC */
/* imsg: messages between processes, one a packet. */

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "imsg.h"

#define IMSG_IOV_MAX	16	/* pieces of a message, header included */
#define IMSG_FDS	253	/* SCM_MAX_FD: descriptors that a packet has */

/* The C library's headers may be older than the kernel. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif

/* A packet that waits. */
struct ibuf {
	TAILQ_ENTRY(ibuf)	 entry;
	size_t			 len;
	int			 fd;	/* -1: none */
	unsigned char		 data[];
};

/* Room for one descriptor. */
union control {
	struct cmsghdr	 hdr;
	unsigned char	 buf[CMSG_SPACE(sizeof(int))];
};

/* Room for all descriptors that one packet can carry. */
union controls {
	struct cmsghdr	 hdr;
	unsigned char	 buf[CMSG_SPACE(IMSG_FDS * sizeof(int))];
};

/* The packet that was received last, aligned for access to its body. */
static union {
	struct imsg_hdr	 hdr;
	max_align_t	 align;
	unsigned char	 buf[MAX_IMSGSIZE];
} inbox;

int
imsg_socketpair(int sv[2])
{
	return (socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv));
}

void
imsg_norights(int fd)
{
	const int	 off = 0;

	/* ENOPROTOOPT: Linux before 6.16.  imsgbuf_get() looks all the same. */
	(void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
}

void
imsgbuf_init(struct imsgbuf *imsgbuf, int fd, size_t maxqueue)
{
	TAILQ_INIT(&imsgbuf->queue);
	imsgbuf->queued = 0;
	imsgbuf->maxqueue = maxqueue;
	imsgbuf->fd = fd;
}

/* Remove a packet from the queue and free it, sent or not. */
static void
ibuf_dequeue(struct imsgbuf *imsgbuf, struct ibuf *buf)
{
	TAILQ_REMOVE(&imsgbuf->queue, buf, entry);
	imsgbuf->queued -= buf->len;
	if (buf->fd != -1)
		close(buf->fd);
	/* The packet may hold a password. */
	explicit_bzero(buf->data, buf->len);
	free(buf);
}

void
imsgbuf_clear(struct imsgbuf *imsgbuf)
{
	struct ibuf	*buf, *next;

	TAILQ_FOREACH_SAFE(buf, &imsgbuf->queue, entry, next)
		ibuf_dequeue(imsgbuf, buf);
	if (imsgbuf->fd != -1)
		close(imsgbuf->fd);
	imsgbuf->fd = -1;
}

/*
 * Receive one packet.  When the peer closes without having read all that we
 * have sent, Linux reports ECONNRESET once, before the packets that the peer
 * has sent.  One of these may be a mail's result, so ask again: the end of file
 * comes after them.
 */
static ssize_t
packet_recv(int fd, struct msghdr *msg)
{
	socklen_t	 controllen = (socklen_t)msg->msg_controllen;
	ssize_t		 n;
	int		 reset = 0;

	for (;;) {
		msg->msg_controllen = controllen;
		n = recvmsg(fd, msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n != -1 || (errno != EINTR &&
		    (errno != ECONNRESET || reset++)))
			return (n);
	}
}

/*
 * Take the descriptor out of the control message.  Returns 0, with *fd -1
 * where no descriptor came, or -1 where anything but one descriptor came.
 *
 * A descriptor that must not come stays open: it may be a socket whose close(2)
 * waits for as long as its sender likes (SO_LINGER), which the kernel does not
 * do where a process ends.  For the same reason there is room for all that a
 * packet can carry: the kernel closes what does not fit.  MSG_CTRUNC without a
 * descriptor means that the kernel could not install any, because the table is
 * full or an LSM refused: no error, however many were sent.
 */
static int
packet_fd(struct msghdr *msg, int *fd)
{
	struct cmsghdr	*cmsg = CMSG_FIRSTHDR(msg);

	*fd = -1;
	if (cmsg == NULL)
		return (0);
	if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(*fd)))
		return (-1);
	memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return (msg->msg_flags & MSG_CTRUNC ? -1 : 0);
}

/* Whether the n octets in inbox are one message as we send it. */
static int
packet_valid(size_t n, int flags)
{
	return (!(flags & MSG_TRUNC) && n >= IMSG_HEADER_SIZE &&
	    inbox.hdr.len == n && inbox.hdr.reserved == 0);
}

int
imsgbuf_get(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	union controls	 control;
	struct iovec	 iov = { inbox.buf, sizeof(inbox.buf) };
	struct msghdr	 msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)
	};
	ssize_t		 n;
	int		 bad, fd;

	if ((n = packet_recv(imsgbuf->fd, &msg)) == -1)
		return (errno == EAGAIN ? 0 : -1);
	bad = packet_fd(&msg, &fd);
	/* Nobody here sends an empty packet: this is end of file. */
	if (n == 0 && fd == -1 && !bad) {
		errno = ECONNRESET;
		return (-1);
	}
	if (bad || !packet_valid((size_t)n, msg.msg_flags)) {
		errno = EBADMSG;
		return (-1);
	}
	imsg->hdr = inbox.hdr;
	imsg->data = inbox.buf + IMSG_HEADER_SIZE;
	imsg->fd = fd;
	return (1);
}

size_t
imsg_get_len(const struct imsg *imsg)
{
	return (imsg->hdr.len - IMSG_HEADER_SIZE);
}

int
imsg_get_data(const struct imsg *imsg, void *buf, size_t len)
{
	if (imsg_get_len(imsg) != len) {
		errno = EBADMSG;
		return (-1);
	}
	if (len > 0)
		memcpy(buf, imsg->data, len);
	return (0);
}

void
imsg_free(struct imsg *imsg)
{
	if (imsg->fd != -1)
		close(imsg->fd);
	imsg->fd = -1;
}

/* Send one packet, and passfd along where it is not -1. */
static int
packet_send(int fd, struct iovec *iov, size_t niov, int passfd)
{
	union control	 control = { .buf = { 0 } };
	struct msghdr	 msg = { .msg_iov = iov, .msg_iovlen = niov };
	ssize_t		 n;

	if (passfd != -1) {
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN(sizeof(passfd));
		memcpy(CMSG_DATA(&control.hdr), &passfd, sizeof(passfd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.buf);
	}
	do {
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	/* Linux says ECONNRESET of a closed peer that left data unread. */
	if (n == -1 && errno == ECONNRESET)
		errno = EPIPE;
	return (n == -1 ? -1 : 0);
}

/* Queue a copy of the packet of len octets. */
static int
packet_queue(struct imsgbuf *imsgbuf, const struct iovec *iov, size_t niov,
    size_t len, int fd)
{
	struct ibuf	*buf;
	size_t		 i, off = 0;

	if (imsgbuf->queued > imsgbuf->maxqueue ||
	    len > imsgbuf->maxqueue - imsgbuf->queued) {
		errno = ENOBUFS;
		return (-1);
	}
	if ((buf = malloc(sizeof(*buf) + len)) == NULL)
		return (-1);
	for (i = 0; i < niov; i++) {
		if (iov[i].iov_len > 0)
			memcpy(buf->data + off, iov[i].iov_base,
			    iov[i].iov_len);
		off += iov[i].iov_len;
	}
	buf->len = len;
	buf->fd = fd;
	TAILQ_INSERT_TAIL(&imsgbuf->queue, buf, entry);
	imsgbuf->queued += len;
	return (0);
}

int
imsg_composev(struct imsgbuf *imsgbuf, uint32_t type, uint32_t peerid, int fd,
    const struct iovec *body, int nbody)
{
	struct imsg_hdr	 hdr = { .type = type, .peerid = peerid };
	struct iovec	 iov[IMSG_IOV_MAX];
	size_t		 len = IMSG_HEADER_SIZE, niov = 1;
	int		 i;

	if (imsgbuf->fd == -1 || nbody < 0 || nbody > IMSG_IOV_MAX - 1) {
		errno = imsgbuf->fd == -1 ? ENOTCONN : EINVAL;
		return (-1);
	}
	for (i = 0; i < nbody; i++) {
		if (body[i].iov_len > MAX_IMSGSIZE - len) {
			errno = EMSGSIZE;
			return (-1);
		}
		len += body[i].iov_len;
		iov[niov++] = body[i];
	}
	hdr.len = (uint32_t)len;
	iov[0].iov_base = &hdr;
	iov[0].iov_len = sizeof(hdr);

	/* No packet may overtake another. */
	if (TAILQ_EMPTY(&imsgbuf->queue)) {
		if (packet_send(imsgbuf->fd, iov, niov, fd) == 0) {
			if (fd != -1)
				close(fd);
			return (0);
		}
		if (errno != EAGAIN)
			return (-1);
	}
	return (packet_queue(imsgbuf, iov, niov, len, fd));
}

int
imsg_compose(struct imsgbuf *imsgbuf, uint32_t type, uint32_t peerid, int fd,
    const void *data, size_t len)
{
	struct iovec	 iov;

	/* struct iovec has no const; sendmsg(2) does not write to the data. */
	memcpy(&iov.iov_base, &data, sizeof(data));
	iov.iov_len = len;
	return (imsg_composev(imsgbuf, type, peerid, fd, &iov, 1));
}

int
imsgbuf_write(struct imsgbuf *imsgbuf)
{
	struct ibuf	*buf, *next;
	struct iovec	 iov;

	TAILQ_FOREACH_SAFE(buf, &imsgbuf->queue, entry, next) {
		iov.iov_base = buf->data;
		iov.iov_len = buf->len;
		if (packet_send(imsgbuf->fd, &iov, 1, buf->fd) == 0) {
			ibuf_dequeue(imsgbuf, buf);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return (0);
		/* The kernel is short of something: the packet waits. */
		case ENOBUFS:
		case ENOMEM:
		case ETOOMANYREFS:
			return (1);
		default:
			return (-1);
		}
	}
	return (0);
}

int
imsgbuf_flush(struct imsgbuf *imsgbuf, int ms)
{
	struct pollfd	 pfd = { .fd = imsgbuf->fd };
	int64_t		 end = clock_ms() + ms, left;
	int		 n;

	for (;;) {
		if ((n = imsgbuf_write(imsgbuf)) == -1)
			return (-1);
		if (TAILQ_EMPTY(&imsgbuf->queue))
			return (0);
		if ((left = end - clock_ms()) <= 0) {
			errno = ETIMEDOUT;
			return (-1);
		}
		if (n == 1 && left > IMSG_RETRY)
			left = IMSG_RETRY;
		pfd.events = n == 1 ? 0 : POLLOUT;
		if (poll(&pfd, 1, (int)left) == -1 && errno != EINTR)
			return (-1);
	}
}
