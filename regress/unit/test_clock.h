/* SPDX-License-Identifier: ISC */
/* test_clock: the event loop's clock, for tests of what takes minutes. */

#ifndef TEST_CLOCK_H
#define TEST_CLOCK_H

#include <stdint.h>

/*
 * A clock for tests of what takes minutes, in place of CLOCK_MONOTONIC: it
 * stands still while the event loop has something to do, and goes on by as
 * much as epoll_pwait(2) would have waited.  So nothing waits, and how busy the
 * machine is makes no difference.  A test that calls test_clock_pass() has
 * this clock.
 */

/* test_clock_pass: run the event loop until ms have passed and what has come
 * on descriptors has been looked at once more. */
void	test_clock_pass(int64_t ms);

#endif
