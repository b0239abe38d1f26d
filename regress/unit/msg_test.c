/* SPDX-License-Identifier: ISC */
/* The check of messages between processes: who, to whom, what. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <syslog.h>

#include "body.h"
#include "config.h"
#include "mail/rule.h"
#include "proc.h"
#include "tap.h"

static bool
taken(enum proc_id from, enum proc_id to, uint32_t type, const void *data,
    size_t len)
{
	return (body_check(from, to, type, data, len) == NULL);
}

static bool
log_taken(const void *data, size_t len)
{
	return (taken(PROC_FRONT, PROC_PARENT, IMSG_LOG, data, len));
}

static bool
auth_taken(const void *data, size_t len)
{
	return (taken(PROC_FRONT, PROC_PARENT, IMSG_AUTH, data, len));
}

/* What comes: priority, text with its length, whether a '\0' follows. */
static const struct log_case {
	const char	*name;
	int32_t		 pri;
	const char	*text;
	size_t		 len;		/* '\0' included where it is sent */
	int		 good;
} logs[] = {
#define TEXT(t)	t, sizeof(t)
	{ "a line", LOG_INFO, TEXT("front: hello"), 1 },
	{ "the most urgent", LOG_CRIT, TEXT("front: x"), 1 },
	{ "the least", LOG_DEBUG, TEXT("front: x"), 1 },
	{ "more than that", LOG_DEBUG + 1, TEXT("front: x"), 0 },
	{ "for all terminals", LOG_ALERT, TEXT("front: x"), 0 },
	{ "negative", -1, TEXT("front: x"), 0 },
	{ "a facility in it", LOG_MAIL | LOG_INFO, TEXT("front: x"), 0 },
	{ "no text at all", LOG_INFO, "", 0, 0 },
	{ "an empty one", LOG_INFO, TEXT(""), 0 },
	{ "the name alone", LOG_INFO, TEXT("front"), 0 },
	{ "no space", LOG_INFO, TEXT("front:x"), 0 },
	{ "nothing after it", LOG_INFO, TEXT("front: "), 1 },
	{ "another's name", LOG_INFO, TEXT("deliver: x"), 0 },
	{ "a longer name", LOG_INFO, TEXT("fronts: x"), 0 },
	{ "not terminated", LOG_INFO, "front: x", 8, 0 },
	{ "terminated early", LOG_INFO, TEXT("front: x\0y"), 0 },
	{ "terminated twice", LOG_INFO, "front: x\0", 10, 0 },
	{ "a newline", LOG_INFO, TEXT("front: x\nparent: y"), 0 },
	{ "a control character", LOG_INFO, TEXT("front: \033[2J"), 0 },
	{ "C1", LOG_INFO, TEXT("front: \302\233"), 0 },
	{ "UTF-8", LOG_INFO, TEXT("front: \xc3\xbc"), 1 },
	{ "half of it", LOG_INFO, TEXT("front: \xc3"), 0 },
#undef TEXT
};

static void
log_cases(void)
{
	struct imsg_log	 msg;
	size_t		 i;

	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		memset(&msg, 'z', sizeof(msg));
		msg.pri = logs[i].pri;
		memcpy(msg.text, logs[i].text, logs[i].len);
		is_int(log_taken(&msg, offsetof(struct imsg_log,
		    text) + logs[i].len), logs[i].good, "log: %s",
		    logs[i].name);
	}
}

/* Where no descriptor is wanted the kernel is told so. */
static void
rights(void)
{
	enum proc_id	 from, to;
	unsigned int	 got = 0;

	for (from = 0; from < PROC_MAX; from++)
		for (to = 0; to < PROC_MAX; to++)
			if (msg_rights(from, to))
				got |= PROC_BIT(from * PROC_MAX + to);
	is_int(got, PROC_BIT(PROC_PARENT * PROC_MAX + PROC_FRONT) |
	    PROC_BIT(PROC_FRONT * PROC_MAX + PROC_DELIVER),
	    "descriptors: parent to front, front to deliver");
}

static void
log_lengths(void)
{
	const size_t	 most = offsetof(struct imsg_log, text) + LOG_LINE_MAX;
	struct {
		struct imsg_log	 msg;
		char		 more[16];
	}		 longer;
	struct imsg_log	 msg;
	size_t		 len;
	int		 wrong = 0;

	memset(&msg, 0, sizeof(msg));
	msg.pri = LOG_INFO;
	strcpy(msg.text, "front: x");
	/* Any but the one at which the only '\0' is the last octet. */
	for (len = 0; len <= sizeof(msg); len++)
		wrong += log_taken(&msg, len) != (len ==
		    offsetof(struct imsg_log, text) + 9);
	is_int(wrong, 0, "log: no other length will do");
	memset(&longer, 'x', sizeof(longer));
	longer.msg.pri = LOG_INFO;
	memcpy(longer.msg.text, "front: ", 7);
	((char *)&longer)[most] = '\0';
	is_int(log_taken(&longer, most + 1), 0,
	    "log: longer than a line");
	((char *)&longer)[most - 1] = '\0';
	is_int(log_taken(&longer, most), 1,
	    "log: as long as a line can be");
}

