/* SPDX-License-Identifier: ISC */
/* log: make lines printable, name their process, hand them to a sink. */

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

/*
 * Ranges of code points that a reader cannot see, or that change how a terminal
 * shows a line: C1 controls, format characters (general category Cf, by Unicode
 * 15), line separators, and what is not shown (Default_Ignorable_Code_Point).
 */
static const uint32_t	 unseen[][2] = {
	{ 0x80, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x600, 0x605 },
	{ 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f },
	{ 0x890, 0x891 }, { 0x8e2, 0x8e2 }, { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb }, { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd },
	{ 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff }
};

static bool
is_unseen(uint32_t c)
{
	size_t	 i = 0;

	while (i < sizeof(unseen) / sizeof(unseen[0]) && c > unseen[i][1])
		i++;
	return (i < sizeof(unseen) / sizeof(unseen[0]) && c >= unseen[i][0]);
}

/* The length of the non-ASCII character at s; 0 where the character is not
 * well-formed, or not to be seen. */
static size_t
visible_len(const unsigned char *s, size_t len)
{
	uint32_t	 c;
	size_t		 n = utf8_non_ascii(s, len, &c);

	return (n > 0 && !is_unseen(c) ? n : 0);
}

/*
 * Encode one octet as vis(3) does, to dst of 4 octets.  libbsd's vis(3)
 * allocates memory and asks the locale.
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
		/* The last place where there is still room for CUT. */
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

/* error: an errno whose text is appended, -1 for none. */
static __attribute__((format(printf, 3, 0))) void
log_line(int pri, int error, const char *fmt, va_list ap)
{
	static bool	 busy;
	/* Longer than a line, so that log_printable() sees a cut. */
	char		 raw[LOG_LINE_MAX + 8], line[LOG_LINE_MAX];
	size_t		 len, n = 0;
	int		 saved_errno = errno, ret;

	/* A line of a sink's own would come back to the sink. */
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
		(void)fprintf(stderr, "msmtpd: %s\n", line);
	busy = false;
	errno = saved_errno;
}

static __attribute__((format(printf, 2, 0))) void
log_vwrite(int pri, const char *fmt, va_list ap)
{
	if (pri != LOG_DEBUG || debug)
		log_line(pri, -1, fmt, ap);
}

void
log_write(int pri, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_vwrite(pri, fmt, ap);
	va_end(ap);
}

void
log_put(int pri, const char *text)
{
	char	 line[LOG_LINE_MAX];
	int	 len;

	len = snprintf(line, sizeof(line), "%s%s%s", procname,
	    procname[0] != '\0' ? ": " : "", text);
	if (sink == NULL || (LOG_PRI(pri) == LOG_DEBUG && !debug) ||
	    len < 0 || (size_t)len >= sizeof(line) ||
	    !log_isprintable(text, strlen(text)))
		log_write(pri, "%s", text);
	else
		sink(sink_arg, pri, line);
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

/* A function that exit(3) calls, such as logger_drain(), may be fatal itself,
 * and must not call exit(3) once more. */
static _Noreturn void
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
