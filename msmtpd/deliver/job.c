/* SPDX-License-Identifier: ISC */
/* job: one run of the command, from its start to its result. */

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
/* ms for which printed lines are held back, so that they can be warnings where
 * the command fails.  If it runs longer, only its audit line is a warning. */
#define JOB_HOLD	10000
#define JOB_SLOW	60	/* s after which a warning says that it runs */
#define JOB_POLL	100	/* ms between looks at one without a pidfd */

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

/* Read once what the command has printed.  Returns false if nothing is left. */
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

/* Read what the pipe holds now, and no more: a process that the command has
 * left behind may keep the pipe open for ever, or fill it faster than we
 * read. */
static void
job_drain(struct job *j)
{
	int	 i;

	for (i = 0; i < 65536 / JOB_READ && j->out_event.fd != -1; i++)
		if (!job_read(j))
			break;
}

/* Make the result: how the command has ended, and the reply that it printed. */
static void
job_result(struct job *j, const siginfo_t *si, struct imsg_result *r)
{
	memset(r, 0, sizeof(*r));
	r->outcome = si->si_code == CLD_EXITED ? MAIL_EXITED : MAIL_SIGNALED;
	r->value = si->si_status;
	if (r->outcome == MAIL_EXITED && r->value == 0)
		return;
	/* It has failed because we have ended it. */
	if (j->why != 0) {
		r->outcome = j->why;
		r->value = 0;
	}
	/* A command that was cut short may have printed replies, but not the
	 * last one, which decides. */
	if (r->outcome == MAIL_EXITED)
		r->words = *words_end(&j->words);
}

/* The command has ended.  done sends the result and only then closes what the
 * run has held, so that the client does not wait for that. */
static void
job_ended(struct job *j, const siginfo_t *si)
{
	struct imsg_result	 result;

	timer_clear(&j->timer);
	timer_clear(&j->slow);
	timer_clear(&j->release);
	/* A command may leave processes behind, and these may go on. */
	(void)tether_hold(&j->tether, 0);
	job_drain(j);
	job_result(j, si, &result);
	printed_end(&j->printed, j->envelope.head.id,
	    result.outcome != MAIL_EXITED || result.value != 0);
	j->pid = 0;
	job_done(j, &result);
}

/* Ask the kernel whether the command has ended, which needs no memory and no
 * descriptor.  Returns true if it has; the job may have been freed then. */
static bool
job_reap(struct job *j)
{
	siginfo_t	 si;

	memset(&si, 0, sizeof(si));
	/* No other process gets the pid before this one is waited for. */
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
	/* A debugger that traces the command can wait for it before us. */
	if (!job_reap(j)) {
		job_unwatch(&j->exit_event);
		timer_set(&j->poll, JOB_POLL, job_poll, j);
	}
}

/*
 * Watch the command by a pidfd or, where there is none, look after it from
 * time to time.  To end it instead would be wrong: it may have sent the mail
 * already, and the client, told of a failure, would send it again.
 */
static void
job_watch(struct job *j)
{
	int	 fd;

	/* A pidfd is close-on-exec from the beginning. */
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
	/* getppid(2), which sets no errno, may be what fails. */
	errno = 0;
	/* When deliver dies the kernel kills its commands, so that a client's
	 * next try does not meet the first one still at work: by this signal
	 * until the tether holds the command's group.  A session of its own
	 * keeps the command out of deliver's process group, all of which it
	 * could signal. */
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

	/* Hold a descriptor's place for the pidfd: where there is none, the
	 * mail is refused before a command runs. */
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
	/* The command was not executed, and the child has exited. */
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
	/* Keep the write end open until the command ends, so that end-of-file
	 * does not wake us before the pidfd does. */
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
	/* This frees the memory of the message, unless another process still
	 * holds it open. */
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
