/* SPDX-License-Identifier: ISC */

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "job.h"
#include "log.h"
#include "sandbox_deliver.h"

#define JOB_TERM	5000	/* ms between SIGTERM and SIGKILL */
#define JOB_READ	4096
/* ms that lines wait for the command's end; how the mail of one that runs for
 * longer ends, the audit line says. */
#define JOB_HOLD	10000
#define JOB_SLOW	60	/* s after which the log says that it runs */
#define JOB_POLL	100	/* ms, where a command cannot be watched */

extern char	**environ;

static const struct config	*job_conf;
static const struct command	*job_command;
static pid_t			 job_parent;	/* deliver's own pid */
static void			(*job_done)(struct job *,
				    const struct imsg_result *);

void
job_init(const struct config *conf, const struct command *command,
    void (*done)(struct job *, const struct imsg_result *))
{
	job_conf = conf;
	job_command = command;
	job_done = done;
	job_parent = getpid();
}

static void
job_unwatch(struct event *ev)
{
	int	 fd = ev->fd;

	event_del(ev);
	if (fd != -1)
		close(fd);
}

static void
job_close_output(struct job *j)
{
	job_unwatch(&j->out_event);
	if (j->out != -1)
		close(j->out);
	j->out = -1;
}

static void
job_release(void *arg)
{
	struct job	*j = arg;

	printed_release(&j->printed, j->envelope.head.id);
}

static void
job_printed(struct job *j, const char *p, size_t len)
{
	words_feed(&j->words, p, len);
	printed_feed(&j->printed, j->envelope.head.id, p, len);
	if (j->release.at == 0)
		timer_set(&j->release, JOB_HOLD, job_release, j);
}

/* Returns false at the end of it. */
static bool
job_read(struct job *j)
{
	char	 buf[JOB_READ];
	ssize_t	 n;

	n = read(j->out_event.fd, buf, sizeof(buf));
	if (n > 0) {
		job_printed(j, buf, (size_t)n);
		return (true);
	}
	if (n == -1 && errno == EINTR)
		return (true);
	if (n == 0 || errno != EAGAIN)
		job_close_output(j);
	return (false);
}

static void
job_output(int fd, uint32_t events, void *arg)
{
	(void)fd, (void)events;
	job_read(arg);
}

/* A process that the command has left behind may hold the pipe for ever, or
 * fill it faster than we read: what is in it now is taken, no more. */
static void
job_drain(struct job *j)
{
	int	 i;

	for (i = 0; i < 65536 / JOB_READ && j->out_event.fd != -1; i++)
		if (!job_read(j))
			break;
}

/* How the command has ended, and what it has said of that. */
static void
job_result(struct job *j, const siginfo_t *si, struct imsg_result *r)
{
	memset(r, 0, sizeof(*r));
	r->outcome = si->si_code == CLD_EXITED ? MAIL_EXITED : MAIL_SIGNALED;
	r->value = si->si_status;
	if (r->outcome == MAIL_EXITED && r->value == 0)
		return;
	/* We have ended it; but what got its work done all the same did. */
	if (j->why != 0) {
		r->outcome = j->why;
		r->value = 0;
	}
	/* One that was cut short may not have come to its last word. */
	if (r->outcome == MAIL_EXITED)
		r->words = *words_end(&j->words);
}

/* Whoever waits for the answer waits no longer than for that: what the run
 * has held is closed when done has passed it on. */
static void
job_ended(struct job *j, const siginfo_t *si)
{
	struct imsg_result	 result;

	timer_clear(&j->timer);
	timer_clear(&j->slow);
	timer_clear(&j->release);
	/* What the command has left behind, it was free to leave. */
	(void)tether_hold(&j->tether, 0);
	job_drain(j);
	job_result(j, si, &result);
	printed_end(&j->printed, j->envelope.head.id,
	    result.outcome != MAIL_EXITED || result.value != 0);
	j->pid = 0;
	job_done(j, &result);
}

/* Has it ended?  This needs nothing that can run out.  Returns whether it
 * has, and then there may be no such job any more. */
static bool
job_reap(struct job *j)
{
	siginfo_t	 si;

	memset(&si, 0, sizeof(si));
	/* Until it is waited for, nobody else gets its pid. */
	if (waitid(P_PID, (id_t)j->pid, &si, WEXITED | WNOHANG) == -1)
		fatal("waitid");
	if (si.si_pid == 0)
		return (false);
	job_ended(j, &si);
	return (true);
}

static void
job_poll(void *arg)
{
	struct job	*j = arg;

	if (!job_reap(j))
		timer_set(&j->poll, JOB_POLL, job_poll, j);
}

static void
job_exited(int fd, uint32_t events, void *arg)
{
	struct job	*j = arg;

	(void)fd, (void)events;
	/* It may belong to a debugger first. */
	if (!job_reap(j)) {
		job_unwatch(&j->exit_event);
		timer_set(&j->poll, JOB_POLL, job_poll, j);
	}
}

/*
 * What runs may have done its work already: to end it because it cannot be
 * watched would have the client send its mail twice.
 */
