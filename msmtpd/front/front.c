/* SPDX-License-Identifier: ISC */
/* front: the process that speaks SMTP with the clients. */

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "event.h"
#include "handoff.h"
#include "log.h"
#include "message.h"
#include "proc.h"
#include "sandbox_front.h"
#include "session.h"
#include "status.h"
#include "users.h"

#define ACCEPT_BATCH	64	/* clients greeted in one turn */
#define ACCEPT_PAUSE	1000	/* ms without accepting when nothing is left */
#define DELIVER_GONE	5000	/* ms to tell the clients */
#define FDS_FIXED	8	/* descriptors however many sessions there are:
				 * standard ones, parent, deliver, epoll, a
				 * client that is turned away, one to spare */

static struct config	 conf;
static struct event	 listeners[MSMTPD_LISTENERS_MAX];
static struct sockaddr_storage locals[MSMTPD_LISTENERS_MAX];
static size_t		 nlisteners;
static struct timer	 pause_timer, gone_timer;
static int		 inetd_fd = -1, inetd_out = -1;
static struct sockaddr_storage inetd_client;
static uint64_t		 descriptors;	/* RLIMIT_NOFILE, at most */
static bool		 started, stopping;
static bool		 crowded;	/* session_room() was false */
static int		 front_status;	/* exit status */

static void
listeners_watch(uint32_t events)
{
	size_t	 i;

	for (i = 0; i < nlisteners; i++)
		event_mod(&listeners[i], events);
}

static void
front_accept_again(void *arg)
{
	(void)arg;
	listeners_watch(crowded ? 0 : EPOLLIN);
}

/* accept(2) says which errors concern one client only. */
static void
front_accept_failed(void)
{
	switch (errno) {
	case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
		log_warn("accept: pausing for a second");
		listeners_watch(0);
		timer_set(&pause_timer, ACCEPT_PAUSE, front_accept_again,
		    NULL);
		break;
	case EAGAIN: case EINTR: case ECONNABORTED: case EPROTO:
	case ENETDOWN: case EHOSTDOWN: case EHOSTUNREACH: case ENONET:
	case ENETUNREACH: case ENOPROTOOPT: case EOPNOTSUPP: case EPERM:
		break;
	default:
		fatal("accept");
	}
}

static void
front_accept(int fd, uint32_t events, void *arg)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len;
	int			 i, client;

	(void)events;
	for (i = 0; i < ACCEPT_BATCH; i++) {
		/* The others wait in the kernel's queue, in their order, until
		 * it is known whose those are that wait here. */
		if (!session_room()) {
			crowded = true;
			listeners_watch(0);
			return;
		}
		len = sizeof(ss);
		client = accept4(fd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client == -1) {
			front_accept_failed();
			return;
		}
		session_new(client, client, &ss, arg);
	}
}

static void
front_session_changed(void)
{
	if (crowded && session_room()) {
		crowded = false;
		if (pause_timer.at == 0)
			listeners_watch(EPOLLIN);
	}
	if (session_count() > 0 || (!stopping && !(conf.inetd && started)))
		return;
	event_exit();
}

static void
listeners_close(void)
{
	size_t	 i;
	int	 fd;

	timer_clear(&pause_timer);
	for (i = 0; i < nlisteners; i++) {
		fd = listeners[i].fd;
		event_del(&listeners[i]);
		close(fd);
	}
	nlisteners = 0;
}

static void
front_stop(void)
{
	if (stopping)
		return;
	stopping = true;
	listeners_close();
	session_stop();
	front_session_changed();
}

static void
front_names(const struct imsg *imsg)
{
	if (started)
		fatalx("parent: unexpected names");
	users_add(imsg->data, imsg_get_len(imsg));
}

/* The address of a listener, and so the local end of all its connections; NULL
 * where that is any address of the machine. */
static struct sockaddr_storage *
front_local(int fd)
{
	struct sockaddr_storage	*ss = &locals[nlisteners];
	struct in6_addr		 ip;
	socklen_t		 len = sizeof(*ss);
	uint16_t		 port;

	if (getsockname(fd, (struct sockaddr *)ss, &len) == -1)
		fatal("getsockname");
	return (address_take(&ip, &port, ss) && !address_is_any(&ip) ? ss :
	    NULL);
}

