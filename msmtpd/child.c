/* SPDX-License-Identifier: ISC */

#include <sys/prctl.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "event.h"
#include "log.h"

#define CHILD_START	30000	/* ms to wait for the parent at start */
#define CHILD_QUEUE	(64 * 1024)	/* octets of log that wait for it */

struct peer	 child_parent;

static void	(*child_gone_hook)(void);
static uint32_t	 child_lost;	/* log lines, since the queue was full */

static bool
child_log_send(int pri, const char *text)
{
	struct imsg_log	 msg;
	size_t		 len;

	msg.pri = pri;
	len = strlcpy(msg.text, text, sizeof(msg.text));
	if (len >= sizeof(msg.text))
		len = sizeof(msg.text) - 1;
	return (peer_send(&child_parent, IMSG_LOG, 0, -1, &msg,
	    offsetof(struct imsg_log, text) + len + 1) == 0);
}

static void
child_sink(void *arg, int pri, const char *text)
{
	const char	*name = arg;
	char		 lost[96];

	if (child_lost > 0 && peer_queued(&child_parent) == 0) {
		snprintf(lost, sizeof(lost), "%s: %u log lines were lost",
		    name, child_lost);
		if (child_log_send(LOG_WARNING, lost))
			child_lost = 0;
	}
	if (!child_log_send(pri, text))
		child_lost++;
}

static void
child_drained(void)
{
	/* The sink says what was lost as soon as it can. */
	if (child_lost > 0)
		log_info("log: the queue to the parent is empty again");
}

static void
child_gone(void)
{
	if (child_gone_hook != NULL)
		child_gone_hook();
	/* Nobody is left to log to, or to start us again. */
	_exit(1);
}

void
child_ongone(void (*hook)(void))
{
	child_gone_hook = hook;
}

/* The last words, which often say why.  One try: to wait here would need
 * poll(2), which front's table does not have. */
static void
child_flush(void)
{
	if (!child_parent.open)
		return;
	(void)imsgbuf_write(&child_parent.ibuf);
	if (peer_queued(&child_parent) == 0)
		child_drained();
}

void
child_wait(struct imsg *imsg, uint32_t type)
{
	if (peer_wait(&child_parent, imsg, CHILD_START) == -1)
		fatal("parent");
	if (imsg->hdr.type != type)
		fatalx("parent: message %u instead of %u", imsg->hdr.type,
		    type);
}

/* The parent is trusted, but what it says still has to make sense. */
static void
child_config(struct config *conf)
{
	struct imsg	 imsg;

	child_wait(&imsg, IMSG_CONFIG);
	if (imsg.fd != -1 || imsg_get_data(&imsg, conf, sizeof(*conf)) == -1 ||
	    conf->ngroups > MSMTPD_GROUPS_MAX ||
	    conf->chroot[sizeof(conf->chroot) - 1] != '\0' ||
	    conf->hostname[sizeof(conf->hostname) - 1] != '\0' ||
	    conf->max_sessions == 0 || conf->max_deliveries == 0 ||
	    conf->max_recipients == 0 || (conf->drop && conf->uid == 0))
		fatalx("parent: malformed IMSG_CONFIG");
	imsg_free(&imsg);
}

void
child_init(const char *name, struct config *conf)
{
	closefrom(MSMTPD_FD_PEER + 1);
	peer_init(&child_parent, "parent", MSMTPD_FD_PARENT, CHILD_QUEUE);
	child_parent.gone = child_gone;
	child_parent.drained = child_drained;
	log_init(name, child_sink, (void *)(uintptr_t)name);
	if (atexit(child_flush) != 0)
		fatal("atexit");
	prctl(PR_SET_NAME, name);
	if (event_init() == -1)
		fatal("event_init");
	child_config(conf);
	log_setdebug(conf->debug);
}

void
child_run(void (*dispatch)(struct imsg *), const int *status)
{
	child_parent.dispatch = dispatch;
	if (peer_watch(&child_parent) == -1)
		fatal("parent: cannot watch it");
	if (peer_send(&child_parent, IMSG_READY, 0, -1, NULL, 0) == -1)
		fatal("parent");
	if (event_loop() == -1)
		fatal("epoll_wait");
	exit(*status);
}

void
child_empty(const struct imsg *imsg)
{
	if (imsg_get_len(imsg) != 0 || imsg->fd != -1)
		fatalx("parent: message %u with a body", imsg->hdr.type);
}

void
child_pong(const struct imsg *imsg)
{
	child_empty(imsg);
	if (peer_send(&child_parent, IMSG_PONG, imsg->hdr.peerid, -1, NULL,
	    0) == -1)
		log_warn("parent: cannot answer a ping");
}
