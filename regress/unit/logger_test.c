/* SPDX-License-Identifier: ISC */
/*
 * The log's file, standard error and the journal: no line waits for its
 * reader, none is torn, and what is lost is counted.
 */

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"
#include "log.h"
#include "logger.h"
#include "tap.h"

/* Nothing here may block: this ends the test if anything does. */
#define GUARD	60

static char	 dir[] = "/tmp/logger_test.XXXXXX";
static char	 path[64], path2[64];
static int	 saved_stderr;
/* Read what there is without blocking; false at the end. */
static int
slurp(int fd)
{
	struct pollfd	 pfd = { .fd = fd, .events = POLLIN };
	ssize_t		 n;

	while (poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLIN)) {
		n = read(fd, text + textlen, sizeof(text) - 1 - textlen);
		if (n <= 0)
			return (0);
		textlen += (size_t)n;
	}
	return (1);
}

/* The reader reads again, until nothing is left. */
static void
resume(int fd)
{
	size_t	 before;

	do {
		before = textlen;
		(void)slurp(fd);
		logger_flush();
	} while (logger_pending() > 0 || textlen != before);
	(void)slurp(fd);
}

static void
slurp_file(const char *name)
{
	ssize_t	 n;
	int	 fd;

	textlen = 0;
	if ((fd = open(name, O_RDONLY)) == -1)
		abort();
	while ((n = read(fd, text + textlen, sizeof(text) - 1 - textlen)) > 0)
		textlen += (size_t)n;
	text[textlen] = '\0';
	close(fd);
}

static void
set_stderr(int fd)
{
	if (dup2(fd, STDERR_FILENO) == -1)
		abort();
}

static void
restore_stderr(void)
{
	(void)logger_open(LOGGER_NONE, NULL);
	set_stderr(saved_stderr);
}

