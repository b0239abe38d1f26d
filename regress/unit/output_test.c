/* SPDX-License-Identifier: ISC */
/* Replies to a client that reads, to one that does not, and to none. */

#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "front/output.h"
#include "tap.h"

#define GATHER	8192		/* octets of replies that leave at once */

/* A new output, and the descriptor that its client reads from. */
static int
client(struct output *o)
{
	int	 fds[2], size = 1;

	memset(o, 0, sizeof(*o));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1 ||
	    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)) == -1)
		err(1, "socketpair");
	o->fd = fds[0];
	return (fds[1]);
}

static void
add(struct output *o, const char *text)
{
	ok(output_add(o, text, strlen(text)), "\"%.3s\" gathers", text);
}

static void
test_reads(void)
{
	struct output	 o;
	char		 buf[64];
	ssize_t		 n;
	int		 fd = client(&o);

	is_int(output_send(&o), 0, "nothing to send");
	add(&o, "250 a\r\n");
	add(&o, "354 b\r\n");
	is_int(read(fd, buf, sizeof(buf)), -1, "nothing is written before");
	is_int(output_send(&o), 0, "both are sent");
	n = read(fd, buf, sizeof(buf));
	is_mem(buf, n > 0 ? (unsigned long)n : 0, "250 a\r\n354 b\r\n", 14,
	    "in their order");
	ok(!output_waits(&o), "nothing waits");
	close(o.fd);
	close(fd);
}

/* A client that reads only after many replies, each of which consists of its
 * number. */
static void
test_slow(void)
{
	struct output	 o;
	char		 buf[1000], got[sizeof(buf)];
	unsigned int	 bad = 0, len = 0, n, sent = 0;
	ssize_t		 more;
	int		 fd = client(&o), ret = 0;

	while (sent < 100) {
		n = 0;
		do {
			memset(buf, (int)sent++, sizeof(buf));
			n += sizeof(buf);
		} while (output_add(&o, buf, sizeof(buf)));
		bad += n < GATHER;
		ret |= output_send(&o);
	}
	is_int(bad, 0, "a pause is asked for after %d octets", GATHER);
	is_int(ret, 0, "the client is there");
	ok(output_waits(&o), "and takes no more: something waits");
	for (n = 0; n < sent && bad == 0; ) {
		more = read(fd, got + len, sizeof(got) - len);
		if (more > 0)
			len += (unsigned int)more;
		else if (!output_waits(&o) || output_send(&o) == -1)
			break;
		if (len < sizeof(got))
			continue;
		memset(buf, (int)n++, sizeof(buf));
		bad += memcmp(buf, got, sizeof(buf)) != 0;
		len = 0;
	}
	is_int(n, sent, "%u replies arrive in the end", sent);
	is_int(bad, 0, "in their order");
	ok(!output_waits(&o), "nothing waits any more");
	close(o.fd);
	close(fd);
}

static void
test_gone(void)
{
	struct output	 o;
	int		 fd = client(&o);

	close(fd);
	add(&o, "250 a\r\n");
	is_int(output_send(&o), -1, "the client has gone");
	is_int(errno, EPIPE, "errno is write(2)'s");
	close(o.fd);
	fd = client(&o);
	is_int(backlog_add(&o.left, "250 b\r\n", 7), 0, "a reply waits");
	output_end(&o);
	ok(!output_waits(&o), "ended: no more");
	add(&o, "250 c\r\n");
	is_int(output_send(&o), 0, "what comes then is dropped");
	close(fd);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_reads();
	test_slow();
	test_gone();
	return (done_testing());
}
