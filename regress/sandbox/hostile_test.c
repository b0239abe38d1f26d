/* SPDX-License-Identifier: ISC */

/*
 * deliver, and a front that an attacker has taken over.  deliver refuses the
 * mail or ends; it never runs a command with an argument that is no mailbox,
 * and never hangs.  What deliver looks at is tried here once or twice, and in
 * full by envelope_test (heads, addresses, descriptors) and imsg_test (headers
 * of packets).
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
		{ IMSG_MAIL, 15, 0, 0 }, { IMSG_MAIL, 16, 0, 0 },
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
	int	 fd = -1, fds[2];

	check("no descriptor", REFUSES, wrong_fd, &fd);
	fd = hostile_memfd(HOSTILE_SIZE, 0);
	check("an unsealed memfd", DIES, wrong_fd, &fd);
	close(fd);
	fd = hostile_memfd(HOSTILE_SIZE + 1, HOSTILE_SEALS);
	check("a memfd larger than declared", DIES, wrong_fd, &fd);
	close(fd);
	if (pipe(fds) == -1)
		err(1, "pipe");
	check("a pipe", DIES, wrong_fd, &fds[0]);
	close(fds[0]);
	close(fds[1]);
}

/* A mail as it is given. */
static void
given_mail(struct deliver *d, const void *arg)
{
	send_mail(d, arg, sealed);
}

static void
mails(void)
{
	static const char	*const harmful[] = { "-oQ/tmp",
				    "a\nb@example.org" };
	static char		 longest[MSMTPD_ADDRESS_MAX + 2];
	struct mail		 m;
	size_t			 i;

	hostile_mail(&m);
	m.head.size = UINT64_MAX;
	check("size 2^64-1", DIES, given_mail, &m);
	hostile_mail(&m);
	m.head.nrcpt = HOSTILE_RCPTS + 1;
	check("too many recipients", DIES, given_mail, &m);
	hostile_mail(&m);
	m.head.id[3] = '\n';
	check("an id with a newline", DIES, given_mail, &m);
	for (i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
		hostile_addresses(&m, "", 1, harmful[i],
		    strlen(harmful[i]) + 1, 1);
		check("a harmful recipient", DIES, given_mail, &m);
		hostile_addresses(&m, harmful[i], strlen(harmful[i]) + 1,
		    "b@example.net", 14, 1);
		check("a harmful sender", DIES, given_mail, &m);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	hostile_addresses(&m, "", 1, longest, sizeof(longest), 1);
	check("a recipient one octet too long", DIES, given_mail, &m);
	hostile_addresses(&m, "", 1, longest + 1, sizeof(longest) - 1, 1);
	check("a recipient as long as can be", DELIVERS, given_mail, &m);
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
	mails();
	order();
	rmdir(dir);
	return (done_testing());
}
