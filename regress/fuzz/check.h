/* SPDX-License-Identifier: ISC */
/* CHECK(): what must hold in a fuzz target, whatever the input. */

#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The fuzz target, as libFuzzer calls it: 0 whatever the input is. */
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* CHECK: what must hold, whatever the input; abort(3) is what a fuzzer and a
 * test's harness take for a failure. */
#define CHECK(cond)	do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,	\
		    __LINE__, #cond);					\
		abort();						\
	}								\
} while (0)

#endif
