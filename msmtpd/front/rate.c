/* SPDX-License-Identifier: ISC */
/* rate: how often each owner may do what a rule bounds: token buckets. */

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "msmtpd.h"
#include "rate.h"

#define RATE_PLACES	8	/* where a bucket may be: a row */
#define MS		1000000	/* ns */

/*
 * A bucket, as the time at which it is full again: each token that is taken
 * puts it off by the time in which one comes back.
 */
struct bucket {
	int64_t		 full;		/* ns, rate_take()'s clock */
	uint32_t	 rule;
	char		 owner[MSMTPD_OWNER_MAX];
};

static struct bucket	*buckets;
static uint64_t		 seed;

void
rate_init(uint64_t with)
{
	free(buckets);
	if ((buckets = calloc(RATE_BUCKETS, sizeof(*buckets))) == NULL)
		fatal("calloc");
	seed = with;
}

/* The row of this rule and owner (FNV-1a). */
static struct bucket *
rate_row(uint32_t rule, const char *owner)
{
	uint64_t	 h = seed ^ 0xcbf29ce484222325;

	for (h = (h ^ rule) * 0x100000001b3; *owner != '\0'; owner++)
		h = (h ^ (unsigned char)*owner) * 0x100000001b3;
	h ^= h >> 32;
	return (buckets + h % (RATE_BUCKETS / RATE_PLACES) * RATE_PLACES);
}

int64_t
rate_take(uint32_t rule, const char *owner, uint32_t n, uint32_t period,
    int64_t now)
{
	struct bucket	*b, *first, *row = rate_row(rule, owner);
	const int64_t	 whole = (int64_t)period * 1000 * MS;
	int64_t		 full;

	now *= MS;
	for (b = first = row; b < row + RATE_PLACES; b++) {
		if (b->rule == rule && strcmp(b->owner, owner) == 0)
			break;
		if (b->full < first->full)
			first = b;
	}
	if (b == row + RATE_PLACES) {
		b = first;
		b->full = 0;
		b->rule = rule;
		strlcpy(b->owner, owner, sizeof(b->owner));
	}
	full = (b->full > now ? b->full : now) + whole / n;
	if (full - now > whole)
		return ((full - now - whole + MS - 1) / MS);
	b->full = full;
	return (0);
}
