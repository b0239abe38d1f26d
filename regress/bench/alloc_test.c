/* SPDX-License-Identifier: ISC */

/*
 * The SMTP engine allocates a transaction and its recipients for a mail and
 * nothing else, and has little for a session that is idle.  The linker (--wrap, rules.mk) hands its calls of
 * malloc(3) and its kin to the counters here.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "smtp/smtp.h"
#include "tap.h"

#define MAILS		1000
#define MAIL_CALLS	2	/* the transaction, its recipients */
#define IDLE_MAX	256	/* octets of an idle session in the engine */

static size_t	calls;		/* that allocated */
static size_t	live;		/* allocations not yet freed */
static size_t	octets;		/* in them, with malloc's own word each */

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
void	 __real_free(void *);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);
void	*__wrap_reallocarray(void *, size_t, size_t);
char	*__wrap_strdup(const char *);
char	*__wrap_strndup(const char *, size_t);
void	 __wrap_free(void *);

static void *
count(void *p)
{
	if (p != NULL) {
		calls++;
		live++;
		octets += malloc_usable_size(p) + sizeof(size_t);
	}
	return (p);
}

static void
uncount(void *p)
{
	if (p != NULL) {
		live--;
		octets -= malloc_usable_size(p) + sizeof(size_t);
	}
}

void *
__wrap_malloc(size_t n)
{
	return (count(__real_malloc(n)));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return (count(__real_calloc(n, size)));
}

void *
__wrap_realloc(void *p, size_t n)
{
	uncount(p);
	return (count(__real_realloc(p, n)));
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		return (NULL);
	return (__wrap_realloc(p, n * size));
}

char *
__wrap_strndup(const char *s, size_t max)
{
	size_t	 n = strnlen(s, max);
	char	*p = __wrap_malloc(n + 1);

	if (p != NULL) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return (p);
}

char *
__wrap_strdup(const char *s)
{
	return (__wrap_strndup(s, strlen(s)));
}

void
__wrap_free(void *p)
{
	uncount(p);
	__real_free(p);
}

static size_t	delivered;
static int	last;		/* code of the last reply */

static bool
op_reply(void *arg, const char *s, size_t len)
{
	(void)arg;
	(void)len;
	last = atoi(s);
	return (true);
}

static bool
op_room(void *arg, uint64_t size)
{
	(void)arg;
	(void)size;
	return (true);
}

static bool
op_data_begin(void *arg, const struct smtp_mail *mail)
{
	(void)arg;
	(void)mail;
	return (true);
}

static bool
op_data(void *arg, const char *s, size_t len)
{
	(void)arg;
	(void)s;
	(void)len;
	return (true);
}

static void
op_data_end(void *arg, const struct smtp_mail *mail)
{
	(void)arg;
	(void)mail;
	delivered++;
}

static void
op_data_abort(void *arg)
{
	(void)arg;
}

static void
op_auth(void *arg, const char *user, const char *pass)
{
	(void)arg;
	(void)user;
	(void)pass;
}

static void
op_note(void *arg, int pri, const char *text)
{
	(void)arg;
	(void)pri;
	diag("%s", text);
}

static const struct smtp_ops ops = {
	.reply = op_reply,
	.room = op_room,
	.data_begin = op_data_begin,
	.data = op_data,
	.data_end = op_data_end,
	.data_abort = op_data_abort,
	.auth = op_auth,
	.note = op_note
};

static struct config conf;

static const char ehlo[] = "EHLO client.example\r\n";
static const char commands[] =
    "MAIL FROM:<sender@example.org> SIZE=1000\r\n"
    "RCPT TO:<one@example.net>\r\n"
    "RCPT TO:<two@example.net>\r\n"
    "DATA\r\n";
static const char content[] =
    "Subject: test\r\n"
    "\r\n"
    "..a dot\r\n"
    "a bare \r and a bare \n"
    "\r\n"
    ".\r\n";

