/* SPDX-License-Identifier: ISC */

/* Replies: they gather for one write, and wait for a client that is slow. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "output.h"
#include "smtp/smtp.h"

/* Octets that gather before the engine is asked to pause. */
#define REPLY_MARK	8192

/* Shared by all outputs: between two events nothing is left in it. */
static char			 gathered[REPLY_MARK + 2 * SMTP_REPLY_MAX];
static size_t			 ngathered;
static const struct output	*gathering;	/* whose it is */

bool
output_add(struct output *o, const char *buf, size_t len)
{
	if (o->fd == -1)
		return (true);
	if (ngathered > 0 && gathering != o)
		fatalx("output: replies to another client are left");
	if (len > sizeof(gathered) - ngathered)
		fatalx("output: a reply of %zu octets beside %zu", len,
		    ngathered);
	memcpy(gathered + ngathered, buf, len);
	ngathered += len;
	gathering = o;
	return (ngathered < REPLY_MARK);
}

/* Returns how many octets the client took, or -1 with errno set. */
static ssize_t
output_write(int fd, const char *data, size_t len)
{
	ssize_t	 n;

	do {
		n = write(fd, data, len);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return (0);
	return (n);
}

enum output_status
output_send(struct output *o)
{
	size_t	 len = ngathered;
	ssize_t	 n = 0;

	ngathered = 0;
	if (o->fd == -1)
		return (OUTPUT_DONE);
	if (len > 0 && !output_waits(o) &&
	    (n = output_write(o->fd, gathered, len)) == -1)
		return (OUTPUT_LOST);
	if ((size_t)n < len && backlog_add(&o->left, gathered + n,
	    len - (size_t)n) == -1)
		return (OUTPUT_NOMEM);
	return (output_waits(o) ? OUTPUT_WAITS : OUTPUT_DONE);
}

enum output_status
output_flush(struct output *o)
{
	struct backlog	*b = &o->left;
	ssize_t		 n;

	if (!output_waits(o))
		return (OUTPUT_DONE);
	n = output_write(o->fd, b->data + b->off, b->len - b->off);
	if (n == -1)
		return (OUTPUT_LOST);
	b->off += (uint32_t)n;
	if (b->off < b->len)
		return (OUTPUT_WAITS);
	backlog_free(b);
	return (OUTPUT_DONE);
}

bool
output_waits(const struct output *o)
{
	return (o->left.data != NULL);
}

void
output_end(struct output *o)
{
	backlog_free(&o->left);
	o->fd = -1;
}
