/* SPDX-License-Identifier: ISC */

/*
 * What deliver checks before it runs a command: the envelope's head, addresses
 * and descriptor.  All that no honest front sends is refused.
 */

#include <sys/mman.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "body.h"
#include "config.h"
#include "mail/envelope.h"
#include "tap.h"

#define ALL_SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | \
			    F_SEAL_SEAL)

static struct config	 conf;

static struct imsg_mail
head(uint64_t size, uint32_t nrcpt, uint32_t octets)
{
	struct imsg_mail	 h;

	memset(&h, 0, sizeof(h));
	h.size = size;
	h.nrcpt = nrcpt;
	h.rcpt_octets = octets;
	memcpy(h.id, "start.1.1", 9);
	memcpy(h.owner, "uid=1000", 8);
	return (h);
}

/* Check as deliver does: the form first, then the rest.  The body has memory
 * of its own length, so that a sanitizer catches reads beyond it. */
static const char *
begin(struct envelope *e, const struct imsg_mail *h, const char *text,
    size_t len)
{
	char		*body = malloc(sizeof(*h) + len);
	const char	*why;

	if (body == NULL)
		abort();
	memcpy(body, h, sizeof(*h));
	memcpy(body + sizeof(*h), text, len);
	memset(e, 0, sizeof(*e));
	why = body_check(PROC_FRONT, PROC_DELIVER, IMSG_MAIL, body,
	    sizeof(*h) + len);
	if (why == NULL)
		why = envelope_begin(e, &conf, body, sizeof(*h) + len);
	free(body);
	return (why);
}

static const char *
more(struct envelope *e, const char *text, size_t len)
{
	const char	*why;

	why = body_check(PROC_FRONT, PROC_DELIVER, IMSG_RCPT, text, len);
	return (why != NULL ? why : envelope_more(e, text, len));
}

static const struct {
	uint64_t	 size;
	uint32_t	 nrcpt;
	uint32_t	 octets;
	const char	*text;		/* sender and recipients */
	size_t		 len;
	const char	*why;		/* NULL: taken */
	int		 complete;
} cases[] = {
#define TEXT(s)	s, sizeof(s) - 1
	{ 1, 1, 4, TEXT("s@x\0r@x\0"), NULL, 1 },
	{ 1, 1, 4, TEXT("\0r@x\0"), NULL, 1 },
	{ 1000 + MSMTPD_RECEIVED_MAX, 2, 8, TEXT("s@x\0r@x\0t@x\0"), NULL, 1 },
	{ 1, 2, 8, TEXT("s@x\0r@x\0"), NULL, 0 },
	{ 1, 2, 8, TEXT("s@x\0"), NULL, 0 },
	{ 0, 1, 4, TEXT("s@x\0r@x\0"), "0 octets", 0 },
	{ 1001 + MSMTPD_RECEIVED_MAX, 1, 4, TEXT("s@x\0r@x\0"), "size", 0 },
	{ UINT64_MAX, 1, 4, TEXT("s@x\0r@x\0"), "size", 0 },
	{ 1, 0, 0, TEXT("s@x\0"), "octets", 0 },
	{ 1, 4, 16, TEXT("s@x\0r@x\0r@x\0r@x\0r@x\0"),
	    "number of recipients", 0 },
	{ 1, UINT32_MAX, 4, TEXT("s@x\0r@x\0"), "octets", 0 },
	{ 1, 1, 1, TEXT("s@x\0\0"), "octets", 0 },
	{ 1, 1, 193, TEXT("s@x\0r@x\0"), "octets", 0 },
	{ 1, 1, UINT32_MAX, TEXT("s@x\0r@x\0"), "octets", 0 },
	{ 1, 1, 4, TEXT("s@x"), "unterminated", 0 },
	{ 1, 1, 4, TEXT("-s@x\0r@x\0"), "invalid sender", 0 },
	{ 1, 1, 4, TEXT("s@@x\0r@x\0"), "invalid sender", 0 },
	{ 1, 1, 4, TEXT("s\n@x\0r@x\0"), "invalid sender", 0 },
	{ 1, 1, 5, TEXT("s\xc3\xa9@x\0r@x\0"), "invalid sender", 0 },
	{ 1, 1, 4, TEXT("s@x\0r@x"), "unterminated", 0 },
	{ 1, 1, 4, TEXT("s@x\0-r@\0"), "invalid recipient", 0 },
	{ 1, 2, 8, TEXT("s@x\0\0"), "invalid recipient", 0 },
	{ 1, 1, 4, TEXT("s@x\0r@x\0r@x\0"), "more recipients", 0 },
	{ 1, 1, 8, TEXT("s@x\0r@x\0r@x\0"), "more recipients", 0 },
	{ 1, 2, 5, TEXT("s@x\0rr@x\0"), "fewer recipients", 0 }
};