static void
auth_cases(void)
{
	struct imsg_auth	 given;

	memset(&given, 0, sizeof(given));
	strcpy(given.user, "me");
	memset(given.pass, 'p', sizeof(given.pass) - 1);
	ok(auth_taken(&given, sizeof(given)), "auth: the longest");
	ok(!auth_taken(&given, sizeof(given) - 1), "auth: short");
	ok(!auth_taken(&given, sizeof(given) + 1), "auth: long");
	ok(!auth_taken(&given, 0), "auth: empty");
	given.pass[sizeof(given.pass) - 1] = 'p';
	ok(!auth_taken(&given, sizeof(given)),
	    "auth: a password that does not end");
	given.pass[sizeof(given.pass) - 1] = '\0';
	memset(given.user, 'u', sizeof(given.user));
	ok(!auth_taken(&given, sizeof(given)),
	    "auth: a user that does not end");
	memset(given.user, 0, sizeof(given.user));
	ok(auth_taken(&given, sizeof(given)), "auth: no user");
	memset(given.owner, 'o', sizeof(given.owner));
	ok(!auth_taken(&given, sizeof(given)),
	    "auth: an owner that does not end");
}

/* Bodies that are right, each for the one pair of processes that it is for. */
static struct config		 conf;	/* config_default() */
static struct imsg_log		 line = { LOG_INFO, 0, "front: x" };
static struct imsg_log		 deliver_line = { LOG_INFO, 0, "deliver: x" };
static struct imsg_auth		 auth;
static struct imsg_auth_result	 answer;
static struct imsg_result	 result = { .outcome = MAIL_EXITED };
static struct rule		 rule = { .line = 1 };
static struct imsg_status	 status = { 1, 2, 3, 4, 5, "451 4.3.0 x" };
static struct imsg_who		 who;
static struct imsg_user		 user = { 1000, 1, { 0 } };
static unsigned char		 address[128];	/* struct sockaddr_storage */
static struct {
	struct imsg_mail	 head;
	char			 text[8];
} mail = { { .size = 1, .nrcpt = 1, .rcpt_octets = 4, .id = "a.1.1",
    .owner = "uid=1000" }, "s@x\0r@x" };

static const struct way {
	uint32_t	 type;
	enum proc_id	 from, to;
	const void	*body;
	size_t		 len;
	bool		 any;		/* its body may have other lengths */
	bool		 fd;		/* may come with a descriptor */
} ways[] = {
#define P PROC_PARENT
#define F PROC_FRONT
#define D PROC_DELIVER
#define BODY(b) &b, sizeof(b)
	{ IMSG_CONFIG, P, F, BODY(conf), false, false },
	{ IMSG_CONFIG, P, D, BODY(conf), false, false },
	{ IMSG_COMMAND, P, D, "/bin/cat", 9, true, false },
	{ IMSG_LISTENER, P, F, "", 0, false, true },
	{ IMSG_SESSION, P, F, BODY(address), false, true },
	{ IMSG_START, P, F, "", 0, false, false },
	{ IMSG_START, P, D, "", 0, false, false },
	{ IMSG_AUTH_RESULT, P, F, BODY(answer), false, false },
	{ IMSG_STOP, P, F, "", 0, false, false },
	{ IMSG_KILL, P, D, "", 0, false, false },
	{ IMSG_PING, P, F, "", 0, false, false },
	{ IMSG_PING, P, D, "", 0, false, false },
	{ IMSG_READY, F, P, "", 0, false, false },
	{ IMSG_READY, D, P, "", 0, false, false },
	{ IMSG_LOG, F, P, &line, offsetof(struct imsg_log, text) + 9, true,
	    false },
	{ IMSG_LOG, D, P, &deliver_line, offsetof(struct imsg_log, text) + 11,
	    true, false },
	{ IMSG_AUTH, F, P, BODY(auth), false, false },
	{ IMSG_AUTH_CANCEL, F, P, "", 0, false, false },
	{ IMSG_PONG, F, P, "", 0, false, false },
	{ IMSG_PONG, D, P, "", 0, false, false },
	{ IMSG_MAIL, F, D, BODY(mail), true, true },
	{ IMSG_RCPT, F, D, "r@x", 4, true, false },
	{ IMSG_RESULT, D, F, BODY(result), false, false },
	{ IMSG_STATUS, F, P, BODY(status), false, false },
	{ IMSG_WHO, F, P, BODY(who), false, false },
	{ IMSG_USER, P, F, BODY(user), false, false },
	{ IMSG_NAMES, P, F, "\1\0\0\0a\0\2\0\0\0b", 12, true, false },
	{ IMSG_RULE, P, F, BODY(rule), false, false }
#undef P
#undef F
#undef D
#undef BODY
};

