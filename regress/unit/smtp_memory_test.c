/* SPDX-License-Identifier: ISC */
/*
 * What the SMTP engine allocates, and that a session outlives each allocation
 * that fails.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "smtp/smtp.h"
#include "tap.h"

#ifdef SANITIZE
int
main(void)
{
	skip_all("the sanitizer has an allocator of its own");
}
#else

#define HELLO	"EHLO client.example.org\r\n"
#define BEGIN	"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"
#define START	BEGIN "RCPT TO:<e@f>\r\nDATA\r\n"

/* The C library's allocator, with calls counted, and refused on demand. */
extern void	*__libc_malloc(size_t);
extern void	*__libc_calloc(size_t, size_t);
extern void	*__libc_realloc(void *, size_t);
extern void	 __libc_free(void *);

static unsigned int	 allocations;
static size_t		 octets;		/* asked for */
static long		 live;			/* allocated, not freed */
static int		 refuse_at = -1;	/* 0: the next one */

static bool
refused(size_t size)
{
	allocations++;
	octets += size;
	if (refuse_at == -1 || refuse_at-- > 0)
		return (false);
	errno = ENOMEM;
	return (true);
}

void *
malloc(size_t size)
{
	if (refused(size))
		return (NULL);
	live++;
	return (__libc_malloc(size));
}

void *
calloc(size_t n, size_t size)
{
	if (refused(n * size))
		return (NULL);
	live++;
	return (__libc_calloc(n, size));
}

void *
realloc(void *p, size_t size)
{
	if (refused(size))
		return (NULL);
	live += p == NULL;
	return (__libc_realloc(p, size));
}

void
free(void *p)
{
	live -= p != NULL;
	__libc_free(p);
}

static char	 codes[512];	/* of the replies */

static bool
reply(void *arg, const char *p, size_t len)
{
	size_t	 used = strlen(codes);

	(void)arg;
	(void)len;
	snprintf(codes + used, sizeof(codes) - used, "%.3s,", p);
	return (true);
}

static bool
room(void *arg, uint64_t size)
{
	(void)arg;
	(void)size;
	return (true);
}

static bool
data_begin(void *arg, const struct smtp_mail *mail, char *id)
{
	(void)arg;
	(void)mail;
	strcpy(id, "a.1.1");
	return (true);
}

static bool
data(void *arg, const char *p, size_t len)
{
	(void)arg;
	(void)p;
	(void)len;
	return (true);
}

static void
data_end(void *arg, const struct smtp_mail *mail)
{
	(void)arg;
	(void)mail;
}

static void
data_abort(void *arg)
{
	(void)arg;
}

static void
mail_refused(void *arg, const struct smtp_mail *mail,
    const struct verdict *verdict)
{
	(void)arg;
	(void)mail;
	(void)verdict;
}

static bool
ours(void *arg, const char *id)
{
	(void)arg;
	(void)id;
	return (false);
}

static void
auth(void *arg, const char *user, const char *pass)
{
	(void)arg;
	(void)user;
	(void)pass;
}

static void
note(void *arg, int pri, const char *text)
{
	(void)arg;
	(void)pri;
	(void)text;
}

static bool
may(void *arg, const char *sender, const char *rcpt, struct smtp_refusal *no)
{
	(void)arg, (void)sender, (void)rcpt, (void)no;
	return (true);
}

static const struct smtp_ops	 ops = {
	reply, may, room, data_begin, data, data_end, data_abort, mail_refused,
	ours, auth, note
};
static struct config		 conf;

/* Give the engine a line, with the results that it waits for. */
static void
say(struct smtp *s, const char *text)
{
	static const struct verdict	 taken = { 250, "2.0.0", "x" };
	char					 buf[1024];
	size_t					 len = strlen(text), used = 0;

	memcpy(buf, text, len);
	do {
		used += smtp_input(s, buf + used, len - used);
		smtp_result(s, &taken);
		smtp_auth_result(s, true, false);
	} while (used < len);
}

static void
mail(struct smtp *s)
{
	say(s, START);
	say(s, "Subject: x\r\n\r\n.\r\nRSET\r\n");
}

