/* SPDX-License-Identifier: ISC */

/* A process at the other end of an imsg socket. */

#include <sys/epoll.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "event.h"
#include "imsg.h"
#include "log.h"
#include "peer.h"

/* Messages taken in one turn, so that a peer that never stops sending does
 * not keep the others from their turn. */
#define PEER_BATCH	64

void
peer_init(struct peer *p, const char *name, int fd, size_t maxqueue)
{
	imsgbuf_init(&p->ibuf, fd, maxqueue);
	p->name = name;
	p->ev.fd = -1;
	memset(&p->retry, 0, sizeof(p->retry));
	p->open = true;
}

static void
peer_update(struct peer *p)
{
	if (p->ev.fd != -1)
		event_mod(&p->ev, imsgbuf_queued(&p->ibuf) > 0 &&
		    p->retry.at == 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void
peer_lost(struct peer *p)
{
	peer_close(p);
	p->gone(p->arg);
}

static void
peer_read(struct peer *p)
{
	struct imsg	 imsg;
	int		 i, n;

	for (i = 0; i < PEER_BATCH && p->open; i++) {
		n = imsgbuf_get(&p->ibuf, &imsg);
		if (n == 0)
			return;
		if (n == -1) {
			/* Only a broken or hostile peer sends one. */
			if (errno == EBADMSG)
				fatalx("%s: malformed message", p->name);
			if (errno != ECONNRESET)
				log_warn("%s: recvmsg", p->name);
			peer_lost(p);
			return;
		}
		p->dispatch(&imsg, p->arg);
		imsg_free(&imsg);
	}
}

static void
peer_write(void *arg)
{
	struct peer	*p = arg;
	int		 n;

	n = imsgbuf_write(&p->ibuf);
	/* EPIPE shows up as end of file, after what is left to read. */
	if (n == -1 && errno != EPIPE && errno != ECONNRESET)
		log_warn("%s: sendmsg", p->name);
	/* The socket stays writable: to watch it would be to spin. */
	if (n != 0)
		timer_set(&p->retry, IMSG_RETRY, peer_write, p);
	peer_update(p);
	if (imsgbuf_queued(&p->ibuf) == 0 && p->drained != NULL)
		p->drained(p->arg);
}

static void
peer_event(int fd, uint32_t events, void *arg)
{
	struct peer	*p = arg;

	(void)fd;
	/* Read first: what a peer sent before it died still counts. */
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		peer_read(p);
	if (p->open && (events & EPOLLOUT))
		peer_write(p);
}

int
peer_watch(struct peer *p)
{
	return (event_add(&p->ev, p->ibuf.fd,
	    imsgbuf_queued(&p->ibuf) > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN,
	    peer_event, p));
}

int
peer_wait(struct peer *p, struct imsg *imsg, int ms)
{
	struct pollfd	 pfd;
	int		 n;

	pfd.fd = p->ibuf.fd;
	pfd.events = POLLIN;
	for (;;) {
		n = imsgbuf_get(&p->ibuf, imsg);
		if (n == 1)
			return (0);
		if (n == -1)
			return (-1);
		n = poll(&pfd, 1, ms);
		if (n == 0) {
			errno = ETIMEDOUT;
			return (-1);
		}
		if (n == -1 && errno != EINTR)
			return (-1);
	}
}

int
peer_send(struct peer *p, uint32_t type, uint32_t peerid, int fd,
    const void *data, size_t len)
{
	if (!p->open) {
		errno = ENOTCONN;
		return (-1);
	}
	if (imsg_compose(&p->ibuf, type, peerid, fd, data, len) == -1)
		return (-1);
	peer_update(p);
	return (0);
}

int
peer_sendv(struct peer *p, uint32_t type, uint32_t peerid, int fd,
    const struct iovec *iov, int iovcnt)
{
	if (!p->open) {
		errno = ENOTCONN;
		return (-1);
	}
	if (imsg_composev(&p->ibuf, type, peerid, fd, iov, iovcnt) == -1)
		return (-1);
	peer_update(p);
	return (0);
}

size_t
peer_queued(const struct peer *p)
{
	return (p->open ? imsgbuf_queued(&p->ibuf) : 0);
}

void
peer_close(struct peer *p)
{
	if (!p->open)
		return;
	event_del(&p->ev);
	timer_clear(&p->retry);
	imsgbuf_clear(&p->ibuf);
	p->open = false;
}
