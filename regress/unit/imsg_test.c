/* SPDX-License-Identifier: ISC */
/*
 * Messages between processes: what is sent arrives, in order and within
 * bounds, and what is malformed is refused.
 */

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "tap.h"

#define QUEUE	(1024 * 1024)

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif

static struct imsgbuf	 a, b;

static void
setup(size_t maxqueue)
{
	int	 sv[2];

	if (imsg_socketpair(sv) == -1)
		abort();
	imsgbuf_init(&a, sv[0], maxqueue);
	imsgbuf_init(&b, sv[1], maxqueue);
}

static void
teardown(void)
{
	imsgbuf_clear(&a);
	imsgbuf_clear(&b);
	imsgbuf_clear(&b);
}

static int
count_fds(void)
{
	int	 fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return (n);
}

static void
test_socketpair(void)
{
	socklen_t	 len = sizeof(int);
	int		 i, sv[2], type;

	is_int(imsg_socketpair(sv), 0, "socketpair");
	for (i = 0; i < 2; i++) {
		type = 0;
		(void)getsockopt(sv[i], SOL_SOCKET, SO_TYPE, &type, &len);
		is_int(type, SOCK_SEQPACKET, "SOCK_SEQPACKET");
		is_int(fcntl(sv[i], F_GETFD), FD_CLOEXEC, "close-on-exec");
		ok(fcntl(sv[i], F_GETFL) & O_NONBLOCK, "non-blocking");
		close(sv[i]);
	}
}

static void
test_roundtrip(void)
{
	static const size_t	 sizes[] = { 0, 1, 15, 16, 4096,
				    IMSG_DATA_MAX - 1, IMSG_DATA_MAX };
	static unsigned char	 out[IMSG_DATA_MAX + 1], in[IMSG_DATA_MAX];
	struct iovec		 iov[17];
	struct imsg		 imsg;
	struct mallinfo2	 before;
	size_t			 i;

	for (i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7);
	setup(QUEUE);
	before = mallinfo2();
	is_int(imsgbuf_get(&b, &imsg), 0, "nothing there yet");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		is_int(imsg_compose(&a, 7, 0xfffffff0U, -1, out, sizes[i]), 0,
		    "compose %zu octets", sizes[i]);
		is_int(imsgbuf_get(&b, &imsg), 1, "get");
		is_int(imsg.hdr.type, 7, "type");
		is_int(imsg.hdr.peerid, 0xfffffff0U, "peerid");
		is_int(imsg.fd, -1, "no descriptor");
		is_int((long long)imsg_get_len(&imsg), (long long)sizes[i],
		    "length");
		is_mem(imsg.data, imsg_get_len(&imsg), out, sizes[i], "body");
		is_int(imsg_get_data(&imsg, in, sizes[i]), 0, "get_data");
		ok(memcmp(in, out, sizes[i]) == 0, "copied");
	}
	is_int((long long)mallinfo2().uordblks, (long long)before.uordblks,
	    "what is sent at once is not allocated");
	is_int(imsg_get_data(&imsg, in, 1), -1, "a body of another length");
	is_int(errno, EBADMSG, "is EBADMSG");
	is_int(imsg_compose(&a, 1, 0, -1, NULL, 0), 0, "no body");
	is_int(imsgbuf_get(&b, &imsg), 1, "get");
	is_int(imsg_compose(&a, 1, 0, -1, out, IMSG_DATA_MAX + 1), -1,
	    "too long");
	is_int(errno, EMSGSIZE, "is EMSGSIZE");
	for (i = 0; i < 17; i++) {
		iov[i].iov_base = out + i;
		iov[i].iov_len = i % 3;
	}
	is_int(imsg_composev(&a, 1, 0, -1, iov, 5), 0, "composev");
	is_int(imsgbuf_get(&b, &imsg), 1, "get");
	in[0] = out[1];
	in[1] = out[2];
	in[2] = out[3];
	in[3] = out[4];
	is_mem(imsg.data, imsg_get_len(&imsg), in, 4, "gathered");
	is_int(imsg_composev(&a, 1, 0, -1, iov, 17), -1, "too many pieces");
	is_int(errno, EINVAL, "is EINVAL");
	iov[0].iov_len = SIZE_MAX;
	is_int(imsg_composev(&a, 1, 0, -1, iov, 2), -1, "length overflows");
	is_int(errno, EMSGSIZE, "is EMSGSIZE");
	teardown();
}

