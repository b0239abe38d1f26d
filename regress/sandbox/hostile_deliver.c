/* SPDX-License-Identifier: ISC */

/*
 * A deliver that an attacker has taken over, against the real front and the
 * real parent.  It is linked in the place of deliver_main() in a build for
 * this test; --max-noops is the number of what it shall do: below 50 to the
 * parent, once it is confined, else to front, when a mail comes.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliver/sandbox_deliver.h"
#include "log.h"
#include "msmtpd.h"
#include "packets.h"
#include "proc.h"

#define FUZZ_MESSAGES	200

void	__wrap_deliver_main(void) __attribute__((noreturn));

static struct config	 conf;
static int		 status;

static void
to_parent(uint32_t what)
{
	static const struct imsg_auth	 auth;

	packets_to(MSMTPD_FD_PARENT);
	switch (what) {
	case 1:
		LINE(6, "deliver: honest");
		break;
	case 2:
		message(IMSG_READY, 0, NULL, 0, 0);
		break;
	case 3:
		message(IMSG_PONG, 5, NULL, 0, 0);
		break;
	case 4:
		message(IMSG_AUTH, 1, &auth, sizeof(auth), 0);
		break;
	case 5:
		message(IMSG_AUTH_CANCEL, 1, NULL, 0, 0);
		break;
	case 6:
		message(IMSG_RESULT, 0, "12345678", 8, 0);
		break;
	case 7:
		message(IMSG_KILL, 0, NULL, 0, 0);
		break;
	case 8:
		LINE(6, "front: forged");
		break;
	case 9:
		LINE(6, "parent: forged");
		break;
	case 10:
		LINE(6, "deliver: x\nfront: forged");
		break;
	case 11:
		header(IMSG_READY, 0xffffffff, 0);
		break;
	case 12:
		packet("short", 5, 0);
		break;
	case 13:
		line(6, "deliver: x", 10);		/* no '\0' */
		break;
	}
}

static void
result(uint32_t slot, uint32_t outcome, int32_t value)
{
	struct imsg_result	 r = { outcome, value };

	message(IMSG_RESULT, slot, &r, sizeof(r), 0);
}

static void
fuzz(uint32_t seed, uint32_t slot)
{
	static const uint32_t	 types[] = { IMSG_RESULT, IMSG_RESULT,
				    IMSG_RESULT, IMSG_MAIL, IMSG_RCPT, 0 };
	struct imsg_result	 r = { MAIL_EXITED, 1 };
	char			 body[64];
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
	struct imsg_result	 r = { MAIL_EXITED, 0 };

	packets_to(MSMTPD_FD_PEER);
	if (what >= 1000) {
		fuzz(what, slot);
		return;
	}
	switch (what) {
	case 50:
		result(slot, MAIL_EXITED, 0);
		break;
	case 51:
		result(slot, MAIL_EXITED, 0);
		result(slot, MAIL_EXITED, 0);
		break;
	case 52:
		result(slot + 1, MAIL_EXITED, 0);
		break;
	case 53:
		result(0xffffffff, MAIL_EXITED, 0);
		break;
	case 54:
		message(IMSG_RESULT, slot, &r, sizeof(r) - 1, 0);
		break;
	case 55:
		message(IMSG_RESULT, slot, "123456789", 9, 0);
		break;
	case 56:
		message(IMSG_RESULT, slot, &r, sizeof(r), 1);
		break;
	case 57:
		result(slot, 0, 0);
		break;
	case 58:
		result(slot, MAIL_FAILED + 1, 0);
		break;
	case 59:
		result(slot, MAIL_EXITED, 256);
		break;
	case 60:
		result(slot, MAIL_EXITED, -1);
		break;
	case 61:
		result(slot, MAIL_SIGNALED, 0);
		break;
	case 62:
		result(slot, MAIL_FAILED, -1);
		break;
	case 63:
		message(IMSG_MAIL, slot, NULL, 0, 0);
		break;
	case 64:
		message(IMSG_READY, 0, NULL, 0, 0);
		break;
	case 65:
		message(99, 0, NULL, 0, 0);
		break;
	case 66:
		header(IMSG_RESULT, 15, 0);
		break;
	case 67:
		header(IMSG_RESULT, 16, 1);
		break;
	case 68:
		packet("short", 5, 0);
		break;
	case 69:
		message(IMSG_RESULT, slot, &r, sizeof(r), 2);
		break;
	}
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
