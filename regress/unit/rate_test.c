/* SPDX-License-Identifier: ISC */
/* Token buckets: how often, when again, and when there are too many. */

#include <stdio.h>

#include "front/rate.h"
#include "tap.h"

#define DAY	86400000

/* Take until there is nothing; returns how many there were. */
static int
drain(uint32_t rule, const char *owner, uint32_t n, uint32_t period,
    int64_t now)
{
	int	 i;

	for (i = 0; i < 2000000; i++)
		if (rate_take(rule, owner, n, period, now) > 0)
			break;
	return (i);
}

int
main(void)
{
	char	 owner[32];
	int	 i, refused = 0;

	rate_init(4711);
	is_int(drain(1, "a", 5, 60, 1000), 5, "5/m: five at once");
	is_int(rate_take(1, "a", 5, 60, 1000), 12000, "the next in 12 s");
	is_int(rate_take(1, "a", 5, 60, 12999), 1, "not a ms earlier");
	is_int(rate_take(1, "a", 5, 60, 13000), 0, "but then");
	is_int(rate_take(1, "a", 5, 60, 13000), 12000, "and only one");
	is_int(drain(1, "b", 5, 60, 13000), 5, "another owner has its own");
	is_int(drain(2, "a", 5, 60, 13000), 5, "another rule, too");
	is_int(drain(1, "a", 5, 60, 13000 + 60000), 5,
	    "after a minute all are there again");
	is_int(drain(1, "a", 5, 60, DAY), 5, "and no more after a day");
	is_int(drain(3, "a", 1, 86400, 0), 1, "1/d: one");
	is_int(rate_take(3, "a", 1, 86400, 1), DAY - 1, "the next tomorrow");
	is_int(drain(4, "a", 1000000, 1, 5), 1000000, "the highest rate");
	is_int(rate_take(4, "a", 1000000, 1, 5), 1, "the next in a ms");
	is_int(rate_take(5, "a", 7, 60, 0), 0, "7/m, no whole ms each");
	is_int(drain(5, "a", 7, 60, 0), 6, "are seven as well");

	/* More owners than buckets. */
	rate_init(4711);
	drain(1, "guilty", 100, 86400, 0);
	for (i = 0; i < 10 * RATE_BUCKETS; i++) {
		snprintf(owner, sizeof(owner), "2001:db8:0:%x::/64", i);
		refused += rate_take(1, owner, 100, 86400, i) > 0;
	}
	is_int(refused, 0, "each owner that comes has its tokens");
	ok(rate_take(1, "guilty", 100, 86400, i) > 0,
	    "who has none is not forgotten for them");
	return (done_testing());
}