static const struct {
	const char	*name;
	const char	*owner;
	bool		 good;
} owners[] = {
	{ "a name", "auth=M\303\274ller", true },
	{ "nobody", "", false },
	{ "a line end", "uid=1\nto: <x@y>", false },
	{ "a control character", "uid=\033[2J", false },
	{ "octets that are no text", "auth=\377", false }
};

static void
test_owner(void)
{
	struct imsg_mail	 h = head(1, 1, 4);
	struct envelope		 e;
	size_t			 i;

	for (i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		memset(h.owner, 0, sizeof(h.owner));
		(void)strlcpy(h.owner, owners[i].owner, sizeof(h.owner));
		is_int(begin(&e, &h, TEXT("s@x\0r@x\0")) == NULL,
		    owners[i].good, "owner: %s", owners[i].name);
		envelope_free(&e);
	}
	memset(h.owner, 'u', sizeof(h.owner));
	is_str(begin(&e, &h, TEXT("s@x\0r@x\0")), "malformed owner",
	    "owner: it does not end");
	envelope_free(&e);
}

static void
test_begin(void)
{
	struct imsg_mail	 h;
	struct envelope		 e;
	const char		*why;
	size_t			 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		h = head(cases[i].size, cases[i].nrcpt, cases[i].octets);
		why = begin(&e, &h, cases[i].text, cases[i].len);
		if (cases[i].why != NULL)
			ok(why != NULL && strstr(why, cases[i].why) != NULL,
			    "case %zu: refused: %s", i,
			    why != NULL ? why : "not");
		else {
			is_str(why, NULL, "case %zu: taken", i);
			is_int(envelope_complete(&e), cases[i].complete,
			    "case %zu: complete", i);
			is_mem(e.sender, strlen(e.sender), cases[i].text,
			    strlen(cases[i].text), "case %zu: sender", i);
		}
		envelope_free(&e);
	}
}

static void
test_head(void)
{
	struct imsg_mail	 h;
	struct envelope		 e;
	char			 small[sizeof(h)];
	size_t			 i, taken = 0;

	for (i = 0; i <= sizeof(h); i++)
		taken += body_check(PROC_FRONT, PROC_DELIVER, IMSG_MAIL,
		    small, i) == NULL;
	is_int((long long)taken, 0, "a head alone, and less, is refused");

	h = head(1, 1, 4);
	h.utf8 = 2;
	ok(begin(&e, &h, TEXT("s@x\0r@x\0")) != NULL, "utf8 is 0 or 1");
	envelope_free(&e);
	for (i = 0; i < sizeof(h.reserved); i++) {
		h = head(1, 1, 4);
		h.reserved[i] = 1;
		ok(begin(&e, &h, TEXT("s@x\0r@x\0")) != NULL,
		    "reserved octet %zu is 0", i);
		envelope_free(&e);
	}
	h = head(1, 1, 7);
	h.utf8 = 1;
	is_str(begin(&e, &h, TEXT("s\xc3\xa9@x\0r\xc3\xa9@xx\0")), NULL,
	    "non-ASCII where it is announced");
	envelope_free(&e);

	/* The id goes to the log as it is. */
	h = head(1, 1, 4);
	memset(h.id, 'x', sizeof(h.id));
	ok(begin(&e, &h, TEXT("s@x\0r@x\0")) != NULL, "an id without end");
	envelope_free(&e);
	memset(h.id, 0, sizeof(h.id));
	ok(begin(&e, &h, TEXT("s@x\0r@x\0")) != NULL, "no id");
	envelope_free(&e);
	for (i = 0; i < 4; i++) {
		snprintf(h.id, sizeof(h.id), "a%cb", " /%\n"[i]);
		ok(begin(&e, &h, TEXT("s@x\0r@x\0")) != NULL,
		    "an id with octet %d", " /%\n"[i]);
		envelope_free(&e);
	}
}

