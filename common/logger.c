/* SPDX-License-Identifier: ISC */
/* logger: the parent's end of the log: standard error, a file or syslogd. */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "logger.h"

/* The confined parent may call only what its table allows: functions that run
 * then name their system calls in their comments. */

/* A line with its time, name and newline. */
#define RECORD_MAX	(LOG_LINE_MAX + 64)

#define SYSLOG_PATH	"/dev/log"	/* where syslogd listens */
#define RECONNECT_MS	1000

/* The call that writes a line. */
enum way {
	WAY_WRITE,	/* write(2), which does not block */
	WAY_SEND,	/* send(2), to a stream socket that others share */
	WAY_POLL,	/* poll(2), then write(2) */
	WAY_SYSLOG	/* send(2), one datagram a line */
};

static struct {
	enum logger_kind	 kind;
	enum way		 way;
	int			 fd;
	bool			 pollable;
	bool			 file;		/* errors drop no line */
	bool			 journal;	/* fd is journald's */
	bool			 connected;	/* WAY_SYSLOG */
	int64_t			 retry;		/* when to connect again */
	pid_t			 pid;
	bool			 sticky;	/* all may write beside it */
	uid_t			 uid;		/* ours */
	char			 path[PATH_MAX];	/* of a file */
} lg = { .kind = LOGGER_NONE, .fd = -1 };

/* The lines that wait, from off to end, each after an octet with its source and
 * with its newline. */
static struct {
	char		 buf[LOGGER_SOURCES * LOGGER_BUFFER];
	size_t		 off, end;
	size_t		 part;		/* octets of the first line written */
} wq;

/* What a source has there.  A notice of lost lines is always the first. */
static struct share {
	size_t		 octets;
	uint64_t	 lines;
	uint64_t	 notice;	/* the notice's count, 0: no notice */
	uint64_t	 lost;		/* not yet in a notice */
} shares[LOGGER_SOURCES];

/* Whether standard error is the socket that systemd has connected to the
 * journal, and named as "device:inode" (systemd.exec(5)). */
static bool
is_journal(const struct stat *st)
{
	const char	*stream = getenv("JOURNAL_STREAM");
	char		 name[64];

	(void)snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st->st_dev,
	    (uintmax_t)st->st_ino);
	return (stream != NULL && strcmp(stream, name) == 0);
}

/*
 * Other processes share standard error's open file description, and O_NONBLOCK
 * would surprise them: open the pipe or terminal anew.  That fails for another
 * user's pipe or terminal.  Then ask poll(2) before each line: a pipe is
 * writable when it has a free page, and a line fits into that (PIPE_BUF), so
 * that write(2) does not block unless another process writes to the pipe in
 * between.  A terminal may have room for a part of the line only: write(2)
 * then waits as long as the terminal is stopped.
 */
static int
open_stderr(void)
{
	struct stat	 st;
	int		 fd;

	if (fstat(STDERR_FILENO, &st) == -1)
		return (-1);
	lg.fd = STDERR_FILENO;
	lg.way = WAY_WRITE;
	if (S_ISREG(st.st_mode)) {
		lg.file = true;
		return (0);
	}
	lg.journal = is_journal(&st);
	if (S_ISSOCK(st.st_mode)) {
		lg.way = WAY_SEND;
		lg.pollable = true;
		return (0);
	}
	lg.pollable = S_ISFIFO(st.st_mode) || isatty(STDERR_FILENO);
	fd = open("/proc/self/fd/2",
	    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd != -1)
		lg.fd = fd;
	else if (lg.pollable)
		lg.way = WAY_POLL;
	return (0);
}

/* O_NONBLOCK makes a FIFO without a reader an error; open(2) would wait. */
#define FILE_FLAGS	(O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | \
			O_NOCTTY | O_NONBLOCK)

/* Whether not everybody can put another file in the place of the log, and
 * whether we have this access to its directory. */
