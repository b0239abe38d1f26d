/* SPDX-License-Identifier: ISC */

/*
 * deliver, and a front that an attacker has taken over.  deliver refuses the
 * mail or ends; it never runs a command with an argument that is no mailbox,
 * and never hangs.
 */

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"
#include "tap.h"

enum expected {
	DELIVERS,		/* the command runs, once */
	REFUSES,		/* IMSG_RESULT, the command has not run */
	DIES,			/* status 1, nothing has run */
	DIES_OR_REFUSES
};

static char	 dir[] = "/tmp/msmtpd-hostile-XXXXXX";
static int	 sealed = -1;	/* a proper message */

/* Start, let it act, and see what has become of it. */
static void
check(const char *what, enum expected want,
    void (*act)(struct deliver *, const void *), const void *arg)
{
	struct deliver	 d;
	unsigned int	 runs, bad;
	bool		 died, settled, ended;

	hostile_start(&d, true);
	act(&d, arg);
	settled = hostile_settle(&d, want == DELIVERS || want == REFUSES);
	died = d.gone;
	ended = hostile_end(&d);
	hostile_recorded(&runs, &bad);
	ok(settled && ended && bad == 0, "%s: it does not hang, no argument "
	    "is forbidden", what);
	switch (want) {
	case DELIVERS:
		ok(!died && d.delivered == 1 && runs == 1, "%s: delivered",
		    what);
		break;
	case REFUSES:
		ok(!died && d.results == 1 && d.delivered == 0 && runs == 0,
		    "%s: refused", what);
		break;
	case DIES:
		ok(died && WIFEXITED(d.status) && WEXITSTATUS(d.status) == 1 &&
		    strstr(d.log, "front: ") != NULL && runs == 0,
		    "%s: deliver ends", what);
		break;
	case DIES_OR_REFUSES:
		ok(runs == 0, "%s: not delivered", what);
	}
	if (want == DIES ? !died : died)
		diag("%u results, status %#x, log: %s", d.results, d.status,
		    d.log);
}

static void
send_mail(struct deliver *d, const struct mail *m, int fd)
{
	hostile_send(d, IMSG_MAIL, 0, fd, m, sizeof(m->head) + m->len);
}

static void
honest(struct deliver *d, const void *arg)
{
	struct mail	 m;

	(void)arg;
	hostile_mail(&m);
	send_mail(d, &m, sealed);
}

/* Packets that are no proper imsg. */
static void
packet_type(struct deliver *d, const void *arg)
{
	const uint32_t	*type = arg;

	hostile_send(d, *type, 0, -1, "x", 1);
}

static void
packet_header(struct deliver *d, const void *arg)
{
	hostile_packet(d, arg, sizeof(struct imsg_hdr), NULL, 0);
}

static void
packet_short(struct deliver *d, const void *arg)
{
	hostile_packet(d, arg, 5, NULL, 0);
}

static void
packet_long(struct deliver *d, const void *arg)
{
	static char	 body[MAX_IMSGSIZE + 1000];

	(void)arg;
	hostile_send(d, IMSG_MAIL, 0, sealed, body, sizeof(body));
}

static void
packet_two_fds(struct deliver *d, const void *arg)
{
	struct {
		struct imsg_hdr	 hdr;
		struct mail	 m;
	} p;
	int	 fds[2] = { sealed, sealed };
	size_t	 len;

	(void)arg;
	memset(&p, 0, sizeof(p));
	hostile_mail(&p.m);
	len = sizeof(p.hdr) + sizeof(p.m.head) + p.m.len;
	p.hdr.type = IMSG_MAIL;
	p.hdr.len = (uint32_t)len;
	hostile_packet(d, &p, len, fds, 2);
}

