/* SPDX-License-Identifier: ISC */
/* backlog: octets that wait in memory of their own. */

#include <stdlib.h>
#include <string.h>

#include "backlog.h"

/* realloc(3) could leave a copy of a password behind. */
int
backlog_add(struct backlog *b, const char *data, size_t len)
{
	size_t	 left = b->len - b->off;
	char	*p;

	if ((p = malloc(left + len)) == NULL)
		return (-1);
	if (left > 0)
		memcpy(p, b->data + b->off, left);
	memcpy(p + left, data, len);
	backlog_free(b);
	b->data = p;
	b->len = (uint32_t)(left + len);
	return (0);
}

void
backlog_free(struct backlog *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	free(b->data);
	memset(b, 0, sizeof(*b));
}
