/* SPDX-License-Identifier: ISC */

/* Octets that wait in memory of their own. */

#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Octets that are kept until their time comes: input that the engine does not
 * take yet, output that the client does not take yet.  A zeroed one is empty.
 */
struct backlog {
	char		*data;		/* NULL: empty */
	uint32_t	 off, len;	/* data[off] up to data[len - 1] wait */
};

/*
 * backlog_add: append a copy of the len octets, 1 to 2^32 - 1 with those that
 * wait.  Returns 0, or -1 with errno ENOMEM and nothing changed.
 */
int	backlog_add(struct backlog *, const char *, size_t len);

/* backlog_free: empty it.  Its memory is zeroed, since AUTH's password may be
 * in it. */
void	backlog_free(struct backlog *);

#endif