static void
packets(void)
{
	static const uint32_t	 types[] = { 0, IMSG_CONFIG, IMSG_COMMAND,
				    IMSG_LISTENER, IMSG_SESSION, IMSG_START,
				    IMSG_STOP, IMSG_KILL, IMSG_PING,
				    IMSG_READY, IMSG_LOG, IMSG_RESULT, 99,
				    0xffffffff };
	static const struct imsg_hdr	 headers[] = {
		{ IMSG_MAIL, 0, 0, 0 }, { IMSG_MAIL, 15, 0, 0 },
		{ IMSG_MAIL, 17, 0, 0 }, { IMSG_MAIL, 0xffffffff, 0, 0 },
		{ IMSG_MAIL, 16, 0, 1 }, { IMSG_MAIL, 16, 0, 0 },
		{ IMSG_RCPT, 16, 0, 0 }, { IMSG_RCPT, 16, 0xffffffff, 0 }
	};
	char	 what[64];
	size_t	 i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		snprintf(what, sizeof(what), "type %u", types[i]);
		check(what, DIES, packet_type, &types[i]);
	}
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		snprintf(what, sizeof(what), "header %zu", i);
		check(what, DIES, packet_header, &headers[i]);
	}
	check("shorter than a header", DIES, packet_short, &headers[0]);
	check("longer than a message", DIES, packet_long, NULL);
	check("two descriptors", DIES, packet_two_fds, NULL);
}

/* Descriptors that are no sealed memfd of the declared size. */
static void
wrong_fd(struct deliver *d, const void *arg)
{
	const int	*fd = arg;
	struct mail	 m;

	hostile_mail(&m);
	send_mail(d, &m, *fd);
}

