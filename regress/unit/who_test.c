/* SPDX-License-Identifier: ISC */
/* Whose the client's end of a TCP connection is: the kernel is asked. */

#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "parent/who.h"
#include "tap.h"

#define OTHER	54321	/* another user */

static struct listeners	 listeners;

/* A connection: both ends, and what front would ask. */
struct pair {
	int		 client, server;
	struct imsg_who	 who;
};

static socklen_t
loopback(struct sockaddr_storage *ss, int family, uint32_t host)
{
	struct sockaddr_in	*sin = (void *)ss;
	struct sockaddr_in6	*sin6 = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		sin->sin_addr.s_addr = htonl(host);
		return (sizeof(*sin));
	}
	sin6->sin6_addr = in6addr_loopback;
	return (sizeof(*sin6));
}

/* A listener on that host's address, or, with v6 and no host, on ::, for IPv4
 * as well.  Returns -1 where this machine has no IPv6. */
static int
start(int family, uint32_t host)
{
	struct sockaddr_storage	 ss;
	struct sockaddr_in6	*sin6 = (void *)&ss;
	socklen_t		 len = loopback(&ss, family, host);
	int			 fd = socket(family, SOCK_STREAM, 0), off = 0;

	if (family == AF_INET6 && host == 0) {
		sin6->sin6_addr = in6addr_any;
		if (fd == -1 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off)) == -1)
			return (-1);
	}
	if (fd == -1 || bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, 8) == -1)
		return (-1);
	return (fd);
}

static void
ends(struct pair *p)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);

	memset(&p->who, 0, sizeof(p->who));
	if (getpeername(p->server, (struct sockaddr *)&ss, &len) == -1)
		err(1, "getpeername");
	address_take(&p->who.client, &p->who.client_port, &ss);
	len = sizeof(ss);
	if (getsockname(p->server, (struct sockaddr *)&ss, &len) == -1)
		err(1, "getsockname");
	address_take(&p->who.local, &p->who.local_port, &ss);
}

/* Connect by a socket of that family to 127.0.0.1 (IPv6: as mapped) or ::1. */
static void
join(struct pair *p, int listener, int family, bool mapped)
{
	struct sockaddr_storage	 ss, to;
	struct sockaddr_in	*sin = (void *)&to;
	struct sockaddr_in6	*sin6 = (void *)&to;
	socklen_t		 len = sizeof(ss);
	struct in6_addr		 ip;
	struct in_addr		 v4 = { htonl(INADDR_LOOPBACK) };
	uint16_t		 port;

	if (getsockname(listener, (struct sockaddr *)&ss, &len) == -1)
		err(1, "getsockname");
	address_take(&ip, &port, &ss);
	len = loopback(&to, family, INADDR_LOOPBACK);
	if (family == AF_INET)
		sin->sin_port = htons(port);
	else
		sin6->sin6_port = htons(port);
	if (mapped)
		address_map(&sin6->sin6_addr, &v4);
	p->client = socket(family, SOCK_STREAM, 0);
	if (p->client == -1 || connect(p->client, (struct sockaddr *)&to,
	    len) == -1)
		err(1, "connect");
	if ((p->server = accept(listener, NULL, NULL)) == -1)
		err(1, "accept");
	ends(p);
}

static void
leave(struct pair *p)
{
	if (p->client != -1)
		close(p->client);
	close(p->server);
}

static void
expect(const struct imsg_who *who, bool known, uint32_t uid, const char *what)
{
	struct imsg_user	 user;

	memset(&user, 0xff, sizeof(user));
	who_user(&user, who);
	is_int(user.known, known, "%s: %s", what, known ? "known" : "unknown");
	is_int(user.uid, known ? uid : 0, "%s: the uid", what);
}

static void
families(const char *what, int listener, int family, bool mapped)
{
	struct pair	 p;

	if (listener == -1) {
		skip(2, "no IPv6 here");
		return;
	}
	join(&p, listener, family, mapped);
	expect(&p.who, true, geteuid(), what);
	leave(&p);
}

/* What goes on at the client's end. */
static void
states(int listener)
{
	struct pair	 p;
	char		 c;

	join(&p, listener, AF_INET, false);
	shutdown(p.client, SHUT_WR);
	expect(&p.who, true, geteuid(), "a client that sends no more");
	shutdown(p.server, SHUT_RDWR);
	(void)!read(p.client, &c, 1);
	expect(&p.who, false, 0, "in TIME_WAIT");
	leave(&p);
	join(&p, listener, AF_INET, false);
	close(p.client);
	p.client = -1;
	expect(&p.who, false, 0, "a client that has closed");
	leave(&p);
}

static void
wrong(int listener, int alien)
{
	struct pair	 p;

	join(&p, alien, AF_INET, false);
	expect(&p.who, false, 0, "a connection to another's listener");
	leave(&p);
	join(&p, listener, AF_INET, false);
	p.who.client_port ^= 1;
	expect(&p.who, false, 0, "another port of the client");
	p.who.client_port ^= 1;
	p.who.client = p.who.local;
	p.who.client_port = p.who.local_port;
	expect(&p.who, false, 0, "the listener itself");
	leave(&p);
}

/* Another user's end: the one who has made the socket. */
static void
other(int listener)
{
	struct pair	 p;
	char		 c = 0;
	int		 fds[2];
	pid_t		 pid;

	if (geteuid() != 0) {
		skip(2, "not root: there is no other user");
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1 ||
	    (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		close(fds[0]);
		if (setuid(OTHER) == -1)
			_exit(1);
		join(&p, listener, AF_INET, false);
		(void)!write(fds[1], &p.who, sizeof(p.who));
		(void)!read(fds[1], &c, 1);
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &p.who, sizeof(p.who)) != sizeof(p.who))
		err(1, "read");
	expect(&p.who, true, OTHER, "another user");
	close(fds[0]);
	waitpid(pid, NULL, 0);
}

int
main(void)
{
	int	 v4 = start(AF_INET, INADDR_LOOPBACK), alien;
	int	 any4 = start(AF_INET, INADDR_ANY);
	int	 v6 = start(AF_INET6, 1), any6 = start(AF_INET6, 0);

	if ((alien = start(AF_INET, INADDR_LOOPBACK)) == -1 || v4 == -1 ||
	    any4 == -1)
		err(1, "listen");
	listeners.fds[listeners.n++] = v4;
	listeners.fds[listeners.n++] = any4;
	if (v6 != -1)
		listeners.fds[listeners.n++] = v6;
	if (any6 != -1)
		listeners.fds[listeners.n++] = any6;
	who_init(&listeners, false);
	families("IPv4", v4, AF_INET, false);
	families("IPv4, to a listener on 0.0.0.0", any4, AF_INET, false);
	families("IPv6", v6, AF_INET6, false);
	families("IPv6, to a listener on ::", any6, AF_INET6, false);
	families("IPv4, to a listener on ::", any6, AF_INET, false);
	families("IPv4 by an IPv6 socket", v4, AF_INET6, true);
	families("the same, to a listener on ::", any6, AF_INET6, true);
	states(v4);
	wrong(v4, alien);
	other(v4);
	return (done_testing());
}
