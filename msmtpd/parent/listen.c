/* SPDX-License-Identifier: ISC */
/* listen: the listening sockets, passed or bound. */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "imsg.h"
#include "listen.h"
#include "log.h"

/* The first descriptor that a service manager passes, sd_listen_fds(3). */
#define LISTEN_FDS_START	3

static bool
is_loopback(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in	*sin = (const void *)ss;
	const struct sockaddr_in6	*sin6 = (const void *)ss;

	if (ss->ss_family == AF_INET)
		return (ntohl(sin->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET);
	return (IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr));
}

/* Puts " (NAME)" into buf, and returns it: what the service manager calls the
 * i-th socket that it passes, such as the unit's name; "" where it has none. */
static const char *
passed_name(size_t i, char *buf, size_t size)
{
	const char	*p = getenv("LISTEN_FDNAMES");
	size_t		 len = 0;

	for (; p != NULL; p += len + 1, i--) {
		len = strcspn(p, ":");
		if (i == 0 || p[len] == '\0')
			break;
	}
	*buf = '\0';
	if (i == 0 && p != NULL && len > 0)
		snprintf(buf, size, " (%.*s)", (int)(len < 255 ? len : 255), p);
	return (buf);
}

/* The path of a UNIX socket, into text of NI_MAXHOST octets; an abstract name
 * begins with "@". */
static void
unix_text(char *text, const struct sockaddr_un *sun, socklen_t len)
{
	const size_t	 n = len - offsetof(struct sockaddr_un, sun_path);

	snprintf(text, NI_MAXHOST, "%.*s", (int)n, sun->sun_path);
	if (n > 0 && sun->sun_path[0] == '\0')
		snprintf(text, NI_MAXHOST, "@%.*s", (int)n - 1,
		    sun->sun_path + 1);
}

static void
listen_log(int fd, const char *name, bool auth)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	char			 host[NI_MAXHOST], port[NI_MAXSERV];
	int			 error;

	memset(&ss, 0, sizeof(ss));
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		fatal("getsockname");
	if (ss.ss_family == AF_UNIX) {
		unix_text(host, (const void *)&ss, len);
		log_info("listening on %s%s", host, name);
		return;
	}
	error = getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host),
	    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	if (error == EAI_SYSTEM)
		fatal("getnameinfo");
	if (error != 0)
		fatalx("getnameinfo: %s", gai_strerror(error));
	log_info("listening on %s port %s%s", host, port, name);
	if (!is_loopback(&ss) && !auth)
		log_warnx("%s is not a loopback address: anyone who can reach "
		    "port %s can send mail; consider --auth or a firewall",
		    host, port);
}

/* Accepted sockets inherit these options from the listener, so that front
 * needs no setsockopt(2). */
static void
listen_setup(int fd, int family)
{
	int	 flags, on = 1;

	if (family == AF_UNIX)
		imsg_norights(fd);
	else if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == -1)
		fatal("setsockopt");
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		fatal("fcntl");
}

static void
listen_passed(struct listeners *l, int fd)
{
	int		 type = 0, listening = 0, family = 0;
	socklen_t	 len = sizeof(int);
	char		 name[260];

	passed_name(l->n, name, sizeof(name));
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) ==
	    -1 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) == -1)
		fatal_status(EX_CONFIG, "passed descriptor %d%s: %s", fd,
		    name, strerror(errno));
	if (type != SOCK_STREAM || !listening || (family != AF_INET &&
	    family != AF_INET6 && family != AF_UNIX))
		fatal_status(EX_CONFIG, "passed descriptor %d%s is not a "
		    "listening TCP or UNIX stream socket (for Accept=yes use "
		    "--inetd)", fd, name);
	listen_setup(fd, family);
	l->fds[l->n++] = fd;
}

