/* SPDX-License-Identifier: ISC */
/* msg: the check of every message that crosses a process boundary. */

#include <sys/socket.h>

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <syslog.h>

#include "log.h"
#include "mail/rule.h"
#include "mail/words.h"
#include "msg.h"

#define LENGTH_WRONG	"its length is wrong"

/* A check of a body: NULL, or what is wrong with it. */
typedef const char *msg_body(const void *, size_t);

static bool
terminated(const char *s, size_t size)
{
	return (s[size - 1] == '\0');
}

static const char *
body_none(const void *data, size_t len)
{
	(void)data;
	return (len == 0 ? NULL : "it has a body");
}

static const char *
body_config(const void *data, size_t len)
{
	const struct config	*c = data;

	if (len != sizeof(*c))
		return (LENGTH_WRONG);
	if (c->ngroups > MSMTPD_GROUPS_MAX || c->nsiblings > PROC_MAX)
		return ("more entries than a list has room for");
	if (!terminated(c->chroot, sizeof(c->chroot)) ||
	    !terminated(c->hostname, sizeof(c->hostname)))
		return ("unterminated string");
	if (c->max_sessions == 0 || c->max_deliveries == 0 ||
	    c->max_recipients == 0)
		return ("a limit of 0");
	if (c->auth > AUTH_ANY)
		return ("unknown way to log in");
	if (c->received > RECEIVED_NONE)
		return ("unknown form of Received");
	if (c->rules > 1)
		return ("neither rules nor none");
	return (c->drop && c->uid == 0 ? "root as the user to become" : NULL);
}

/* One string and more, each with its '\0'. */
static const char *
body_strings(const void *data, size_t len)
{
	if (len == 0)
		return (LENGTH_WRONG);
	return (terminated(data, len) ? NULL : "unterminated string");
}

static const char *
body_session(const void *data, size_t len)
{
	(void)data;
	return (len == sizeof(struct sockaddr_storage) ? NULL : LENGTH_WRONG);
}

static const char *
body_auth_result(const void *data, size_t len)
{
	const struct imsg_auth_result	*r = data;

	if (len != sizeof(*r))
		return (LENGTH_WRONG);
	return (r->answer <= AUTH_UNCHECKED ? NULL : "unknown answer");
}

/* A priority and one printable line, which the log takes as they are. */
static const char *
body_log(const void *data, size_t len)
{
	const struct imsg_log	*msg = data;

	/* Not sizeof(*msg): what pads the struct is no text. */
	if (len <= offsetof(struct imsg_log, text) ||
	    len > offsetof(struct imsg_log, text) + sizeof(msg->text))
		return (LENGTH_WRONG);
	/* syslogd sends what is more urgent than LOG_CRIT, which fatal() has,
	 * to all terminals. */
	if (msg->pri < LOG_CRIT || msg->pri > LOG_DEBUG)
		return ("a priority that no process has");
	len -= offsetof(struct imsg_log, text);
	if (memchr(msg->text, '\0', len) != msg->text + len - 1)
		return ("unterminated string");
	return (log_isprintable(msg->text, len - 1) ? NULL :
	    "unprintable line");
}

/* Whether the line begins with this process's name. */
static bool
log_names(const struct imsg_log *msg, const char *name)
{
	size_t	 len = strlen(name);

	return (strncmp(msg->text, name, len) == 0 &&
	    strncmp(msg->text + len, ": ", 2) == 0);
}

static const char *
body_auth(const void *data, size_t len)
{
	const struct imsg_auth	*auth = data;

	if (len != sizeof(*auth))
		return (LENGTH_WRONG);
	return (terminated(auth->owner, sizeof(auth->owner)) &&
	    terminated(auth->user, sizeof(auth->user)) &&
	    terminated(auth->pass, sizeof(auth->pass)) ? NULL :
	    "unterminated string");
}

