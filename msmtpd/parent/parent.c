/* SPDX-License-Identifier: ISC */
/* parent: starts the children, writes the log, ends the daemon. */

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
#include "event.h"
#include "listen.h"
#include "log.h"
#include "logger.h"
#include "msmtpd.h"
#include "notify.h"
#include "proc.h"
#include "sandbox_enter.h"
#include "sandbox_parent.h"
#include "setup.h"
#include "who.h"

#define PARENT_START	30000	/* ms until all children must be ready */
#define PARENT_GRACE	30000	/* ms for running deliveries to finish */
#define PARENT_LONELY	5000	/* ms for front's end to follow deliver's */
#define PARENT_KILL	10000	/* ms after IMSG_KILL: TERM, 5 s, KILL */
#define LOGGER_RETRY	1000	/* ms */
#define LOGGER_DRAIN	1000	/* ms for the log's reader, at exit */

enum parent_state {
	STATE_STARTING,
	STATE_RUNNING,
	STATE_STOPPING,		/* asked to, or --inetd's session is over */
	STATE_FAILING		/* a child has died */
};

static struct setup	 setup;
static struct event	 signal_event, logger_event;
static struct timer	 state_timer, watchdog_timer, logger_timer;
static enum parent_state state;
static int		 parent_status;	/* exit status */
static pid_t		 parent_pid;	/* 0: nobody is forked any more */
static bool		 up;		/* all children have been ready */
static bool		 killing;	/* IMSG_KILL has been sent */
static int64_t		 watchdog;	/* ms between pings; 0: none */

static void	parent_ready(void);

/* While the start can fail, errors go to standard error, too, where the one
 * who starts the daemon can read them. */
static void
parent_put(unsigned int source, int pri, const char *text, uint32_t lost)
{
	logger_notice(source, pri, text, lost);
	if (state == STATE_STARTING && pri <= LOG_ERR &&
	    setup.options.log != LOGGER_STDERR)
		dprintf(STDERR_FILENO, "msmtpd: %s\n", text);
}

static void
parent_sink(void *arg, int pri, const char *text)
{
	(void)arg;
	parent_put(PROC_PARENT, pri, text, 1);
}

/* At exit, after fatal() as well: the last lines have the cause. */
static void
parent_drain(void)
{
	/* A forked child has a copy of the lines that wait, and writing them
	 * from there would write them twice. */
	if (parent_pid == 0 || parent_pid == getpid())
		logger_drain(LOGGER_DRAIN);
}

static void
parent_timeout(void *arg)
{
	const struct child	*c = proc_running();

	(void)arg;
	/* The child ends when it sees that parent is gone.  The sandbox lets
	 * parent send no signal. */
	fatalx("%s (pid %d) does not end; is it stopped?", c->proc->name,
	    (int)c->pid);
}

/* Have deliver end all commands; clients that wait for one get 451. */
static void
parent_kill(void *arg)
{
	(void)arg;
	if (killing)
		return;
	killing = true;
	peer_send(&proc_child(PROC_DELIVER)->peer, IMSG_KILL, 0, -1, NULL, 0);
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
	if (peer_send(&proc_child(PROC_FRONT)->peer, IMSG_STOP, 0, -1, NULL,
	    0) == -1)
		log_warn("front: cannot tell it to stop");
}

/* A child has died.  The others finish what they can and end.  A confined
 * parent can start no process; the service manager starts the daemon again. */
static void
parent_fail(int status)
{
	if (state == STATE_FAILING) {
		/* When one child cannot start, the others end with 1, and
		 * parent may hear of them first. */
		if (parent_status == 1)
			parent_status = status;
		return;
	}
	notify("STOPPING=1\nSTATUS=A process has died");
	parent_status = status != 0 ? status : 1;
	state = STATE_FAILING;
	timer_clear(&watchdog_timer);
	/* After IMSG_KILL the timer runs already and must not begin anew. */
	if (!killing)
		timer_set(&state_timer, PARENT_GRACE, parent_kill, NULL);
}

static void
child_cause(const struct child *c, const siginfo_t *si)
{
	if (si->si_code == CLD_EXITED)
		log_warnx("%s (pid %d) exited with status %d", c->proc->name,
		    (int)c->pid, si->si_status);
	else if (si->si_status == SIGSYS)
		log_warnx("%s (pid %d) was stopped by its sandbox: a system "
		    "call that it must not make (SIGSYS); the kernel's audit "
		    "log may name it", c->proc->name, (int)c->pid);
	else
		log_warnx("%s (pid %d) was killed by signal %d (%s)", c->proc->name,
		    (int)c->pid, si->si_status, strsignal(si->si_status));
}