static void
test_fd(void)
{
	struct imsg	 imsg;
	struct stat	 want, got;
	int		 fd, n;

	n = count_fds();
	setup(QUEUE);
	if ((fd = open("/dev/null", O_RDONLY)) == -1 || fstat(fd, &want) == -1)
		abort();
	is_int(imsg_compose(&a, 2, 0, fd, "x", 1), 0, "send a descriptor");
	is_int(fcntl(fd, F_GETFD), -1, "it is the receiver's now");
	is_int(imsgbuf_get(&b, &imsg), 1, "get");
	ok(imsg.fd != -1 && fstat(imsg.fd, &got) == 0 &&
	    got.st_ino == want.st_ino && got.st_dev == want.st_dev,
	    "it has come");
	is_int(fcntl(imsg.fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	imsg_free(&imsg);
	is_int(imsg.fd, -1, "freed");
	imsg_free(&imsg);

	is_int(imsg_compose(&a, 2, 0, n + 100, "x", 1), -1,
	    "one that is not open is refused");
	is_int(errno, EBADF, "with EBADF");
	teardown();

	/* Dropped with the queue. */
	setup(QUEUE);
	while (a.queued == 0) {
		if ((fd = open("/dev/null", O_RDONLY)) == -1)
			abort();
		if (imsg_compose(&a, 2, 0, fd, &want, sizeof(want)) == -1)
			abort();
	}
	teardown();
	is_int(count_fds(), n, "no descriptor is leaked");
}

/* Whether the kernel knows of a limit: valgrind keeps some to itself. */
static int
limit_is(rlim_t want)
{
	char	 line[128];
	FILE	*fp;
	char	 name[] = "Max open files ";
	rlim_t	 cur = RLIM_INFINITY;

	if ((fp = fopen("/proc/self/limits", "r")) == NULL)
		return (0);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0)
			cur = strtoull(line + strlen(name), NULL, 10);
	}
	fclose(fp);
	return (cur == want);
}

static void
test_table_full(void)
{
	struct rlimit	 rl, old;
	struct imsg	 imsg;
	int		 fd, last;

	setup(QUEUE);
	if ((fd = open("/dev/null", O_RDONLY)) == -1)
		abort();
	is_int(imsg_compose(&a, 2, 9, fd, "body", 4), 0, "send a descriptor");
	if ((last = open("/dev/null", O_RDONLY)) == -1 ||
	    getrlimit(RLIMIT_NOFILE, &old) == -1)
		abort();
	rl = old;
	rl.rlim_cur = (rlim_t)last + 2;		/* fopen(3) needs one */
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		abort();
	if (limit_is(rl.rlim_cur)) {
		rl.rlim_cur--;
		if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
			abort();
		is_int(imsgbuf_get(&b, &imsg), 1,
		    "the table is full: no error");
		is_int(imsg.fd, -1, "but no descriptor");
		is_int((long long)imsg_get_len(&imsg), 4, "the body is there");
	} else
		skip(3, "the kernel does not know the limit");
	(void)setrlimit(RLIMIT_NOFILE, &old);
	close(last);
	teardown();
}

