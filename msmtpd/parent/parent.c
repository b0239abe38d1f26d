/* SPDX-License-Identifier: ISC */

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "auth.h"
#include "childmsg.h"
#include "confine.h"
#include "event.h"
#include "listen.h"
#include "log.h"
#include "logger.h"
#include "msmtpd.h"
#include "notify.h"
#include "parent.h"
#include "peer.h"
#include "setup.h"
#include "spawn.h"

#define PARENT_START	30000	/* ms until both children must be ready */
#define PARENT_GRACE	30000	/* ms for running deliveries to finish */
#define PARENT_LONELY	5000	/* ms for front's end to follow deliver's */
#define PARENT_KILL	10000	/* ms after IMSG_KILL: TERM, 5 s, KILL */
#define LOGGER_RETRY	1000	/* ms */
#define LOGGER_DRAIN	1000	/* ms for the log's reader, at exit */
#define PARENT_QUEUE	(256 * 1024)

enum parent_state {
	STATE_STARTING,
	STATE_RUNNING,
	STATE_STOPPING,		/* asked to, or --inetd's session is over */
	STATE_FAILING		/* a child has died */
};

struct child {
	struct peer	 peer;
	struct event	 event;		/* its pidfd */
	const char	*name;
	pid_t		 pid;
	uint32_t	 pong;		/* last ping that it has answered */
	bool		 ready;
	bool		 running;
};

static struct child	 front = { .name = "front" };
static struct child	 deliver = { .name = "deliver" };
static struct setup	 setup;
static struct event	 signal_event, logger_event;
static struct timer	 state_timer, watchdog_timer, logger_timer;
static enum parent_state state;
static int		 parent_status;	/* exit status */
static pid_t		 parent_pid;	/* 0: nobody is forked any more */
static bool		 up;		/* both children have been ready */
static bool		 killing;	/* IMSG_KILL has been sent */
static int64_t		 watchdog;	/* ms between pings; 0: none */
static uint32_t		 ping;

static void	parent_ready(void);

/* While the start can fail, whoever started us reads it on standard error,
 * wherever the log goes. */
static void
parent_sink(void *arg, int pri, const char *text)
{
	logger_sink(arg, pri, text);
	if (state == STATE_STARTING && pri <= LOG_ERR &&
	    setup.options.log != LOGGER_STDERR)
		dprintf(STDERR_FILENO, "msmtpd: %s\n", text);
}

/* At exit, fatal()'s included: the last lines name the cause. */
static void
parent_drain(void)
{
	/* A fork of ours has a copy of what waits; it is not its to write. */
	if (parent_pid == 0 || parent_pid == getpid())
		logger_drain(LOGGER_DRAIN);
}

static void
parent_timeout(void *arg)
{
	const struct child	*c = front.running ? &front : &deliver;

	(void)arg;
	/* It ends by itself when it sees that we are gone.  To make it we
	 * have not the right, see confine_parent(). */
	fatalx("%s (pid %d) does not end; is it stopped?", c->name,
	    (int)c->pid);
}

/* End the commands; whoever waits for them gets 451. */
static void
parent_kill(void *arg)
{
	(void)arg;
	if (killing)
		return;
	killing = true;
	peer_send(&deliver.peer, IMSG_KILL, 0, -1, NULL, 0);
	timer_set(&state_timer, PARENT_KILL, parent_timeout, NULL);
}

static void
parent_stop(const char *why)
{
	if (state == STATE_STOPPING || state == STATE_FAILING) {
		log_info("%s again: ending the commands", why);
		parent_kill(NULL);
		return;
	}
	log_info("%s: stopping", why);
	notify("STOPPING=1\nSTATUS=Stopping");
	state = STATE_STOPPING;
	timer_clear(&watchdog_timer);
	timer_set(&state_timer, PARENT_GRACE, parent_kill, NULL);
	if (peer_send(&front.peer, IMSG_STOP, 0, -1, NULL, 0) == -1)
		log_warn("front: cannot tell it to stop");
}

/* A child has died.  The other finishes what it can and ends by itself.  A
 * confined parent can start nobody, which is worth more than a restart from
 * here: the service manager does that. */
static void
parent_fail(int status)
{
	if (state == STATE_FAILING) {
		/* One that cannot start takes the other along, of which we
		 * may hear first: the first cause counts, not the first end. */
		if (parent_status == 1)
			parent_status = status;
		return;
	}
	notify("STOPPING=1\nSTATUS=A process of mine has died");
	parent_status = status != 0 ? status : 1;
	state = STATE_FAILING;
	timer_clear(&watchdog_timer);
	/* Or the time that is left would begin anew, and never end. */
	if (!killing)
		timer_set(&state_timer, PARENT_GRACE, parent_kill, NULL);
}