static void
test_file(void)
{
	struct stat	 st;
	char		 big[5000];
	mode_t		 mask;
	int		 fd;

	if ((fd = open(path, O_WRONLY | O_CREAT, 0640)) == -1 ||
	    write(fd, "before\n", 7) != 7)
		abort();
	close(fd);
	is_int(logger_open(LOGGER_FILE, path), 0, "open");
	is_int(logger_fd(), -1, "a file cannot be polled");
	logger_sink(NULL, LOG_INFO, "hello");
	is_int((long long)logger_pending(), 0, "nothing waits");
	slurp_file(path);
	ok(matches(text, "^before\n[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:"
	    "[0-5][0-9]:[0-6][0-9][+-][0-9]{2}:[0-9]{2} msmtpd\\[[0-9]+\\]: "
	    "hello\n$"), "appended, with time and process");

	is_int(rename(path, path2), 0, "rotate");
	logger_sink(NULL, LOG_INFO, "still old");
	mask = umask(0);
	is_int(logger_reopen(), 0, "reopen");
	(void)umask(mask);
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640, "mode 0640");
	logger_sink(NULL, LOG_INFO, "new\nforged");
	slurp_file(path2);
	ok(matches(text, ": still old\n$"), "the old file has the old line");
	slurp_file(path);
	ok(matches(text, "^[^\n]*: new\\?forged\n$"),
	    "the new file has the new one, a single one");

	(void)unlink(path);
	is_int(link(path2, path), 0, "another file's name instead");
	is_int(logger_reopen(), -1, "reopen is refused");
	is_int(errno, EMLINK, "with EMLINK");
	(void)unlink(path);
	is_int(mkfifo(path, 0600), 0, "a FIFO instead");
	fd = open(path, O_RDWR);
	is_int(logger_reopen(), -1, "reopen is refused");
	is_int(errno, ENXIO, "with ENXIO");
	close(fd);
	(void)unlink(path);
	is_int(symlink(path2, path), 0, "a symbolic link instead");
	is_int(logger_reopen(), -1, "reopen is refused");
	is_int(errno, ELOOP, "with ELOOP");
	logger_sink(NULL, LOG_INFO, "not lost");
	is_int((long long)logger_pending(), 0,
	    "the old descriptor stays in use");
	is_int(logger_check(path), -1, "check says so, too");
	is_int(errno, ELOOP, "with ELOOP");
	is_int(logger_open(LOGGER_FILE, path), -1, "open is refused");
	is_int(errno, ELOOP, "with ELOOP");
	is_int(logger_check(dir), -1, "a directory: check");
	is_int(errno, EISDIR, "with EISDIR");
	is_int(logger_open(LOGGER_FILE, dir), -1, "so is a directory");
	is_int(errno, EISDIR, "with EISDIR");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	is_int(logger_check(big), -1, "a name too long: check");
	is_int(errno, ENAMETOOLONG, "with ENAMETOOLONG");
	is_int(logger_open(LOGGER_FILE, big), -1, "and a name too long");
	is_int(errno, ENAMETOOLONG, "with ENAMETOOLONG");
	(void)unlink(path);
	is_int(logger_check(path), 0, "check: it could be made");
	is_int(access(path, F_OK), -1, "and was not");
	is_int(logger_check(path2), 0, "check: one that is there");
	is_int(logger_check("/nowhere/at/all"), -1, "check: no directory");
	is_int(errno, ENOENT, "with ENOENT");

	/* A sink's contract bounds lines; logger does not rely on it. */
	is_int(logger_open(LOGGER_FILE, path), 0, "open");
	logger_sink(NULL, LOG_INFO, big);
	logger_sink(NULL, LOG_INFO, "next");
	slurp_file(path);
	ok(matches(text, "^[^\n]{900,1070}\n[^\n]*: next\n$"),
	    "a line too long is cut");
	is_int(logger_open(LOGGER_NONE, NULL), 0, "none");
	logger_sink(NULL, LOG_INFO, "x");
	is_int((long long)logger_pending(), 0, "takes nothing");
	is_int(logger_reopen(), 0, "and has nothing to reopen");
	(void)unlink(path);
	(void)unlink(path2);
}

static void
test_zone(void)
{
	static const struct {
		const char	*tz, *want;
	} tests[] = {
		{ "UTC0", "\\+00:00 " }, { "XXX-1", "\\+01:00 " },
		{ "XXX3:30", "-03:30 " }, { "XXX0:30", "-00:30 " },
		{ "XXX-14", "\\+14:00 " }
	};
	size_t	 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		(void)setenv("TZ", tests[i].tz, 1);
		tzset();
		(void)logger_open(LOGGER_FILE, path);
		logger_sink(NULL, LOG_INFO, "x");
		slurp_file(path);
		ok(matches(text, tests[i].want), "TZ=%s", tests[i].tz);
		(void)unlink(path);
	}
	(void)unsetenv("TZ");
	tzset();
}