static void
front_listener(struct imsg *imsg)
{
	if (started || conf.inetd || nlisteners == MSMTPD_LISTENERS_MAX)
		fatalx("parent: unexpected listener");
	if (imsg->fd == -1)
		fatalx("parent: a listener without descriptor");
	/* front_start() begins to watch for clients. */
	listeners[nlisteners].fd = -1;
	if (event_add(&listeners[nlisteners], imsg->fd, 0, front_accept,
	    front_local(imsg->fd)) == -1)
		fatal("listener");
	imsg->fd = -1;
	nlisteners++;
}

static void
front_inetd(struct imsg *imsg)
{
	if (started || !conf.inetd || inetd_out != -1)
		fatalx("parent: unexpected session");
	memcpy(&inetd_client, imsg->data, sizeof(inetd_client));
	if (imsg->fd == -1)
		fatalx("parent: a session without descriptor");
	if (inetd_fd == -1)
		inetd_fd = imsg->fd;
	else
		inetd_out = imsg->fd;
	imsg->fd = -1;
}

/*
 * Each session needs a descriptor for its client and one for its message, each
 * newcomer one.  Where there are not enough, take fewer sessions: idle clients
 * could have all descriptors, and none would be left for messages.
 */
static void
front_limit(void)
{
	uint64_t	 reserved = FDS_FIXED + nlisteners, max;

	max = descriptors > reserved ? (descriptors - reserved) / 2 : 1;
	if (max > conf.max_sessions)
		max = conf.max_sessions;
	while (max > 1 && reserved + 2 * max + session_newcomers(
	    (uint32_t)max) > descriptors)
		max--;
	if (max >= conf.max_sessions)
		return;
	conf.max_sessions = (uint32_t)max;
	log_warnx("no more than %u sessions, by the limit of open files",
	    conf.max_sessions);
}

static void
front_rule(const struct imsg *imsg)
{
	if (started || !conf.rules)
		fatalx("parent: unexpected rule");
	session_rule(imsg->data, imsg_get_len(imsg));
}

static void
front_start(void)
{
	if (started || (conf.inetd && inetd_fd == -1))
		fatalx("parent: unexpected start");
	started = true;
	if (!conf.inetd) {
		front_limit();
		listeners_watch(EPOLLIN);
		return;
	}
	session_new(inetd_fd, inetd_out != -1 ? inetd_out : inetd_fd,
	    &inetd_client, NULL);
}

static void
parent_dispatch(struct imsg *imsg, void *arg)
{
	(void)arg;
	switch (imsg->hdr.type) {
	case IMSG_LISTENER:
		front_listener(imsg);
		break;
	case IMSG_SESSION:
		front_inetd(imsg);
		break;
	case IMSG_RULE:
		front_rule(imsg);
		break;
	case IMSG_START:
		front_start();
		break;
	case IMSG_AUTH_RESULT:
		session_auth_result(imsg->hdr.peerid, imsg->data);
		break;
	case IMSG_NAMES:
		front_names(imsg);
		break;
	case IMSG_USER:
		session_user(imsg->hdr.peerid, imsg->data);
		break;
	case IMSG_STOP:
		front_stop();
		break;
	default:
		fatalx("parent: message of type %u", imsg->hdr.type);
	}
}

static void
deliver_dispatch(struct imsg *imsg, void *arg)
{
	(void)arg;
	if (imsg->hdr.type != IMSG_RESULT)
		fatalx("deliver: message of type %u", imsg->hdr.type);
	handoff_result(imsg->hdr.peerid, imsg->data);
	status_changed();
}

static void
deliver_late(void *arg)
{
	(void)arg;
	event_exit();
}

/* Clients that wait for a result are told 451, all others 421; then front
 * ends. */
static void
deliver_gone(void *arg)
{
	(void)arg;
	if (!stopping)
		log_warnx("deliver has gone");
	front_status = 1;
	stopping = true;
	listeners_close();
	timer_set(&gone_timer, DELIVER_GONE, deliver_late, NULL);
	session_stop();
	handoff_gone();
	front_session_changed();
}

void
front_main(void)
{
	struct peer	*deliver;

	proc_init(PROC_FRONT, &conf);
	deliver = proc_peer(PROC_DELIVER, SIZE_MAX, deliver_dispatch,
	    deliver_gone, handoff_pump);
	message_init();
	status_init(proc_parent());
	session_init(&conf, proc_parent(), deliver, front_session_changed);
	descriptors = sandbox_front(&conf);
	proc_run(parent_dispatch, NULL, &front_status);
}