/* From whomever to whomever: only the ways of the table are open. */
static void
directions(const struct way *w)
{
	enum proc_id	 from, to;
	size_t		 i;
	int		 wrong = 0;
	bool		 good;

	for (from = 0; from < PROC_MAX; from++)
		for (to = 0; to < PROC_MAX; to++) {
			for (i = 0, good = false; i < sizeof(ways) /
			    sizeof(ways[0]); i++)
				good |= ways[i].type == w->type &&
				    ways[i].from == from && ways[i].to == to;
			/* The other child's name would be wrong in a line. */
			if (w->type == IMSG_LOG && from != w->from)
				good = false;
			wrong += taken(from, to, w->type, w->body, w->len) !=
			    good;
		}
	is_int(wrong, 0, "message %u from %s: no other way", w->type,
	    procs[w->from].name);
}

static void
way_cases(void)
{
	static char		 more[sizeof(conf) + 1];
	const struct way	*w;
	struct imsg		 imsg;

	for (w = ways; w < ways + sizeof(ways) / sizeof(ways[0]); w++) {
		directions(w);
		memset(&imsg, 0, sizeof(imsg));
		imsg.hdr.type = w->type;
		imsg.hdr.len = (uint32_t)(IMSG_HEADER_SIZE + w->len);
		imsg.data = w->body;
		imsg.fd = 0;
		is_int(msg_check(w->from, w->to, procs[w->from].name,
		    &imsg) == NULL, w->fd,
		    "message %u with a descriptor", w->type);
		if (w->any)
			continue;
		memcpy(more, w->body, w->len);
		ok(!taken(w->from, w->to, w->type, more, w->len + 1),
		    "message %u, an octet too long", w->type);
		if (w->len > 0)
			ok(!taken(w->from, w->to, w->type, more, w->len - 1),
			    "message %u, an octet too short", w->type);
	}
	ok(!taken(PROC_PARENT, PROC_FRONT, 0, "", 0), "message 0");
	ok(!taken(PROC_PARENT, PROC_FRONT, IMSG_RULE + 1, "", 0),
	    "a message after the last");
	ok(!taken(PROC_PARENT, PROC_FRONT, UINT32_MAX, "", 0), "the last");
}

/* A settings message with one thing wrong. */
static void
config_cases(void)
{
	struct config	 c;

#define WRONG(what, name) do { \
	c = conf; \
	what; \
	ok(!taken(PROC_PARENT, PROC_DELIVER, IMSG_CONFIG, &c, sizeof(c)), \
	    "config: %s", name); \
} while (0)
	WRONG(c.ngroups = MSMTPD_GROUPS_MAX + 1, "too many groups");
	WRONG(c.nsiblings = PROC_MAX + 1, "too many siblings");
	WRONG(memset(c.chroot, 'x', sizeof(c.chroot)), "chroot does not end");
	WRONG(memset(c.hostname, 'x', sizeof(c.hostname)),
	    "host name does not end");
	WRONG(c.max_sessions = 0, "no session");
	WRONG(c.max_deliveries = 0, "no delivery");
	WRONG(c.max_recipients = 0, "no recipient");
	WRONG(c.auth = AUTH_ANY + 1, "no such way to log in");
	WRONG(c.rules = 2, "rules that are none");
	WRONG(c.received = RECEIVED_NONE + 1, "no such form of Received");
	WRONG(c.drop = 1, "root as the user to become");
#undef WRONG
}

static const struct {
	uint32_t	 outcome;
	int32_t		 value;
	bool		 good;
} results[] = {
	{ 0, 0, false }, { MAIL_FAILED + 1, 0, false },
	{ MAIL_EXITED, 0, true }, { MAIL_EXITED, 255, true },
	{ MAIL_EXITED, 256, false }, { MAIL_EXITED, -1, false },
	{ MAIL_SIGNALED, 9, true }, { MAIL_SIGNALED, 0, false },
	{ MAIL_SIGNALED, 65, false }, { MAIL_SIGNALED, -9, false },
	{ MAIL_TIMEOUT, 0, true }, { MAIL_STOPPED, 0, true },
	{ MAIL_FAILED, 12, true }, { MAIL_FAILED, -1, false }
};

