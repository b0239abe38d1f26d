/* SPDX-License-Identifier: ISC */
/*
 * Packets and messages as a process that an attacker has taken over sends
 * them.
 */

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "msmtpd.h"
#include "imsg.h"
#include "packets.h"

void	__wrap_imsg_norights(int);

static int	 to = -1, carried = -1;

/* As a kernel before 6.16 has it: the receiver must look for itself. */
void
__wrap_imsg_norights(int fd)
{
	(void)fd;
}

void
packets_to(int fd)
{
	to = carried = fd;
}

void
packets_carry(int fd)
{
	carried = fd;
}

int
packet_send(int s, const void *data, size_t len, const int *fds, int n,
    int flags)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct iovec	 iov;
	struct msghdr	 msg;

	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	iov.iov_base = (void *)(uintptr_t)data;
	iov.iov_len = len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (n > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(&control.hdr), fds, (size_t)n * sizeof(int));
	}
	return (sendmsg(s, &msg, flags | MSG_NOSIGNAL) == -1 ? -1 : 0);
}

void
packet(const void *data, size_t len, int nfds)
{
	int	 fds[4] = { carried, carried, carried, carried };

	while (packet_send(to, data, len, fds, nfds, MSG_DONTWAIT) == -1)
		if (errno != EAGAIN)
			_exit(3);
}

void
message(uint32_t type, uint32_t peerid, const void *body, size_t len,
    int nfds)
{
	static char	 buf[65536];
	struct imsg_hdr	 hdr = { type, (uint32_t)(sizeof(hdr) + len), peerid,
			    0 };

	memcpy(buf, &hdr, sizeof(hdr));
	if (len > 0)
		memcpy(buf + sizeof(hdr), body, len);
	packet(buf, sizeof(hdr) + len, nfds);
}

void
once(const struct once *rows, size_t n, uint32_t what, uint32_t peerid,
    const void *body)
{
	for (; n > 0; n--, rows++)
		if (rows->what == what)
			message(rows->type, peerid, body, rows->len,
			    rows->nfds);
}

void
line(int32_t pri, const char *text, size_t len)
{
	char	 body[2048];

	memset(body, 0, offsetof(struct imsg_log, text));
	memcpy(body, &pri, sizeof(pri));
	memcpy(body + offsetof(struct imsg_log, text), text, len);
	message(IMSG_LOG, 0, body, offsetof(struct imsg_log, text) + len, 0);
}

void
header(uint32_t type, uint32_t len, uint32_t reserved)
{
	struct imsg_hdr	 hdr = { type, len, 0, reserved };

	packet(&hdr, sizeof(hdr), 0);
}
