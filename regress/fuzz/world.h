/* SPDX-License-Identifier: ISC */
/* What the rules of a fuzz target may speak of. */

#ifndef WORLD_H
#define WORLD_H

#include <stdlib.h>
#include <string.h>

#include "parent/rules.h"

/* Users have names of one letter. */
static int
world_user(const char *name, uid_t *uid)
{
	*uid = (uid_t)*name;
	return (strlen(name) == 1 ? 0 : -1);
}

/* So have groups, whose members are all before that letter. */
static ssize_t
world_group(const char *name, uid_t **uids)
{
	uid_t	 i, n = (uid_t)(*name & 0x7f);

	*uids = NULL;
	if (strlen(name) != 1)
		return (-1);
	if (n > 0 && (*uids = calloc(n, sizeof(**uids))) == NULL)
		abort();
	for (i = 0; i < n; i++)
		(*uids)[i] = i;
	return ((ssize_t)n);
}

static const char *const	 world_auths[] = { "j", "k" };
static const struct rules_world	 world = { world_user, world_group,
				    world_auths, 2 };

#endif