/* Give text to the engine in pieces of n octets. */
static void
feed(struct smtp *s, const char *text, size_t n)
{
	char	buf[512];
	size_t	left, len;

	for (left = strlen(text); left > 0; left -= len, text += len) {
		len = left < n ? left : n;
		memcpy(buf, text, len);
		if (smtp_input(s, buf, len) != len) {
			diag("the engine has not taken all");
			exit(1);
		}
	}
}

/* The same line by line. */
static void
feed_lines(struct smtp *s, const char *text)
{
	char	line[128];
	size_t	len;

	for (; *text != '\0'; text += len) {
		len = (size_t)(strchr(text, '\n') + 1 - text);
		memcpy(line, text, len);
		line[len] = '\0';
		feed(s, line, len);
	}
}

static struct smtp *
session(void)
{
	struct smtp	*s = smtp_new(&conf, &ops, NULL);

	if (s == NULL) {
		diag("smtp_new: no memory");
		exit(1);
	}
	smtp_greet(s);
	feed(s, ehlo, sizeof(ehlo));
	return (s);
}

/* A mail; the commands and the content in pieces of these sizes, 0: lines. */
static void
mail(struct smtp *s, size_t n, size_t ncontent)
{
	static const struct verdict ok = { 250, "2.0.0", "Delivered" };

	if (n == 0)
		feed_lines(s, commands);
	else
		feed(s, commands, n);
	feed(s, content, ncontent);
	smtp_result(s, &ok);
	if (last != 250) {
		diag("the mail was answered %d", last);
		exit(1);
	}
}

static void
test_mails(const char *how, size_t n, size_t ncontent)
{
	struct smtp	*s = session();
	size_t		 before, before_live = live, i;

	before = calls;
	delivered = 0;
	for (i = 0; i < MAILS; i++)
		mail(s, n, ncontent);
	is_int((long long)delivered, MAILS, "%s: %d mails", how, MAILS);
	is_int((long long)(calls - before), MAILS * MAIL_CALLS,
	    "%s: %d allocations a mail", how, MAIL_CALLS);
	is_int((long long)live, (long long)before_live,
	    "%s: nothing is left", how);
	smtp_free(s);
}

/* A line that comes in parts may be kept in memory, but not for long. */
static void
test_split(void)
{
	struct smtp	*s = session();
	size_t		 before, i;

	before = octets;
	for (i = 0; i < MAILS; i++)
		mail(s, 1, 1);
	is_int((long long)octets, (long long)before,
	    "octet by octet: nothing is kept");
	smtp_free(s);
}

static void
test_session(void)
{
	struct smtp	*s;
	size_t		 before = live, i;

	s = session();
	ok(live > before, "a session's allocations are counted");
	smtp_free(s);
	for (i = 0; i < MAILS; i++) {
		s = session();
		mail(s, 0, sizeof(content));
		smtp_free(s);
	}
	is_int((long long)live, (long long)before,
	    "%d sessions: nothing is left", MAILS);
}

static void
test_idle(void)
{
	struct smtp	*s[100];
	size_t		 before = octets, i;

	for (i = 0; i < 100; i++)
		s[i] = session();
	diag("idle: %zu octets a session", (octets - before) / 100);
	ok(octets - before <= 100 * IDLE_MAX,
	    "idle: %d octets or less in the engine", IDLE_MAX);
	before = octets;
	for (i = 0; i < 100; i++)
		mail(s[i], 0, sizeof(content));
	ok(octets <= before, "idle after a mail: no more");
	for (i = 0; i < 100; i++)
		smtp_free(s[i]);
}

int
main(void)
{
	config_default(&conf);
	test_mails("line by line", 0, sizeof(content));
	test_mails("pipelined", sizeof(commands), sizeof(content));
	test_mails("content octet by octet", 0, 1);
	test_split();
	test_session();
	test_idle();
	return (done_testing());
}
