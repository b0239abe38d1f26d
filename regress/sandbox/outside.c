/* SPDX-License-Identifier: ISC */
/*
 * A TCP socket and an abstract one outside of all sandboxes, and attempts to
 * reach them.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "outside.h"

static struct sockaddr_in	 inet;
static struct sockaddr_un	 abstract;
static socklen_t		 abstract_len;

void
outside_init(void)
{
	socklen_t	 len = sizeof(inet);
	int		 s, t;

	inet.sin_family = AF_INET;
	inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s == -1 || bind(s, (struct sockaddr *)&inet, sizeof(inet)) == -1 ||
	    listen(s, 16) == -1 ||
	    getsockname(s, (struct sockaddr *)&inet, &len) == -1)
		err(1, "TCP");
	abstract.sun_family = AF_UNIX;
	snprintf(abstract.sun_path + 1, sizeof(abstract.sun_path) - 1,
	    "msmtpd-outside-%d", getpid());
	abstract_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    strlen(abstract.sun_path + 1));
	t = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (t == -1 || bind(t, (struct sockaddr *)&abstract, abstract_len) ==
	    -1 || listen(t, 16) == -1)
		err(1, "abstract socket");
}

static int
result(int ret)
{
	return (ret == -1 ? errno : 0);
}

int
outside_bind(void)
{
	struct sockaddr_in	 any = { .sin_family = AF_INET };

	return (result(bind(socket(AF_INET, SOCK_STREAM, 0),
	    (struct sockaddr *)&any, sizeof(any))));
}

int
outside_connect(void)
{
	return (result(connect(socket(AF_INET, SOCK_STREAM, 0),
	    (struct sockaddr *)&inet, sizeof(inet))));
}

int
outside_abstract(void)
{
	return (result(connect(socket(AF_UNIX, SOCK_STREAM, 0),
	    (struct sockaddr *)&abstract, abstract_len)));
}
