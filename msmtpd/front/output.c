/* SPDX-License-Identifier: ISC */
/* output: replies gather for one write, and wait for a client that is slow. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "output.h"
#include "smtp/smtp.h"

/* Octets that gather before the engine is asked to pause. */
#define REPLY_MARK	8192

/* Shared by all outputs: between two events no octet is left in it. */
static char			 gathered[REPLY_MARK + 2 * SMTP_REPLY_MAX];
static size_t			 ngathered;
static const struct output	*gathering;	/* the output that has added */

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
	if (n == -1 && errno == EAGAIN)
		return (0);
	return (n);
}

bool
output_last(struct output *o, const char *buf, size_t len)
{
	if (o->fd != -1 && !output_waits(o))
		(void)output_write(o->fd, buf, len);
	return (true);
}

int
output_send(struct output *o)
{
	struct backlog	*b = &o->left;
	size_t		 len = ngathered;
	ssize_t		 n = 0;

	ngathered = 0;
	if (o->fd == -1)
		return (0);
	if (output_waits(o)) {
		n = output_write(o->fd, b->data + b->off, b->len - b->off);
		if (n == -1)
			return (-1);
		b->off += (uint32_t)n;
		if (b->off == b->len)
			backlog_free(b);
		n = 0;
	}
	if (len > 0 && !output_waits(o) &&
	    (n = output_write(o->fd, gathered, len)) == -1)
		return (-1);
	if ((size_t)n == len)
		return (0);
	return (backlog_add(b, gathered + n, len - (size_t)n));
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
