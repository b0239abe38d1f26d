/* SPDX-License-Identifier: ISC */
/*
 * logger: the parent's end of the log: standard error, a file, or syslogd.  A
 * logger never blocks: lines that the reader does not take at once wait in a
 * bounded buffer, in which each source of lines has a share of its own.  Lines
 * that do not fit there are dropped and counted, and the count is logged when
 * there is room again.  A process has one logger.
 */

#ifndef LOGGER_H
#define LOGGER_H

#include <stddef.h>
#include <stdint.h>

enum logger_kind {
	LOGGER_NONE,
	LOGGER_STDERR,
	LOGGER_SYSLOG,
	LOGGER_FILE
};

/* At most as many octets of a source wait for a slow reader. */
#define LOGGER_BUFFER	65536
#define LOGGER_SOURCES	4

/*
 * logger_open: start logging to kind; path is the file's name (LOGGER_FILE)
 * or NULL.  A file is created with mode 0640 and only ever appended to.
 * Returns 0, or -1 with errno set where the file cannot be opened or standard
 * error is closed: ELOOP for a symbolic link, EMLINK for a file with another
 * name, ENXIO for a FIFO, a socket or a block device, EPERM in a directory to
 * which everybody may write (in one that is sticky: for the file of a user
 * other than root and ours).  A syslogd that does not run is no error: each
 * line looks for it again, at most once a second.
 */
int	logger_open(enum logger_kind, const char *);

/*
 * logger_check: whether logger_open(LOGGER_FILE, path) would succeed, without
 * making the file.  Returns 0, or -1 with errno set.
 */
int	logger_check(const char *);

/*
 * logger_reopen: open the file anew (SIGHUP, after a rotation).  Returns 0;
 * or -1 with errno set, and then goes on with the old file.  No-op for the
 * other kinds.
 */
int	logger_reopen(void);

/* logger_sink: a log_sink (log.h) of source 0; its argument is not used. */
void	logger_sink(void *, int, const char *);

/*
 * logger_notice: log a line of a source, 0 to LOGGER_SOURCES - 1.  If the line
 * does not fit, lost lines count: 1, or as many as the line says that another
 * process has lost.
 */
void	logger_notice(unsigned int source, int, const char *, uint32_t lost);

/*
 * logger_fd: the descriptor to watch for EPOLLOUT while logger_pending() is not
 * 0; -1 for a file, which cannot be polled, and while syslogd does not run.
 * Ask again after each call of a function here.  The descriptor's number stays
 * the same, and open, until logger_open().  With -1 each line and each
 * logger_flush() tries to write the lines that wait.
 */
int	logger_fd(void);

/* logger_pending: octets that wait in the buffer. */
size_t	logger_pending(void);

/* logger_flush: write what the reader takes now.  Never blocks. */
void	logger_flush(void);

/* logger_drain: at exit, wait up to ms milliseconds for the reader to take the
 * lines that wait. */
void	logger_drain(int ms);

#endif
