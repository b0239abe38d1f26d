/* SPDX-License-Identifier: ISC */
/* backlog: octets that wait in memory of their own. */

#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Input that the engine does not take yet, or output that the client does not
 * take yet.  A zeroed backlog is empty. */
struct backlog {
	char		*data;		/* NULL: empty */
	uint32_t	 off, len;	/* data[off] up to data[len - 1] wait */
};

/* backlog_add: append a copy of len octets; with those that wait they are 1 to
 * 2^32 - 1.  Returns 0, or -1 with errno ENOMEM and nothing changed. */
int	backlog_add(struct backlog *, const char *, size_t len);

/* backlog_free: empty the backlog.  The memory is zeroed first, since a
 * password may be in it. */
void	backlog_free(struct backlog *);

#endif
