/* SPDX-License-Identifier: ISC */

/*
 * What a front that an attacker has taken over sends to the real deliver:
 * mails with one thing wrong, messages out of order, floods.
 */

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile_mails.h"
#include "imsg.h"
#include "log.h"
#include "msmtpd.h"
#include "packets.h"
#include "proc.h"

#define SIZE		64		/* octets of a message */
#define SLOTS		4		/* --max-deliveries */
#define RCPTS		100		/* --max-recipients */
#define SEALS		(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | \
			    F_SEAL_SEAL)
#define FLOOD		200000		/* mails begun and given up */
#define UNREAD		100000		/* results that nobody reads */
#define FUZZ_MESSAGES	20

#define FROM		"from@example.org"
#define TO		"to@example.net"
#define SECOND		"tw@example.net"	/* comes by IMSG_RCPT */
#define ID		"20260101.1"

static int		 sealed, unsealed, none = -1;
static char		 longest[MSMTPD_ADDRESS_MAX + 2];
static int		 fuzzed;	/* mails sent by fuzz_one() */

/* A mail with one recipient; so many are declared. */
static const struct row {
	uint32_t	 what;
	const int	*fd;
	uint64_t	 size;
	uint32_t	 nrcpt;
	uint32_t	 slot;
	const char	*id;
	const char	*sender;
	const char	*rcpt;
} rows[] = {
	{ 100, &sealed, SIZE, 1, 0, ID, FROM, TO },		/* honest */
	{ 101, &none, SIZE, 1, 0, ID, FROM, TO },
	{ 102, &unsealed, SIZE, 1, 0, ID, FROM, TO },
	{ 108, &sealed, SIZE, 1, 0, ID, FROM, "-oQ/tmp" },
	{ 110, &sealed, SIZE, 1, 0, ID, FROM, "a\nb@example.org" },
	{ 112, &sealed, SIZE, 1, 0, ID, "", longest },
	{ 113, &sealed, SIZE, 1, 0, ID, "", longest + 1 },	/* fits */
	{ 114, &sealed, SIZE, 1, SLOTS, ID, FROM, TO }
};

static int
memfd(size_t size, int seals)
{
	int	 fd;

	if ((fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING)) ==
	    -1 || ftruncate(fd, (off_t)size) == -1 ||
	    (seals != 0 && fcntl(fd, F_ADD_SEALS, seals) == -1))
		fatal("memfd");
	return (fd);
}

/* An imsg with n descriptors, each a copy of this one. */
static void
post(uint32_t type, uint32_t slot, int fd, int n, const void *body, size_t len)
{
	static char	 buf[65536];
	struct imsg_hdr	 hdr = { type, (uint32_t)(sizeof(hdr) + len), slot,
			    0 };
	int		 fds[2] = { fd, fd };

	memcpy(buf, &hdr, sizeof(hdr));
	if (len > 0)
		memcpy(buf + sizeof(hdr), body, len);
	while (packet_send(MSMTPD_FD_PEER, buf, sizeof(hdr) + len, fds, n,
	    MSG_DONTWAIT) == -1)
		if (errno != EAGAIN)
			_exit(0);
}

/* The body of a row's mail; returns its length. */
static size_t
body_of(const struct row *r, char *body)
{
	struct imsg_mail	 head;
	size_t			 from = strlen(r->sender) + 1;
	size_t			 to = strlen(r->rcpt) + 1;

	memset(&head, 0, sizeof(head));
	head.size = r->size;
	head.nrcpt = r->nrcpt;
	head.rcpt_octets = (uint32_t)(to + (r->nrcpt == 2 ? sizeof(SECOND) :
	    0));
	memcpy(head.id, r->id, strlen(r->id));
	memcpy(head.owner, "uid=1000", 8);
	memcpy(body, &head, sizeof(head));
	memcpy(body + sizeof(head), r->sender, from);
	memcpy(body + sizeof(head) + from, r->rcpt, to);
	return (sizeof(head) + from + to);
}

static void
post_row(const struct row *r)
{
	char	 body[2048];
	size_t	 len = body_of(r, body);

	post(IMSG_MAIL, r->slot, *r->fd, *r->fd != -1, body, len);
}

/* A proper mail to two, the second of whom is to follow. */
static void
partial(uint32_t slot)
{
	struct row	 r = rows[0];

	r.slot = slot;
	r.nrcpt = 2;
	post_row(&r);
}

static void
rcpt(uint32_t slot, int n, const char *text)
{
	post(IMSG_RCPT, slot, sealed, n, text, sizeof(SECOND));
}