static int
passed_count(void)
{
	const char	*pid = getenv("LISTEN_PID");
	const char	*fds = getenv("LISTEN_FDS"), *errstr;
	int		 n;

	if (pid == NULL || fds == NULL ||
	    strtonum(pid, 1, 1LL << 30, &errstr) != getpid())
		return (0);
	n = (int)strtonum(fds, 1, MSMTPD_LISTENERS_MAX, &errstr);
	if (errstr != NULL)
		fatal_status(EX_CONFIG, "LISTEN_FDS=%s is %s (1 to %d)", fds,
		    errstr, MSMTPD_LISTENERS_MAX);
	return (n);
}

void
listen_inherited(void)
{
	closefrom(LISTEN_FDS_START + passed_count());
}

/* An address with a port, as other programs take it, is a likely mistake: no
 * IPv6 address has just one colon, or one behind a bracket. */
static void __attribute__((noreturn))
address_none(const char *ip)
{
	const char	*port = strstr(ip, "]:");

	if (port != NULL)
		port++;
	else if ((port = strchr(ip, ':')) != strrchr(ip, ':'))
		port = NULL;
	if (port != NULL)
		fatal_status(EX_USAGE, "--interface: '%s' has a port; leave "
		    "'%s' out and give the port with --port", ip, port);
	fatal_status(EX_USAGE, "--interface: '%s' is not an IPv4 or IPv6 "
	    "address; names are not looked up", ip);
}

/* An IPv6 address, maybe in brackets as in a URL. */
static void
address_v6(struct sockaddr_in6 *sin6, const char *ip)
{
	struct addrinfo	 hints, *res;
	char		 bare[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	char		 v4[INET_ADDRSTRLEN];
	size_t		 len = strlen(ip);

	if (len > 2 && len <= sizeof(bare) && ip[0] == '[' &&
	    ip[len - 1] == ']')
		snprintf(bare, sizeof(bare), "%.*s", (int)len - 2, ip + 1);
	else if (strlcpy(bare, ip, sizeof(bare)) >= sizeof(bare))
		address_none(ip);
	/* inet_pton(3) does not take a scope such as "%eth0". */
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_INET6;
	hints.ai_flags = AI_NUMERICHOST;
	hints.ai_socktype = SOCK_STREAM;
	if (strchr(bare, ':') == NULL || getaddrinfo(bare, NULL, &hints,
	    &res) != 0)
		address_none(ip);
	memcpy(sin6, res->ai_addr, sizeof(*sin6));
	freeaddrinfo(res);
	/* A socket for IPv6 only cannot be bound to a mapped address. */
	if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr))
		fatal_status(EX_USAGE, "--interface: '%s' is an IPv4 address; "
		    "write it as %s", ip, inet_ntop(AF_INET,
		    &sin6->sin6_addr.s6_addr[12], v4, sizeof(v4)));
}

/* getaddrinfo(3) would also take 127.1, 1 and 010.0.0.1 (octal), which may not
 * be the addresses that are meant. */
static socklen_t
address_parse(struct sockaddr_storage *ss, const char *ip, unsigned int port)
{
	struct sockaddr_in	*sin = (void *)ss;
	struct sockaddr_in6	*sin6 = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, ip, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons((uint16_t)port);
		return (sizeof(*sin));
	}
	address_v6(sin6, ip);
	sin6->sin6_port = htons((uint16_t)port);
	return (sizeof(*sin6));
}

static void
bind_failed(const char *ip, unsigned int port)
{
	const char	*hint = "";

	if (errno == EADDRINUSE)
		hint = "; another server listens there (ss -ltnp shows which)";
	else if (errno == EACCES)
		hint = "; a port below 1024 needs root or CAP_NET_BIND_SERVICE";
	else if (errno == EADDRNOTAVAIL)
		hint = "; no interface of this machine has that address";
	else if (errno == EAFNOSUPPORT)
		hint = "; the kernel has this protocol turned off";
	fatal_status(EX_OSERR, "cannot listen on %s port %u: %s%s", ip, port,
	    strerror(errno), hint);
}

static int
listen_bind(const char *ip, unsigned int port)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = address_parse(&ss, ip, port);
	int			 fd, on = 1;

	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		bind_failed(ip, port);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		fatal("setsockopt");
	/* Without this 0.0.0.0 could not be bound beside ::. */
	if (ss.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) == -1)
		fatal("setsockopt");
	if (bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, SOMAXCONN) == -1)
		bind_failed(ip, port);
	listen_setup(fd, ss.ss_family);
	return (fd);
}

