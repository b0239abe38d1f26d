/* SPDX-License-Identifier: ISC */
/* message: messages in sealed memory files. */

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "account.h"
#include "log.h"
#include "message.h"

#define MESSAGE_SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | \
			    F_SEAL_SEAL)
#define MESSAGE_PAGE	4096	/* a memfd takes whole pages */

static unsigned int	 message_flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

void
message_init(void)
{
	int	 fd;

	fd = memfd_create("message", message_flags | MFD_NOEXEC_SEAL);
	if (fd != -1)
		message_flags |= MFD_NOEXEC_SEAL;
	else if ((fd = memfd_create("message", message_flags)) == -1)
		fatal("memfd_create");
	close(fd);
}

static int
message_charge(struct message *m, uint64_t size)
{
	uint64_t	 pages, more;

	pages = (size + MESSAGE_PAGE - 1) / MESSAGE_PAGE * MESSAGE_PAGE;
	if (pages == 0)
		pages = MESSAGE_PAGE;
	more = pages > m->charged ? pages - m->charged : 0;
	if (more > 0 && account_take(m->owner, more) == -1)
		return (-1);
	m->charged += more;
	return (0);
}

int
message_open(struct message *m, struct owner *owner)
{
	m->owner = owner;
	m->fd = -1;
	m->size = m->charged = 0;
	if (message_charge(m, 0) == -1)
		return (-1);
	if ((m->fd = memfd_create("message", message_flags)) == -1) {
		message_close(m);
		return (-1);
	}
	return (0);
}

int
message_write(struct message *m, const char *buf, size_t len)
{
	ssize_t	 n;

	if (message_charge(m, m->size + len) == -1)
		return (-1);
	for (; len > 0; buf += n, len -= (size_t)n) {
		n = write(m->fd, buf, len);
		if (n == -1 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n == -1)
			return (-1);
		m->size += (uint64_t)n;
	}
	return (0);
}

int
message_seal(struct message *m)
{
	return (fcntl(m->fd, F_ADD_SEALS, MESSAGE_SEALS));
}

void
message_leave(struct message *m)
{
	m->charged = 0;
}

void
message_close(struct message *m)
{
	if (m->fd != -1)
		close(m->fd);
	m->fd = -1;
	if (m->charged > 0)
		account_give(m->owner, m->charged);
	m->size = m->charged = 0;
}
