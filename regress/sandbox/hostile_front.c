/* SPDX-License-Identifier: ISC */

/*
 * A front that an attacker has taken over, against the real parent.  It is
 * linked in the place of front_main() in a build for this test; --max-noops
 * is the number of what it shall do once it is confined.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/sandbox_front.h"
#include "log.h"
#include "msmtpd.h"
#include "packets.h"
#include "proc.h"

#define FLOOD		1000000
#define FUZZ_MESSAGES	200

void	__wrap_front_main(void) __attribute__((noreturn));

static struct config	 conf;
static int		 status;

static void
logs(uint32_t what)
{
	static char	 text[1100];

	memset(text, 'a', sizeof(text));
	memcpy(text, "front: ", 7);
	switch (what) {
	case 20:
		message(IMSG_LOG, 0, NULL, 0, 0);
		break;
	case 21:
		line(6, "front: x", 8);		/* no '\0' */
		break;
	case 22:
		LINE(-1, "front: x");
		break;
	case 23:
		LINE(8, "front: x");
		break;
	case 24:
		LINE(6, "front: x\nparent: forged");
		break;
	case 25:
		LINE(6, "parent: forged");
		break;
	case 26:
		LINE(6, "front: x\0y");
		break;
	case 27:
		line(6, text, sizeof(text));
		break;
	case 28:
		LINE(6, "front: \033[2J");
		break;
	case 29:
		LINE(6, "frontier: x");
		break;
	case 30:
		LINE(6, "front: \302\233");
		break;
	}
}

static void
authentication(uint32_t what)
{
	struct imsg_auth	 auth;
	uint32_t		 i;

	memset(&auth, 0, sizeof(auth));
	strlcpy(auth.user, "user", sizeof(auth.user));
	strlcpy(auth.pass, "guess", sizeof(auth.pass));
	switch (what) {
	case 40:
		message(IMSG_AUTH, 1, &auth, sizeof(auth), 0);
		break;
	case 41:
		message(IMSG_AUTH, 1, &auth, sizeof(auth) - 1, 0);
		break;
	case 42:
		memset(auth.user, 'u', sizeof(auth.user));
		message(IMSG_AUTH, 1, &auth, sizeof(auth), 0);
		break;
	case 43:
		memset(auth.pass, 'p', sizeof(auth.pass));
		message(IMSG_AUTH, 1, &auth, sizeof(auth), 0);
		break;
	case 44:
		message(IMSG_AUTH, 1, &auth, sizeof(auth), 1);
		break;
	case 45:		/* guessing: as many as it takes */
		for (i = 0; i < 10000; i++)
			message(IMSG_AUTH, i, &auth, sizeof(auth), 0);
		break;
	case 46:
		message(IMSG_AUTH_CANCEL, 1, NULL, 0, 0);
		break;
	case 47:
		message(IMSG_AUTH_CANCEL, 1, "x", 1, 0);
		break;
	case 48:
		message(IMSG_AUTH_CANCEL, 1, NULL, 0, 1);
		break;
	case 49:		/* guessing with the places given back */
		for (i = 0; i < 10000; i++) {
			message(IMSG_AUTH, i, &auth, sizeof(auth), 0);
			message(IMSG_AUTH_CANCEL, i % 3 == 0 ? i : i + 5000,
			    NULL, 0, 0);
		}
		break;
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
flood(void)
{
	int	 i;

	for (i = 0; i < FLOOD; i++)
		LINE(6, "front: flood");
}

static void
hostile(uint32_t what)
{
	int	 i;

	if (what >= 1000) {
		fuzz(what);
		return;
	}
	if (what >= 40) {
		authentication(what);
		return;
	}
	if (what >= 20) {
		logs(what);
		return;
	}
	switch (what) {
	case 1:
		LINE(6, "front: honest");
		break;
	case 2:
		flood();
		break;
	case 3:
		message(IMSG_READY, 0, NULL, 0, 0);
		break;
	case 4:
		message(IMSG_READY, 0, "x", 1, 0);
		break;
	case 5:
		message(IMSG_PONG, 5, NULL, 0, 0);
		break;
	case 6:
		header(IMSG_LOG, 15, 0);
		break;
	case 7:
		header(IMSG_LOG, 0xffffffff, 0);
		break;
	case 8:
		header(IMSG_READY, 16, 1);
		break;
	case 9:
		packet("short", 5, 0);
		break;
	case 10:
		message(IMSG_READY, 0, NULL, 0, 2);
		break;
	case 11:
		message(99, 0, NULL, 0, 0);
		break;
	case 12:
		message(0, 0, NULL, 0, 0);
		break;
	case 13:
		message(IMSG_CONFIG, 0, &conf, sizeof(conf), 0);
		break;
	case 14:
		message(IMSG_START, 0, NULL, 0, 0);
		break;
	case 15:
		message(IMSG_RESULT, 0, "12345678", 8, 0);
		break;
	case 16:
		message(IMSG_KILL, 0, NULL, 0, 0);
		break;
	case 17:
		message(IMSG_AUTH_RESULT, 0, "\1", 1, 0);
		break;
	case 18:
		for (i = 0; i < FLOOD / 10; i++)
			message(IMSG_LOG, 0, "\6\0\0\0front: flood", 17, 1);
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
	sandbox_front(&conf);
	proc_run(dispatch, NULL, &status);
}
