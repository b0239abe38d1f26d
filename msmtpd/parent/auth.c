/* SPDX-License-Identifier: ISC */
/* auth: the passwords of --auth, and the answers to clients. */

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <readpassphrase.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth.h"
#include "event.h"
#include "identity.h"
#include "log.h"
#include "logins.h"
#include "peer.h"
#include "proc.h"
#include "sandbox_enter.h"

#define AUTH_DELAY	1000	/* ms, from one answer to the next */
#define AUTH_PENALTY	60000	/* ms, after a failure */
#define AUTH_TURNS	64	/* that are remembered: a minute of them */

/* What --auth knows, and what a client gives, padded with '\0'. */
struct auth_secret {
	char		 user[MSMTPD_AUTH_MAX];
	char		 pass[MSMTPD_AUTH_MAX];
};

/* An answer that waits for its turn. */
struct auth_slot {
	struct peer	*peer;
	uint64_t	 came;		/* in which order */
	uint32_t	 peerid;
	bool		 used;
	struct imsg_auth_result result;
	char		 owner[MSMTPD_ASKER_MAX];
};

static struct auth_secret *auth_secrets;
static size_t		 auth_nsecrets;
static struct auth_slot	*auth_slots;
static uint32_t		 auth_nslots;
static int64_t		 auth_penalty;	/* until then; 0: none */
static struct timer	 auth_timer;	/* set while a slot waits */
static char		 auth_turns[AUTH_TURNS][MSMTPD_ASKER_MAX]; /* whose */
static uint64_t		 auth_turn;	/* how many there were */

static void
auth_forget(void)
{
	explicit_bzero(auth_secrets, auth_nsecrets * sizeof(*auth_secrets));
}

static void
auth_memory(size_t n)
{
	const size_t	 size = n * sizeof(*auth_secrets);

	auth_nsecrets = n;
	auth_secrets = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (auth_secrets == MAP_FAILED)
		fatal("mmap");
	if (mlock(auth_secrets, size) == -1)
		fatal_status(EX_CONFIG, "--auth: cannot lock the password in "
		    "memory: %s; %s", strerror(errno), errno == EPERM ?
		    "allow mlock(2), which a limit of 0 (ulimit -l) or a "
		    "container's filter forbids" :
		    "raise the limit (ulimit -l)");
	if (madvise(auth_secrets, size, MADV_DONTDUMP) == -1 ||
	    madvise(auth_secrets, size, MADV_WIPEONFORK) == -1)
		fatal("madvise");
	atexit(auth_forget);
}

static void __attribute__((noreturn))
auth_eval_exec(const char *eval, const struct identity *id, int out,
    pid_t parent)
{
	char	*argv[4] = { NULL, NULL, NULL, NULL };
	char	 sh[] = "sh", c[] = "-c", *script;
	int	 null;

	if ((script = strdup(eval)) == NULL ||
	    (null = open("/dev/null", O_RDONLY)) == -1 ||
	    dup2(null, 0) == -1 || dup2(out, 1) == -1)
		_exit(EX_OSERR);
	closefrom(3);
	/* It shall not type into the terminal of who starts the daemon. */
	(void)setsid();
	proc_signals(SIG_DFL);
	argv[0] = sh;
	argv[1] = c;
	argv[2] = script;
	if (id != NULL)
		sandbox_user(id->uid, id->gid, id->groups, id->ngroups);
	/* A signal that ends the start ends this process, too.  To be set
	 * after setresuid(2), which resets it. */
	sandbox_deathsig(parent);
	if (id == NULL)
		execve("/bin/sh", argv, identity_passthrough());
	else if (chdir("/") == 0)
		execve("/bin/sh", argv, identity_env(id));
	_exit(127);
}

/* Read the first line, and drop the rest: the command would get SIGPIPE if
 * nobody read what it writes.  Returns false where the line is too long. */