/* What an argument of the command must not be, as sender and as recipient, of
 * each kind one; mailbox_test has them all. */
static const struct {
	const char	*what;
	const char	*address;
	size_t		 len;		/* '\0' included */
	uint8_t		 utf8;
} harmful[] = {
#define A(what, s, utf8)	{ what, s, sizeof(s), utf8 }
	A("an option", "-oQ/tmp", 0),
	A("a newline", "a\nb@example.org", 0),
	A("NUL within", "a\0b@example.org", 0),
	A("a quoted newline", "\"a\nb\"@example.org", 0),
	A("quoted NUL", "\"a\\\0b\"@example.org", 0),
	A("two addresses", "a@example.org,b@example.org", 0),
	A("8 bits without UTF-8", "\303\244@example.org", 0),
	A("malformed UTF-8", "\303@example.org", 1),
	A("C1 in UTF-8", "\302\233@example.org", 1)
#undef A
};

static void
test_addresses(void)
{
	struct imsg_mail	 h;
	struct envelope		 e;
	char			 text[128];
	size_t			 i, len;

	for (i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
		len = harmful[i].len;
		memcpy(text, harmful[i].address, len);
		memcpy(text + len, "r@x", 4);
		h = head(1, 1, 4);
		h.utf8 = harmful[i].utf8;
		ok(begin(&e, &h, text, len + 4) != NULL, "sender: %s",
		    harmful[i].what);
		envelope_free(&e);
		memcpy(text, "s@x", 4);
		memcpy(text + 4, harmful[i].address, len);
		h = head(1, 1, (uint32_t)len);
		h.utf8 = harmful[i].utf8;
		ok(begin(&e, &h, text, len + 4) != NULL, "recipient: %s",
		    harmful[i].what);
		envelope_free(&e);
	}
}

/* What msmtp would change, where the command is msmtp: front does not send it,
 * unless front is not ours any more. */
static void
test_msmtp(void)
{
	struct imsg_mail	 h = head(1, 1, 6), two = head(1, 2, 10);
	struct envelope		 e;

	conf.msmtp = 1;
	is_str(begin(&e, &h, TEXT("%U@x\0\"r\"@x\0")), "invalid recipient",
	    "a quoted recipient; any sender where msmtp does not get it");
	envelope_free(&e);
	is_str(begin(&e, &two, TEXT("%U@x\0r@x\0")), NULL, "one of two");
	is_str(more(&e, TEXT("\"r\"@x\0")), "invalid recipient",
	    "nor in a second message");
	envelope_free(&e);
	conf.msmtp_sender = 1;
	is_str(begin(&e, &h, TEXT("%U@x\0r@xyz\0")), "invalid sender",
	    "a sender that msmtp expands");
	envelope_free(&e);
	is_str(begin(&e, &h, TEXT("\"s\"@x\0%U@xy\0")), NULL,
	    "each where the other may not be");
	envelope_free(&e);
	is_str(begin(&e, &h, TEXT("\0r@xyz\0")), NULL, "the null sender");
	envelope_free(&e);
	conf.msmtp = conf.msmtp_sender = 0;
}

