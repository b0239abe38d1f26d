/* SPDX-License-Identifier: ISC */
/* proc: the table of processes, their start, and what children have in common. */

#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "msg.h"
#include "proc.h"

#define TITLE		"msmtpd: "	/* argv[0] of a child, then its name */
#define PROC_WAIT	30000	/* ms that a child waits for parent at start */
#define PROC_LOG	(64 * 1024)	/* octets of log that wait for parent */
#define PROC_FLUSH	1000	/* ms for parent to read our last log lines */
#define PROC_KEEP	(1024 * 1024)	/* PROC_LOG, with LOG_KEEP's lines */
#define PROC_QUEUE	(256 * 1024)	/* octets that wait for a child */
#define FD_ASIDE	(MSMTPD_FD_PARENT + PROC_MAX)

const struct proc	 procs[PROC_MAX] = {
	[PROC_PARENT] = { "parent", NULL, sandbox_parent_print, PROC_ROOT,
	    0 },
	[PROC_FRONT] = { "front", front_main, sandbox_front_print,
	    PROC_PRIVSEP, PROC_BIT(PROC_DELIVER) },
	[PROC_DELIVER] = { "deliver", deliver_main, sandbox_deliver_print,
	    PROC_COMMAND, PROC_BIT(PROC_FRONT) }
};

static enum proc_id	 self = PROC_PARENT;

/* In parent: the children, from PROC_PARENT + 1 on. */
static struct child	 children[PROC_MAX];
static const struct proc_ops *proc_ops;
static uint32_t		 ping;
static int		 exe = -1, null = -1;

/* In a child: its sockets. */
static struct link {
	struct peer	 peer;
	enum proc_id	 id;		/* whose messages come */
	void		(*dispatch)(struct imsg *, void *);
} links[PROC_MAX];
static uint32_t		 lost;	/* log lines, since parent's queue was full */
static void		(*parent_gone)(void);

void
proc_print(FILE *fp)
{
	size_t	 i;

	for (i = 0; i < PROC_MAX; i++) {
		if (i > 0)
			fputc('\n', fp);
		procs[i].print(fp);
	}
}

void
proc_main(const char *argv0)
{
	size_t	 i;

	if (strncmp(argv0, TITLE, sizeof(TITLE) - 1) != 0)
		return;
	for (i = 0; i < PROC_MAX; i++)
		if (procs[i].main != NULL &&
		    strcmp(argv0 + sizeof(TITLE) - 1, procs[i].name) == 0)
			procs[i].main();
}