static void
child_cause(const struct child *c, const siginfo_t *si)
{
	if (si->si_code == CLD_EXITED)
		log_warnx("%s (pid %d) exited with status %d", c->name,
		    (int)c->pid, si->si_status);
	else if (si->si_status == SIGSYS)
		log_warnx("%s (pid %d) was stopped by its sandbox: a system "
		    "call that it must not make (SIGSYS); the kernel's audit "
		    "log may name it", c->name, (int)c->pid);
	else
		log_warnx("%s (pid %d) was killed by signal %d (%s)", c->name,
		    (int)c->pid, si->si_status, strsignal(si->si_status));
}

/* Whether a child has ended as it should. */
static bool
child_expected(const struct child *c, const siginfo_t *si)
{
	if (si->si_code != CLD_EXITED || si->si_status != 0)
		return (false);
	/* While all runs, front ends when --inetd's session does, and deliver
	 * when front has, which we may hear of later. */
	if (state == STATE_RUNNING)
		return (c == &deliver || setup.options.conf.inetd);
	return (state != STATE_STARTING);
}

static void
parent_lonely(void *arg)
{
	(void)arg;
	log_warnx("deliver has ended, front has not");
	parent_fail(1);
}

static void
child_ended(int fd, uint32_t events, void *arg)
{
	struct child	*c = arg;
	siginfo_t	 si;
	int		 i;

	(void)events;
	memset(&si, 0, sizeof(si));
	if (waitid(P_PIDFD, (id_t)fd, &si, WEXITED) == -1)
		fatal("waitid");
	/* Its last words may still be in the socket. */
	for (i = 0; i < 16 && c->peer.open; i++)
		c->peer.ev.fn(c->peer.ibuf.fd, EPOLLIN, &c->peer);
	c->running = false;
	event_del(&c->event);
	peer_close(&c->peer);
	if (!child_expected(c, &si)) {
		child_cause(c, &si);
		parent_fail(!up && si.si_code == CLD_EXITED ?
		    si.si_status : 1);
	} else if (state == STATE_RUNNING && c == &deliver && front.running)
		timer_set(&state_timer, PARENT_LONELY, parent_lonely, NULL);
	else if (state == STATE_RUNNING) {
		state = STATE_STOPPING;
		timer_set(&state_timer, PARENT_GRACE, parent_kill, NULL);
	}
	if (!front.running && !deliver.running)
		event_exit();
}

/* What a child has to say: one printable line, under its own name. */
static void
child_log(const struct child *c, struct imsg *imsg)
{
	const struct imsg_log	*msg = imsg->data;

	if (!childmsg_log(c->name, imsg->data, imsg_get_len(imsg)))
		fatalx("%s: malformed IMSG_LOG", c->name);
	parent_sink(NULL, msg->pri, msg->text);
}

static void
child_body_empty(const struct child *c, struct imsg *imsg)
{
	if (imsg_get_len(imsg) != 0 || imsg->fd != -1)
		fatalx("%s: message %u has a body", c->name, imsg->hdr.type);
}

static void
child_ready(struct child *c, struct imsg *imsg)
{
	child_body_empty(c, imsg);
	if (c->ready)
		fatalx("%s: ready twice", c->name);
	c->ready = true;
	/* A signal, or the other's death, may have come first. */
	if (state == STATE_STARTING && front.ready && deliver.ready)
		parent_ready();
}

static void
child_pong(struct child *c, struct imsg *imsg)
{
	child_body_empty(c, imsg);
	if (imsg->hdr.peerid != ping || c->pong == ping)
		fatalx("%s: pong without ping", c->name);
	c->pong = ping;
	if (front.pong == ping && deliver.pong == ping)
		notify_alive();
}

static void
front_auth(struct imsg *imsg)
{
	struct imsg_auth	 auth;

	if (!childmsg_auth(&auth, imsg->data, imsg_get_len(imsg)) ||
	    imsg->fd != -1)
		fatalx("front: malformed IMSG_AUTH");
	if (!setup.options.conf.auth || state == STATE_STARTING)
		fatalx("front: unexpected IMSG_AUTH");
	auth_request(&front.peer, imsg->hdr.peerid, &auth);
	explicit_bzero(&auth, sizeof(auth));
	explicit_bzero((void *)(uintptr_t)imsg->data, sizeof(auth));
}