/* Why what is at the path cannot be replaced; NULL where it can: nothing, or
 * a socket that nobody listens on any more. */
static const char *
unix_fault(const struct sockaddr_un *sun)
{
	struct stat	 st;
	const char	*why = NULL;
	int		 fd;

	if (lstat(sun->sun_path, &st) == -1)
		return (NULL);
	if (!S_ISSOCK(st.st_mode))
		return ("it exists and is no socket; remove it");
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0)) == -1)
		fatal("socket");
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 ||
	    errno != ECONNREFUSED)
		why = "another server listens there (ss -xlp shows which); "
		    "stop it";
	else if (unlink(sun->sun_path) == -1 && errno != ENOENT)
		why = "it is left over, and we may not remove it; remove it";
	close(fd);
	return (why);
}

/* The umask, and no chmod(2) afterwards: nobody gets in by another mode. */
static int
listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	const char		*why;
	mode_t			 old;
	int			 fd, n;

	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	if ((why = unix_fault(&sun)) != NULL)
		fatal_status(EX_CONFIG, "--socket=%s: %s, or give another path",
		    path, why);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		fatal("socket");
	old = umask(~mode & 0777);
	n = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(old);
	if (n == -1 || listen(fd, SOMAXCONN) == -1)
		fatal_status(EX_CONFIG, "--socket=%s: %s%s", path,
		    strerror(errno), errno == ENOENT ? "; its directory must "
		    "exist" : errno == EACCES ? "; the user who starts msmtpd "
		    "must be able to write there" : "");
	listen_setup(fd, AF_UNIX);
	return (fd);
}

void
listen_open(struct listeners *l, const struct options *o)
{
	char	 name[260] = "";
	size_t	 i;
	int	 n = passed_count();

	l->n = 0;
	if (n > 0 && o->address_given)
		fatal_status(EX_USAGE, "--interface, --port and --socket: the "
		    "service manager has passed %d listening sockets, which "
		    "decide; leave the options out, or change the socket unit",
		    n);
	while (l->n < (size_t)n)
		listen_passed(l, LISTEN_FDS_START + (int)l->n);
	for (i = 0; n == 0 && i < o->interfaces.n; i++)
		l->fds[l->n++] = listen_bind(o->interfaces.v[i], o->port);
	for (i = 0; n == 0 && i < o->sockets.n; i++)
		l->fds[l->n++] = listen_unix(o->sockets.v[i], o->socket_mode);
	for (i = 0; i < l->n; i++)
		listen_log(l->fds[i], n == 0 ? "" : passed_name(i, name,
		    sizeof(name)), o->conf.auth == AUTH_REQUIRED ||
		    o->conf.rules);
}

void
listen_check(const struct options *o)
{
	struct sockaddr_storage	 ss[MSMTPD_LISTENERS_MAX];
	size_t			 i, j;

	if (o->interfaces.n + o->sockets.n > MSMTPD_LISTENERS_MAX)
		fatal_status(EX_USAGE, "--interface and --socket: more than %d",
		    MSMTPD_LISTENERS_MAX);
	for (i = 0; i < o->sockets.n; i++)
		for (j = 0; j < i; j++)
			if (strcmp(o->sockets.v[i], o->sockets.v[j]) == 0)
				fatal_status(EX_USAGE, "--socket: '%s' is "
				    "given twice; leave one out",
				    o->sockets.v[i]);
	for (i = 0; i < o->interfaces.n; i++) {
		address_parse(&ss[i], o->interfaces.v[i], o->port);
		/* The second bind(2) would fail as if another server had the
		 * address.  With port 0 each socket gets another port. */
		for (j = 0; o->port != 0 && j < i; j++)
			if (memcmp(&ss[i], &ss[j], sizeof(ss[i])) == 0)
				fatal_status(EX_USAGE, "--interface: '%s' is "
				    "given twice; leave one out",
				    o->interfaces.v[i]);
	}
}
