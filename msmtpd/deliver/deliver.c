/* SPDX-License-Identifier: ISC */
/* deliver: the process that runs the command, once for each mail. */

#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "mail/command.h"
#include "mail/envelope.h"
#include "event.h"
#include "job.h"
#include "log.h"
#include "proc.h"
#include "sandbox_deliver.h"
#include "mail/verdict.h"

#define DELIVER_GRACE	30000	/* ms for commands to finish without front */
#define DELIVER_RETRY	100	/* ms, where there is no memory to answer */

static struct config	 conf;
static struct command	 command;
static struct peer	*front;
static struct job	*jobs;		/* conf.max_deliveries */
static struct job	*receiving;	/* more recipients are to come */
static uint32_t		 nrunning;	/* and not yet reported to front */
static struct timer	 grace_timer;
static bool		 started;
static bool		 ending;	/* no command is started any more */
static int		 deliver_status;	/* exit status */

static void
deliver_finished(void)
{
	if (nrunning == 0 && !front->open)
		event_exit();
}

/* Send the result to front.  The slot of the job is free once that is done. */
static void
deliver_answer(void *arg)
{
	struct job	*j = arg;
	char		 fate[64];

	if (peer_send(front, IMSG_RESULT, j->peerid, -1, &j->result,
	    sizeof(j->result)) == -1) {
		if (front->open && (errno == ENOMEM || errno == ENOBUFS)) {
			job_close(j);
			timer_set(&j->timer, DELIVER_RETRY, deliver_answer, j);
			return;
		}
		/* front cannot log this result any more. */
		verdict_describe(fate, sizeof(fate), &j->result);
		log_warnx("mail id=%s: the command ended with %s after front "
		    "was gone", j->envelope.head.id, fate);
	}
	job_free(j);
	nrunning--;
	deliver_finished();
}

static void
deliver_done(struct job *j, const struct imsg_result *r)
{
	j->result = *r;
	deliver_answer(j);
}

static void
deliver_refuse(struct job *j, int error)
{
	struct imsg_result	 r = { .outcome = MAIL_FAILED };

	r.value = error;
	log_warnx("mail id=%s: cannot run the command: %s",
	    j->envelope.head.id, strerror(error));
	deliver_done(j, &r);
}

static void
deliver_run(struct job *j)
{
	static const struct imsg_result	 stopped = {
		.outcome = MAIL_STOPPED
	};

	receiving = NULL;
	nrunning++;
	if (ending)
		deliver_done(j, &stopped);
	else if (j->envelope.error != 0)
		deliver_refuse(j, j->envelope.error);
	else if (job_start(j) == -1)
		deliver_refuse(j, errno);
}

static void
front_mail(struct imsg *imsg)
{
	struct job	*j;
	const char	*why;

	if (!started || receiving != NULL ||
	    imsg->hdr.peerid >= conf.max_deliveries ||
	    jobs[imsg->hdr.peerid].state != JOB_FREE)
		fatalx("front: unexpected IMSG_MAIL");
	j = &jobs[imsg->hdr.peerid];
	j->peerid = imsg->hdr.peerid;
	if ((why = envelope_begin(&j->envelope, &conf, imsg->data,
	    imsg_get_len(imsg))) != NULL)
		fatalx("front: malformed IMSG_MAIL: %s", why);
	j->state = JOB_RECEIVING;
	j->memfd = imsg->fd;
	imsg->fd = -1;
	/* Our table of descriptors was full: only this mail fails. */
	if (j->memfd == -1)
		j->envelope.error = EMFILE;
	else if ((why = envelope_memfd(&j->envelope, j->memfd)) != NULL)
		fatalx("front: message: %s", why);
	receiving = j;
	if (envelope_complete(&j->envelope))
		deliver_run(j);
}

static void
front_rcpt(struct imsg *imsg)
{
	const char	*why;

	if (receiving == NULL || imsg->hdr.peerid != receiving->peerid)
		fatalx("front: unexpected IMSG_RCPT");
	if (imsg_get_len(imsg) == 0) {		/* its session gave up */
		job_free(receiving);
		receiving = NULL;
		return;
	}
	if ((why = envelope_more(&receiving->envelope, imsg->data,
	    imsg_get_len(imsg))) != NULL)
		fatalx("front: malformed IMSG_RCPT: %s", why);
	if (envelope_complete(&receiving->envelope))
		deliver_run(receiving);
}