static void
front_auth_cancel(struct imsg *imsg)
{
	child_body_empty(&front, imsg);
	if (!setup.options.conf.auth || state == STATE_STARTING)
		fatalx("front: unexpected IMSG_AUTH_CANCEL");
	auth_cancel(imsg->hdr.peerid);
}

static void
front_dispatch(struct imsg *imsg)
{
	switch (imsg->hdr.type) {
	case IMSG_LOG:
		child_log(&front, imsg);
		break;
	case IMSG_READY:
		child_ready(&front, imsg);
		break;
	case IMSG_PONG:
		child_pong(&front, imsg);
		break;
	case IMSG_AUTH:
		front_auth(imsg);
		break;
	case IMSG_AUTH_CANCEL:
		front_auth_cancel(imsg);
		break;
	default:
		fatalx("front: message of type %u", imsg->hdr.type);
	}
}

static void
deliver_dispatch(struct imsg *imsg)
{
	switch (imsg->hdr.type) {
	case IMSG_LOG:
		child_log(&deliver, imsg);
		break;
	case IMSG_READY:
		child_ready(&deliver, imsg);
		break;
	case IMSG_PONG:
		child_pong(&deliver, imsg);
		break;
	default:
		fatalx("deliver: message of type %u", imsg->hdr.type);
	}
}

/* Its end of the socket is closed; its pidfd will tell the cause. */
static void
child_gone(void)
{
}

static void
parent_watchdog(void *arg)
{
	(void)arg;
	timer_set(&watchdog_timer, watchdog, parent_watchdog, NULL);
	/* One that has not answered gets no further ping, and the service
	 * manager no sign of life. */
	if (front.pong != ping || deliver.pong != ping)
		return;
	ping++;
	if (peer_send(&front.peer, IMSG_PING, ping, -1, NULL, 0) == -1 ||
	    peer_send(&deliver.peer, IMSG_PING, ping, -1, NULL, 0) == -1)
		log_warn("watchdog");
}

static void
parent_reload(void)
{
	struct timespec	 ts;
	bool		 running = state == STATE_RUNNING;

	/* Who is not ready yet, or no more, must not say so. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (running)
		notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		    (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	if (logger_reopen() == -1)
		log_warn("SIGHUP: cannot open the log file anew, the old one "
		    "stays in use");
	else
		log_info("SIGHUP: log %s", setup.options.log == LOGGER_FILE ?
		    "file opened anew" : "has no file to open anew");
	if (running)
		notify("READY=1");
}

static void
parent_signal(int fd, uint32_t events, void *arg)
{
	struct signalfd_siginfo	 si;

	(void)events, (void)arg;
	while (read(fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			parent_reload();
		else
			parent_stop(si.ssi_signo == SIGINT ? "SIGINT" :
			    "SIGTERM");
	}
}

static void
logger_writable(int fd, uint32_t events, void *arg)
{
	(void)fd, (void)events, (void)arg;
	logger_flush();
}

static void
logger_retry(void *arg)
{
	(void)arg;
	logger_flush();
}

/* At each turn's end: while lines wait for the log's reader, watch it, or,
 * where there is nothing to watch (a full disk, no syslogd) or it cannot be,
 * look again in a second. */
static void
parent_turn(void)
{
	int	 fd = logger_pending() > 0 ? logger_fd() : -1;

	if (logger_event.fd != fd)
		event_del(&logger_event);
	if (fd != -1 && logger_event.fd == -1 && event_add(&logger_event, fd,
	    EPOLLOUT, logger_writable, NULL) == -1)
		fd = -1;
	if (logger_pending() == 0)
		timer_clear(&logger_timer);
	else if (fd == -1 && logger_timer.at == 0)
		timer_set(&logger_timer, LOGGER_RETRY, logger_retry, NULL);
}

/* Whoever started us may have ignored signals, SIGCHLD among them, without
 * which no child can be waited for; the command is to find all at their
 * default.  A reader of ours that goes away is no reason to die.  Nor is
 * SIGHUP, from now on: it waits until parent_signals() takes it.  The other
 * signals end the start at once, whatever it is waiting for. */
static void
parent_dispositions(void)
{
	/* The kernel's struct sigaction, SIG_DFL: sigaction(2) of the C
	 * library refuses its own signals, which can be ignored, too. */
	static const char	 dfl[64];
	sigset_t		 set;
	int			 i;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_SETMASK, &set, NULL) == -1)
		fatal("sigprocmask");
	for (i = 1; i < NSIG; i++)
		(void)syscall(SYS_rt_sigaction, i, dfl, NULL, (NSIG - 1) / 8);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static void