static void
descriptors(void)
{
	static const int	 seals[] = { F_SEAL_WRITE, F_SEAL_GROW,
				    F_SEAL_SHRINK, F_SEAL_SEAL };
	char	 what[64], path[64];
	int	 fd, fds[2];
	size_t	 i;

	fd = -1;
	check("no descriptor", REFUSES, wrong_fd, &fd);
	fd = hostile_memfd(HOSTILE_SIZE, 0);
	check("an unsealed memfd", DIES, wrong_fd, &fd);
	close(fd);
	for (i = 0; i < 4; i++) {
		fd = hostile_memfd(HOSTILE_SIZE, HOSTILE_SEALS & ~seals[i]);
		snprintf(what, sizeof(what), "a memfd without seal %d",
		    seals[i]);
		check(what, DIES, wrong_fd, &fd);
		close(fd);
	}
	for (i = 0; i < 2; i++) {
		fd = hostile_memfd(i ? HOSTILE_SIZE + 1 : HOSTILE_SIZE - 1,
		    HOSTILE_SEALS);
		check(i ? "a memfd larger than declared" :
		    "a memfd smaller than declared", DIES, wrong_fd, &fd);
		close(fd);
	}
	if (pipe(fds) == -1)
		err(1, "pipe");
	check("a pipe", DIES, wrong_fd, &fds[0]);
	close(fds[0]);
	close(fds[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		err(1, "socketpair");
	check("a socket", DIES, wrong_fd, &fds[0]);
	close(fds[0]);
	close(fds[1]);
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	(void)!ftruncate(fd, HOSTILE_SIZE);
	check("a file", DIES, wrong_fd, &fd);
	close(fd);
	unlink(path);
	fd = open("/", O_RDONLY | O_DIRECTORY);
	check("a directory", DIES, wrong_fd, &fd);
	close(fd);
	fd = open("/dev/zero", O_RDWR);
	check("a device", DIES, wrong_fd, &fd);
	close(fd);
	fd = open("/", O_PATH);
	check("a path", DIES, wrong_fd, &fd);
	close(fd);
}

/* A proper mail with one thing wrong in its head. */
static void
given_mail(struct deliver *d, const void *arg)
{
	send_mail(d, arg, sealed);
}

#define HEAD(what, want, stmt) do {			\
	hostile_mail(&m);				\
	stmt;						\
	check(what, want, given_mail, &m);		\
} while (0)

static void
heads(void)
{
	struct mail	 m;

	HEAD("size 0", DIES, m.head.size = 0);
	HEAD("size 2^64-1", DIES, m.head.size = UINT64_MAX);
	HEAD("size over the limit", DIES, m.head.size = (1 << 20) + 65536);
	HEAD("no recipient", DIES, m.head.nrcpt = 0);
	HEAD("too many recipients", DIES, m.head.nrcpt = HOSTILE_RCPTS + 1);
	HEAD("2^32-1 recipients", DIES, m.head.nrcpt = UINT32_MAX);
	HEAD("two recipients declared", DIES, m.head.nrcpt = 2);
	HEAD("octets 0", DIES, m.head.rcpt_octets = 0);
	HEAD("octets 2^32-1", DIES, m.head.rcpt_octets = UINT32_MAX);
	HEAD("10 MB of recipients", DIES, m.head.rcpt_octets = 10 << 20);
	HEAD("one octet too few", DIES, m.head.rcpt_octets--);
	HEAD("utf8 2", DIES, m.head.utf8 = 2);
	HEAD("reserved", DIES, m.head.reserved[6] = 1);
	HEAD("no id", DIES, m.head.id[0] = '\0');
	HEAD("an endless id", DIES, memset(m.head.id, 'a',
	    sizeof(m.head.id)));
	HEAD("an id with a newline", DIES, m.head.id[3] = '\n');
	HEAD("an id with a slash", DIES, m.head.id[3] = '/');
	HEAD("an id with a percent sign", DIES, m.head.id[3] = '%');
	HEAD("no sender", DIES, m.len = 0);
	HEAD("an unterminated sender", DIES, m.len = 4);
	HEAD("an unterminated recipient", DIES,
	    m.text[m.len - 1] = 'x');
}

static const struct {
	const char	*what;
	const char	*address;
	size_t		 len;		/* '\0' included */
	int		 utf8;
} addresses[] = {
#define A(what, s, utf8)	{ what, s, sizeof(s), utf8 }
	A("a dash", "-bad@example.org", 0),
	A("an option", "-oQ/tmp", 0),
	A("two dashes", "--", 0),
	A("a newline", "a\nb@example.org", 0),
	A("a carriage return", "a\rb@example.org", 0),
	A("a tab", "a\tb@example.org", 0),
	A("NUL within", "a\0b@example.org", 0),
	A("escape", "a\033[2Jb@example.org", 0),
	A("delete", "a\177b@example.org", 0),
	A("a space", "a b@example.org", 0),
	A("a quoted newline", "\"a\nb\"@example.org", 0),
	A("quoted NUL", "\"a\\\0b\"@example.org", 0),
	A("an open quote", "\"a@example.org", 0),
	A("two addresses", "a@example.org,b@example.org", 0),
	A("angle brackets", "<a@example.org>", 0),
	A("a comment", "a(x)@example.org", 0),
	A("no domain", "a@", 0),
	A("no local part", "@example.org", 0),
	A("two at signs", "a@b@example.org", 0),
	A("8 bits without UTF-8", "\303\244@example.org", 0),
	A("malformed UTF-8", "\303@example.org", 1),
	A("overlong UTF-8", "\300\200@example.org", 1),
	A("a surrogate", "\355\240\200@example.org", 1),
	A("C1 in UTF-8", "\302\233@example.org", 1),
#undef A
};

static void
all_addresses(void)
{
	static char	 longest[MSMTPD_ADDRESS_MAX + 2];
	struct mail	 m;
	char		 what[64];
	size_t		 i;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		hostile_addresses(&m, "a@example.org", 14,
		    addresses[i].address, addresses[i].len, 1);
		m.head.utf8 = (uint8_t)addresses[i].utf8;
		snprintf(what, sizeof(what), "recipient with %s",
		    addresses[i].what);
		check(what, DIES, given_mail, &m);
		hostile_addresses(&m, addresses[i].address, addresses[i].len,
		    "b@example.net", 14, 1);
		m.head.utf8 = (uint8_t)addresses[i].utf8;
		snprintf(what, sizeof(what), "sender with %s",
		    addresses[i].what);
		check(what, DIES, given_mail, &m);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	hostile_addresses(&m, "", 1, longest, sizeof(longest), 1);
	check("a recipient one octet too long", DIES, given_mail, &m);
	hostile_addresses(&m, "", 1, longest + 1, sizeof(longest) - 1, 1);
	check("a recipient as long as can be", DELIVERS, given_mail, &m);
	hostile_addresses(&m, "", 1, "", 1, 1);
	check("an empty recipient", DIES, given_mail, &m);
}

/* Out of order. */
static void
rcpt_first(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_send(d, IMSG_RCPT, 0, -1, "a@example.org", 14);
}

static void
mail_in_mail(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_partial(d, 0, sealed);
	hostile_partial(d, 1, sealed);
}

static void
rcpt_of_other(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_partial(d, 0, sealed);
	hostile_send(d, IMSG_RCPT, 1, -1, "tw@example.net", 15);
}

static void
rcpt_with_fd(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_partial(d, 0, sealed);
	hostile_send(d, IMSG_RCPT, 0, sealed, "tw@example.net", 15);
}

static void
rcpt_too_many(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_partial(d, 0, sealed);
	hostile_send(d, IMSG_RCPT, 0, -1, "x@y\0z@a\0b@c\0de", 15);
}

static void
rcpt_later_dash(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_partial(d, 0, sealed);
	hostile_send(d, IMSG_RCPT, 0, -1, "-w@example.net", 15);
}

static void
rcpt_later(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_partial(d, 0, sealed);
	hostile_send(d, IMSG_RCPT, 0, -1, "tw@example.net", 15);
}

static void
no_slot(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_partial(d, HOSTILE_SLOTS, sealed);
}

static void
never_ends(struct deliver *d, const void *arg)
{
	(void)arg;
	hostile_partial(d, 0, sealed);
}

/* 10 MB of recipients, however they are declared. */
static void
rcpt_flood(struct deliver *d, const void *arg)
{
	static char	 body[16000];
	struct mail	 m;
	size_t		 i;

	(void)arg;
	hostile_mail(&m);
	m.head.nrcpt = HOSTILE_RCPTS;
	m.head.rcpt_octets = 60000;
	for (i = 0; i < sizeof(body); i += 4)
		memcpy(body + i, "a@b", 4);
	send_mail(d, &m, sealed);
	for (i = 0; i < (10 << 20) / sizeof(body); i++)
		if (!hostile_send(d, IMSG_RCPT, 0, -1, body, sizeof(body)))
			return;
}

static void
order(void)
{
	struct deliver	 d;
	unsigned int	 runs, bad;

	check("IMSG_RCPT first", DIES, rcpt_first, NULL);
	check("a mail within a mail", DIES, mail_in_mail, NULL);
	check("a recipient of another mail", DIES, rcpt_of_other, NULL);
	check("a recipient with a descriptor", DIES, rcpt_with_fd, NULL);
	check("more recipients than declared", DIES, rcpt_too_many, NULL);
	check("a later recipient with a dash", DIES, rcpt_later_dash, NULL);
	check("a later recipient", DELIVERS, rcpt_later, NULL);
	check("no such slot", DIES, no_slot, NULL);
	check("a mail that never ends", DIES_OR_REFUSES, never_ends, NULL);
	check("10 MB of recipients, sent", DIES, rcpt_flood, NULL);

	hostile_start(&d, false);
	honest(&d, NULL);
	ok(hostile_settle(&d, 0) && d.gone, "a mail before IMSG_START: deliver "
	    "ends");
	hostile_end(&d);
	hostile_recorded(&runs, &bad);
	is_int(runs, 0, "a mail before IMSG_START: no command");
}

int
main(int argc, char **argv)
{
	hostile_begin(argc, argv, dir);
	sealed = hostile_memfd(HOSTILE_SIZE, HOSTILE_SEALS);
	check("an honest mail", DELIVERS, honest, NULL);
	packets();
	descriptors();
	heads();
	all_addresses();
	order();
	rmdir(dir);
	return (done_testing());
}