/* Send a raw packet with nfd descriptors, as a hostile peer would. */
static void
raw(int fd, const void *data, size_t len, int nfd)
{
	union {
		struct cmsghdr	 hdr;
		unsigned char	 buf[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec	 iov;
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int		 fds[4] = { 0, 1, 2, 0 };

	memset(&control, 0, sizeof(control));
	memcpy(&iov.iov_base, &data, sizeof(data));
	iov.iov_len = len;
	if (nfd > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE((size_t)nfd * sizeof(int));
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN((size_t)nfd * sizeof(int));
		memcpy(CMSG_DATA(&control.hdr), fds,
		    (size_t)nfd * sizeof(int));
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) == -1)
		abort();
}

static void
test_malformed(void)
{
	static const struct {
		const char	*name;
		struct imsg_hdr	 hdr;
		size_t		 len;
		int		 nfd;
		int		 ret, error;
	} tests[] = {
		{ "well-formed", { 1, 20, 0, 0 }, 20, 0, 1, 0 },
		{ "with a descriptor", { 1, 20, 0, 0 }, 20, 1, 1, 0 },
		{ "largest", { 1, MAX_IMSGSIZE, 0, 0 }, MAX_IMSGSIZE, 0, 1, 0 },
		{ "two descriptors", { 1, 20, 0, 0 }, 20, 2, -1, EBADMSG },
		{ "four descriptors", { 1, 20, 0, 0 }, 20, 4, -1, EBADMSG },
		{ "empty", { 0, 0, 0, 0 }, 0, 0, -1, ECONNRESET },
		{ "empty with one", { 0, 0, 0, 0 }, 0, 1, -1, EBADMSG },
		{ "half a header", { 1, 8, 0, 0 }, 8, 0, -1, EBADMSG },
		{ "almost a header", { 1, 15, 0, 0 }, 15, 1, -1, EBADMSG },
		{ "len too small", { 1, 19, 0, 0 }, 20, 0, -1, EBADMSG },
		{ "len too large", { 1, 21, 0, 0 }, 20, 1, -1, EBADMSG },
		{ "len 0", { 1, 0, 0, 0 }, 20, 0, -1, EBADMSG },
		{ "len huge", { 1, UINT32_MAX, 0, 0 }, 20, 0, -1, EBADMSG },
		{ "reserved", { 1, 20, 0, 1 }, 20, 0, -1, EBADMSG },
		{ "one too long", { 1, MAX_IMSGSIZE + 1, 0, 0 },
		    MAX_IMSGSIZE + 1, 1, -1, EBADMSG },
		{ "cut to its length", { 1, MAX_IMSGSIZE, 0, 0 },
		    2 * MAX_IMSGSIZE, 0, -1, EBADMSG }
	};
	static unsigned char	 packet[2 * MAX_IMSGSIZE];
	struct imsg		 imsg;
	size_t			 i;
	int			 n, left, ret, error;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		setup(QUEUE);
		n = count_fds();
		memcpy(packet, &tests[i].hdr, sizeof(tests[i].hdr));
		raw(a.fd, packet, tests[i].len, tests[i].nfd);
		errno = 0;
		ret = imsgbuf_get(&b, &imsg);
		error = errno;
		is_int(ret, tests[i].ret, "packet: %s", tests[i].name);
		is_int(error, tests[i].error, "its errno");
		if (ret == 1) {
			ok((imsg.fd != -1) == (tests[i].nfd == 1),
			    "its descriptor");
			imsg_free(&imsg);
		}
		/* What must not come is not closed, which could block. */
		left = error == EBADMSG ? tests[i].nfd : 0;
		is_int(count_fds(), n + left, "no other descriptor is left");
		closefrom((a.fd > b.fd ? a.fd : b.fd) + 1);
		teardown();
	}
}

/* Where the kernel can, it refuses them to the sender. */
static void
test_norights(void)
{
	int		 fd, on;
	socklen_t	 len = sizeof(on);

	setup(QUEUE);
	imsg_norights(b.fd);
	if (getsockopt(b.fd, SOL_SOCKET, SO_PASSRIGHTS, &on, &len) == -1)
		skip(4, "no SO_PASSRIGHTS, which Linux 6.16 has");
	else {
		if ((fd = dup(0)) == -1)
			abort();
		is_int(imsg_compose(&a, 1, 0, fd, NULL, 0), -1,
		    "a descriptor to where none belongs");
		is_int(errno, EPERM, "is EPERM");
		is_int(imsg_compose(&a, 1, 0, -1, NULL, 0), 0, "none");
		is_int(imsg_compose(&b, 1, 0, fd, NULL, 0), 0,
		    "one in the other direction");
	}
	teardown();
}

