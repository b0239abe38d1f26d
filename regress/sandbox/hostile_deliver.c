/* SPDX-License-Identifier: ISC */

/*
 * A deliver that an attacker has taken over, against the real front and the
 * real parent.  It is linked in the place of deliver_main() in a build for
 * this test; --max-noops is the number of what it shall do: below 50 to the
 * parent, once it is in its sandbox, else to front, when a mail comes.
 */

#include <sys/prctl.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliver/sandbox_deliver.h"
#include "log.h"
#include "msmtpd.h"
#include "packets.h"
#include "proc.h"

#define FUZZ_MESSAGES	200
#define EXITED(status)	{ .outcome = MAIL_EXITED, .value = (status) }
/* A command that has failed, with these words. */
#define SAID(said)	{ .outcome = MAIL_EXITED, .value = 69, .words = \
			    { .code = 550, .enhanced = "5.1.1", \
			    .text = said } }

void	__wrap_deliver_main(void) __attribute__((noreturn));

static struct config	 conf;
static int		 status;

/* With zeros as their body; below 50 to the parent, else to front. */
static const struct once	 messages[] = {
	{ 2, IMSG_READY, 0, 0 },		/* twice */
	{ 3, IMSG_PONG, 0, 0 },			/* unasked */
	{ 4, IMSG_AUTH, sizeof(struct imsg_auth), 0 },
	{ 9, IMSG_PONG, 0, 1 },
	{ 10, IMSG_PONG, 0, 3 },
	{ 65, 99, 0, 0 }
};

/* Results: the number, how many slots it is off, and what it says. */
static const struct {
	uint32_t		 what;
	uint32_t		 off;
	struct imsg_result	 result;
	int			 nfds;
} results[] = {
	{ 50, 0, EXITED(0), 0 },
	{ 51, 0, EXITED(0), 0 },
	{ 51, 0, EXITED(0), 0 },
	{ 52, 1, EXITED(0), 0 },
	{ 53, 0x80000000, EXITED(0), 0 },
	{ 54, 0, EXITED(0), 1 },
	{ 55, 0, EXITED(0), 3 },
	{ 56, 0, EXITED(0), 1 },
	{ 59, 0, EXITED(256), 0 },
	{ 60, 0, SAID("no"), 0 },
	{ 61, 0, SAID("no\r\n250 2.0.0 forged"), 0 }
};

static void
send_rows(uint32_t what, uint32_t slot)
{
	static const char	 zeros[1024];
	size_t			 i;

	once(messages, sizeof(messages) / sizeof(messages[0]), what, slot,
	    zeros);
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i].what == what)
			message(IMSG_RESULT, slot + results[i].off,
			    &results[i].result, sizeof(results[i].result),
			    results[i].nfds);
}

/*
 * Send the row with a TCP socket whose other end reads nothing: whoever is the
 * last to close it, and does not end, waits for an hour.  That is the receiver,
 * who wakes up only after the child here has closed it; or else this child,
 * which dies with us.
 */
static void
send_lingering(uint32_t what, uint32_t slot)
{
	static const char	 zeros[65536];
	const struct linger	 hour = { 1, 3600 };
	struct sockaddr_in	 sin = { .sin_family = AF_INET };
	socklen_t		 len = sizeof(sin);
	int			 s, fd;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	s = socket(AF_INET, SOCK_STREAM, 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (s == -1 || fd == -1 || listen(s, 1) == -1 ||
	    getsockname(s, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(fd, (struct sockaddr *)&sin, len) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hour, sizeof(hour)) == -1)
		_exit(4);
	while (send(fd, zeros, sizeof(zeros), MSG_DONTWAIT) != -1)
		;
	packets_carry(fd);
	send_rows(what, slot);
	close(fd);
	_exit(0);
}

static void
to_parent(uint32_t what)
{
	packets_to(MSMTPD_FD_PARENT);
	if (what >= 50)
		return;
	if (what == 9 || what == 10)
		send_lingering(what, 5);
	else
		send_rows(what, 5);
	if (what == 1)
		LINE(6, "deliver: honest");
	else if (what == 8)
		LINE(6, "front: forged");
}

static void
fuzz(uint32_t seed, uint32_t slot)
{
	static const uint32_t	 types[] = { IMSG_RESULT, IMSG_RESULT,
				    IMSG_RESULT, IMSG_MAIL, IMSG_RCPT, 0 };
	struct imsg_result	 r = EXITED(1);
	char			 body[sizeof(r) + 16];
	size_t			 i;
	int			 k;

	srandom(seed);
	for (k = 0; k < FUZZ_MESSAGES; k++) {
		memset(body, 0, sizeof(body));
		memcpy(body, &r, sizeof(r));
		for (i = 0; i < sizeof(r); i++)
			if (random() % 4 == 0)
				body[i] = (char)random();
		message(types[random() % 6], random() % 2 ? slot :
		    (uint32_t)random() % 40, body, random() % 3 ? sizeof(r) :
		    (size_t)random() % sizeof(body), random() % 10 == 0);
	}
}

static void
to_front(uint32_t what, uint32_t slot)
{
	packets_to(MSMTPD_FD_PEER);
	if (what == 54 || what == 55)
		send_lingering(what, slot);
	else if (what >= 1000)
		fuzz(what, slot);
	else if (what == 66)
		header(IMSG_RESULT, 15, 0);
	else if (what >= 50)
		send_rows(what, slot);
}

static void
front_dispatch(struct imsg *imsg, void *arg)
{
	(void)arg;
	if (imsg->hdr.type == IMSG_MAIL)
		to_front(conf.max_noops, imsg->hdr.peerid);
}

static void
front_gone(void *arg)
{
	(void)arg;
	_exit(0);
}

static void
parent_dispatch(struct imsg *imsg, void *arg)
{
	(void)arg;
	if (imsg->hdr.type == IMSG_START)
		to_parent(conf.max_noops);
}

void
__wrap_deliver_main(void)
{
	struct imsg	 imsg;

	proc_init(PROC_DELIVER, &conf);
	proc_wait(&imsg, IMSG_COMMAND);
	imsg_free(&imsg);
	proc_peer(PROC_FRONT, 65536, front_dispatch, front_gone, NULL);
	sandbox_deliver(&conf);
	proc_run(parent_dispatch, NULL, &status);
}