/* 10 MB of recipients, however they are declared. */
static void
rcpt_flood(void)
{
	static char	 many[16000];
	size_t		 i;

	for (i = 0; i < sizeof(many); i += 4)
		memcpy(many + i, "a@b", 4);
	partial(0);
	for (i = 0; i < (10 << 20) / sizeof(many); i++)
		post(IMSG_RCPT, 0, -1, 0, many, sizeof(many));
}

/* Out of order. */
static void
order(uint32_t what)
{
	if (what != 130 && what != 138 && what != MAILS_EARLY)
		partial(0);
	switch (what) {
	case 130:
		rcpt(0, 0, TO);
		break;
	case 131:
		partial(1);
		break;
	case 132:
		rcpt(1, 0, SECOND);
		break;
	case 133:
		rcpt(0, 1, SECOND);
		break;
	case 134:
		rcpt(0, 0, "x@y\0z@a\0b@c\0de");
		break;
	case 135:
		rcpt(0, 0, "-w@example.net");
		break;
	case 136:			/* as it should be */
		rcpt(0, 0, SECOND);
		break;
	case 138:
		rcpt_flood();
		break;
	case MAILS_EARLY:
		post_row(&rows[0]);
		break;
	}
}

static void
say(const char *text)
{
	packets_to(MSMTPD_FD_PARENT);
	line(6, text, strlen(text) + 1);
}

/* Allowed all: mails begun and given up.  The size of deliver can be looked at
 * when the first lot has been read. */
static void
flood(void)
{
	int	 i;

	for (i = 0; i < FLOOD; i++) {
		partial(0);
		post(IMSG_RCPT, 0, -1, 0, NULL, 0);
		if (i == FLOOD / 10)
			say("front: begun");
	}
	say("front: all sent");
	post_row(&rows[0]);
}

/* A proper mail with some octets changed. */
static void
fuzz_one(uint32_t slot)
{
	struct row	 r = rows[0];
	char		 body[2048];
	size_t		 i, n, len, head = sizeof(struct imsg_mail);

	if (random() % 4 == 0)
		r.nrcpt = 2;
	len = body_of(&r, body);
	n = random() % 6 == 0 ? (size_t)random() % 3 : 0;
	for (i = 0; i < n; i++)
		body[head + (size_t)random() % (len - head)] = (char)random();
	if (random() % 20 == 0)
		body[(size_t)random() % head] ^= (char)(1 << (random() % 8));
	if (random() % 40 == 0)
		len = (size_t)random() % len;
	if (random() % 40 == 0)
		slot = (uint32_t)random() % (SLOTS + 1);
	post(IMSG_MAIL, slot, sealed, random() % 8 != 0, body, len);
	if (r.nrcpt == 2)
		post(IMSG_RCPT, slot, -1, 0, SECOND, random() % 4 ?
		    sizeof(SECOND) : (size_t)random() % sizeof(SECOND));
}

void
mails_send(uint32_t what)
{
	static const struct imsg_hdr	 half;
	size_t				 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].what == what)
			post_row(&rows[i]);
	if (what >= 5000) {
		srandom(what);
		fuzzed = SLOTS;
		for (i = 0; i < SLOTS; i++)
			fuzz_one((uint32_t)i);
	} else if (what == 142)
		post(IMSG_KILL, 0, -1, 0, NULL, 0);
	else if (what == 140)
		flood();
	else if (what == MAILS_UNREAD)
		for (i = 0; i < UNREAD; i++)
			post_row(&rows[1]);
	else if (what >= 130)
		order(what);
	else if (what == 120)
		(void)packet_send(MSMTPD_FD_PEER, &half, 5, NULL, 0,
		    MSG_DONTWAIT);
}

static void
result(struct imsg *imsg, void *arg)
{
	struct imsg_result	 r;
	char			 text[64];

	(void)arg;
	if (imsg_get_data(imsg, &r, sizeof(r)) == -1)
		return;
	snprintf(text, sizeof(text), "front: result %u %d", r.outcome,
	    r.value);
	say(text);
	/* Its slot is free for another. */
	if (fuzzed > 0 && fuzzed++ < FUZZ_MESSAGES)
		fuzz_one(imsg->hdr.peerid);
}

static void
gone(void *arg)
{
	(void)arg;
	_exit(0);
}

void
mails_init(uint32_t what)
{
	sealed = memfd(SIZE, SEALS);
	unsealed = memfd(SIZE, 0);
	memset(longest, 'a', sizeof(longest) - 1);
	if (what != MAILS_UNREAD)
		proc_peer(PROC_DELIVER, 65536, result, gone, NULL);
}
