/* SPDX-License-Identifier: ISC */
/* The log to syslogd: its lines, and a syslogd that is stopped or gone. */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
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
static char	 path[64];

int	__real_connect(int, const struct sockaddr *, socklen_t);
int	__wrap_connect(int, const struct sockaddr *, socklen_t);

/* By ld's --wrap: the logger's /dev/log is ours. */
int
__wrap_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_un	 sun;

	if (sa->sa_family != AF_UNIX || len != sizeof(sun))
		abort();
	memcpy(&sun, sa, sizeof(sun));
	if (strcmp(sun.sun_path, "/dev/log") != 0)
		abort();
	(void)strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	return (__real_connect(fd, (const struct sockaddr *)&sun,
	    sizeof(sun)));
}

/* syslogd's end. */
static int
syslogd(void)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	int			 fd;

	(void)unlink(path);
	(void)strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		abort();
	return (fd);
}

/* Datagrams as lines. */
static void
slurp_syslog(int fd)
{
	ssize_t	 n;

	while ((n = recv(fd, text + textlen, 4096, 0)) > 0) {
		textlen += (size_t)n;
		text[textlen++] = '\n';
	}
	text[textlen] = '\0';
}

/* Longer than logger waits before it looks for syslogd again. */
static void
wait_retry(void)
{
	struct timespec	 ts = { 1, 50000000 };

	while (nanosleep(&ts, &ts) == -1 && errno == EINTR)
		;
}

static int
test_absent(void)
{
	int	 fd;

	is_int(logger_open(LOGGER_SYSLOG, NULL), 0, "open, syslogd is absent");
	is_int(logger_fd(), -1, "nothing to poll");
	log_numbers(0, 3);
	ok(logger_pending() > 419 + 219 + 19, "lines wait for it");
	fd = syslogd();
	wait_retry();
	log_number(3);
	is_int((long long)logger_pending(), 0, "it is there: all are sent");
	slurp_syslog(fd);
	ok(matches(text, "^<22>[A-Z][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:"
	    "[0-6][0-9] msmtpd\\[[0-9]+\\]: line 00000 x"), "its format");

	return (fd);
}

/* syslogd is restarted. */
static int
test_restart(int fd)
{
	close(fd);
	log_number(4);
	ok(logger_pending() > 0, "gone: lines wait again");
	is_int(logger_fd(), -1, "nothing to poll");
	fd = syslogd();
	wait_retry();
	logger_flush();
	is_int((long long)logger_pending(), 0, "it is back: all are sent");

	/* Restarted unnoticed: not a line is lost. */
	slurp_syslog(fd);
	wait_retry();
	close(fd);
	fd = syslogd();
	log_number(5);
	is_int((long long)logger_pending(), 0, "another syslogd at once");

	return (fd);
}

/* It has stopped reading. */
static void
test_stopped(int fd)
{
	size_t	 before;
	int	 lost;

	log_numbers(6, NLINES);
	ok(logger_pending() > LOGGER_BUFFER / 2 &&
	    logger_pending() <= LOGGER_BUFFER, "lines wait, up to the bound");
	ok(logger_fd() != -1, "there is something to poll");
	do {
		before = textlen;
		slurp_syslog(fd);
		logger_flush();
	} while (textlen != before);
	log_number(NLINES);
	slurp_syslog(fd);
	is_int(tally(&lost), NLINES + 1, "lines are whole, in order, counted");
	ok(lost > 0, "%d were lost", lost);

	close(fd);
	(void)unlink(path);
}

static void
test_gone(void)
{
	log_numbers(0, NLINES);
	ok(logger_pending() <= LOGGER_BUFFER, "lines wait, up to the bound");
	logger_drain(50);
	ok(logger_pending() > 0, "draining gives up");
	(void)logger_open(LOGGER_NONE, NULL);
}

int
main(void)
{
	int	 fd;

	(void)alarm(GUARD);
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(path, sizeof(path), "%s/log", dir);
	fd = test_absent();
	fd = test_restart(fd);
	test_stopped(fd);
	test_gone();
	is_int(rmdir(dir), 0, "nothing is left behind");
	return (done_testing());
}
