/* SPDX-License-Identifier: ISC */
/* peer: a process at the other end of an imsg socket. */

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

/* Messages taken in one turn: a peer that never stops sending must not keep the
 * other peers from their turn. */
#define PEER_BATCH	64

#define PEER_WAITS	60000	/* ms between warnings of what waits */

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
		event_mod(&p->ev, p->ibuf.queued > 0 &&
		    p->retry.at == 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* A descriptor waits for other processes, whom nobody here can see: say so,
 * once a minute.  errno is kept. */
static void
peer_waits(const struct peer *p)
{
	static int64_t	 next;

	if (errno != ETOOMANYREFS || event_now() < next)
		return;
	next = event_now() + PEER_WAITS;
	log_warnx("%s: messages wait: processes of this user have more "
	    "descriptors in flight in sockets than RLIMIT_NOFILE permits",
	    p->name);
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
			/* Only a broken or hostile peer sends that. */
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
	/* EPIPE: imsgbuf_get() reports the end, after the last messages. */
	if (n == -1 && errno != EPIPE && errno != ECONNRESET)
		log_warn("%s: sendmsg", p->name);
	if (n == 1)
		peer_waits(p);
	/* The socket stays writable: with EPOLLOUT the loop would spin. */
	if (n != 0)
		timer_set(&p->retry, IMSG_RETRY, peer_write, p);
	peer_update(p);
	if (p->ibuf.queued == 0 && p->drained != NULL)
		p->drained(p->arg);
}

static void
peer_event(int fd, uint32_t events, void *arg)
{
	struct peer	*p = arg;

	(void)fd;
	/* Read first: what a peer sent before it died counts. */
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		peer_read(p);
	if (p->open && (events & EPOLLOUT))
		peer_write(p);
}

int
peer_watch(struct peer *p)
{
	return (event_add(&p->ev, p->ibuf.fd,
	    p->ibuf.queued > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN,
	    peer_event, p));
}

int
peer_wait(struct peer *p, struct imsg *imsg, int ms)
{
	struct pollfd	 pfd = { .fd = p->ibuf.fd, .events = POLLIN };
	int		 n;

	while ((n = imsgbuf_get(&p->ibuf, imsg)) == 0) {
		if ((n = poll(&pfd, 1, ms)) == 0)
			errno = ETIMEDOUT;
		if (n == 0 || (n == -1 && errno != EINTR))
			return (-1);
	}
	return (n == 1 ? 0 : -1);
}

int
peer_send(struct peer *p, uint32_t type, uint32_t peerid, int fd,
    const void *data, size_t len)
{
	if (imsg_compose(&p->ibuf, type, peerid, fd, data, len) == -1)
		return (-1);
	peer_update(p);
	return (0);
}

int
peer_sendv(struct peer *p, uint32_t type, uint32_t peerid, int fd,
    const struct iovec *iov, int iovcnt)
{
	if (imsg_composev(&p->ibuf, type, peerid, fd, iov, iovcnt) == -1) {
		peer_waits(p);
		return (-1);
	}
	peer_update(p);
	return (0);
}

size_t
peer_queued(const struct peer *p)
{
	return (p->open ? p->ibuf.queued : 0);
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