static bool
id_valid(const char *id, size_t size)
{
	size_t	 i;

	for (i = 0; i < size && id[i] != '\0'; i++)
		if (!((id[i] >= 'A' && id[i] <= 'Z') || (id[i] >= 'a' &&
		    id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9') ||
		    id[i] == '.'))
			return (false);
	return (i > 0 && i < size);
}

/* It stands in the log and in files, one to a line. */
static bool
owner_valid(const char *owner, size_t size)
{
	return (terminated(owner, size) && *owner != '\0' &&
	    log_isprintable(owner, strlen(owner)));
}

/* Only the form: envelope.c checks bounds and grammar. */
static const char *
body_mail(const void *data, size_t len)
{
	static const uint8_t	 zero[sizeof(((struct imsg_mail *)0)->reserved)];
	struct imsg_mail	 h;

	if (len <= sizeof(h))
		return (LENGTH_WRONG);
	memcpy(&h, data, sizeof(h));
	if (h.size == 0)
		return ("a message of 0 octets");
	if (h.nrcpt == 0 || h.rcpt_octets < 2 * (uint64_t)h.nrcpt)
		return ("octets of recipients out of bounds");
	if (h.utf8 > 1 || memcmp(h.reserved, zero, sizeof(zero)) != 0)
		return ("reserved field set");
	if (!id_valid(h.id, sizeof(h.id)))
		return ("malformed id");
	if (!owner_valid(h.owner, sizeof(h.owner)))
		return ("malformed owner");
	return (terminated(data, len) ? NULL : "unterminated string");
}

static const char *
body_rcpt(const void *data, size_t len)
{
	/* Without a body: the mail is dropped. */
	return (len == 0 ? NULL : body_strings(data, len));
}

/* The service manager takes a new line for a new assignment. */
static const char *
body_status(const void *data, size_t len)
{
	const struct imsg_status	*st = data;

	if (len != sizeof(*st))
		return (LENGTH_WRONG);
	if (!terminated(st->why, sizeof(st->why)))
		return ("unterminated string");
	return (log_isprintable(st->why, strlen(st->why)) ? NULL :
	    "unprintable words");
}

static const char *
body_who(const void *data, size_t len)
{
	const struct imsg_who	*who = data;

	if (len != sizeof(*who))
		return (LENGTH_WRONG);
	return (IN6_IS_ADDR_V4MAPPED(&who->client) ==
	    IN6_IS_ADDR_V4MAPPED(&who->local) ? NULL : "ends of two families");
}

static const char *
body_user(const void *data, size_t len)
{
	static const struct imsg_user	 unknown;
	const struct imsg_user		*user = data;

	if (len != sizeof(*user))
		return (LENGTH_WRONG);
	if (user->known > 1 || memcmp(user->reserved, unknown.reserved,
	    sizeof(user->reserved)) != 0)
		return ("reserved field set");
	return (user->known || user->uid == 0 ? NULL :
	    "the uid of an unknown user");
}

bool
msg_is_user(const char *name)
{
	size_t	 len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789-_.@+$");

	return (len > 0 && len < MSMTPD_USER_MAX && name[len] == '\0');
}

static const char *
body_names(const void *data, size_t len)
{
	const char	*p = data, *end = p + len;

	if (len == 0)
		return (LENGTH_WRONG);
	for (; p < end; p += strlen(p) + 1) {
		if ((size_t)(end - p) <= sizeof(uint32_t))
			return (LENGTH_WRONG);
		p += sizeof(uint32_t);
		if (memchr(p, '\0', (size_t)(end - p)) == NULL)
			return ("unterminated string");
		if (!msg_is_user(p))
			return ("not a user's name");
	}
	return (NULL);
}

/* As waitid(2) and errno(3) have them. */
static bool
fate_valid(const struct imsg_result *r)
{
	bool	 good;

	switch (r->outcome) {
	case MAIL_EXITED:
		good = r->value >= 0 && r->value <= 255;
		break;
	case MAIL_SIGNALED:
		good = r->value > 0 && r->value < NSIG;
		break;
	case MAIL_TIMEOUT:
	case MAIL_STOPPED:
	case MAIL_FAILED:
		good = r->value >= 0;
		break;
	default:
		good = false;
	}
	return (good);
}

/* What a command says counts only where its exit status tells of a failure. */
static const char *
body_result(const void *data, size_t len)
{
	const struct imsg_result	*r = data;

	if (len != sizeof(*r))
		return (LENGTH_WRONG);
	if (!fate_valid(r))
		return ("impossible outcome");
	if (!words_valid(&r->words))
		return ("malformed words");
	if ((r->outcome != MAIL_EXITED || r->value == 0) &&
	    (r->words.code != 0 || r->words.about != WORDS_UNKNOWN))
		return ("words of a command that has not failed by itself");
	return (NULL);
}

#define PARENT		PROC_BIT(PROC_PARENT)
#define FRONT		PROC_BIT(PROC_FRONT)
#define DELIVER		PROC_BIT(PROC_DELIVER)
#define CHILDREN	(PROC_ALL & ~PARENT)

/* Who sends what to whom; msmtpd.h says what each message means. */
static const struct msg_row {
	uint32_t	 type;
	unsigned int	 from, to;
	bool		 fd;		/* one may come with it */
	msg_body	*body;
} rows[] = {
	{ IMSG_CONFIG,	     PARENT,   CHILDREN, false, body_config },
	{ IMSG_COMMAND,	     PARENT,   DELIVER,  false, body_strings },
	{ IMSG_LISTENER,     PARENT,   FRONT,    true,  body_none },
	{ IMSG_SESSION,	     PARENT,   FRONT,    true,  body_session },
	{ IMSG_START,	     PARENT,   CHILDREN, false, body_none },
	{ IMSG_AUTH_RESULT,  PARENT,   FRONT,    false, body_auth_result },
	{ IMSG_STOP,	     PARENT,   FRONT,    false, body_none },
	{ IMSG_KILL,	     PARENT,   DELIVER,  false, body_none },
	{ IMSG_PING,	     PARENT,   CHILDREN, false, body_none },
	{ IMSG_READY,	     CHILDREN, PARENT,   false, body_none },
	{ IMSG_LOG,	     CHILDREN, PARENT,   false, body_log },
	{ IMSG_AUTH,	     FRONT,    PARENT,   false, body_auth },
	{ IMSG_AUTH_CANCEL,  FRONT,    PARENT,   false, body_none },
	{ IMSG_PONG,	     CHILDREN, PARENT,   false, body_none },
	{ IMSG_MAIL,	     FRONT,    DELIVER,  true,  body_mail },
	{ IMSG_RCPT,	     FRONT,    DELIVER,  false, body_rcpt },
	{ IMSG_RESULT,	     DELIVER,  FRONT,    false, body_result },
	{ IMSG_STATUS,	     FRONT,    PARENT,   false, body_status },
	{ IMSG_WHO,	     FRONT,    PARENT,   false, body_who },
	{ IMSG_USER,	     PARENT,   FRONT,    false, body_user },
	{ IMSG_NAMES,	     PARENT,   FRONT,    false, body_names },
	{ IMSG_RULE,	     PARENT,   FRONT,    false, rule_check }
};

bool
msg_rights(enum proc_id from, enum proc_id to)
{
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].fd && (rows[i].from & PROC_BIT(from)) != 0 &&
		    (rows[i].to & PROC_BIT(to)) != 0)
			return (true);
	return (false);
}

const char *
msg_check(enum proc_id from, enum proc_id to, const char *name,
    const struct imsg *imsg)
{
	const struct msg_row	*row = NULL;
	const char		*why;
	size_t			 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == imsg->hdr.type)
			row = &rows[i];
	if (row == NULL)
		return ("there is no such message");
	if ((row->from & PROC_BIT(from)) == 0 || (row->to & PROC_BIT(to)) == 0)
		return ("that process must not send it here");
	if (imsg->fd != -1 && !row->fd)
		return ("a descriptor comes with it");
	why = row->body(imsg->data, imsg_get_len(imsg));
	if (why == NULL && row->type == IMSG_LOG &&
	    !log_names(imsg->data, name))
		return ("another process's name");
	return (why);
}
