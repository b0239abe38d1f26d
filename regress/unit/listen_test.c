/* SPDX-License-Identifier: ISC */
/* A UNIX socket that is listened on takes no descriptors. */

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "parent/listen.h"
#include "tap.h"

static void
drop_line(void *arg, int pri, const char *text)
{
	(void)arg, (void)pri, (void)text;
}

/* Send standard input along with an octet; -1 with errno. */
static ssize_t
give(int fd)
{
	union {
		struct cmsghdr	 h;
		char		 buf[CMSG_SPACE(sizeof(int))];
	}		 u;
	char		 c = 'x';
	struct iovec	 iov = { &c, 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &u, .msg_controllen = sizeof(u) };

	memset(&u, 0, sizeof(u));
	u.h.cmsg_level = SOL_SOCKET;
	u.h.cmsg_type = SCM_RIGHTS;
	u.h.cmsg_len = CMSG_LEN(sizeof(int));
	return (sendmsg(fd, &msg, MSG_NOSIGNAL));
}

int
main(void)
{
	char			 dir[] = "/tmp/msmtpd-listen-XXXXXX";
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	struct listeners	 l;
	struct options		 o;
	int			 fd;

	log_init("", drop_line, NULL);
	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/socket", dir);
	memset(&o, 0, sizeof(o));
	o.sockets.v[o.sockets.n++] = sun.sun_path;
	o.socket_mode = 0600;
	listen_open(&l, &o);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", sun.sun_path);
	if (give(fd) != -1)
		skip(1, "this kernel cannot refuse descriptors (Linux 6.16)");
	else
		is_int(errno, EPERM, "a descriptor is not taken");
	unlink(sun.sun_path);
	rmdir(dir);
	return (done_testing());
}
