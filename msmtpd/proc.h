/* SPDX-License-Identifier: ISC */
/* proc: the table of processes, their start, and what children have in common. */

#ifndef PROC_H
#define PROC_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "event.h"
#include "imsg.h"
#include "msmtpd.h"
#include "peer.h"

/* The user that a process becomes where the daemon is started as root. */
enum proc_user {
	PROC_ROOT,		/* parent: stays uid 0, without capability */
	PROC_PRIVSEP,		/* --privsep-user, in --chroot */
	PROC_COMMAND,		/* --user, which runs the command */
	PROC_USERS
};

/* A row of the table. */
struct proc {
	const char	*name;		/* for the log; argv[0] has it, too */
	void		(*main)(void);	/* does not return; NULL: parent */
	void		(*print)(FILE *);	/* what its sandbox allows */
	enum proc_user	 user;
	unsigned int	 talks;		/* children that it has a socket to:
					 * PROC_BIT() of each */
};

extern const struct proc	 procs[PROC_MAX];

void	parent_main(int, char **) __attribute__((noreturn));
void	front_main(void) __attribute__((noreturn));
void	deliver_main(void) __attribute__((noreturn));
void	sandbox_parent_print(FILE *);
void	sandbox_front_print(FILE *);
void	sandbox_deliver_print(FILE *);

/* proc_print: what each process may call and why (--print-sandbox). */
void	proc_print(FILE *);

/* proc_main: run the child that argv[0] names; returns where it names none. */
void	proc_main(const char *argv0);

/*
 * proc_signals: set what a child of ours ignores (SIGTERM, SIGINT, SIGHUP,
 * SIGPIPE, SIGXFSZ) to how, and block no signal.  Async-signal-safe.
 */
void	proc_signals(void (*how)(int));

/*
 * In parent.
 */

/* A child, in parent. */
struct child {
	const struct proc *proc;
	struct peer	 peer;
	struct event	 event;		/* its pidfd */
	pid_t		 pid;
	uint32_t	 pong;		/* last ping that it has answered */
	bool		 ready;
	bool		 running;
};

/* Parent's callbacks: for a message of a child, and for a child that has ended,
 * whose pidfd waitid(2) takes. */
struct proc_ops {
	void	(*dispatch)(struct imsg *, void *child);
	void	(*ended)(int pidfd, uint32_t events, void *child);
};

/*
 * proc_start: connect the children to each other and to us, fork each,
 * and execute this program anew from a descriptor of it with env[ID] as its
 * environment and /dev/null as descriptors 0 to 2.  Fatal on failure.
 */
void	proc_start(char **const env[PROC_MAX], const struct proc_ops *);

/* proc_child: the child of that id. */
struct child *proc_child(enum proc_id);

/* proc_send: to a child; one that has died is no error, since its pidfd tells
 * the cause.  Fatal where there is no memory. */
void	proc_send(enum proc_id, uint32_t type, int fd, const void *, size_t);

/* proc_give: as proc_send(), once the child has taken what waits, so that a
 * start may send any number of messages.  For the time before the sandbox. */
void	proc_give(enum proc_id, uint32_t type, const void *, size_t);

/* proc_missing: the name of a child that is not ready yet; NULL: none. */
const char *proc_missing(void);

/* proc_running: a child that has not ended; NULL: none. */
struct child *proc_running(void);

/*
 * proc_ping: ask every child for a sign of life, once all have answered the
 * last time.  proc_pong: a child answers.  Returns whether all have.
 */
void	proc_ping(void);
bool	proc_pong(struct child *, uint32_t id);

/* proc_ended: a child has been waited for: dispatch its last messages, close
 * its socket and stop watching its pidfd. */
void	proc_ended(struct child *);

/* proc_siblings: fill in the pids of all children but one.  Returns how
 * many; pids has room for PROC_MAX. */
uint32_t proc_siblings(enum proc_id, pid_t *pids);

/*
 * In a child.
 */

/*
 * proc_init: in a child that has just been executed: close what was
 * inherited but its sockets, log to parent under its name, start the event
 * loop and wait for the settings.  Fatal on failure.  At exit what still
 * waits for parent is sent, where the socket takes it at once.
 */
void	proc_init(enum proc_id self, struct config *);

/* proc_wait: before the sandbox: parent's next message, which must be of this
 * type.  Fatal on failure. */
void	proc_wait(struct imsg *, uint32_t type);

/* proc_parent: the socket to parent. */
struct peer *proc_parent(void);

/*
 * proc_peer: open and watch the socket to another child, before the sandbox.
 * Messages that come are checked by msg_check() and given to dispatch once
 * proc_run() runs; maxqueue: octets that may wait to be sent; drained may be
 * NULL.  Fatal on failure.
 */
struct peer *proc_peer(enum proc_id, size_t maxqueue,
	    void (*dispatch)(struct imsg *, void *), void (*gone)(void *),
	    void (*drained)(void *));

/*
 * proc_run: tell parent that we are confined and run the event loop.  dispatch
 * gets parent's messages but for pings, which are answered here.  The process
 * ends with *status after event_exit(), and with 1 when parent is gone, after
 * gone (or NULL) has been called.
 */
void	proc_run(void (*dispatch)(struct imsg *, void *), void (*gone)(void),
	    const int *status) __attribute__((noreturn));

/* proc_flush: give parent a second to take the last lines.  For atexit(3), in a
 * child whose sandbox allows poll(2). */
void	proc_flush(void);

#endif