static void
front_dispatch(struct imsg *imsg, void *arg)
{
	(void)arg;
	switch (imsg->hdr.type) {
	case IMSG_MAIL:
		front_mail(imsg);
		break;
	case IMSG_RCPT:
		front_rcpt(imsg);
		break;
	default:
		fatalx("front: message of type %u", imsg->hdr.type);
	}
}

static void
deliver_end_all(void *arg)
{
	uint32_t	 i;

	(void)arg;
	ending = true;
	for (i = 0; i < conf.max_deliveries; i++)
		if (jobs[i].state == JOB_RUNNING)
			job_end(&jobs[i], MAIL_STOPPED);
}

/* front has ended: commands that run may finish. */
static void
front_gone(void *arg)
{
	(void)arg;
	if (receiving != NULL) {
		job_free(receiving);
		receiving = NULL;
	}
	if (nrunning > 0) {
		log_info("front is gone, %u commands still run", nrunning);
		timer_set(&grace_timer, DELIVER_GRACE, deliver_end_all, NULL);
	}
	deliver_finished();
}

/* parent is gone: nobody could log how the commands end. */
static void
parent_gone(void)
{
	uint32_t	 i;

	for (i = 0; i < conf.max_deliveries; i++)
		if (jobs[i].state == JOB_RUNNING)
			job_kill(&jobs[i]);
}

static void
parent_dispatch(struct imsg *imsg, void *arg)
{
	(void)arg;
	switch (imsg->hdr.type) {
	case IMSG_START:
		started = true;
		break;
	case IMSG_KILL:
		deliver_end_all(NULL);
		break;
	default:
		fatalx("parent: message of type %u", imsg->hdr.type);
	}
}

static void
deliver_command(void)
{
	struct imsg	 imsg;

	proc_wait(&imsg, IMSG_COMMAND);
	if (command_unpack(&command, imsg.data, imsg_get_len(&imsg)) == -1)
		fatal("parent: IMSG_COMMAND");
	imsg_free(&imsg);
}

/* Signals are caught and not ignored: execve(2) sets only those that are
 * caught back to their default, so that job_exec() need not do it. */
static void
deliver_signal(int sig)
{
	(void)sig;
}

/* Must run before the sandbox, which refuses F_SETSIG to tether_init(). */
static void
deliver_jobs(void)
{
	bool		 room = sandbox_deliver_room(&conf);
	uint32_t	 i;

	if ((jobs = calloc(conf.max_deliveries, sizeof(*jobs))) == NULL)
		fatal("calloc");
	for (i = 0; i < conf.max_deliveries; i++) {
		jobs[i].exit_event.fd = jobs[i].out_event.fd = -1;
		jobs[i].memfd = jobs[i].out = -1;
		jobs[i].tether.fds[0] = jobs[i].tether.fds[1] = -1;
		/* Where descriptors are few, leave them to the mails. */
		if (room && tether_init(&jobs[i].tether) == -1) {
			log_warn("no tether for commands");
			room = false;
		}
	}
	if (!room)
		log_warnx("if deliver is killed, its commands end with it, "
		    "but not what they have started");
}

void
deliver_main(void)
{
	char	 err[2048];

	proc_signals(deliver_signal);
	proc_init(PROC_DELIVER, &conf);
	/* Before the handler of proc_init(), which tries once. */
	if (atexit(proc_flush) != 0)
		fatal("atexit");
	deliver_command();
	/* Room for the result of each delivery; where a front that reads no
	 * results has filled it, deliver_answer() tries again later. */
	front = proc_peer(PROC_FRONT, conf.max_deliveries * (IMSG_HEADER_SIZE +
	    sizeof(struct imsg_result)), front_dispatch, front_gone, NULL);
	deliver_jobs();
	umask(077);
	if (conf.drop && chdir("/") == -1)
		fatal("chdir");
	sandbox_deliver(&conf);
	if (command_runnable(&command, err, sizeof(err)) == -1)
		fatal_status(EX_CONFIG, "--command: %s", err);
	job_init(&conf, &command, deliver_done);
	proc_run(parent_dispatch, parent_gone, &deliver_status);
}
