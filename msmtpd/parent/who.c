/* SPDX-License-Identifier: ISC */
/* who: the user at the other end of a TCP connection of this machine. */

#include <sys/socket.h>

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>

#include "address.h"
#include "log.h"
#include "who.h"

#define LOOPBACK	1	/* index of lo, in every network namespace */
#define STALE		16	/* late answers that are read past */

/* States in which a client's end belongs to who has it open. */
#define CONNECTED	(1U << TCP_ESTABLISHED | 1U << TCP_FIN_WAIT1 | \
			    1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSE_WAIT | \
			    1U << TCP_CLOSING | 1U << TCP_LAST_ACK)

/* One end of a connection; :: or 0.0.0.0 stands for all addresses. */
static struct end {
	struct in6_addr	 ip;
	uint16_t	 port;
}			 ours[MSMTPD_LISTENERS_MAX];
static size_t		 nours;
static int		 diag = -1;
static uint32_t		 sequence;

static bool
end_takes(const struct end *e, const struct in6_addr *ip, uint16_t port)
{
	return (e->port == port && (IN6_ARE_ADDR_EQUAL(&e->ip, ip) ||
	    address_is_any(&e->ip)));
}

static bool
is_ours(const struct imsg_who *who)
{
	size_t	 i;

	for (i = 0; i < nours; i++)
		if (end_takes(&ours[i], &who->local, who->local_port))
			return (true);
	return (false);
}

static void
diag_address(__be32 dst[4], const struct in6_addr *ip, bool v4)
{
	if (v4)
		memcpy(dst, &ip->s6_addr[12], sizeof(dst[0]));
	else
		memcpy(dst, ip, sizeof(*ip));
}

/* Ask for the one socket whose end is the client's. */
static int
diag_send(const struct imsg_who *who)
{
	struct {
		struct nlmsghdr		 h;
		struct inet_diag_req_v2	 r;
	}			 q;
	struct iovec		 iov = { &q, sizeof(q) };
	struct msghdr		 msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	bool			 v4 = IN6_IS_ADDR_V4MAPPED(&who->client);

	memset(&q, 0, sizeof(q));
	q.h.nlmsg_len = sizeof(q);
	q.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	q.h.nlmsg_flags = NLM_F_REQUEST;
	q.h.nlmsg_seq = ++sequence;
	q.r.sdiag_family = v4 ? AF_INET : AF_INET6;
	q.r.sdiag_protocol = IPPROTO_TCP;
	q.r.idiag_states = ~0U;
	diag_address(q.r.id.idiag_src, &who->client, v4);
	diag_address(q.r.id.idiag_dst, &who->local, v4);
	q.r.id.idiag_sport = htons(who->client_port);
	q.r.id.idiag_dport = htons(who->local_port);
	/* A socket that is bound to an interface is found by that only: one of
	 * a link-local address by its own, others by lo, over which all goes
	 * that stays on this machine. */
	q.r.id.idiag_if = who->scope != 0 ? who->scope : LOOPBACK;
	memset(q.r.id.idiag_cookie, 0xff, sizeof(q.r.id.idiag_cookie));
	return (sendmsg(diag, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == -1 ? -1 :
	    0);
}

/* The kernel has answered when sendmsg(2) returns. */
static int
diag_receive(struct inet_diag_msg *answer)
{
	union {
		struct nlmsghdr	 h;
		char		 buf[2048];
	}			 u;
	struct sockaddr_nl	 from;
	struct iovec		 iov = { &u, sizeof(u) };
	struct msghdr		 msg;
	ssize_t			 n;
	int			 i;

	for (i = 0; i < STALE; i++) {
		memset(&msg, 0, sizeof(msg));
		msg.msg_name = &from;
		msg.msg_namelen = sizeof(from);
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		n = recvmsg(diag, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n == -1)
			return (-1);
		if (from.nl_pid != 0 || (size_t)n < sizeof(u.h) ||
		    u.h.nlmsg_seq != sequence)
			continue;
		errno = ENOENT;
		if (u.h.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		    (size_t)n < NLMSG_LENGTH(sizeof(*answer)))
			return (-1);
		memcpy(answer, NLMSG_DATA(&u.h), sizeof(*answer));
		return (0);
	}
	errno = EAGAIN;
	return (-1);
}

static bool
diag_is(const struct inet_diag_msg *m, const __be32 from[4], __be16 port,
    const struct in6_addr *ip, uint16_t want)
{
	struct in_addr	 in;
	struct in6_addr	 in6;

	if (m->idiag_family == AF_INET) {
		memcpy(&in, from, sizeof(in));
		address_map(&in6, &in);
	} else
		memcpy(&in6, from, sizeof(in6));
	return (IN6_ARE_ADDR_EQUAL(&in6, ip) && ntohs(port) == want);
}

/* Where there is no such connection the kernel may answer with a listener. */
static bool
diag_answers(const struct inet_diag_msg *m, const struct imsg_who *who)
{
	return (m->idiag_inode != 0 && m->idiag_state < 32 &&
	    (CONNECTED & 1U << m->idiag_state) != 0 &&
	    diag_is(m, m->id.idiag_src, m->id.idiag_sport, &who->client,
	    who->client_port) &&
	    diag_is(m, m->id.idiag_dst, m->id.idiag_dport, &who->local,
	    who->local_port));
}

void
who_user(struct imsg_user *user, const struct imsg_who *who)
{
	struct inet_diag_msg	 m;

	memset(user, 0, sizeof(*user));
	if (diag == -1 || !is_ours(who) || diag_send(who) == -1 ||
	    diag_receive(&m) == -1 || !diag_answers(&m, who))
		return;
	user->known = 1;
	user->uid = m.idiag_uid;
}

/* Ask for a listener of ours, which exists.  The kernel may load a module for
 * that, which it would not do for a confined process. */
static int
diag_try(void)
{
	struct imsg_who		 who;
	struct inet_diag_msg	 m;

	memset(&who, 0, sizeof(who));
	who.client = ours[0].ip;
	who.client_port = ours[0].port;
	return (diag_send(&who) == -1 || diag_receive(&m) == -1 ? -1 : 0);
}

void
who_init(const struct listeners *l, bool inetd)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len;
	size_t			 i;

	for (i = 0; i < l->n; i++) {
		len = sizeof(ss);
		ss.ss_family = AF_UNSPEC;
		if (getsockname(l->fds[i], (struct sockaddr *)&ss, &len) == 0 &&
		    address_take(&ours[nours].ip, &ours[nours].port, &ss))
			nours++;
	}
	if (nours == 0)
		return;
	diag = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    NETLINK_SOCK_DIAG);
	/* With --inetd the listener is another's. */
	if (diag == -1 || (diag_try() == -1 && !inetd))
		log_warn("the users of TCP clients are unknown: sock_diag");
}
