/* SPDX-License-Identifier: ISC */

/*
 * A front that an attacker has taken over, against the real parent, and by
 * hostile_mails.c against the real deliver.  It is linked in the place of
 * front_main() in a build for this test; --max-noops is the number of what it
 * shall do once it is in its sandbox.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/sandbox_front.h"
#include "hostile_mails.h"
#include "log.h"
#include "msmtpd.h"
#include "packets.h"
#include "proc.h"

#define FLOOD		300000
#define FUZZ_MESSAGES	200

void	__wrap_front_main(void) __attribute__((noreturn));

static struct config	 conf;
static int		 status;

/* With login as their body. */
static const struct once	 messages[] = {
	{ 3, IMSG_READY, 0, 0 },		/* twice */
	{ 5, IMSG_PONG, 0, 0 },			/* unasked */
	{ 13, IMSG_CONFIG, sizeof(struct config), 0 },
	{ 40, IMSG_AUTH, sizeof(struct imsg_auth), 0 },
	{ 44, IMSG_AUTH, sizeof(struct imsg_auth), 1 },
	{ 46, IMSG_AUTH_CANCEL, 0, 0 }
};

static const struct imsg_status	 assignment = { .why = "x\nMAINPID=1" };

static union {
	struct imsg_auth	 auth;
	char			 octets[8192];
} login = { { "uid=1", "user", "guess" } };

/* Guesses of the password, and with cancel the places given back. */
static void
guess(bool cancel)
{
	uint32_t	 i;

	for (i = 0; i < 10000; i++) {
		message(IMSG_AUTH, i, &login, sizeof(login.auth), 0);
		if (cancel)
			message(IMSG_AUTH_CANCEL, i % 3 == 0 ? i : i + 5000,
			    NULL, 0, 0);
	}
}

static void
fuzz(uint32_t seed)
{
	static const uint32_t	 types[] = { IMSG_LOG, IMSG_LOG, IMSG_LOG,
				    IMSG_PONG, IMSG_AUTH,
				    IMSG_AUTH_CANCEL };
	static char		 body[1200];
	size_t			 i, len;
	int			 k;

	srandom(seed);
	for (k = 0; k < FUZZ_MESSAGES; k++) {
		memset(body, 0, sizeof(body));
		memcpy(body, "\6\0\0\0front: fuzz", 16);
		len = 16;
		if (random() % 20 == 0)
			body[(size_t)random() % 16] ^= (char)(1 << (random() %
			    8));
		if (random() % 40 == 0)
			for (i = 0, len = (size_t)random() % sizeof(body);
			    i < len; i++)
				body[i] = (char)random();
		message(random() % 50 ? IMSG_LOG : types[random() % 6],
		    (uint32_t)random() % 3, body, len, random() % 30 == 0);
	}
}

static void
hostile(uint32_t what)
{
	size_t	 i;

	if (what >= 1000 && what < 5000)
		fuzz(what);
	else if (what >= MAILS && what != MAILS_EARLY)
		mails_send(what);
	once(messages, sizeof(messages) / sizeof(messages[0]), what, 1,
	    &login);
	switch (what) {
	case 1:
		LINE(6, "front: honest");
		break;
	case 2:
		for (i = 0; i < FLOOD; i++)
			LINE(6, "front: flood");
		break;
	case 6:
		header(IMSG_LOG, 15, 0);
		break;
	case 25:
		LINE(6, "parent: forged");
		break;
	case 41:
		message(IMSG_STATUS, 0, &assignment, sizeof(assignment), 0);
		break;
	case 45:
	case 49:
		guess(what == 49);
		break;
	}
}

/* Answers to the guesses: those that were checked. */
static void
answered(const struct imsg *imsg)
{
	struct imsg_auth_result	 result;

	if (imsg_get_data(imsg, &result, sizeof(result)) == -1)
		return;
	if (result.answer == AUTH_NO)
		LINE(6, "front: wrong");
	else if (result.answer == AUTH_YES)
		LINE(6, "front: right");
}

static void
dispatch(struct imsg *imsg, void *arg)
{
	(void)arg;
	if (imsg->hdr.type == IMSG_AUTH_RESULT)
		answered(imsg);
	if (imsg->hdr.type == IMSG_START)
		hostile(conf.max_noops);
	if (imsg->hdr.type == IMSG_STOP)
		_exit(0);
}

void
__wrap_front_main(void)
{
	packets_to(MSMTPD_FD_PARENT);
	proc_init(PROC_FRONT, &conf);
	mails_init(conf.max_noops);
	sandbox_front(&conf);
	if (conf.max_noops == MAILS_EARLY)
		mails_send(MAILS_EARLY);
	proc_run(dispatch, NULL, &status);
}