static int
check_dir(int access)
{
	char		 dir[PATH_MAX], *slash;
	struct stat	 st;

	(void)strlcpy(dir, lg.path, sizeof(dir));
	if ((slash = strrchr(dir, '/')) == NULL)
		(void)strlcpy(dir, ".", sizeof(dir));
	else
		slash[slash == dir] = '\0';
	if (stat(dir, &st) == -1)
		return (-1);
	if ((st.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH) {
		errno = EPERM;
		return (-1);
	}
	lg.sticky = (st.st_mode & S_IWOTH) != 0;
	lg.uid = geteuid();
	return (faccessat(AT_FDCWD, dir, access, AT_EACCESS));
}

/* statx(2): a file that has no other name, or a device such as a terminal. */
static int
check_file(int fd)
{
	struct statx	 st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) == -1)
		return (-1);
	errno = 0;
	if (S_ISREG(st.stx_mode) && st.stx_nlink > 1)
		errno = EMLINK;
	else if (S_ISREG(st.stx_mode) && lg.sticky && st.stx_uid != 0 &&
	    st.stx_uid != lg.uid)
		errno = EPERM;
	else if (!S_ISREG(st.stx_mode) && !S_ISCHR(st.stx_mode))
		errno = ENXIO;
	return (errno != 0 ? -1 : 0);
}

/* openat(2), without the O_LARGEFILE that musl's open(3) adds: a confined
 * parent has a row for these flags and no others; statx(2), close(2). */
static int
open_file(int create)
{
	int	 fd, error;

	fd = (int)syscall(SYS_openat, AT_FDCWD, lg.path, FILE_FLAGS | create,
	    0640);
	if (fd == -1)
		return (-1);
	if (check_file(fd) == 0)
		return (fd);
	error = errno;
	close(fd);
	errno = error;
	return (-1);
}

/* Look for syslogd: connect(2), which a datagram socket permits again and
 * again, so that a confined parent needs no socket(2). */