void
proc_signals(void (*how)(int))
{
	static const int	 ours[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE,
				    SIGXFSZ };
	struct sigaction	 sa;
	sigset_t		 none;
	size_t			 i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = how;
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaction(ours[i], &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Open this program, so that each child runs it even if the file is replaced
 * meanwhile. */
static void
proc_open(void)
{
	const char	*path = (const char *)(uintptr_t)getauxval(AT_EXECFN);

	exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (exe == -1 && path != NULL)	/* no /proc here */
		exe = open(path, O_PATH | O_CLOEXEC);
	if (exe == -1)
		fatal_status(EX_OSERR, "cannot open my own program: %s",
		    strerror(errno));
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		fatal_status(EX_OSERR, "/dev/null: %s", strerror(errno));
}

static bool
proc_talk(size_t a, size_t b)
{
	return (a == PROC_PARENT || (procs[a].talks & PROC_BIT(b)) != 0);
}

/* fds[a][b] becomes a's end of the socket to b, or -1. */
static void
proc_connect(int fds[PROC_MAX][PROC_MAX])
{
	enum proc_id	 a, b;
	int		 pair[2];

	memset(fds, -1, PROC_MAX * sizeof(fds[0]));
	for (a = 0; a < PROC_MAX; a++)
		for (b = a + 1; b < PROC_MAX; b++) {
			if (!proc_talk(a, b))
				continue;
			if (imsg_socketpair(pair) == -1)
				fatal_status(EX_OSERR, "socketpair: %s",
				    strerror(errno));
			fds[a][b] = pair[0];
			fds[b][a] = pair[1];
			if (!msg_rights(b, a))
				imsg_norights(pair[0]);
			if (!msg_rights(a, b))
				imsg_norights(pair[1]);
		}
}

static void __attribute__((noreturn))
proc_exec(const struct proc *proc, const int *ends, char *const *env)
{
	char	*argv[2], title[64];
	int	 fds[PROC_MAX], program, to = MSMTPD_FD_PARENT;
	size_t	 i, n = 0;

	proc_signals(SIG_IGN);
	/* Move them out of the way of the numbers that they are to have. */
	program = fcntl(exe, F_DUPFD_CLOEXEC, FD_ASIDE);
	for (i = 0; i < PROC_MAX; i++)
		if (ends[i] != -1)
			fds[n++] = fcntl(ends[i], F_DUPFD_CLOEXEC, FD_ASIDE);
	if (program == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1)
		fatal("%s: dup", proc->name);
	for (i = 0; i < n; i++)
		if (dup2(fds[i], to++) == -1)
			fatal("%s: dup", proc->name);
#ifndef SANITIZE
	/* A child logs by its socket; only sanitizers write to this one. */
	if (dup2(null, 2) == -1)
		fatal("%s: dup", proc->name);
#endif
	snprintf(title, sizeof(title), TITLE "%s", proc->name);
	argv[0] = title;
	argv[1] = NULL;
	fexecve(program, argv, env);
	_exit(EX_OSERR);
}

/* End this process where from must not send it this message. */
static void
proc_check(enum proc_id from, const struct imsg *imsg)
{
	const char	*why;

	if ((why = msg_check(from, self, procs[from].name, imsg)) != NULL)
		fatalx("%s: message %u: %s", procs[from].name, imsg->hdr.type,
		    why);
}

static void
child_message(struct imsg *imsg, void *arg)
{
	struct child	*c = arg;

	proc_check((enum proc_id)(c->proc - procs), imsg);
	proc_ops->dispatch(imsg, c);
}

/* The child has closed its socket; its pidfd will tell the cause. */
static void
child_gone(void *arg)
{
	(void)arg;
}

static void
child_start(struct child *c, int ours, const int *ends, char *const *env)
{
	int	 pidfd;

	if ((c->pid = fork()) == -1)
		fatal_status(EX_OSERR, "%s: fork: %s", c->proc->name,
		    strerror(errno));
	if (c->pid == 0)
		proc_exec(c->proc, ends, env);
	pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	peer_init(&c->peer, c->proc->name, ours, PROC_QUEUE);
	c->peer.dispatch = child_message;
	c->peer.gone = child_gone;
	c->peer.arg = c;
	if (pidfd == -1 || fcntl(pidfd, F_SETFD, FD_CLOEXEC) == -1 ||
	    event_add(&c->event, pidfd, EPOLLIN, proc_ops->ended, c) == -1 ||
	    peer_watch(&c->peer) == -1)
		fatal("%s: cannot watch it", c->proc->name);
	c->running = true;
}

void
proc_start(char **const env[PROC_MAX], const struct proc_ops *ops)
{
	int	 fds[PROC_MAX][PROC_MAX];
	size_t	 i, j;

	proc_ops = ops;
	proc_connect(fds);
	proc_open();
	for (i = PROC_PARENT + 1; i < PROC_MAX; i++) {
		children[i].proc = &procs[i];
		children[i].event.fd = -1;
		child_start(&children[i], fds[PROC_PARENT][i], fds[i], env[i]);
		for (j = 0; j < PROC_MAX; j++)
			if (fds[i][j] != -1)
				close(fds[i][j]);
	}
	close(exe);
	close(null);
}

struct child *
proc_child(enum proc_id id)
{
	return (&children[id]);
}

void
proc_send(enum proc_id id, uint32_t type, int fd, const void *data, size_t len)
{
	if (peer_send(&children[id].peer, type, 0, fd, data, len) == -1 &&
	    errno != EPIPE && errno != ENOTCONN)
		fatal("%s: cannot send message %u", procs[id].name, type);
}

void
proc_give(enum proc_id id, uint32_t type, const void *data, size_t len)
{
	struct peer	*p = &children[id].peer;

	if (peer_queued(p) > 0 && imsgbuf_flush(&p->ibuf, PROC_WAIT) == -1 &&
	    errno != EPIPE && errno != ECONNRESET)
		fatal("%s: cannot send message %u", procs[id].name, type);
	proc_send(id, type, -1, data, len);
}

const char *
proc_missing(void)
{
	size_t	 i;

	for (i = PROC_PARENT + 1; i < PROC_MAX; i++)
		if (!children[i].ready)
			return (procs[i].name);
	return (NULL);
}

struct child *
proc_running(void)
{
	size_t	 i;

	for (i = PROC_PARENT + 1; i < PROC_MAX; i++)
		if (children[i].running)
			return (&children[i]);
	return (NULL);
}

static bool
proc_answered(void)
{
	size_t	 i;

	for (i = PROC_PARENT + 1; i < PROC_MAX; i++)
		if (children[i].pong != ping)
			return (false);
	return (true);
}

void
proc_ping(void)
{
	size_t	 i;

	/* A child that has not answered gets no further ping, and the service
	 * manager no sign of life. */
	if (!proc_answered())
		return;
	ping++;
	for (i = PROC_PARENT + 1; i < PROC_MAX; i++)
		if (peer_send(&children[i].peer, IMSG_PING, ping, -1, NULL,
		    0) == -1)
			log_warn("%s: cannot ping it", procs[i].name);
}

bool
proc_pong(struct child *c, uint32_t id)
{
	if (id != ping || c->pong == ping)
		fatalx("%s: pong without ping", c->proc->name);
	c->pong = ping;
	return (proc_answered());
}

void
proc_ended(struct child *c)
{
	int	 i;

	/* Messages of a dead child may still be in the socket. */
	for (i = 0; i < 16 && c->peer.open; i++)
		c->peer.ev.fn(c->peer.ibuf.fd, EPOLLIN, &c->peer);
	c->running = false;
	event_del(&c->event);
	peer_close(&c->peer);
}

uint32_t
proc_siblings(enum proc_id id, pid_t *pids)
{
	uint32_t	 n = 0;
	size_t		 i;

	for (i = PROC_PARENT + 1; i < PROC_MAX; i++)
		if (i != id)
			pids[n++] = children[i].pid;
	return (n);
}

static bool
child_log_send(int pri, const char *text, uint32_t n)
{
	struct imsg_log	 msg;
	size_t		 len;

	if (!(pri & LOG_KEEP) && peer_queued(&links[PROC_PARENT].peer) >=
	    PROC_LOG)
		return (false);
	msg.pri = LOG_PRI(pri);
	msg.lost = n;
	len = strlcpy(msg.text, text, sizeof(msg.text));
	if (len >= sizeof(msg.text))
		len = sizeof(msg.text) - 1;
	return (peer_send(&links[PROC_PARENT].peer, IMSG_LOG, 0, -1, &msg,
	    offsetof(struct imsg_log, text) + len + 1) == 0);
}

static void
child_sink(void *arg, int pri, const char *text)
{
	char	 line[96];

	(void)arg;
	if (lost > 0 && peer_queued(&links[PROC_PARENT].peer) == 0) {
		snprintf(line, sizeof(line), "%s: %u log lines were lost",
		    procs[self].name, lost);
		if (child_log_send(LOG_WARNING, line, lost))
			lost = 0;
	}
	if (!child_log_send(pri, text, 0))
		lost++;
}

static void
child_drained(void *arg)
{
	(void)arg;
	/* The sink says what was lost as soon as it can. */
	if (lost > 0)
		log_info("log: the queue to the parent is empty again");
}

static void
link_parent_gone(void *arg)
{
	(void)arg;
	if (parent_gone != NULL)
		parent_gone();
	/* Nobody is left who could log anything. */
	_exit(1);
}

/* Send the last lines, which often say why the process ends.  Only one try:
 * to wait would need poll(2), which is not on front's allowlist. */
static void
child_exit(void)
{
	struct peer	*p = &links[PROC_PARENT].peer;

	if (!p->open)
		return;
	(void)imsgbuf_write(&p->ibuf);
	if (peer_queued(p) == 0)
		child_drained(NULL);
}

void
proc_flush(void)
{
	struct peer	*p = &links[PROC_PARENT].peer;

	if (p->open)
		(void)imsgbuf_flush(&p->ibuf, PROC_FLUSH);
}

static void
child_pong(uint32_t id)
{
	if (peer_send(&links[PROC_PARENT].peer, IMSG_PONG, id, -1, NULL,
	    0) == -1)
		log_warn("parent: cannot answer a ping");
}

static void
link_message(struct imsg *imsg, void *arg)
{
	struct link	*l = arg;

	proc_check(l->id, imsg);
	if (imsg->hdr.type == IMSG_PING)
		child_pong(imsg->hdr.peerid);
	else
		l->dispatch(imsg, NULL);
}

static int
link_fd(enum proc_id id)
{
	size_t	 i;
	int	 fd = MSMTPD_FD_PEER;

	if (id == PROC_PARENT)
		return (MSMTPD_FD_PARENT);
	for (i = PROC_PARENT + 1; i < id; i++)
		if ((procs[self].talks & PROC_BIT(i)) != 0)
			fd++;
	return (fd);
}

static struct link *
link_open(enum proc_id id, size_t maxqueue, void (*gone)(void *),
    void (*drained)(void *))
{
	struct link	*l = &links[id];

	peer_init(&l->peer, procs[id].name, link_fd(id), maxqueue);
	l->id = id;
	l->peer.dispatch = link_message;
	l->peer.gone = gone;
	l->peer.drained = drained;
	l->peer.arg = l;
	return (l);
}

static void
link_watch(struct link *l, void (*dispatch)(struct imsg *, void *))
{
	l->dispatch = dispatch;
	if (peer_watch(&l->peer) == -1)
		fatal("%s: cannot watch it", procs[l->id].name);
}

struct peer *
proc_peer(enum proc_id id, size_t maxqueue,
    void (*dispatch)(struct imsg *, void *), void (*gone)(void *),
    void (*drained)(void *))
{
	struct link	*l = link_open(id, maxqueue, gone, drained);

	link_watch(l, dispatch);
	return (&l->peer);
}

struct peer *
proc_parent(void)
{
	return (&links[PROC_PARENT].peer);
}

void
proc_wait(struct imsg *imsg, uint32_t type)
{
	if (peer_wait(&links[PROC_PARENT].peer, imsg, PROC_WAIT) == -1)
		fatal("parent");
	proc_check(PROC_PARENT, imsg);
	if (imsg->hdr.type != type)
		fatalx("parent: message %u instead of %u", imsg->hdr.type,
		    type);
}

void
proc_init(enum proc_id id, struct config *conf)
{
	struct imsg	 imsg;
	unsigned int	 talks = procs[id].talks;
	int		 fds = MSMTPD_FD_PEER;

	for (; talks != 0; talks &= talks - 1)
		fds++;
	closefrom(fds);
	self = id;
	(void)link_open(PROC_PARENT, PROC_KEEP, link_parent_gone,
	    child_drained);
	log_init(procs[id].name, child_sink, NULL);
	if (atexit(child_exit) != 0)
		fatal("atexit");
	prctl(PR_SET_NAME, procs[id].name);
	if (event_init() == -1)
		fatal("event_init");
	proc_wait(&imsg, IMSG_CONFIG);
	(void)imsg_get_data(&imsg, conf, sizeof(*conf));
	imsg_free(&imsg);
	log_setdebug(conf->debug);
}

void
proc_run(void (*dispatch)(struct imsg *, void *), void (*gone)(void),
    const int *status)
{
	link_watch(&links[PROC_PARENT], dispatch);
	parent_gone = gone;
	if (peer_send(&links[PROC_PARENT].peer, IMSG_READY, 0, -1, NULL,
	    0) == -1)
		fatal("parent");
	if (event_loop() == -1)
		fatal("epoll_pwait");
	exit(*status);
}
