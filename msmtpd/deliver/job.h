/* SPDX-License-Identifier: ISC */

#ifndef JOB_H
#define JOB_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "mail/command.h"
#include "envelope.h"
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
 * job_init: what all runs share.  done is called, never from within
 * job_start(), when a run is over; the job is to be freed then.
 */
void	job_init(const struct config *, const struct command *,
	    void (*done)(struct job *, const struct imsg_result *));

/*
 * job_start: run the command with the memfd as standard input.  Returns 0,
 * or -1 with errno set, and the command has not run at all: what has been
 * executed is reported by done in any case, as what it was.
 */
int	job_start(struct job *);

/* job_end: SIGTERM to the command's process group, 5 s later SIGKILL; why is
 * reported as its outcome. */
void	job_end(struct job *, enum mail_outcome why);

/* job_kill: SIGKILL to its process group, now. */
void	job_kill(struct job *);

/*
 * job_close: close what the run has held; what done has not been able to pass
 * on yet stays.  job_free: that, and all else; its state is JOB_FREE then.
 */
void	job_close(struct job *);
void	job_free(struct job *);

#endif
