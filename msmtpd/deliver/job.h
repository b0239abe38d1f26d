/* SPDX-License-Identifier: ISC */
/* job: one run of the command, from its start to its result. */

#ifndef JOB_H
#define JOB_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "mail/command.h"
#include "mail/envelope.h"
#include "event.h"
#include "printed.h"
#include "mail/words.h"
#include "tether.h"

enum job_state {
	JOB_FREE,
	JOB_RECEIVING,		/* not all recipients are there */
	JOB_RUNNING
};

/* One mail in deliver: one run of the command. */
struct job {
	struct envelope	 envelope;
	struct event	 exit_event;	/* its pidfd */
	struct event	 out_event;	/* what it prints */
	struct timer	 timer;
	struct timer	 slow;		/* a warning that it still runs */
	struct timer	 release;	/* lines are held until then */
	struct timer	 poll;		/* where it has no pidfd */
	int64_t		 since;		/* event_now() of its start */
	uint32_t	 peerid;
	pid_t		 pid;		/* and process group; 0: none */
	int		 memfd;
	int		 out;		/* where it prints */
	enum job_state	 state;
	enum mail_outcome why;		/* MAIL_TIMEOUT, MAIL_STOPPED: we have
					 * ended it; else 0 */
	bool		 killed;	/* SIGKILL has been sent */
	struct imsg_result result;	/* until front has been told */
	/* What it prints; begun anew by each job_start(). */
	struct printed	 printed;
	struct words	 words;
	struct tether	 tether;	/* stays from run to run */
};

/*
 * job_init: set what all runs share.  done is called when a run is over, never
 * from within job_start(); it, or what it starts, must call job_free().
 */
void	job_init(const struct config *, const struct command *,
	    void (*done)(struct job *, const struct imsg_result *));

/*
 * job_start: run the command with the memfd as standard input.  Returns 0, and
 * done is called when the command has ended; or -1 with errno set where the
 * command has not been executed.
 */
int	job_start(struct job *);

/* job_end: SIGTERM to the command's process group, 5 s later SIGKILL; why is
 * reported as its outcome. */
void	job_end(struct job *, enum mail_outcome why);

/* job_kill: SIGKILL to its process group, now. */
void	job_kill(struct job *);

/*
 * job_close: close the descriptors of a run that is over and clear its timers;
 * its result stays.  job_free: release the whole job, whose state is JOB_FREE
 * then.
 */
void	job_close(struct job *);
void	job_free(struct job *);

#endif
