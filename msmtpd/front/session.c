/* SPDX-License-Identifier: ISC */
/* session: how sessions begin and end, and their lines in the log. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "owner.h"
#include "session.h"
#include "session_int.h"

#define FULL_LOG	1000	/* ms between log lines on --max-sessions */

const struct config	*session_conf;
struct session_tree	 sessions = RB_INITIALIZER(&sessions);

static uint32_t		 nsessions, last_number;
static void		(*when_changed)(void);
static bool		 stopping;

static int
session_cmp(const struct session *a, const struct session *b)
{
	return (a->id.session < b->id.session ? -1 :
	    a->id.session > b->id.session);
}

RB_PROTOTYPE(session_tree, session, entry, session_cmp)
RB_GENERATE(session_tree, session, entry, session_cmp)

struct session *
session_find(uint32_t number)
{
	struct session	 key;

	key.id.session = number;
	return (RB_FIND(session_tree, &sessions, &key));
}

uint32_t
session_count(void)
{
	return (nsessions);
}

bool
session_stopping(void)
{
	return (stopping);
}

void
session_log(const struct session *s, int pri, const char *fmt, ...)
{
	char	 id[MSMTPD_ID_MAX], client[CLIENT_MAX], user[CLIENT_USER_MAX];
	char	 text[LOG_LINE_MAX];
	va_list	 ap;

	if ((pri == LOG_DEBUG && !session_conf->debug) ||
	    !owner_line(s->owner))
		return;
	id_session(id, &s->id);
	client_text(client, &s->client);
	client_user(user, &s->client);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_write(pri, "session id=%s client=%s %s: %s", id, client, user,
	    text);
}

/*
 * The line for a session that has ended, because of why or (NULL) by QUIT.
 * A health check, which brings neither a mail nor an error, and comes and
 * goes with or without QUIT, is logged at debug only.  A client that the
 * daemon has sent away, or that took no reply, was no health check.
 */
static void
session_log_end(const struct session *s, const char *why)
{
	bool	 quiet = why == NULL || (smtp_quiet(s->smtp) &&
		    smtp_reason(s->smtp) == NULL && !output_waits(&s->output));

	if (s->newcomer)
		return;
	session_log(s, quiet ? LOG_DEBUG : LOG_INFO, "ended: %s, mails=%u",
	    why != NULL ? why : "QUIT", smtp_mails(s->smtp));
}

void
session_turned(void)
{
	static int64_t	 logged;
	static uint64_t	 count;

	count++;
	if (logged != 0 && event_now() - logged < FULL_LOG)
		return;
	log_warnx("turned away %llu clients: %u sessions, see --max-sessions",
	    (unsigned long long)count, nsessions);
	logged = event_now();
	count = 0;
}

void
session_seated(void)
{
	when_changed();
}

static void
session_disconnect(struct session *s)
{
	if (s->fd == -1)
		return;
	event_del(&s->event);
	if (s->out_event != NULL) {
		event_del(s->out_event);
		free(s->out_event);
		s->out_event = NULL;
	}
	if (s->output.fd != s->fd)
		close(s->output.fd);
	output_end(&s->output);
	close(s->fd);
	s->fd = -1;
	timer_clear(&s->timer);
	backlog_free(&s->in);
}

void
session_free(struct session *s)
{
	session_disconnect(s);
	timer_clear(&s->timer);
	session_mail_free(s);
	smtp_free(s->smtp);
	session_leave(s);
	RB_REMOVE(session_tree, &sessions, s);
	free(s);
	nsessions--;
	when_changed();
}

void
session_end(struct session *s, const char *why)
{
	static const struct verdict	 gone = {
		0, "", "the client went away before the mail's turn"
	};
	enum smtp_wait	 wait;
	bool		 told;

	if (s->fd != -1) {
		if (smtp_reason(s->smtp) != NULL)
			why = smtp_reason(s->smtp);
		smtp_gone(s->smtp, why);
		session_log_end(s, why);
		session_disconnect(s);
	}
	if (session_mail_waits(s))
		session_mail_drop(s, &gone);
	wait = smtp_waits(s->smtp);
	told = session_auth_cancel(s);
	/* A session whose question the parent cannot be told to forget stays
	 * until the answer, so that the parent has no more questions than
	 * --max-sessions. */
	if (wait == SMTP_WAIT_RESULT || (wait == SMTP_WAIT_AUTH && !told))
		session_schedule(s);
	else
		session_free(s);
}

void
session_stop(void)
{
	struct session	*s, *next;

	stopping = true;
	RB_FOREACH_SAFE(s, session_tree, &sessions, next) {
		if (smtp_waits(s->smtp) == SMTP_WAIT_RESULT || s->closing)
			continue;
		if (smtp_waits(s->smtp) == SMTP_WAIT_AUTH)
			smtp_auth_result(s->smtp, false, true);
		s->since = event_now();
		smtp_close(s->smtp, "4.3.2", "Server shutting down",
		    "shutdown");
		/* This may free s, but no other session. */
		session_resume(s);
	}
}

static void
session_sorry(int out)
{
	static const char	 sorry[] =
	    "421 4.3.2 No resources for a session now, try again\r\n";

	(void)!write(out, sorry, sizeof(sorry) - 1);
}

static void
session_refuse(int fd, int out)
{
	log_warn("no session for a client");
	session_sorry(out);
	if (out != fd)
		close(out);
	close(fd);
}

void
session_new(int fd, int out, const struct sockaddr_storage *addr,
    const struct sockaddr_storage *local)
{
	struct session	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL ||
	    (s->smtp = smtp_new(session_conf, &session_ops, s)) == NULL) {
		free(s);
		session_refuse(fd, out);
		when_changed();
		return;
	}
	s->fd = fd;
	s->output.fd = out;
	s->event.fd = -1;
	s->since = event_now();
	client_set(&s->client, addr);
	/* After 2^32 sessions a number may still be in use. */
	do
		s->id.session = ++last_number;
	while (RB_INSERT(session_tree, &sessions, s) != NULL);
	nsessions++;
	session_join(s);
	if (session_watch(s) == -1) {
		session_log(s, LOG_WARNING, "cannot watch the client: %s",
		    strerror(errno));
		session_sorry(out);
		session_free(s);
		return;
	}
	if (!s->newcomer)
		smtp_greet(s->smtp);
	session_who(s, addr, local);
	session_resume(s);
}

void
session_init(const struct config *conf, struct peer *parent,
    struct peer *deliver, void (*changed)(void))
{
	session_conf = conf;
	when_changed = changed;
	id_init();
	owner_init(conf->max_sessions);
	account_init(conf->max_memory, session_squeeze);
	session_auth_init(parent);
	if (conf->rules)
		session_rules_init();
	session_who_init(parent);
	session_mail_init(deliver, conf->max_deliveries);
}
