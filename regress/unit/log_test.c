/* SPDX-License-Identifier: ISC */
/* Lines of the log: what is printable, what is cut, what a sink gets. */

/* Which strnvis(3) is meant; none is used here. */
#define LIBBSD_OPENBSD_VIS

#include <sys/wait.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vis.h>

#include "log.h"
#include "tap.h"

static char	 got[LOG_LINE_MAX + 1];
static int	 gotpri, nlines;

static void
sink(void *arg, int pri, const char *text)
{
	(void)arg;
	nlines++;
	gotpri = pri;
	(void)strlcpy(got, text, sizeof(got));
	errno = ENOTTY;
}

static void
nested(void *arg, int pri, const char *text)
{
	sink(arg, pri, text);
	log_warnx("from within");
}

static void
test_printable(void)
{
	/* What is well-formed UTF-8 is utf8_test's. */
	static const struct {
		const char	*name, *in;
		size_t		 len;
		const char	*want;
	} tests[] = {
		{ "plain", "a b~!", 5, "a b~!" },
		{ "empty", "", 0, "" },
		{ "newline", "a\nb\r\n", 5, "a\\nb\\r\\n" },
		{ "tab and escape", "\t\033[31m", 6, "\\t\\033[31m" },
		{ "backslash", "\\n", 2, "\\\\n" },
		{ "NUL", "a\0b", 3, "a\\0b" },
		{ "NUL and a digit", "a\0" "7", 3, "a\\0007" },
		{ "DEL", "\177", 1, "\\177" },
		{ "two octets", "\303\244", 2, "\303\244" },
		{ "three octets", "\342\202\254", 3, "\342\202\254" },
		{ "four octets", "\360\237\230\200", 4, "\360\237\230\200" },
		{ "continuation alone", "\200a", 2, "\\200a" },
		{ "cut off", "\342\202", 2, "\\342\\202" },
		{ "broken off", "\342\202x", 3, "\\342\\202x" },
		{ "C1: CSI", "\302\2331m", 4, "\\302\\2331m" },
		{ "after C1", "\302\240", 2, "\302\240" },
		{ "line separator", "\342\200\250", 3, "\\342\\200\\250" },
		{ "paragraph separator", "\342\200\251", 3,
		    "\\342\\200\\251" },
		{ "right-to-left override", "\342\200\256", 3,
		    "\\342\\200\\256" },
		{ "isolate", "\342\201\246", 3, "\\342\\201\\246" },
		{ "a dash beside them", "\342\200\247", 3, "\342\200\247" },
		{ "soft hyphen", "\302\255", 2, "\\302\\255" },
		{ "zero width space", "a\342\200\213b", 5,
		    "a\\342\\200\\213b" },
		{ "byte order mark", "\357\273\277", 3, "\\357\\273\\277" },
		{ "tag", "\363\240\201\201", 4, "\\363\\240\\201\\201" },
		{ "octet 0xff", "\377\376", 2, "\\377\\376" }
	};
	char	 out[64];
	size_t	 i, n;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		n = log_printable(out, sizeof(out), tests[i].in, tests[i].len);
		is_str(out, tests[i].want, "printable: %s", tests[i].name);
		is_int((long long)n, (long long)strlen(tests[i].want),
		    "its length");
		ok(log_isprintable(out, n), "and it is printable");
		ok(log_isprintable(tests[i].in, tests[i].len) ==
		    (strcspn(tests[i].want, "\\") == strlen(tests[i].want) ||
		    tests[i].in[0] == '\\'), "which the input is or is not");
	}
}

/* All code points, and all that are not to be seen: as many as Unicode 15 has
 * of Cc, Cf, Zl, Zp and Default_Ignorable_Code_Point. */
