/* SPDX-License-Identifier: ISC */

#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

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