/* A disk that is full, and then is not. */
static void
test_full(void)
{
	struct rlimit	 rl, old;
	int		 lost;

	is_int(logger_open(LOGGER_FILE, "/dev/full"), 0, "open /dev/full");
	log_numbers(0, NLINES);
	ok(logger_pending() > LOGGER_BUFFER / 2 &&
	    logger_pending() <= LOGGER_BUFFER, "lines wait, up to the bound");
	is_int(logger_fd(), -1, "not to be polled");
	logger_drain(50);
	ok(logger_pending() > 0, "draining gives up");

	/* The same with a limit that cuts a line and can be lifted. */
	if (getrlimit(RLIMIT_FSIZE, &old) == -1)
		abort();
	(void)signal(SIGXFSZ, SIG_IGN);
	is_int(logger_open(LOGGER_FILE, path), 0, "open");
	rl = old;
	rl.rlim_cur = 1000;
	(void)setrlimit(RLIMIT_FSIZE, &rl);
	log_numbers(0, NLINES);
	logger_notice(0, LOG_WARNING, "front: 1000 log lines were lost", 1000);
	slurp_file(path);
	is_int((long long)textlen, 1000, "the file is full in mid-line");
	(void)setrlimit(RLIMIT_FSIZE, &old);
	logger_flush();
	is_int((long long)logger_pending(), 0, "there is room again");
	log_number(NLINES + 1000);
	slurp_file(path);
	is_int(tally(&lost), NLINES + 1000 + 1,
	    "lines are whole, in order, counted");
	ok(lost > 1000, "%d were lost, those of a lost notice among them",
	    lost);
	(void)unlink(path);

	/* Rotated away in mid-line. */
	is_int(logger_open(LOGGER_FILE, path), 0, "open");
	(void)setrlimit(RLIMIT_FSIZE, &rl);
	log_numbers(0, 5);
	(void)rename(path, path2);
	is_int(logger_reopen(), 0, "reopen");
	(void)setrlimit(RLIMIT_FSIZE, &old);
	logger_flush();
	slurp_file(path);
	ok(matches(text, "^[0-9-]+T[^\n]*line 00003 x"),
	    "the line begins again in the new file");
	(void)unlink(path);
	(void)unlink(path2);
}

static int
count(const char *what)
{
	const char	*p = text;
	int		 n = 0;

	for (; (p = strstr(p, what)) != NULL; p++)
		n++;
	return (n);
}

/* One source floods the log, and the lines of another are all there. */
static void
test_shares(void)
{
	const struct rlimit	 none = { 0, RLIM_INFINITY };
	struct rlimit		 old;
	const char		*notice;
	char			 line[100];
	int			 i, lost = 0;

	if (getrlimit(RLIMIT_FSIZE, &old) == -1)
		abort();
	is_int(logger_open(LOGGER_FILE, path), 0, "open");
	(void)setrlimit(RLIMIT_FSIZE, &none);
	for (i = 0; i < NLINES; i++) {
		logger_notice(1, LOG_INFO, "flood", 1);
		(void)snprintf(line, sizeof(line), "mail %05d", i);
		if (i % 20 == 0)
			logger_notice(LOGGER_SOURCES - 1, LOG_INFO, line, 1);
	}
	(void)setrlimit(RLIMIT_FSIZE, &old);
	logger_flush();
	slurp_file(path);
	is_int(count(": mail "), NLINES / 20, "a flood: no other line is lost");
	is_int(count(" lost\n"), 1, "one notice");
	if ((notice = strstr(text, " log lines were lost")) != NULL)
		while (notice[-1] != ' ')
			notice--;
	lost = notice != NULL ? atoi(notice) : 0;
	ok(lost > 0, "%d lines of the flood are lost", lost);
	is_int(count(": flood\n") + lost, NLINES, "which is all that lack");
	(void)unlink(path);
}

/* Standard error whose reader has stopped; fd is the reader's end. */
static void
stopped(int fd, int at_least)
{
	int	 flags, lost;

	textlen = 0;
	flags = fcntl(STDERR_FILENO, F_GETFL);
	is_int(logger_open(LOGGER_STDERR, NULL), 0, "open");
	is_int(fcntl(STDERR_FILENO, F_GETFL), flags,
	    "standard error is not made non-blocking");
	log_numbers(0, NLINES);
	ok(logger_pending() > LOGGER_BUFFER / 2 &&
	    logger_pending() <= LOGGER_BUFFER, "lines wait, up to the bound");
	ok(logger_fd() != -1, "there is something to poll");
	logger_drain(20);
	ok(logger_pending() > 0, "draining gives up");
	resume(fd);
	log_number(NLINES);
	resume(fd);
	is_int(tally(&lost), NLINES + 1, "lines are whole, in order, counted");
	ok(lost > 0 && lost < NLINES - at_least, "%d were lost", lost);
	restore_stderr();
}

