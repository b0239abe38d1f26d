/* SPDX-License-Identifier: ISC */
/* rate: how often each owner may do what a rule bounds: token buckets. */

#ifndef RATE_H
#define RATE_H

#include <stdint.h>

/* Buckets at most; one that is full again is as good as none. */
#define RATE_BUCKETS	8192

/*
 * rate_init: have the buckets; seed is unknown to clients, so that none of
 * them chooses whose buckets share a place with its own.  Fatal where there is
 * no memory.
 */
void	rate_init(uint64_t seed);

/*
 * rate_take: take a token of this rule and owner, at now (ms of a clock that
 * never goes back).  A bucket has n tokens when it is full, gets one each
 * period / n, period in seconds, and n is from 1 to RULE_RATE_MAX.  Returns 0,
 * or, where there is none and none is taken, after how many ms there is one.
 * Where there is no room for another bucket, it takes the place of the one that
 * is full soonest: an owner gains by that no more than this little.
 */
int64_t	rate_take(uint32_t rule, const char *owner, uint32_t n,
	    uint32_t period, int64_t now);

#endif
