/* SPDX-License-Identifier: ISC */
/* account: the memory that clients may use, and each owner's share of it. */

#include <errno.h>
#include <stddef.h>

#include "account.h"
#include "owner.h"

static uint64_t	 account_max, account_used, account_held;
static bool	 (*account_squeeze)(const struct owner *, uint64_t);

void
account_init(uint64_t max, bool (*squeeze)(const struct owner *, uint64_t))
{
	account_max = max;
	account_squeeze = squeeze;
}

bool
account_room(struct owner *o, uint64_t octets)
{
	struct owner	*other;
	uint64_t	 left = account_used;

	if (octets > account_max)
		return (false);
	if (left <= account_max - octets)
		return (true);
	for (other = owner_next(NULL); other != NULL; other = owner_next(other))
		if (other != o && other->memory > o->memory + octets)
			left -= other->memory - other->held;
	return (left <= account_max - octets);
}

int
account_take(struct owner *o, uint64_t octets)
{
	while (account_used > account_max)
		if (!account_squeeze(o, octets)) {
			errno = ENOSPC;
			return (-1);
		}
	account_used += octets;
	o->memory += octets;
	return (0);
}

void
account_give(struct owner *o, uint64_t octets)
{
	account_used -= octets;
	o->memory -= octets;
}

void
account_move(struct owner *from, struct owner *to, uint64_t octets)
{
	from->memory -= octets;
	to->memory += octets;
}

void
account_hold(struct owner *o, uint64_t octets)
{
	o->held += octets;
	account_held += octets;
}

void
account_unhold(struct owner *o, uint64_t octets)
{
	o->held -= octets;
	account_held -= octets;
}

bool
account_holds(uint64_t octets)
{
	return (account_held + octets <= account_max - account_max / 8);
}
