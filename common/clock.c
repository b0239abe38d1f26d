/* SPDX-License-Identifier: ISC */
/* clock: the monotonic clock. */

#include <stdint.h>
#include <time.h>

#include "clock.h"
#include "log.h"

int64_t
clock_ms(void)
{
	struct timespec	 ts;
	int64_t		 ms;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fatal("clock_gettime");
	ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	return (ms > 0 ? ms : 1);
}