/* Recipients that come in three messages. */
static void
test_more(void)
{
	struct imsg_mail	 h = head(1, 3, 12);
	struct envelope		 e;

	is_str(begin(&e, &h, TEXT("\0a@x\0")), NULL, "one of three");
	is_str(more(&e, TEXT("b@x\0")), NULL, "two of three");
	ok(!envelope_complete(&e), "not complete");
	is_str(more(&e, TEXT("c@x\0")), NULL, "three of three");
	ok(envelope_complete(&e), "complete");
	is_mem(e.rcpts, e.rcpt_used, TEXT("a@x\0b@x\0c@x\0"), "all of them");
	ok(more(&e, TEXT("d@x\0")) != NULL, "and no more");
	envelope_free(&e);

	is_str(begin(&e, &h, TEXT("\0a@x\0")), NULL, "one of three");
	ok(more(&e, TEXT("b@x")) != NULL, "not in the middle of one");
	envelope_free(&e);
	is_str(begin(&e, &h, TEXT("\0a@x\0")), NULL, "one of three");
	ok(more(&e, TEXT("b@x\0c@x\0d")) != NULL, "more than said");
	envelope_free(&e);
	is_str(begin(&e, &h, TEXT("\0a@x\0")), NULL, "one of three");
	ok(more(&e, TEXT("bcdefg@x\0")) != NULL, "fewer than said");
	envelope_free(&e);
}

static int
memfd(const char *content, int seals)
{
	int	 fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1 || write(fd, content, strlen(content)) == -1 ||
	    fcntl(fd, F_ADD_SEALS, seals) == -1)
		abort();
	return (fd);
}

static void
check_fd(int fd, uint64_t size, int good, const char *name)
{
	struct imsg_mail	 h = head(size, 1, 4);
	struct envelope		 e;
	const char		*why;

	if (begin(&e, &h, TEXT("s@x\0r@x\0")) != NULL)
		abort();
	why = envelope_memfd(&e, fd);
	ok((why == NULL) == good, "%s: %s", name, why != NULL ? why : "taken");
	if (good)
		is_int(lseek(fd, 0, SEEK_CUR), 0, "%s: rewound", name);
	envelope_free(&e);
	close(fd);
}

static void
test_memfd(void)
{
	static const int	 seals[] = { F_SEAL_WRITE, F_SEAL_GROW,
				    F_SEAL_SHRINK, F_SEAL_SEAL };
	char			 path[] = "/tmp/envelope.XXXXXX";
	size_t			 i;
	int			 fd, sv[2], fds[2];

	check_fd(memfd("hello", ALL_SEALS), 5, 1, "sealed");
	for (i = 0; i < sizeof(seals) / sizeof(seals[0]); i++)
		check_fd(memfd("hello", ALL_SEALS & ~seals[i]), 5, 0,
		    "a seal is missing");
	check_fd(memfd("hello", 0), 5, 0, "no seal");
	check_fd(memfd("hello", ALL_SEALS), 4, 0, "longer than declared");
	check_fd(memfd("hello", ALL_SEALS), 6, 0, "shorter than declared");
	if ((fd = mkstemp(path)) == -1 || write(fd, "hello", 5) != 5)
		abort();
	unlink(path);
	check_fd(fd, 5, 0, "a file");
	if (pipe(fds) == -1 || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	check_fd(fds[0], 5, 0, "a pipe");
	check_fd(sv[0], 5, 0, "a socket");
	close(fds[1]);
	close(sv[1]);
	check_fd(open("/dev/zero", O_RDONLY), 5, 0, "a device");
	check_fd(open("/", O_RDONLY | O_DIRECTORY), 5, 0, "a directory");
	check_fd(open("/", O_PATH), 5, 0, "a path");
}

int
main(void)
{
	config_default(&conf);
	conf.max_size = 1000;
	conf.max_recipients = 3;
	conf.max_rcpt_octets = 200;
	test_owner();
	test_begin();
	test_head();
	test_addresses();
	test_msmtp();
	test_more();
	test_memfd();
	return (done_testing());
}