static void
test_unseen(void)
{
	unsigned char	 s[4];
	uint32_t	 c, first = 0;
	int		 n = 0;

	for (c = 0x10000; c < 0x110000; c++) {
		s[0] = (unsigned char)(0xf0 | c >> 18);
		s[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
		s[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		s[3] = (unsigned char)(0x80 | (c & 0x3f));
		n += !log_isprintable((const char *)s, 4);
	}
	is_int(n, 2 + 16 + 4 + 8 + 4096, "unseen, of four octets");
	for (n = 0, c = 0x800; c < 0x10000; c++) {
		if (c >= 0xd800 && c <= 0xdfff)	/* surrogates */
			continue;
		s[0] = (unsigned char)(0xe0 | c >> 12);
		s[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		s[2] = (unsigned char)(0x80 | (c & 0x3f));
		if (!log_isprintable((const char *)s, 3) && n++ == 0)
			first = c;
	}
	is_int(first, 0x890, "the first unseen of three octets");
	is_int(n, 71, "unseen, of three octets");
}

static void
test_vis(void)
{
	char	 in[2], out[16], want[16];
	int	 c, next, wrong = 0;

	/* As vis(3) has it, all octets, before all others. */
	for (c = 0; c < 256; c++) {
		for (next = 0; next < 128; next++) {
			in[0] = (char)c;
			in[1] = (char)next;
			(void)log_printable(out, sizeof(out), in, 2);
			(void)strvisx(want, in, 2,
			    VIS_CSTYLE | VIS_OCTAL | VIS_NL | VIS_TAB);
			if (strcmp(out, want) != 0 && wrong++ == 0)
				diag("%d %d: %s, not %s", c, next, out, want);
		}
	}
	is_int(wrong, 0, "pairs of octets encoded otherwise than by vis(3)");
}

static void
test_cut(void)
{
	static const struct {
		const char	*in;
		size_t		 size;
		const char	*want;
	} tests[] = {
		{ "abcdef", 7, "abcdef" },
		{ "abcdef", 6, "ab..." },
		{ "abcdef", 5, "a..." },
		{ "abcdef", 4, "..." },
		{ "abcdef", 3, "" },
		{ "abcdef", 1, "" },
		{ "ab\ncdef", 8, "ab\\n..." },
		{ "ab\ncdef", 7, "ab..." },
		{ "a\001cdef", 8, "a..." },
		{ "a\001cdef", 9, "a\\001..." },
		{ "a\342\202\254bcd", 7, "a..." },
		{ "a\342\202\254bcd", 8, "a\342\202\254bcd" },
		{ "a\342\202\254bcde", 8, "a\342\202\254..." },
		{ "abc\342\202\254", 6, "ab..." },
		{ "abc\342\202\254", 7, "abc\342\202\254" }
	};
	char	 out[16], big[4000];
	size_t	 i, n, size;
	int	 wrong = 0;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		memset(out, '#', sizeof(out));
		n = log_printable(out, tests[i].size, tests[i].in,
		    strlen(tests[i].in));
		is_str(out, tests[i].want, "cut to %zu", tests[i].size);
		is_int((long long)n, (long long)strlen(tests[i].want),
		    "its length");
		is_int(out[tests[i].size], '#', "nothing is written past it");
	}
	is_int((long long)log_printable(out, 0, "x", 1), 0, "no room at all");

	/* Wherever it is cut, the rest is printable. */
	for (i = 0; i + 6 <= sizeof(big); i += 6)
		memcpy(big + i, "\342\202\254\303\244\001", 6);
	for (size = 4; size < 100; size++) {
		char	 small[100];

		n = log_printable(small, size, big, i);
		if (!log_isprintable(small, n) || n >= size ||
		    n + 5 < size - 3 || strcmp(small + n - 3, "...") != 0 ||
		    (n > 3 && small[n - 4] == '\\'))
			wrong++;
	}
	is_int(wrong, 0, "sizes at which the cut is a bad one");
	memset(big, 'x', sizeof(big));
	ok(log_isprintable(big, LOG_LINE_MAX - 1), "a line's length");
	ok(!log_isprintable(big, LOG_LINE_MAX), "is not a line's length");
}

static void
test_lines(void)
{
	char	 big[3000];
	size_t	 i;

	log_init("front", sink, NULL);
	errno = EACCES;
	log_info("%s: %d", "hello", 5);
	is_str(got, "front: hello: 5", "info");
	is_int(gotpri, LOG_INFO, "its priority");
	is_int(errno, EACCES, "errno is kept");
	log_warn("open");
	is_str(got, "front: open: Permission denied", "warn");
	is_int(gotpri, LOG_WARNING, "its priority");
	is_int(errno, EACCES, "errno is kept");
	log_warnx("odd%c", '\n');
	is_str(got, "front: odd\\n", "warnx");
	nlines = 0;
	log_write(LOG_DEBUG, "quiet");
	is_int(nlines, 0, "debug is dropped");
	log_setdebug(1);
	log_write(LOG_DEBUG, "loud");
	is_str(got, "front: loud", "debug is passed on");
	is_int(gotpri, LOG_DEBUG, "its priority");
	log_setdebug(0);
	log_init("", sink, NULL);
	log_info("bare");
	is_str(got, "bare", "no name");

	/* Around the bound, and far past it. */
	memset(big, 'x', sizeof(big));
	for (i = LOG_LINE_MAX - 3; i <= LOG_LINE_MAX + 12; i++) {
		log_info("%.*s", (int)i, big);
		ok(strlen(got) == (i < LOG_LINE_MAX ? i : LOG_LINE_MAX - 1) &&
		    (strstr(got, "...") != NULL) == (i >= LOG_LINE_MAX),
		    "%zu octets", i);
	}
	for (i = 0; i + 3 <= sizeof(big); i += 3)
		memcpy(big + i, "\342\202\254", 3);
	for (i = 0; i < 4; i++) {
		log_info("%.*s%.2990s", (int)i, "xyz", big);
		ok(log_isprintable(got, strlen(got)) &&
		    strstr(got, "\254...") != NULL &&
		    strchr(got, '\\') == NULL, "cut between characters");
	}

	log_init("parent", nested, NULL);
	nlines = 0;
	log_warnx("outer");
	is_int(nlines, 1, "a sink that logs does not recurse");
	log_init("", NULL, NULL);
}

static void
do_fatal(void)
{
	errno = ENOENT;
	fatal("stat");
}

static void
do_fatalx(void)
{
	log_init("deliver", NULL, NULL);
	fatalx("no such state");
}

static void
do_status(void)
{
	fatal_status(64, "bad option\t");
}

static void
at_exit(void)
{
	fatalx("second");
}

/* Registered first, so called last: not any more. */
static void
at_exit_last(void)
{
	log_warnx("third");
}

static void
do_twice(void)
{
	(void)atexit(at_exit_last);
	(void)atexit(at_exit);
	fatalx("first");
}

static void
fatal_sink(void *arg, int pri, const char *text)
{
	(void)arg;
	(void)pri;
	(void)text;
	fatalx("inner");
}

static void
do_sink(void)
{
	log_init("", fatal_sink, NULL);
	fatal_status(3, "outer");
}

static void
test_fatal(void)
{
	static const struct {
		const char	*name;
		void		(*fn)(void);
		int		 status;
		const char	*text;
	} tests[] = {
		{ "fatal", do_fatal, 1,
		    "msmtpd: stat: No such file or directory\n" },
		{ "fatalx", do_fatalx, 1,
		    "msmtpd: deliver: no such state\n" },
		{ "fatal_status", do_status, 64, "msmtpd: bad option\\t\n" },
		{ "fatal while exiting", do_twice, 1,
		    "msmtpd: first\nmsmtpd: second\n" },
		{ "fatal in a sink", do_sink, 1, "" }
	};
	char	 buf[256];
	ssize_t	 n;
	size_t	 i, len;
	pid_t	 pid;
	int	 fds[2], status;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (pipe(fds) == -1 || (pid = fork()) == -1)
			abort();
		if (pid == 0) {
			(void)dup2(fds[1], STDERR_FILENO);
			close(fds[0]);
			close(fds[1]);
			tests[i].fn();
			_exit(99);
		}
		close(fds[1]);
		for (len = 0; (n = read(fds[0], buf + len,
		    sizeof(buf) - 1 - len)) > 0; len += (size_t)n)
			;
		buf[len] = '\0';
		close(fds[0]);
		if (waitpid(pid, &status, 0) == -1)
			abort();
		is_str(buf, tests[i].text, "%s", tests[i].name);
		is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		    tests[i].status, "its exit status");
	}
}

int
main(void)
{
	test_printable();
	test_unseen();
	test_vis();
	test_cut();
	test_lines();
	test_fatal();
	return (done_testing());
}
