/* SPDX-License-Identifier: ISC */
/* log: lines for the log, and the ends of a process that cannot go on. */

#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

/* The size of a line's text, with its '\0'.  With the date and the name before
 * it a line has 1,000 octets at most. */
#define LOG_LINE_MAX	951

/* To be added to log_put()'s priority: where lines are too many, others are to
 * be lost before this one. */
#define LOG_KEEP	0x10000

/*
 * A sink takes lines.  pri is a syslog(3) priority without facility, maybe with
 * LOG_KEEP; text one line without newline, printable, shorter than
 * LOG_LINE_MAX.  A sink must neither block nor call log_*().
 */
typedef void log_sink(void *arg, int pri, const char *text);

/*
 * log_init: set the process's name ("parent", "front", "deliver"; "" for none;
 * not copied), which stands before each line, and the sink.  Until log_init()
 * is called, and with a NULL sink, lines go to standard error as
 * "msmtpd: text".
 */
void	log_init(const char *, log_sink *, void *);

/* log_setdebug: pass on lines of priority LOG_DEBUG, or drop them (0, the
 * default). */
void	log_setdebug(int);

/*
 * log_*: log one line; log_warn() appends strerror(errno).  errno is kept.
 * Characters that are not printable ASCII or well-formed UTF-8, and those of
 * Unicode that a reader would not see, such as U+200B, are encoded as vis(3)
 * does with VIS_CSTYLE|VIS_OCTAL|VIS_NL|VIS_TAB; a line that is too long is cut
 * and ends in "...".
 */
void	log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_write(int pri, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * log_put: log a line whose parts log_printable() has encoded, without encoding
 * its backslashes again.  A line that is not printable, or too long with the
 * process's name, is treated as by log_write().
 */
void	log_put(int, const char *);

/*
 * log_printable: copy len octets to dst of size octets, encoded as in a line
 * and '\0'-terminated.  Text that does not fit is cut between characters and
 * ends in "..." (where size allows).  Returns the length of the text in dst.
 */
size_t	log_printable(char *, size_t, const char *, size_t);

/*
 * log_isprintable: whether a sink may be given the len octets: one line,
 * printable, shorter than LOG_LINE_MAX.
 */
bool	log_isprintable(const char *, size_t);

/*
 * fatal: end the process because a call has failed: log with priority LOG_CRIT
 * and strerror(errno), exit with status 1.
 * fatalx: the same without errno, for an impossible state or a peer that
 * breaks the protocol.
 * fatal_status: end the start because of an administrator's error: log with
 * priority LOG_ERR and without errno, exit with the status (see sysexits(3)).
 */
void	fatal(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));
void	fatalx(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));
void	fatal_status(int, const char *, ...)
	    __attribute__((noreturn, format(printf, 2, 3)));

/* fatal_setstatus: let fatal_status() exit with this status instead of its
 * argument (--check has one status for all errors); 0: no longer. */
void	fatal_setstatus(int);

#endif