/* Words that come with an exit status, and whether they are taken. */
static const struct words_case {
	const char	*name;
	uint32_t	 outcome;
	int32_t		 value;
	uint16_t	 code;
	uint8_t		 about;
	const char	*enhanced;
	const char	*text;
	bool		 good;
} words[] = {
#define E MAIL_EXITED
	{ "none", E, 1, 0, WORDS_UNKNOWN, "", "", true },
	{ "a file is missing", E, 74, 0, WORDS_CONFIG, "", "", true },
	{ "a reply", E, 69, 450, WORDS_MAIL, "4.2.0", "later", true },
	{ "without more than a code", E, 1, 550, WORDS_UNKNOWN, "", "", true },
	{ "the first code", E, 1, 400, WORDS_SESSION, "", "x", true },
	{ "the last", E, 1, 599, WORDS_LOGIN, "5.999.999", "x", true },
	{ "too small a code", E, 1, 399, WORDS_MAIL, "", "x", false },
	{ "too large a code", E, 1, 600, WORDS_MAIL, "", "x", false },
	{ "success", E, 1, 250, WORDS_MAIL, "2.0.0", "x", false },
	{ "another class", E, 1, 550, WORDS_MAIL, "4.1.1", "x", false },
	{ "half an enhanced code", E, 1, 550, WORDS_MAIL, "5.1", "x", false },
	{ "more than one", E, 1, 550, WORDS_MAIL, "5.1.1 x", "x", false },
	{ "four digits", E, 1, 550, WORDS_MAIL, "5.1000.1", "x", false },
	{ "a leading 0", E, 1, 550, WORDS_MAIL, "5.01.1", "x", false },
	{ "text without a code", E, 1, 0, WORDS_UNKNOWN, "", "x", false },
	{ "an enhanced code alone", E, 1, 0, WORDS_UNKNOWN, "5.1.1", "",
	    false },
	{ "about a mail, without a code", E, 1, 0, WORDS_MAIL, "", "", false },
	{ "a reply about a file", E, 1, 550, WORDS_CONFIG, "", "x", false },
	{ "about nothing", E, 1, 550, WORDS_CONFIG + 1, "", "x", false },
	{ "a line end", E, 1, 550, WORDS_MAIL, "", "x\r\n250 y", false },
	{ "an escape", E, 1, 550, WORDS_MAIL, "", "\033[2J", false },
	{ "8-bit", E, 1, 550, WORDS_MAIL, "", "\xc3\xbc", false },
	{ "beside success", E, 0, 550, WORDS_MAIL, "", "x", false },
	{ "a missing file beside success", E, 0, 0, WORDS_CONFIG, "", "",
	    false },
	{ "of one killed", MAIL_SIGNALED, 9, 550, WORDS_MAIL, "", "x", false },
	{ "of one timed out", MAIL_TIMEOUT, 0, 450, WORDS_MAIL, "", "x",
	    false },
	{ "of one that never ran", MAIL_FAILED, 1, 450, WORDS_MAIL, "", "x",
	    false },
#undef E
};

static bool
result_taken(const struct imsg_result *r)
{
	return (taken(PROC_DELIVER, PROC_FRONT, IMSG_RESULT, r, sizeof(*r)));
}

static void
words_cases(void)
{
	const struct words_case	*c;
	struct imsg_result	 r;

	for (c = words; c < words + sizeof(words) / sizeof(words[0]); c++) {
		memset(&r, 0, sizeof(r));
		r.outcome = c->outcome;
		r.value = c->value;
		r.words.code = c->code;
		r.words.about = c->about;
		strcpy(r.words.enhanced, c->enhanced);
		strcpy(r.words.text, c->text);
		is_int(result_taken(&r), c->good, "words: %s", c->name);
	}
	memset(&r, 0, sizeof(r));
	r.outcome = MAIL_EXITED;
	r.value = 1;
	r.words.code = 550;
	memset(r.words.text, 'x', sizeof(r.words.text) - 1);
	ok(result_taken(&r), "words: the longest");
	memset(r.words.text, 'x', sizeof(r.words.text));
	ok(!result_taken(&r), "words: text that does not end");
	r.words.text[0] = '\0';
	memset(r.words.enhanced, '5', sizeof(r.words.enhanced));
	ok(!result_taken(&r), "words: an enhanced code that does not end");
	r.words.enhanced[0] = '\0';
	ok(result_taken(&r), "words: what follows the '\\0' is nobody's");
	r.words.reserved = 1;
	ok(!result_taken(&r), "words: a reserved octet");
}

