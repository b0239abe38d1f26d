/* SPDX-License-Identifier: ISC */
/* printed: what a command prints, line by line, for the log. */

#include <string.h>

#include "printed.h"
#include "log.h"

static void
line_log(const char *id, const char *line, size_t len, bool failed)
{
	if (failed)
		log_warnx("mail id=%s: command: %.*s", id, (int)len, line);
	else
		log_info("mail id=%s: command: %.*s", id, (int)len, line);
}

static void
held_log(struct printed *l, const char *id, bool failed)
{
	const char	*p = l->held, *end = l->held + l->heldlen, *lf;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		line_log(id, p, (size_t)(lf - p), failed);
	}
	l->heldlen = 0;
}

/* End the line, and hold it back until it is known how the command ends. */
static void
line_hold(struct printed *l, const char *id)
{
	l->count++;
	if (l->len == 0)
		return;
	if (l->heldlen + l->len + 1 > sizeof(l->held))
		held_log(l, id, false);
	memcpy(l->held + l->heldlen, l->line, l->len);
	l->heldlen += l->len;
	l->held[l->heldlen++] = '\n';
	l->len = 0;
}

void
printed_init(struct printed *l)
{
	l->unlogged = 0;
	l->count = 0;
	l->len = l->heldlen = 0;
}

void
printed_feed(struct printed *l, const char *id, const char *p, size_t len)
{
	for (; len > 0; p++, len--) {
		if (l->count >= PRINTED_LINES_MAX) {
			l->unlogged += len;
			return;
		}
		if (*p == '\n')
			line_hold(l, id);
		/* A NUL would end the line in the log. */
		else if (l->len < sizeof(l->line))
			l->line[l->len++] = *p != '\0' ? *p : '?';
		else
			l->unlogged++;
	}
}

void
printed_release(struct printed *l, const char *id)
{
	held_log(l, id, false);
}

void
printed_end(struct printed *l, const char *id, bool failed)
{
	if (l->len > 0)
		line_hold(l, id);
	held_log(l, id, failed);
	if (l->unlogged == 0)
		return;
	if (failed)
		log_warnx("mail id=%s: command: %llu octets more are not "
		    "logged", id, (unsigned long long)l->unlogged);
	else
		log_info("mail id=%s: command: %llu octets more are not "
		    "logged", id, (unsigned long long)l->unlogged);
}