static void
job_watch(struct job *j)
{
	int	 fd;

	/* Linux sets close-on-exec by itself. */
	fd = (int)syscall(SYS_pidfd_open, j->pid, 0);
	if (fd != -1 && event_add(&j->exit_event, fd, EPOLLIN, job_exited,
	    j) == 0)
		return;
	log_warn("mail id=%s: cannot watch the command, looking after it "
	    "every %d ms", j->envelope.head.id, JOB_POLL);
	if (fd != -1)
		close(fd);
	timer_set(&j->poll, JOB_POLL, job_poll, j);
}

/*
 * In the child of vfork(2), which shares our memory until execve(2): only
 * system calls, and nothing is written but *error and errno.
 */
static void __attribute__((noreturn))
job_exec(const struct job *j, char **argv, volatile int *error)
{
	/* For getppid(2), which sets none. */
	errno = 0;
	/* When deliver dies its commands do, so that a client's next try
	 * cannot meet the first one still at work.  Until the tether holds
	 * its group, the command is held by this; and a session of its own
	 * keeps it out of deliver's group, all of which it could signal. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    getppid() != job_parent || setsid() == -1 ||
	    dup2(j->memfd, 0) == -1 || dup2(j->out, 1) == -1 ||
	    dup2(j->out, 2) == -1 || sandbox_command() == -1)
		goto fail;
	/* All other descriptors are close-on-exec; deliver_main() ignores no
	 * signal and blocks none. */
	execve(argv[0], argv, environ);
 fail:
	*error = errno != 0 ? errno : ESRCH;
	_exit(127);
}

static int
job_spawn(struct job *j, char **argv)
{
	volatile int	 error = 0;
	pid_t		 pid;
	int		 spare;

	/* The pidfd's place.  Without one the mail is refused while nothing
	 * runs yet. */
	if ((spare = fcntl(j->memfd, F_DUPFD_CLOEXEC, 0)) == -1)
		return (-1);
	if ((pid = vfork()) == 0)
		job_exec(j, argv, &error);
	if (pid == -1)
		error = errno;
	close(spare);
	if (error == 0) {
		j->pid = pid;
		if (tether_hold(&j->tether, pid) == -1)
			log_warn("mail id=%s: what the command starts would "
			    "outlive deliver: F_SETOWN",
			    j->envelope.head.id);
		job_watch(j);
		return (0);
	}
	/* The command never ran; the child has ended itself. */
	while (pid != -1 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	errno = error;
	return (-1);
}

static void
job_timeout(void *arg)
{
	struct job	*j = arg;

	log_warnx("mail id=%s: the command runs for %u s, ending it",
	    j->envelope.head.id, job_conf->command_timeout);
	job_end(j, MAIL_TIMEOUT);
}

static void
job_slow(void *arg)
{
	struct job	*j = arg;

	log_warnx("mail id=%s: the command runs for %d s",
	    j->envelope.head.id, JOB_SLOW);
}

int
job_start(struct job *j)
{
	char	**argv;
	int	 fds[2], ret, error;

	argv = command_argv(job_command, j->envelope.sender,
	    j->envelope.rcpts, j->envelope.nrcpt);
	if (argv == NULL)
		return (-1);
	if (pipe2(fds, O_CLOEXEC) == -1) {
		free(argv);
		return (-1);
	}
	/* Ours, too, until the command ends: that its last holder is gone
	 * would wake us in the midst of its exit. */
	j->out = fds[1];
	printed_init(&j->printed);
	words_init(&j->words);
	ret = fcntl(fds[0], F_SETFL, O_NONBLOCK);
	if (ret == 0)
		ret = event_add(&j->out_event, fds[0], EPOLLIN, job_output, j);
	if (ret == 0)
		ret = job_spawn(j, argv);
	error = errno;
	free(argv);
	if (ret == -1) {
		if (j->out_event.fd == -1)
			close(fds[0]);
		job_close_output(j);
		errno = error;
		return (-1);
	}
	j->since = event_now();
	j->state = JOB_RUNNING;
	timer_set(&j->timer, (int64_t)job_conf->command_timeout * 1000,
	    job_timeout, j);
	if (job_conf->command_timeout > JOB_SLOW)
		timer_set(&j->slow, JOB_SLOW * 1000, job_slow, j);
	return (0);
}

void
job_kill(struct job *j)
{
	if (j->pid == 0 || j->killed)
		return;
	j->killed = true;
	if (kill(-j->pid, SIGKILL) == -1)
		log_warn("mail id=%s: kill", j->envelope.head.id);
}

static void
job_insist(void *arg)
{
	job_kill(arg);
}

void
job_end(struct job *j, enum mail_outcome why)
{
	if (j->pid == 0 || j->why != 0)
		return;
	j->why = why;
	if (kill(-j->pid, SIGTERM) == -1)
		log_warn("mail id=%s: kill", j->envelope.head.id);
	timer_set(&j->timer, JOB_TERM, job_insist, j);
}

void
job_close(struct job *j)
{
	timer_clear(&j->timer);
	timer_clear(&j->slow);
	timer_clear(&j->release);
	timer_clear(&j->poll);
	job_unwatch(&j->exit_event);
	job_close_output(j);
	/* Its pages, if the command has not kept them. */
	if (j->memfd != -1)
		close(j->memfd);
	j->memfd = -1;
}

void
job_free(struct job *j)
{
	job_close(j);
	envelope_free(&j->envelope);
	memset(j, 0, offsetof(struct job, printed));
	j->exit_event.fd = j->out_event.fd = j->out = j->memfd = -1;
}
