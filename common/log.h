/* SPDX-License-Identifier: ISC */

#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

/* A line's text is never longer than this, its '\0' included; with the date
 * and name that may stand before it, that makes 1,000 octets at most. */
#define LOG_LINE_MAX	951

/*
 * Where lines go.  pri is a syslog(3) priority without facility, text one
 * line without newline, printable, shorter than LOG_LINE_MAX.  A sink must
 * neither block nor call back into log.
 */
typedef void log_sink(void *arg, int pri, const char *text);

/*
 * log_init: name the process ("parent", "front", "deliver"; "" for none,
 * not copied) whose name stands before each line, and where its lines go.
 * Until it is called, and with a NULL sink, lines go to standard error as
 * "msmtpd: text".
 */
void	log_init(const char *, log_sink *, void *);

/* log_setdebug: whether lines of priority LOG_DEBUG are passed on (0, the
 * default: they are dropped). */
void	log_setdebug(int);

/*
 * log_*: one line each; the x forms do not append strerror(errno).  errno
 * is kept.  Characters that are not printable ASCII or well-formed UTF-8 are
 * encoded as vis(3) does with VIS_CSTYLE|VIS_OCTAL|VIS_NL|VIS_TAB; what is
 * over-long is cut and ends in "...".
 */
void	log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_vwrite(int, const char *, va_list)
	    __attribute__((format(printf, 2, 0)));

/*
 * log_put: a line whose parts have been made printable already, with
 * log_printable(), so that it must not be done once more.  A line that is not
 * printable, or too long with the process's name, is treated as by log_info().
 */
void	log_put(int, const char *);

/*
 * log_printable: copy len octets to dst of size octets as a line has them,
 * '\0'-terminated; what does not fit is cut between characters and ends in
 * "..." (where size allows).  Returns the length of what is in dst.  Lines
 * are made printable as a whole: this is for text that goes elsewhere.
 */
size_t	log_printable(char *, size_t, const char *, size_t);

/*
 * log_isprintable: whether the len octets are what a sink may be given: one
 * line, printable, shorter than LOG_LINE_MAX.  For lines that come from
 * another process, which are encoded already.
 */
bool	log_isprintable(const char *, size_t);

/*
 * fatal: a failed call ends the process (priority LOG_CRIT, strerror(errno)
 * appended, exit status 1); fatalx: a state that cannot be, or a peer that
 * breaks the protocol, does (the same, without errno).
 * fatal_status: an error of the administrator's ends the start: priority
 * LOG_ERR, no errno, the exit status given (see sysexits.h).
 */
void	fatal(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));
void	fatalx(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));
void	fatal_status(int, const char *, ...)
	    __attribute__((noreturn, format(printf, 2, 3)));

/* fatal_setstatus: from now on fatal_status() exits with this status whatever
 * it is given (--check has one status for all that it finds); 0: no more. */
void	fatal_setstatus(int);

#endif