parent_signals(void)
{
	sigset_t	 set;
	int		 fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_SETMASK, &set, NULL) == -1)
		fatal("sigprocmask");
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1 || event_add(&signal_event, fd, EPOLLIN, parent_signal,
	    NULL) == -1)
		fatal("signalfd");
}

static void
child_start(struct child *c, const char *title, int theirs, int ours,
    int peer, char **env, void (*dispatch)(struct imsg *))
{
	int	 pidfd;

	c->pid = spawn_child(title, theirs, peer, env);
	pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	peer_init(&c->peer, c->name, ours, PARENT_QUEUE);
	c->peer.dispatch = dispatch;
	c->peer.gone = child_gone;
	if (pidfd == -1 || fcntl(pidfd, F_SETFD, FD_CLOEXEC) == -1 ||
	    event_add(&c->event, pidfd, EPOLLIN, child_ended, c) == -1 ||
	    peer_watch(&c->peer) == -1)
		fatal("%s: cannot watch it", c->name);
	c->running = true;
}

static void
child_send(struct child *c, uint32_t type, int fd, const void *data,
    size_t len)
{
	/* One that has died already says why by its pidfd. */
	if (peer_send(&c->peer, type, 0, fd, data, len) == -1 &&
	    errno != EPIPE && errno != ENOTCONN)
		fatal("%s: cannot send its settings", c->name);
}

static void
parent_children(void)
{
	int	 f[2], d[2], fd[2];
	size_t	 i;

	if (imsg_socketpair(f) == -1 || imsg_socketpair(d) == -1 ||
	    imsg_socketpair(fd) == -1)
		fatal_status(EX_OSERR, "socketpair: %s", strerror(errno));
	spawn_init();
	child_start(&front, TITLE_FRONT, f[1], f[0], fd[0], setup.front_env,
	    front_dispatch);
	child_start(&deliver, TITLE_DELIVER, d[1], d[0], fd[1],
	    setup.deliver_env, deliver_dispatch);
	spawn_done();
	child_send(&front, IMSG_CONFIG, -1, &setup.front, sizeof(setup.front));
	setup.deliver.front = front.pid;
	child_send(&deliver, IMSG_CONFIG, -1, &setup.deliver,
	    sizeof(setup.deliver));
	child_send(&deliver, IMSG_COMMAND, -1, setup.command.strings,
	    setup.command.octets);
	for (i = 0; i < setup.listeners.n; i++) {
		if (setup.options.conf.inetd)
			child_send(&front, IMSG_SESSION,
			    setup.listeners.fds[i], &setup.listeners.client,
			    sizeof(setup.listeners.client));
		else
			child_send(&front, IMSG_LISTENER,
			    setup.listeners.fds[i], NULL, 0);
	}
}

static void
parent_slow(void *arg)
{
	(void)arg;
	fatalx("%s does not start: the machine is overloaded, or it is "
	    "stopped", !front.ready ? "front" : "deliver");
}

/* Both children are confined: so are we, and then clients may come. */
static void
parent_ready(void)
{
	struct confine_log	 log = { NULL, 0 };

	timer_clear(&state_timer);
	if (setup.options.log == LOGGER_FILE)
		log.file = setup.options.logfile;
	log.syslog = setup.options.log == LOGGER_SYSLOG;
	log_init("parent", parent_sink, NULL);
	watchdog = notify_watchdog();	/* it asks for our pid */
	confine_parent(&log);
	up = true;
	state = STATE_RUNNING;
	child_send(&deliver, IMSG_START, -1, NULL, 0);
	child_send(&front, IMSG_START, -1, NULL, 0);
	if (watchdog > 0)
		parent_watchdog(NULL);
	log_info("msmtpd " VERSION " is ready");
	notify("READY=1\nSTATUS=Ready");
}

void
parent_main(int argc, char **argv)
{
	signal_event.fd = logger_event.fd = -1;
	front.event.fd = deliver.event.fd = -1;
	parent_pid = getpid();
	if (atexit(parent_drain) != 0)
		fatal("atexit");
	parent_dispositions();
	setup_options(&setup, argc, argv);
	log_init("", parent_sink, NULL);
	setup_resources(&setup);
	if (event_init() == -1)
		fatal("event_init");
	parent_signals();
	event_atturn(parent_turn);
	timer_set(&state_timer, PARENT_START, parent_slow, NULL);
	parent_children();
	parent_pid = 0;
	if (event_loop() == -1)
		fatal("epoll_wait");
	if (state == STATE_STOPPING)
		log_info("stopped");
	exit(parent_status);
}