static void
test_stopped_pipe(void)
{
	int	 fds[2];

	if (pipe(fds) == -1)
		abort();
	set_stderr(fds[1]);
	stopped(fds[0], 150);
	close(fds[0]);
	close(fds[1]);
}

static void
test_stopped_socket(void)
{
	int	 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	set_stderr(sv[1]);
	stopped(sv[0], 150);
	close(sv[0]);
	close(sv[1]);
}

static void
test_stopped_tty(void)
{
	int	 master, slave;

	if ((master = posix_openpt(O_RDWR | O_NOCTTY)) == -1 ||
	    grantpt(master) == -1 || unlockpt(master) == -1 ||
	    (slave = open(ptsname(master), O_RDWR | O_NOCTTY)) == -1) {
		skip(7, "no pseudo-terminal");
		return;
	}
	set_stderr(slave);
	stopped(master, 100);
	close(master);
	close(slave);
}

/* A pipe that belongs to somebody else cannot be opened anew. */
static void
test_foreign_pipe(void)
{
	int	 fds[2], status;
	pid_t	 pid;

	if (getuid() != 0) {
		skip(1, "needs root, for a pipe of another user");
		return;
	}
	if (pipe(fds) == -1 || (pid = fork()) == -1)
		abort();
	if (pid == 0) {
		int	 lost, good;

		(void)alarm(GUARD);
		textlen = 0;
		set_stderr(fds[1]);
		if (setresgid(65534, 65534, 65534) == -1 ||
		    setresuid(65534, 65534, 65534) == -1 ||
		    open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK) != -1)
			_exit(1);
		if (logger_open(LOGGER_STDERR, NULL) == -1)
			_exit(2);
		log_numbers(0, NLINES);
		good = logger_pending() > LOGGER_BUFFER / 2 &&
		    logger_fd() == STDERR_FILENO;
		resume(fds[0]);
		log_number(NLINES);
		resume(fds[0]);
		_exit(good && tally(&lost) == NLINES + 1 && lost > 0 ? 0 : 3);
	}
	if (waitpid(pid, &status, 0) == -1)
		abort();
	is_int(status, 0, "a stopped pipe of another user");
	close(fds[0]);
	close(fds[1]);
}

static void
test_gone(void)
{
	int	 fds[2], lost, reader;

	if (pipe(fds) == -1)
		abort();
	set_stderr(fds[1]);
	is_int(logger_open(LOGGER_STDERR, NULL), 0, "open");
	/* Some wait when the reader goes. */
	log_numbers(0, NLINES);
	ok(logger_pending() > 0, "lines wait");
	textlen = 0;
	(void)slurp(fds[0]);
	close(fds[0]);
	log_numbers(NLINES, NLINES + 10);
	is_int((long long)logger_pending(), 0,
	    "nothing waits for a reader that is gone");
	if ((reader = open("/proc/self/fd/2", O_RDONLY | O_NONBLOCK)) == -1)
		abort();
	log_number(NLINES + 10);
	(void)slurp(reader);
	is_int(tally(&lost), NLINES + 11, "another reader learns what is lost");
	ok(lost > 10, "%d were lost", lost);
	restore_stderr();
	close(reader);
	close(fds[1]);
}