static void
connect_syslog(void)
{
	const struct sockaddr_un	 sun = { .sun_family = AF_UNIX,
					    .sun_path = SYSLOG_PATH };
	int64_t				 now = clock_ms();

	if (lg.connected || now < lg.retry)
		return;
	lg.retry = now + RECONNECT_MS;
	if (connect(lg.fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		lg.connected = true;
}

static int
open_syslog(void)
{
	lg.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (lg.fd == -1)
		return (-1);
	lg.pollable = true;
	lg.way = WAY_SYSLOG;
	connect_syslog();
	return (0);
}

static void
logger_reset(void)
{
	if (lg.fd != -1 && lg.fd != STDERR_FILENO)
		close(lg.fd);
	memset(&lg, 0, sizeof(lg));
	lg.kind = LOGGER_NONE;
	lg.fd = -1;
	wq.off = wq.end = wq.part = 0;
	memset(shares, 0, sizeof(shares));
}

static int
set_path(const char *path)
{
	if (strlcpy(lg.path, path, sizeof(lg.path)) >= sizeof(lg.path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	return (check_dir(X_OK));
}

int
logger_open(enum logger_kind kind, const char *path)
{
	int	 ret = 0;

	logger_reset();
	lg.pid = getpid();
	switch (kind) {
	case LOGGER_NONE:
		break;
	case LOGGER_STDERR:
		ret = open_stderr();
		break;
	case LOGGER_SYSLOG:
		ret = open_syslog();
		break;
	case LOGGER_FILE:
		if (set_path(path) == -1 ||
		    (lg.fd = open_file(O_CREAT)) == -1)
			return (-1);
		lg.way = WAY_WRITE;
		lg.file = true;
		break;
	}
	if (ret == 0)
		lg.kind = kind;
	return (ret);
}

int
logger_check(const char *path)
{
	int	 fd;

	if (set_path(path) == -1)
		return (-1);
	if ((fd = open_file(0)) != -1)
		return (close(fd));
	/* logger_open() would create the file. */
	return (errno == ENOENT ? check_dir(W_OK | X_OK) : -1);
}

/* openat(2), statx(2), close(2), write(2). */
int
logger_reopen(void)
{
	int	 fd;

	if (lg.kind != LOGGER_FILE)
		return (0);
	/* The lines that wait belong to the old file. */
	logger_flush();
	if ((fd = open_file(O_CREAT)) == -1)
		return (-1);
	close(lg.fd);
	lg.fd = fd;
	/* Write the whole line again of which the old file has a part. */
	wq.part = 0;
	logger_flush();
	return (0);
}

int
logger_fd(void)
{
	if (!lg.pollable || (lg.way == WAY_SYSLOG && !lg.connected))
		return (-1);
	return (lg.fd);
}

size_t
logger_pending(void)
{
	return (wq.end - wq.off - wq.part);
}

/* Write the part of a record before the text; returns its length. */
static size_t
stamp(char *buf, size_t size, int pri)
{
	struct tm	 tm;
	time_t		 t = time(NULL);
	size_t		 n;

	if (lg.kind == LOGGER_STDERR && lg.journal)
		return ((size_t)snprintf(buf, size, "<%d>", pri & LOG_PRIMASK));
	if (lg.kind == LOGGER_STDERR)
		return ((size_t)snprintf(buf, size, "msmtpd: "));
	if (localtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	if (lg.kind == LOGGER_SYSLOG) {
		n = (size_t)snprintf(buf, size, "<%d>",
		    LOG_MAIL | (pri & LOG_PRIMASK));
		n += strftime(buf + n, size - n, "%b %e %H:%M:%S", &tm);
	} else {
		n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm);
		/* RFC 3339 has a colon within the offset. */
		memmove(buf + n - 1, buf + n - 2, 2);
		buf[n - 2] = ':';
		n++;
	}
	return (n + (size_t)snprintf(buf + n, size - n, " msmtpd[%d]: ",
	    (int)lg.pid));
}

/* Append a line to those that wait.  Returns false where its source has no room
 * left. */
static bool
enqueue(unsigned int source, int pri, const char *text)
{
	struct share	*share = &shares[source];
	char		 record[RECORD_MAX], *p;
	size_t		 len;

	record[0] = (char)source;
	len = 1 + stamp(record + 1, sizeof(record) - 1, pri);
	p = record + len;
	len += strlcpy(p, text, sizeof(record) - len - 1);
	if (len > sizeof(record) - 2)
		len = sizeof(record) - 2;
	/* After a newline in the text a reader would see another line. */
	while ((p = memchr(p, '\n', (size_t)(record + len - p))) != NULL)
		*p = '?';
	record[len++] = '\n';

	if (len > LOGGER_BUFFER - share->octets)
		return (false);
	if (len > sizeof(wq.buf) - wq.end) {
		memmove(wq.buf, wq.buf + wq.off, wq.end - wq.off);
		wq.end -= wq.off;
		wq.off = 0;
	}
	memcpy(wq.buf + wq.end, record, len);
	wq.end += len;
	share->octets += len;
	share->lines++;
	return (true);
}

/*
 * Say how many lines of a source were lost.  Called only when no line of it
 * waits; until then all further lines of it are lost as well.  So the notice
 * stands where the lines would, and there is never more than one.
 */
static void
enqueue_notice(unsigned int source)
{
	struct share	*share = &shares[source];
	char		 text[64];

	(void)snprintf(text, sizeof(text), share->lost == 1 ?
	    "%" PRIu64 " log line was lost" : "%" PRIu64 " log lines were lost",
	    share->lost);
	if (!enqueue(source, LOG_WARNING, text))
		return;
	share->notice = share->lost;
	share->lost = 0;
}

static void
enqueue_notices(void)
{
	unsigned int	 i;

	for (i = 0; i < LOGGER_SOURCES; i++)
		if (shares[i].lines == 0 && shares[i].lost > 0)
			enqueue_notice(i);
}

/* Remove the first line, of len octets, which is written. */
static void
dequeue(size_t len)
{
	struct share	*share = &shares[(unsigned char)wq.buf[wq.off]];

	wq.off += 1 + len;
	wq.part = 0;
	share->octets -= 1 + len;
	share->lines--;
	share->notice = 0;
	if (wq.off == wq.end)
		wq.off = wq.end = 0;
}

/* Count the lines that wait as lost: their reader has closed. */
static void
drop(void)
{
	struct share	*share;

	for (share = shares; share < shares + LOGGER_SOURCES; share++) {
		share->lost += share->lines;
		if (share->notice > 0)
			share->lost += share->notice - 1;
		share->octets = 0;
		share->lines = share->notice = 0;
	}
	wq.off = wq.end = wq.part = 0;
}

/* Whether a line may be written now. */
static bool
ready(void)
{
	struct pollfd	 pfd = { .fd = lg.fd, .events = POLLOUT };

	if (lg.way == WAY_SYSLOG) {
		connect_syslog();
		return (lg.connected);
	}
	return (lg.way != WAY_POLL || poll(&pfd, 1, 0) == 1);
}

/* write(2) or sendto(2).  A datagram needs no newline. */
static ssize_t
put(const char *buf, size_t len)
{
	ssize_t	 n;

	do {
		if (lg.way == WAY_WRITE || lg.way == WAY_POLL)
			n = write(lg.fd, buf, len);
		else
			n = send(lg.fd, buf, len - (lg.way == WAY_SYSLOG),
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	return (n);
}

/* After an error: keep the lines that wait, or drop them. */
static void
put_failed(int error)
{
	if (error == EAGAIN || error == ENOBUFS || error == ENOMEM ||
	    error == ENOSPC)
		return;
	if (lg.way == WAY_SYSLOG)
		lg.connected = false;	/* until the next syslogd */
	else if (!lg.file)
		drop();
}

/* write(2); for syslog sendto(2) and connect(2); for a socket as standard
 * error sendto(2); poll(2) where standard error could not be opened anew. */
void
logger_flush(void)
{
	const char	*line;
	size_t		 len;
	ssize_t		 n;
	int		 saved_errno = errno;

	for (;;) {
		enqueue_notices();
		if (wq.off == wq.end || !ready())
			break;
		line = wq.buf + wq.off + 1;
		len = (size_t)((const char *)memchr(line, '\n',
		    wq.end - wq.off - 1) - line) + 1;
		if ((n = put(line + wq.part, len - wq.part)) == -1) {
			put_failed(errno);
			/* Try a syslogd that was started anew at once. */
			if (lg.way == WAY_SYSLOG && !lg.connected &&
			    clock_ms() >= lg.retry)
				continue;
			break;
		}
		if (lg.way == WAY_SYSLOG || wq.part + (size_t)n == len)
			dequeue(len);
		else
			wq.part += (size_t)n;
	}
	errno = saved_errno;
}

void
logger_notice(unsigned int source, int pri, const char *text, uint32_t lost)
{
	struct share	*share = &shares[source];
	bool		 first;

	if (lg.kind == LOGGER_NONE)
		return;
	if (logger_pending() > 0 || share->lost > 0)
		logger_flush();
	first = wq.off == wq.end;
	if (share->lost > 0 || !enqueue(source, pri, text)) {
		share->lost += lost;
		return;
	}
	/* With other lines the flush above has just tried. */
	if (first)
		logger_flush();
}

void
logger_sink(void *arg, int pri, const char *text)
{
	(void)arg;
	logger_notice(0, pri, text, 1);
}

/* As logger_flush(), and poll(2). */
void
logger_drain(int ms)
{
	struct pollfd	 pfd = { .events = POLLOUT };
	int64_t		 end = clock_ms() + ms, left;

	lg.retry = 0;
	for (;;) {
		logger_flush();
		if (logger_pending() == 0 || (pfd.fd = logger_fd()) == -1 ||
		    (left = end - clock_ms()) <= 0)
			return;
		if (poll(&pfd, 1, (int)left) == -1 && errno != EINTR)
			return;
	}
}