static bool
auth_first_line(int fd, char *buf, size_t size)
{
	char	 c;
	size_t	 len = 0;
	bool	 ended = false;

	while (read(fd, &c, 1) == 1) {
		if (ended)
			continue;
		ended = c == '\n';
		if (!ended && len < size)
			buf[len++] = c;
	}
	explicit_bzero(&c, sizeof(c));
	if (len > 0 && len < size && buf[len - 1] == '\r')
		len--;
	if (len == size)
		return (false);
	buf[len] = '\0';
	return (true);
}

static void __attribute__((noreturn))
auth_too_long(void)
{
	fatal_status(EX_CONFIG, "--auth: the password is longer than %d octets",
	    MSMTPD_AUTH_MAX - 1);
}

static void
auth_eval(struct auth_secret *secret, const char *eval,
    const struct identity *id)
{
	pid_t	 pid, parent = getpid();
	int	 fds[2], status;
	bool	 fits;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal_status(EX_OSERR, "--auth: cannot run %s: %s", eval,
		    strerror(errno));
	if (pid == 0)
		auth_eval_exec(eval, id, fds[1], parent);
	close(fds[1]);
	fits = auth_first_line(fds[0], secret->pass, sizeof(secret->pass));
	close(fds[0]);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fatal_status(EX_CONFIG, "--auth: the command for the password "
		    "failed (%s %d); run it by hand, as the command's user: "
		    "%s", WIFEXITED(status) ? "exit status" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) :
		    WTERMSIG(status), eval);
	if (!fits)
		auth_too_long();
}

static void
auth_prompt(struct auth_secret *secret)
{
	/* One octet more, by which a password that is too long is known. */
	char	 prompt[MSMTPD_AUTH_MAX + 32], typed[MSMTPD_AUTH_MAX + 1];
	size_t	 len;

	snprintf(prompt, sizeof(prompt), "password for %s: ",
	    secret->user);
	if (readpassphrase(prompt, typed, sizeof(typed),
	    RPP_REQUIRE_TTY) == NULL)
		fatal_status(EX_CONFIG, "--auth: no terminal to ask for the "
		    "password; give a command that prints it: "
		    "--auth=%s,'cat FILE'", secret->user);
	len = strlcpy(secret->pass, typed, sizeof(secret->pass));
	explicit_bzero(typed, sizeof(typed));
	if (len >= sizeof(secret->pass))
		auth_too_long();
}

static void
auth_secret(struct auth_secret *secret, const char *user, const char *eval,
    const struct identity *id)
{
	strlcpy(secret->user, user, sizeof(secret->user));
	if (eval != NULL)
		auth_eval(secret, eval, id);
	else
		auth_prompt(secret);
	if (secret->pass[0] == '\0')
		fatal_status(EX_CONFIG, "--auth: the password of %s is empty%s",
		    user, eval == NULL ? "" :
		    "; it is the first line that the command prints");
}

void
auth_init(const struct logins *l, const struct identity *id, uint32_t slots)
{
	size_t	 i;

	auth_memory(l->n);
	for (i = 0; i < l->n; i++)
		auth_secret(&auth_secrets[i], l->names[i], l->evals[i], id);
	auth_nslots = slots;
	if ((auth_slots = calloc(slots, sizeof(*auth_slots))) == NULL)
		fatal("calloc");
}

/* Compare all octets of both, which are padded to the same size: the time must
 * show neither the length of a wrong guess nor where it is wrong. */
static bool
auth_same(const char *a, const char *b, size_t size)
{
	const volatile unsigned char	*x = (const volatile void *)a;
	const volatile unsigned char	*y = (const volatile void *)b;
	unsigned int			 diff = 0;
	size_t				 i;

	for (i = 0; i < size; i++)
		diff |= (unsigned int)(x[i] ^ y[i]);
	return (diff == 0);
}

/* Compare with all, so that the time does not show which one is right. */
static bool
auth_check(const struct imsg_auth *given)
{
	struct auth_secret	 padded;
	bool			 good = false, user, pass;
	size_t			 i;

	memset(&padded, 0, sizeof(padded));
	strlcpy(padded.user, given->user, sizeof(padded.user));
	strlcpy(padded.pass, given->pass, sizeof(padded.pass));
	for (i = 0; i < auth_nsecrets; i++) {
		user = auth_same(padded.user, auth_secrets[i].user,
		    sizeof(padded.user));
		pass = auth_same(padded.pass, auth_secrets[i].pass,
		    sizeof(padded.pass));
		good |= user & pass;
	}
	explicit_bzero(&padded, sizeof(padded));
	/* The engine asks with empty strings where none can be right. */
	return (good & (given->user[0] != '\0') & (given->pass[0] != '\0'));
}