/* Credentials come along unasked where the socket is set so. */
static void
test_credentials(void)
{
	struct imsg	 imsg;
	int		 on = 1, n;

	setup(QUEUE);
	n = count_fds();
	(void)setsockopt(b.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	is_int(imsg_compose(&a, 1, 0, -1, NULL, 0), 0, "compose");
	is_int(imsgbuf_get(&b, &imsg), -1, "not a descriptor");
	is_int(errno, EBADMSG, "is EBADMSG");
	is_int(count_fds(), n, "no descriptor is left");
	teardown();
}

static void
test_close(void)
{
	struct imsg	 imsg;

	setup(QUEUE);
	(void)imsg_compose(&a, 3, 1, -1, "last", 4);
	imsgbuf_clear(&a);
	is_int(imsgbuf_get(&b, &imsg), 1, "what was sent before the end");
	is_int(imsgbuf_get(&b, &imsg), -1, "the end");
	is_int(errno, ECONNRESET, "is ECONNRESET");
	is_int(imsg_compose(&b, 3, 1, 0, "x", 1), -1, "to a closed peer");
	is_int(errno, EPIPE, "is EPIPE");
	is_int(fcntl(0, F_GETFD) != -1, 1, "the descriptor stays ours");
	teardown();

	/* The peer dies with our message unread: its own is not lost. */
	setup(QUEUE);
	(void)imsg_compose(&b, 4, 1, -1, "unread", 6);
	(void)imsg_compose(&a, 3, 1, -1, "last", 4);
	imsgbuf_clear(&a);
	is_int(imsgbuf_get(&b, &imsg), 1, "what was sent before a reset");
	is_mem(imsg.data, imsg_get_len(&imsg), "last", 4, "is all there");
	is_int(imsgbuf_get(&b, &imsg), -1, "the end");
	is_int(errno, ECONNRESET, "is ECONNRESET");
	teardown();

	setup(QUEUE);
	(void)imsg_compose(&b, 4, 1, -1, "unread", 6);
	imsgbuf_clear(&a);
	is_int(imsg_compose(&b, 3, 1, -1, "x", 1), -1, "to a reset peer");
	is_int(errno, EPIPE, "is EPIPE");
	teardown();
}

static void
test_queue(void)
{
	static unsigned char	 body[1000];
	const size_t		 packet = sizeof(body) + IMSG_HEADER_SIZE;
	const size_t		 full = 10 * packet;
	struct imsg		 imsg;
	uint32_t		 sent = 0, got = 0, wrong = 0;
	int			 fd, nfds;

	nfds = count_fds();
	setup(full + 5);
	while (imsg_compose(&a, 1, sent, -1, body, sizeof(body)) == 0)
		sent++;
	is_int(errno, ENOBUFS, "the queue has a bound");
	is_int((long long)a.queued, (long long)full,
	    "and is full");
	fd = dup(0);
	is_int(imsg_compose(&a, 1, sent, fd, body, sizeof(body)), -1,
	    "a descriptor does not fit either");
	ok(fcntl(fd, F_GETFD) != -1, "and stays ours");
	is_int(imsgbuf_write(&a), 0, "write: the peer takes none");
	is_int((long long)a.queued, (long long)full,
	    "all wait");
	errno = 0;
	is_int(imsgbuf_flush(&a, 10), -1, "flush gives up");
	is_int(errno, ETIMEDOUT, "with ETIMEDOUT");

	/* There is room for one message now, but no message may overtake one
	 * that waits. */
	is_int(imsgbuf_get(&b, &imsg), 1, "get");
	wrong += imsg.hdr.peerid != got++;
	is_int(imsg_compose(&a, 1, sent, -1, NULL, 0), -1, "still full");
	while (imsgbuf_get(&b, &imsg) == 1)
		wrong += imsg.hdr.peerid != got++;
	is_int(imsgbuf_write(&a), 0, "write");
	is_int((long long)a.queued, 0, "all are sent");
	is_int(imsg_compose(&a, 1, sent++, fd, body, 1), 0, "another");
	is_int(imsgbuf_flush(&a, 0), 0, "flush with nothing queued");
	while (imsgbuf_get(&b, &imsg) == 1) {
		wrong += imsg.hdr.peerid != got++;
		imsg_free(&imsg);
	}
	is_int(got, sent, "all %u have come", (unsigned int)sent);
	is_int(wrong, 0, "in their order");
	teardown();

	/* Small ones after a large one that did not fit at once. */
	setup(QUEUE);
	sent = got = wrong = 0;
	while (a.queued == 0)
		(void)imsg_compose(&a, 1, sent++, -1, body, sizeof(body));
	(void)imsgbuf_get(&b, &imsg);
	wrong += imsg.hdr.peerid != got++;
	is_int(imsg_compose(&a, 1, sent++, dup(0), NULL, 0), 0, "a small one");
	ok(a.queued == packet + IMSG_HEADER_SIZE, "it waits too");
	while (imsgbuf_get(&b, &imsg) == 1)
		wrong += imsg.hdr.peerid != got++;
	is_int(imsgbuf_write(&a), 0, "write");
	while (imsgbuf_get(&b, &imsg) == 1) {
		wrong += imsg.hdr.peerid != got++;
		ok((imsg.fd != -1) == (got == sent), "its descriptor");
		imsg_free(&imsg);
	}
	is_int(got, sent, "all have come");
	is_int(wrong, 0, "in their order");

	while (a.queued == 0)
		(void)imsg_compose(&a, 1, sent++, -1, body, sizeof(body));
	imsgbuf_clear(&b);
	is_int(imsgbuf_write(&a), -1, "write to a closed peer");
	is_int(errno, EPIPE, "is EPIPE");
	teardown();
	is_int((long long)a.queued, 0, "cleared");
	is_int(count_fds(), nfds, "no descriptor is leaked");
}

int
main(void)
{
	test_socketpair();
	test_roundtrip();
	test_fd();
	test_table_full();
	test_malformed();
	test_norights();
	test_credentials();
	test_close();
	test_queue();
	return (done_testing());
}
