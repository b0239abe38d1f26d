/* SPDX-License-Identifier: ISC */

/* Lines for the log: made printable, named, handed to a sink. */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "utf8.h"

#define CUT	"..."

static const char	*procname = "";
static log_sink		*sink;
static void		*sink_arg;
static int		 debug;

void
log_init(const char *name, log_sink *fn, void *arg)
{
	procname = name;
	sink = fn;
	sink_arg = arg;
}

void
log_setdebug(int on)
{
	debug = on;
}

/* Code points that steer a terminal or a reader's eye instead of being seen:
 * C1 controls, line separators, controls of writing direction. */
static bool
is_control(uint32_t c)
{
	return ((c >= 0x80 && c <= 0x9f) || c == 0x061c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069));
}

/* The length of the non-ASCII character at s, 0 where it is not well-formed
 * or a control. */
static size_t
visible_len(const unsigned char *s, size_t len)
{
	uint32_t	 c;
	size_t		 n = utf8_non_ascii(s, len, &c);

	return (n > 0 && !is_control(c) ? n : 0);
}

/*
 * One octet as vis(3) encodes it, to dst of 4 octets.  Not by vis(3) itself:
 * libbsd's allocates memory and asks the locale.
 */
static size_t
encode(char *dst, unsigned char c, unsigned char next)
{
	static const char	 plain[] = "\a\b\t\n\v\f\r\\", letter[] =
				    "abtnvfr\\";
	const char		*p;

	if (c >= ' ' && c <= '~' && c != '\\') {
		dst[0] = (char)c;
		return (1);
	}
	dst[0] = '\\';
	if (c != '\0' && (p = strchr(plain, c)) != NULL) {
		dst[1] = letter[p - plain];
		return (2);
	}
	if (c == '\0' && (next < '0' || next > '7')) {
		dst[1] = '0';
		return (2);
	}
	dst[1] = (char)('0' + (c >> 6));
	dst[2] = (char)('0' + (c >> 3 & 7));
	dst[3] = (char)('0' + (c & 7));
	return (4);
}

size_t
log_printable(char *dst, size_t size, const char *src, size_t len)
{
	const unsigned char	*s = (const unsigned char *)src;
	char			 one[4];
	size_t			 i, n, used, out = 0, cut = 0;

	if (size == 0)
		return (0);
	for (i = 0; i < len; i += used) {
		if ((used = n = visible_len(s + i, len - i)) > 0)
			memcpy(one, s + i, n);
		else {
			used = 1;
			n = encode(one, s[i], i + 1 < len ? s[i + 1] : 0);
		}
		if (n > size - 1 - out)
			break;
		memcpy(dst + out, one, n);
		out += n;
		/* The last place from which the mark of a cut still fits. */
		if (out + strlen(CUT) < size)
			cut = out;
	}
	if (i < len) {
		out = cut;
		if (out + strlen(CUT) < size) {
			memcpy(dst + out, CUT, strlen(CUT));
			out += strlen(CUT);
		}
	}
	dst[out] = '\0';
	return (out);
}

bool
log_isprintable(const char *text, size_t len)
{
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 i, n;

	if (len >= LOG_LINE_MAX)
		return (false);
	for (i = 0; i < len; i += n) {
		if (s[i] >= ' ' && s[i] <= '~')
			n = 1;
		else if ((n = visible_len(s + i, len - i)) == 0)
			return (false);
	}
	return (true);
}

/* Before there is a sink: at start, where it may block. */
static void
write_stderr(const char *line)
{
	char		 buf[sizeof("msmtpd: \n") + LOG_LINE_MAX];
	size_t		 off = 0, len;
	ssize_t		 n;

	len = (size_t)snprintf(buf, sizeof(buf), "msmtpd: %s\n", line);
	while (off < len) {
		n = write(STDERR_FILENO, buf + off, len - off);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		off += (size_t)n;
	}
}

static void	log_text(int, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

/* error: an errno whose text is appended, -1 for none. */
static void
log_line(int pri, int error, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void
log_line(int pri, int error, const char *fmt, va_list ap)
{
	static bool	 busy;
	/* Longer than a line, so that what is lost here is cut there. */
	char		 raw[LOG_LINE_MAX + 8], line[LOG_LINE_MAX];
	size_t		 len, n = 0;
	int		 saved_errno = errno, ret;

	/* From within a sink there is nowhere to go. */
	if (busy)
		return;
	busy = true;
	ret = vsnprintf(raw, sizeof(raw), fmt, ap);
	if (ret < 0)
		(void)strlcpy(raw, fmt, sizeof(raw));
	if (error != -1) {
		(void)strlcat(raw, ": ", sizeof(raw));
		(void)strlcat(raw, strerror(error), sizeof(raw));
	}
	len = strlen(raw);
	if (procname[0] != '\0') {
		ret = snprintf(line, sizeof(line), "%.32s: ", procname);
		n = ret > 0 ? (size_t)ret : 0;
	}
	(void)log_printable(line + n, sizeof(line) - n, raw, len);
	if (sink != NULL)
		sink(sink_arg, pri, line);
	else
		write_stderr(line);
	busy = false;
	errno = saved_errno;
}

void
log_put(int pri, const char *text)
{
	char	 line[LOG_LINE_MAX];
	size_t	 len = strlen(text), n = strlen(procname);

	n = n > 0 ? n + 2 : 0;
	if (pri == LOG_DEBUG && !debug)
		return;
	if (!log_isprintable(text, len) || len + n >= sizeof(line) ||
	    sink == NULL) {
		log_text(pri, "%s", text);
		return;
	}
	(void)strlcpy(line, procname, sizeof(line));
	if (n > 0)
		(void)strlcat(line, ": ", sizeof(line));
	(void)strlcat(line, text, sizeof(line));
	sink(sink_arg, pri, line);
}

void
log_vwrite(int pri, const char *fmt, va_list ap)
{
	if (pri != LOG_DEBUG || debug)
		log_line(pri, -1, fmt, ap);
}

static void
log_text(int pri, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_vwrite(pri, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_vwrite(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_line(LOG_WARNING, errno, fmt, ap);
	va_end(ap);
}

void
log_warnx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_vwrite(LOG_WARNING, fmt, ap);
	va_end(ap);
}

static int	 status_override;	/* 0: none */

void
fatal_setstatus(int status)
{
	status_override = status;
}

/* What exit(3) calls (a sink that is drained) may fail in turn, and exit(3)
 * must not be called from there again. */
static void
leave(int) __attribute__((noreturn));

static void
leave(int status)
{
	static bool	 leaving;

	if (leaving)
		_exit(status);
	leaving = true;
	exit(status);
}

void
fatal(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_line(LOG_CRIT, errno, fmt, ap);
	va_end(ap);
	leave(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_line(LOG_CRIT, -1, fmt, ap);
	va_end(ap);
	leave(1);
}

void
fatal_status(int status, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_line(LOG_ERR, -1, fmt, ap);
	va_end(ap);
	leave(status_override != 0 ? status_override : status);
}