static void
test_journal(void)
{
	static const struct {
		const char	*fmt;
		int		 devplus, inoplus;
		const char	*want;
	} tests[] = {
		{ "%ju:%ju", 0, 0, "<4>text\n" },
		{ "%ju:%ju", 0, 1, "msmtpd: text\n" },
		{ "%ju:%ju", 1, 0, "msmtpd: text\n" },
		{ "%ju:%jux", 0, 0, "msmtpd: text\n" },
		{ "%ju", 0, 0, "msmtpd: text\n" },
		{ ":", 0, 0, "msmtpd: text\n" },
		{ "", 0, 0, "msmtpd: text\n" },
		{ NULL, 0, 0, "msmtpd: text\n" }
	};
	struct stat	 st;
	char		 env[64];
	size_t		 i;
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1 ||
	    fstat(sv[1], &st) == -1)
		abort();
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const char	*fmt = tests[i].fmt;
		uintmax_t	 dev = st.st_dev + (uintmax_t)tests[i].devplus;
		uintmax_t	 ino = st.st_ino + (uintmax_t)tests[i].inoplus;

		env[0] = '\0';
		(void)unsetenv("JOURNAL_STREAM");
		if (fmt != NULL && strcmp(fmt, "%ju:%ju") == 0)
			snprintf(env, sizeof(env), "%ju:%ju", dev, ino);
		else if (fmt != NULL && strcmp(fmt, "%ju:%jux") == 0)
			snprintf(env, sizeof(env), "%ju:%jux", dev, ino);
		else if (fmt != NULL && strcmp(fmt, "%ju") == 0)
			snprintf(env, sizeof(env), "%ju", dev);
		else if (fmt != NULL)
			(void)strlcpy(env, fmt, sizeof(env));
		if (fmt != NULL)
			(void)setenv("JOURNAL_STREAM", env, 1);
		set_stderr(sv[1]);
		(void)logger_open(LOGGER_STDERR, NULL);
		logger_sink(NULL, LOG_WARNING, "text");
		restore_stderr();
		textlen = 0;
		(void)slurp(sv[0]);
		text[textlen] = '\0';
		is_str(text, tests[i].want, "JOURNAL_STREAM=%s",
		    fmt != NULL ? env : "(unset)");
	}
	(void)unsetenv("JOURNAL_STREAM");
	close(sv[0]);
	close(sv[1]);
}

static void
test_drain(void)
{
	int	 fds[2], lost, status;
	pid_t	 pid;

	if (pipe(fds) == -1)
		abort();
	set_stderr(fds[1]);
	is_int(logger_open(LOGGER_STDERR, NULL), 0, "open");
	log_numbers(0, 400);
	ok(logger_pending() > 0, "lines wait");
	if ((pid = fork()) == -1)
		abort();
	if (pid == 0) {
		/* A reader that begins to read late. */
		(void)alarm(GUARD);
		(void)logger_open(LOGGER_NONE, NULL);
		close(fds[1]);
		set_stderr(saved_stderr);
		(void)usleep(20000);
		textlen = 0;
		do
			(void)usleep(1000);
		while (slurp(fds[0]) && memmem(text, textlen, "line 00399",
		    10) == NULL);
		_exit(tally(&lost) == 400 && lost == 0 ? 0 : 1);
	}
	logger_drain(GUARD * 1000);
	is_int((long long)logger_pending(), 0, "drained");
	if (waitpid(pid, &status, 0) == -1)
		abort();
	is_int(status, 0, "and all read");
	restore_stderr();
	close(fds[0]);
	close(fds[1]);
}

static void
test_closed(void)
{
	close(STDERR_FILENO);
	is_int(logger_open(LOGGER_STDERR, NULL), -1, "no standard error");
	is_int(errno, EBADF, "is EBADF");
	logger_sink(NULL, LOG_INFO, "x");
	logger_flush();
	logger_drain(10);
	is_int((long long)logger_pending(), 0, "takes nothing");
	is_int(logger_fd(), -1, "nothing to poll");
	restore_stderr();
}

int
main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(GUARD);
	if (mkdtemp(dir) == NULL ||
	    (saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10)) == -1)
		abort();
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(path2, sizeof(path2), "%s/log.1", dir);
	test_file();
	test_zone();
	test_full();
	test_shares();
	test_stopped_pipe();
	test_stopped_socket();
	test_stopped_tty();
	test_foreign_pipe();
	test_gone();
	test_journal();
	test_drain();
	test_closed();
	is_int(rmdir(dir), 0, "nothing is left behind");
	return (done_testing());
}