static void
result_cases(void)
{
	struct imsg_result	 r;
	size_t			 i;

	memset(&r, 0, sizeof(r));
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		r.outcome = results[i].outcome;
		r.value = results[i].value;
		is_int(taken(PROC_DELIVER, PROC_FRONT, IMSG_RESULT, &r,
		    sizeof(r)), results[i].good, "result %u, %d", r.outcome,
		    r.value);
	}
	for (answer.answer = 0; answer.answer < 255; answer.answer++)
		if (!taken(PROC_PARENT, PROC_FRONT, IMSG_AUTH_RESULT, &answer,
		    sizeof(answer)))
			break;
	is_int(answer.answer, AUTH_UNCHECKED + 1, "the last answer to AUTH");
	answer.answer = 0;
}

static bool
status_taken(const struct imsg_status *st)
{
	return (taken(PROC_FRONT, PROC_PARENT, IMSG_STATUS, st, sizeof(*st)));
}

/* What would be another assignment for the service manager, or unreadable. */
static void
status_cases(void)
{
	static const char *const	 wrong[] = { "451 x\nREADY=1", "\n",
					    "451 x\r", "\033[2J", "\xff" };
	struct imsg_status		 st = status;
	size_t				 i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		strcpy(st.why, wrong[i]);
		ok(!status_taken(&st), "status: unprintable words, %zu", i);
	}
	st.why[0] = '\0';
	ok(status_taken(&st), "status: no words");
	memset(st.why, 'x', sizeof(st.why));
	ok(!status_taken(&st), "status: words that do not end");
	st.why[sizeof(st.why) - 1] = '\0';
	ok(status_taken(&st), "status: the longest words");
}

static void
who_cases(void)
{
	struct imsg_user	 u;
	struct imsg_who		 w;

#define USER(what, name) do { \
	u = user; \
	what; \
	ok(!taken(PROC_PARENT, PROC_FRONT, IMSG_USER, &u, sizeof(u)), \
	    "user: %s", name); \
} while (0)
	USER(u.known = 2, "more than known");
	USER(u.known = 0, "a uid of nobody");
	USER(u.reserved[2] = 1, "a reserved octet");
#undef USER
	memset(&u, 0, sizeof(u));
	ok(taken(PROC_PARENT, PROC_FRONT, IMSG_USER, &u, sizeof(u)),
	    "user: unknown");
	memset(&w, 0, sizeof(w));
	memset(&w.client.s6_addr[10], 0xff, 2);
	ok(!taken(PROC_FRONT, PROC_PARENT, IMSG_WHO, &w, sizeof(w)),
	    "who: an IPv4 and an IPv6 end");
	w.local = w.client;
	ok(taken(PROC_FRONT, PROC_PARENT, IMSG_WHO, &w, sizeof(w)),
	    "who: two IPv4 ends");
}

static void
names_cases(void)
{
#define UID	"\1\0\0\0"
#define C32	"abcdefghijklmnopqrstuvwxyz012345"
	static const struct {
		const char	*name;
		const char	*body;
		size_t		 len;
		bool		 good;
	} cases[] = {
		{ "one", UID "a", 6, true },
		{ "an odd one", UID "DOM-1_x.y@z+$", 18, true },
		{ "the longest", UID C32, 37, true },
		{ "too long", UID C32 "6", 38, false },
		{ "none at all", "", 0, false },
		{ "an empty one", UID "", 5, false },
		{ "half a uid", UID "a\0\1\0", 8, false },
		{ "a uid alone", UID "a\0" UID, 10, false },
		{ "not terminated", UID "ab", 6, false },
		{ "a space", UID "a b", 8, false },
		{ "a backslash", UID "a\\b", 8, false },
		{ "a question mark", UID "?", 6, false },
		{ "a bracket", UID "a)", 7, false },
		{ "not ASCII", UID "\xc3\xbc", 7, false }
	};
	size_t	 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(taken(PROC_PARENT, PROC_FRONT, IMSG_NAMES,
		    cases[i].body, cases[i].len), cases[i].good, "names: %s",
		    cases[i].name);
#undef UID
#undef C32
}

int
main(void)
{
	config_default(&conf);
	way_cases();
	config_cases();
	result_cases();
	words_cases();
	log_cases();
	log_lengths();
	rights();
	auth_cases();
	status_cases();
	who_cases();
	names_cases();
	return (done_testing());
}