static void
auth_answer(struct auth_slot *slot)
{
	slot->used = false;
	if (peer_send(slot->peer, IMSG_AUTH_RESULT, slot->peerid, -1,
	    &slot->result, sizeof(slot->result)) == -1)
		log_warn("auth: cannot answer");
}

/* When this owner has had its last turn; 0: none that is remembered. */
static uint64_t
auth_last_turn(const char *owner)
{
	uint64_t	 turn;

	for (turn = auth_turn; turn > 0 && turn + AUTH_TURNS > auth_turn;
	    turn--)
		if (strcmp(auth_turns[turn % AUTH_TURNS], owner) == 0)
			return (turn);
	return (0);
}

/* The slot whose turn it is; NULL where none waits. */
static struct auth_slot *
auth_next(void)
{
	struct auth_slot	*next = NULL, *slot;
	uint64_t		 least = 0, turn;

	for (slot = auth_slots; slot < auth_slots + auth_nslots; slot++) {
		if (!slot->used)
			continue;
		turn = auth_last_turn(slot->owner);
		if (next == NULL || turn < least ||
		    (turn == least && slot->came < next->came)) {
			next = slot;
			least = turn;
		}
	}
	return (next);
}

static void
auth_tick(void *arg)
{
	struct auth_slot	*slot = auth_next();

	(void)arg;
	/* All that have waited may have gone. */
	if (slot == NULL)
		return;
	auth_turn++;
	strlcpy(auth_turns[auth_turn % AUTH_TURNS], slot->owner,
	    sizeof(auth_turns[0]));
	auth_answer(slot);
	timer_set(&auth_timer, AUTH_DELAY, auth_tick, NULL);
}

/*
 * A free slot; NULL where none is free or peerid has one.  There are as many
 * slots as sessions, and front cancels for those that end.  But a session that
 * gave up waiting may ask again, and a hostile front may ask anything.
 */
static struct auth_slot *
auth_slot(uint32_t peerid)
{
	struct auth_slot	*slot = NULL;
	uint32_t		 i;

	for (i = 0; i < auth_nslots; i++) {
		if (!auth_slots[i].used)
			slot = &auth_slots[i];
		else if (auth_slots[i].peerid == peerid)
			return (NULL);
	}
	return (slot);
}

void
auth_request(struct peer *peer, uint32_t peerid, const struct imsg_auth *auth)
{
	static uint64_t		 came;
	struct auth_slot	*slot = auth_slot(peerid);
	struct auth_slot	 busy = { .peer = peer, .peerid = peerid,
				    .result = { AUTH_UNCHECKED } };

	/* Nothing is checked, so nothing can be guessed. */
	if (slot == NULL) {
		auth_answer(&busy);
		return;
	}
	slot->used = true;
	slot->peer = peer;
	slot->peerid = peerid;
	slot->came = ++came;
	strlcpy(slot->owner, auth->owner, sizeof(slot->owner));
	slot->result.answer = auth_check(auth) ? AUTH_YES : AUTH_NO;
	if (slot->result.answer == AUTH_NO)
		auth_penalty = event_now() + AUTH_PENALTY;
	/* The failure that starts the penalty is late itself, or the first
	 * guess of each minute would get its answer at once. */
	if (auth_timer.at == 0 && auth_penalty <= event_now())
		auth_answer(slot);
	else if (auth_timer.at == 0)
		timer_set(&auth_timer, AUTH_DELAY, auth_tick, NULL);
}

void
auth_cancel(uint32_t peerid)
{
	uint32_t	 i;

	/* Where no slot waits, the answer has just been sent. */
	for (i = 0; i < auth_nslots; i++)
		if (auth_slots[i].used && auth_slots[i].peerid == peerid)
			auth_slots[i].used = false;
}