/* What mails cost: of each transaction itself and its recipients. */
static void
test_mails(void)
{
	struct smtp	*a, *b;
	unsigned int	 before;
	int		 i;

	a = smtp_new(&conf, &ops, NULL);
	b = smtp_new(&conf, &ops, NULL);
	say(a, HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
	say(b, HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
	before = allocations;
	for (i = 0; i < 90; i++) {
		codes[0] = '\0';
		say(a, START);
		mail(b);
		say(a, ".\r\n");
		say(a, BEGIN "HELO\r\n" BEGIN "RSET\r\n");
	}
	is_str(codes, "250,250,250,354,250,250,250,354,250,250,250,"
	    "250,250,250,250,250,250,", "mails of two sessions");
	is_int(allocations - before, 90 * 4 * 2,
	    "two allocations a transaction, and none besides");
	smtp_free(a);
	smtp_free(b);
}

static void
octet_by_octet(struct smtp *s, const char *text)
{
	char	 one[2] = "";

	for (; *text != '\0'; text++) {
		one[0] = *text;
		say(s, one);
	}
}

/* A line that comes in parts is kept, but not for long; and nothing of it, of
 * a mail or of a session is left. */
static void
test_parts(void)
{
	struct smtp	*s;
	long		 before_sessions = 0, before_mails, whole, part;
	int		 i, k;

	for (i = 0; i < 110; i++) {
		if (i == 10)
			before_sessions = live;
		s = smtp_new(&conf, &ops, NULL);
		octet_by_octet(s, HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
		mail(s);
		before_mails = live;
		for (k = 0; k < 10; k++) {
			octet_by_octet(s, START "Subject: x\r\n\r\n..\r\n.\r\n");
			whole = live;
			octet_by_octet(s, "NO");
			part = live;
			octet_by_octet(s, "OP\r\n");
		}
		if (i == 0) {
			is_str(codes + strlen(codes) - 8, "250,250,",
			    "mails, octet by octet");
			is_int(part, whole + 1, "part of a line is kept");
		}
		if (i == 0 || live != before_mails)
			is_int(live, before_mails, "of 10 mails nothing is");
		smtp_free(s);
		codes[0] = '\0';
	}
	is_int(live, before_sessions, "nor of 100 sessions");
}

/* What an idle session has, before and after a mail. */
static void
test_idle(void)
{
	struct smtp	*s;
	size_t		 before, session;

	before = octets;
	s = smtp_new(&conf, &ops, NULL);
	smtp_greet(s);
	session = octets - before;
	ok(session <= 160, "a session: %zu octets", session);
	say(s, HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
	is_int((long long)(octets - before),
	    (long long)(session + sizeof("client.example.org") +
	    sizeof("user")), "greeted and logged in: its two names more");
	smtp_free(s);
}

/*
 * Refuse each allocation in turn: the session gets a 4xx for it and goes on,
 * and what is said then is taken.
 */
static void
test_refused(void)
{
	static const struct {
		const char	*name;
		const char	*before;
		const char	*begin;	/* of a line, or "" */
		const char	*text;
		const char	*codes;
	} cases[] = {
		{ "EHLO", "", "", HELLO, "452," },
		{ "a line in two reads", "", "EH", "LO x\r\n", "452," },
		{ "LOGIN's name", HELLO, "", "AUTH LOGIN dXNlcg==\r\n",
		    "454," },
	};
	struct smtp	*s;
	size_t		 i;

	refuse_at = 0;
	s = smtp_new(&conf, &ops, NULL);
	ok(s == NULL && errno == ENOMEM, "a session");
	refuse_at = -1;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s = smtp_new(&conf, &ops, NULL);
		say(s, cases[i].before);
		codes[0] = '\0';
		refuse_at = 0;
		say(s, cases[i].begin);
		say(s, cases[i].text);
		is_int(refuse_at, -1, "%s: allocates", cases[i].name);
		refuse_at = -1;
		is_str(codes, cases[i].codes, "%s: refused", cases[i].name);
		codes[0] = '\0';
		say(s, HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
		mail(s);
		is_str(codes, "250,235,250,250,250,354,250,250,",
		    "%s: the session goes on", cases[i].name);
		smtp_free(s);
	}
}

/* The same for a transaction. */
static void
test_refused_mail(void)
{
	struct smtp	*s;
	char		 rcpt[600];

	s = smtp_new(&conf, &ops, NULL);
	say(s, HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
	codes[0] = '\0';
	refuse_at = 0;
	say(s, "MAIL FROM:<a@b>\r\n");
	is_str(codes, "452,", "MAIL");
	say(s, "MAIL FROM:<a@b>\r\n");
	refuse_at = 0;
	say(s, "RCPT TO:<a@b>\r\n");
	is_str(codes, "452,250,452,", "the first RCPT");
	codes[0] = '\0';
	say(s, "DATA\r\nRCPT TO:<a@b>\r\n");
	is_str(codes, "503,250,", "the next is taken");
	memset(rcpt, 'x', sizeof(rcpt));
	memcpy(rcpt, "RCPT TO:<", 9);
	memcpy(rcpt + 500, ">\r\n", 4);
	refuse_at = 0;
	say(s, rcpt);
	is_str(codes, "503,250,452,", "a long one");
	refuse_at = -1;
	say(s, "DATA\r\n.\r\n");
	is_str(codes, "503,250,452,354,250,", "the mail");
	smtp_free(s);
}

int
main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	config_default(&conf);
	conf.auth = 1;
	test_mails();
	test_parts();
	test_idle();
	test_refused();
	test_refused_mail();
	return (done_testing());
}
#endif