/* Whether a child has ended as it should. */
static bool
child_expected(const struct child *c, const siginfo_t *si)
{
	if (si->si_code != CLD_EXITED || si->si_status != 0)
		return (false);
	/* Without a stop, front ends with --inetd's session, and deliver ends
	 * after front, although parent may hear of deliver first. */
	if (state == STATE_RUNNING)
		return (c == proc_child(PROC_DELIVER) ||
		    setup.options.conf.inetd);
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

	(void)events;
	memset(&si, 0, sizeof(si));
	if (waitid(P_PIDFD, (id_t)fd, &si, WEXITED) == -1)
		fatal("waitid");
	proc_ended(c);
	if (!child_expected(c, &si)) {
		child_cause(c, &si);
		parent_fail(!up && si.si_code == CLD_EXITED ?
		    si.si_status : 1);
	} else if (state == STATE_RUNNING && c == proc_child(PROC_DELIVER) &&
	    proc_child(PROC_FRONT)->running)
		timer_set(&state_timer, PARENT_LONELY, parent_lonely, NULL);
	else if (state == STATE_RUNNING) {
		state = STATE_STOPPING;
		timer_set(&state_timer, PARENT_GRACE, parent_kill, NULL);
	}
	if (proc_running() == NULL)
		event_exit();
}

static void
child_ready(struct child *c)
{
	if (c->ready)
		fatalx("%s: ready twice", c->proc->name);
	c->ready = true;
	/* A signal, or another child's death, may have come first. */
	if (state == STATE_STARTING && proc_missing() == NULL)
		parent_ready();
}

static void
front_auth(struct child *c, const struct imsg *imsg)
{
	const struct imsg_auth	*auth = imsg->data;

	if (setup.options.logins.n == 0 || state == STATE_STARTING)
		fatalx("front: unexpected message about AUTH");
	if (imsg->hdr.type == IMSG_AUTH_CANCEL) {
		auth_cancel(imsg->hdr.peerid);
		return;
	}
	auth_request(&c->peer, imsg->hdr.peerid, auth);
	explicit_bzero((void *)(uintptr_t)auth, sizeof(*auth));
}

static void
front_counts(const struct imsg_status *st)
{
	if (state == STATE_STARTING)
		fatalx("front: unexpected IMSG_STATUS");
	/* "Stopping" shall stay to the end. */
	if (state != STATE_RUNNING)
		return;
	notify("STATUS=%" PRIu64 " delivered, %" PRIu64 " failed for now, %"
	    PRIu64 " refused, %" PRIu32 " running, %" PRIu32 " waiting%s%s",
	    st->delivered, st->deferred, st->refused, st->running,
	    st->waiting, *st->why != '\0' ? "; last failure: " : "", st->why);
}

/* Each process has its share of the log, and so have front's lines about mails:
 * no other line shall push them out. */
static void
child_line(const struct child *c, const struct imsg_log *line)
{
	static const char	 mail[] = "front: mail id=";
	unsigned int		 source = (unsigned int)(c->proc - procs);

	_Static_assert(PROC_MAX < LOGGER_SOURCES, "a source for each");
	if (strncmp(line->text, mail, sizeof(mail) - 1) == 0)
		source = PROC_MAX;
	parent_put(source, line->pri, line->text, line->lost > 0 ?
	    line->lost : 1);
}

static void
front_who(struct child *c, const struct imsg *imsg)
{
	struct imsg_user	 user;

	if (state == STATE_STARTING)
		fatalx("front: unexpected IMSG_WHO");
	who_user(&user, imsg->data);
	/* A front that does not read its answers gives up asking. */
	(void)peer_send(&c->peer, IMSG_USER, imsg->hdr.peerid, -1, &user,
	    sizeof(user));
}

/* msg_check() has refused what this child must not send. */
static void
parent_dispatch(struct imsg *imsg, void *arg)
{
	struct child	*c = arg;

	switch (imsg->hdr.type) {
	case IMSG_LOG:
		child_line(c, imsg->data);
		break;
	case IMSG_READY:
		child_ready(c);
		break;
	case IMSG_PONG:
		if (proc_pong(c, imsg->hdr.peerid))
			notify_alive();
		break;
	case IMSG_AUTH:
	case IMSG_AUTH_CANCEL:
		front_auth(c, imsg);
		break;
	case IMSG_STATUS:
		front_counts(imsg->data);
		break;
	case IMSG_WHO:
		front_who(c, imsg);
		break;
	default:
		fatalx("%s: message of type %u", c->proc->name,
		    imsg->hdr.type);
	}
}

static void
parent_watchdog(void *arg)
{
	(void)arg;
	timer_set(&watchdog_timer, watchdog, parent_watchdog, NULL);
	proc_ping();
}

