/* SPDX-License-Identifier: ISC */
/* Messages that cross a process boundary: what passes msg_check() is safe. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "body.h"
#include "check.h"
#include "log.h"
#include "mail/rule.h"
#include "mail/verdict.h"
#include "proc.h"

/* What the parent passes on of a log line is one printable line under its
 * sender's name, however it came. */
static void
check_log(const char *name, const struct imsg_log *msg, size_t len)
{
	CHECK(msg->pri >= LOG_CRIT && msg->pri <= LOG_DEBUG);
	len -= offsetof(struct imsg_log, text);
	CHECK(strlen(msg->text) == len - 1);
	CHECK(len <= LOG_LINE_MAX);
	CHECK(strpbrk(msg->text, "\n\r\033\177") == NULL);
	CHECK(strncmp(msg->text, name, strlen(name)) == 0);
}

static void
check_config(const struct config *c)
{
	CHECK(c->ngroups <= MSMTPD_GROUPS_MAX);
	CHECK(c->nsiblings <= PROC_MAX);
	CHECK(strlen(c->chroot) < sizeof(c->chroot));
	CHECK(strlen(c->hostname) < sizeof(c->hostname));
	CHECK(!c->drop || c->uid != 0);
}

static void
check_mail(const struct imsg_mail *m)
{
	CHECK(m->size >= 1 && m->nrcpt >= 1);
	CHECK(memchr(m->id, '\0', sizeof(m->id)) != NULL);
	CHECK(strpbrk(m->id, " \n\\") == NULL);
	CHECK(memchr(m->owner, '\0', sizeof(m->owner)) != NULL);
	CHECK(*m->owner != '\0' && strpbrk(m->owner, "\n\r\033") == NULL);
}

/* What a client may be told of it. */
static void
check_words(const struct mail_words *w)
{
	const char	*p;

	CHECK(strlen(w->text) < sizeof(w->text));
	CHECK(strlen(w->enhanced) < sizeof(w->enhanced));
	for (p = w->text; *p != '\0'; p++)
		CHECK(*p >= ' ' && *p <= '~');
	if (w->code == 0) {
		CHECK(*w->text == '\0' && *w->enhanced == '\0');
		return;
	}
	CHECK(w->code >= 400 && w->code <= 599);
	if (*w->enhanced != '\0')
		CHECK(w->enhanced[0] == '0' + w->code / 100);
}

static void
check_result(const struct imsg_result *r)
{
	struct verdict	 v;
	char		 why[VERDICT_MAX];

	CHECK(r->outcome >= MAIL_EXITED && r->outcome <= MAIL_FAILED);
	CHECK(r->value >= 0);
	CHECK(r->outcome != MAIL_EXITED || r->value <= 255);
	check_words(&r->words);
	CHECK(r->words.code == 0 || (r->outcome == MAIL_EXITED &&
	    r->value != 0));
	verdict(&v, r);
	verdict_why(why, sizeof(why), &v, r);
	CHECK((v.code == 250) == (r->outcome == MAIL_EXITED &&
	    r->value == 0));
	CHECK(v.code == 250 || (v.code >= 400 && v.code <= 599 &&
	    v.code != 421));
	CHECK(v.enhanced[0] == '0' + v.code / 100 && v.text[0] != '\0');
	CHECK((*why == '\0') == (v.code == 250));
}

static void
check_status(const struct imsg_status *st, size_t len)
{
	CHECK(len == sizeof(*st));
	CHECK(memchr(st->why, '\0', sizeof(st->why)) != NULL);
	CHECK(strpbrk(st->why, "\n\r\033") == NULL);
}

static void
check(enum proc_id from, enum proc_id to, uint32_t type, const void *body,
    size_t len)
{
	const struct imsg_auth	*auth = body;
	const struct imsg_user	*user = body;

	if (body_check(from, to, type, body, len) != NULL)
		return;
	CHECK(from != to && (procs[from].talks & PROC_BIT(to)) != 0 ||
	    from == PROC_PARENT || to == PROC_PARENT);
	switch (type) {
	case IMSG_CONFIG:
		check_config(body);
		break;
	case IMSG_LOG:
		check_log(procs[from].name, body, len);
		break;
	case IMSG_AUTH:
		CHECK(from == PROC_FRONT && to == PROC_PARENT);
		CHECK(strlen(auth->user) < MSMTPD_AUTH_MAX);
		CHECK(strlen(auth->pass) < MSMTPD_AUTH_MAX);
		CHECK(strlen(auth->owner) < MSMTPD_ASKER_MAX);
		break;
	case IMSG_RULE:
		CHECK(rule_size(body) == len && len <= RULE_MAX);
		break;
	case IMSG_MAIL:
		check_mail(body);
		break;
	case IMSG_RESULT:
		CHECK(len == sizeof(struct imsg_result));
		check_result(body);
		break;
	case IMSG_STATUS:
		check_status(body, len);
		break;
	case IMSG_WHO:
		CHECK(len == sizeof(struct imsg_who));
		break;
	case IMSG_USER:
		CHECK(len == sizeof(*user));
		CHECK(user->known == 1 || (user->known == 0 && user->uid == 0));
		break;
	}
}

/* Three octets say who sends what to whom; what follows is its body, in memory
 * of its own length. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void	*body;

	if (size < 3)
		return (0);
	body = malloc(size > 3 ? size - 3 : 1);
	CHECK(body != NULL);
	memcpy(body, data + 3, size - 3);
	check(data[0] % PROC_MAX, data[1] % PROC_MAX, data[2], body, size - 3);
	free(body);
	return (0);
}
