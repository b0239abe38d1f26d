/* SPDX-License-Identifier: ISC */

#ifndef LOGGER_H
#define LOGGER_H

#include <stddef.h>

/*
 * The parent's end of the log: standard error, a file, or syslog.  It never
 * blocks: what the reader does not take at once waits in a bounded buffer;
 * what does not fit there is dropped, counted, and the count is logged when
 * there is room again.  There is one logger per process.
 */
enum logger_kind {
	LOGGER_NONE,
	LOGGER_STDERR,
	LOGGER_SYSLOG,
	LOGGER_FILE
};

/* Octets that wait for a slow reader at most. */
#define LOGGER_BUFFER	65536

/*
 * logger_open: start logging to kind; path is the file's name (LOGGER_FILE)
 * or NULL.  A file is created with mode 0640 and only ever appended to, a
 * symbolic link as its last part is refused (O_NOFOLLOW).  Returns 0, or -1
 * with errno set when the file cannot be opened or standard error is not
 * open; a syslogd that is not there is no error (it is looked for again at
 * each line, not more often than once a second).
 */
int	logger_open(enum logger_kind, const char *);

/*
 * logger_check: whether logger_open(LOGGER_FILE, path) would succeed, without
 * making the file.  Returns 0, or -1 with errno set.
 */
int	logger_check(const char *);

/*
 * logger_reopen: open the file anew (SIGHUP, after a rotation).  Returns 0,
 * or -1 with errno set, and the old descriptor stays in use.  No-op for
 * the other kinds.
 */
int	logger_reopen(void);

/* logger_sink: a log_sink (log.h); its argument is not used. */
void	logger_sink(void *, int, const char *);

/*
 * logger_fd: the descriptor to watch for EPOLLOUT while logger_pending(),
 * -1 where there is none, or it cannot be polled (a file), or syslogd is not
 * there; ask again after each call of logger, as that changes.  The
 * descriptor's number stays the same, and open, until logger_open().  What
 * waits while it is -1 is tried again at each line and logger_flush().
 */
int	logger_fd(void);

/* logger_pending: octets that wait in the buffer. */
size_t	logger_pending(void);

/* logger_flush: write what the reader takes now.  Never blocks. */
void	logger_flush(void);

/*
 * logger_drain: at exit, give the reader up to ms milliseconds to take what
 * is buffered.
 */
void	logger_drain(int ms);

#endif