static void
parent_reload(void)
{
	struct timespec	 ts;
	bool		 running = state == STATE_RUNNING;

	/* A daemon that is not ready must not say READY=1. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (running)
		notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		    (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	if (logger_reopen() == -1)
		log_warn("SIGHUP: the old log file stays in use; parent, "
		    "which has no privilege, cannot open the new one");
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

/* After each turn of the event loop: while lines wait, watch the log's
 * descriptor, or, where that is not possible (a full disk, no syslogd), try
 * again in a second. */
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

/* Set all signals to their default, which is what the command shall find:
 * without SIGCHLD's no child could be waited for.  SIGPIPE and SIGXFSZ must
 * not end the daemon when a reader goes away or a file is full, and SIGHUP
 * waits for parent_signals().  The others end the start at once. */
static void
parent_dispositions(void)
{
	/* The kernel's struct sigaction for SIG_DFL: the C library's function
	 * refuses the signals that it uses itself. */
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

/* The names of users, in messages of whole ones. */
static void
parent_names(const char *p, size_t len)
{
	size_t	 n, size;

	for (; len > 0; p += n, len -= n) {
		for (n = 0; n < len; n += size) {
			size = sizeof(uint32_t) +
			    strlen(p + n + sizeof(uint32_t)) + 1;
			if (n + size > IMSG_DATA_MAX)
				break;
		}
		proc_give(PROC_FRONT, IMSG_NAMES, p, n);
	}
}

static void
parent_children(void)
{
	static const struct proc_ops	 ops = { parent_dispatch, child_ended };
	const struct listeners		*l = &setup.listeners;
	struct config			*conf;
	enum proc_id			 id;
	size_t				 i;

	proc_start(setup.env, &ops);
	/* Commands of an earlier start may have descriptors in flight. */
	sandbox_limit(RLIMIT_NOFILE, MSMTPD_FILES_SENDER, "RLIMIT_NOFILE");
	for (id = PROC_PARENT + 1; id < PROC_MAX; id++) {
		conf = &setup.conf[id];
		if (procs[id].user == PROC_COMMAND)
			conf->nsiblings = proc_siblings(id, conf->siblings);
		proc_send(id, IMSG_CONFIG, -1, conf, sizeof(*conf));
	}
	proc_send(PROC_DELIVER, IMSG_COMMAND, -1, setup.command.strings,
	    setup.command.octets);
	parent_names(setup.names, setup.names_len);
	free(setup.names);
	for (i = 0; i < setup.rules.n; i++)
		proc_give(PROC_FRONT, IMSG_RULE, setup.rules.v[i],
		    rule_size(setup.rules.v[i]));
	rules_free(&setup.rules);
	for (i = 0; i < l->n; i++) {
		if (setup.options.conf.inetd)
			proc_send(PROC_FRONT, IMSG_SESSION, l->fds[i],
			    &l->client, sizeof(l->client));
		else
			proc_send(PROC_FRONT, IMSG_LISTENER, l->fds[i], NULL,
			    0);
	}
}

static void
parent_slow(void *arg)
{
	(void)arg;
	fatalx("%s does not start: the machine is overloaded, or the process "
	    "is stopped", proc_missing());
}

/* All children are confined: confine parent, then let clients in. */
static void
parent_ready(void)
{
	struct sandbox_log	 log = { NULL, false };
	enum proc_id		 id;

	timer_clear(&state_timer);
	if (setup.options.log == LOGGER_FILE)
		log.file = setup.options.logfile;
	log.syslog = setup.options.log == LOGGER_SYSLOG;
	log_init("parent", parent_sink, NULL);
	/* Before the sandbox, which has no getpid(2). */
	watchdog = notify_watchdog();
	sandbox_parent(&log);
	up = true;
	state = STATE_RUNNING;
	/* front comes last, since front lets the first client in. */
	for (id = PROC_MAX - 1; id > PROC_PARENT; id--)
		proc_send(id, IMSG_START, -1, NULL, 0);
	if (watchdog > 0)
		parent_watchdog(NULL);
	log_info("msmtpd " VERSION " is ready");
	notify("READY=1\nSTATUS=Ready");
}

void
parent_main(int argc, char **argv)
{
	int	 more;

	signal_event.fd = logger_event.fd = -1;
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
	timer_set(&state_timer, PARENT_START, parent_slow, NULL);
	parent_children();
	parent_pid = 0;
	while ((more = event_turn()) == 1)
		parent_turn();
	if (more == -1)
		fatal("epoll_pwait");
	if (state == STATE_STOPPING)
		log_info("stopped");
	exit(parent_status);
}
