/* SPDX-License-Identifier: ISC */

#ifndef FILTER_H
#define FILTER_H

#include <stddef.h>

#include "sandbox.h"

/* Conditions of rows: what the process was started for. */
#define FILTER_LISTEN	0x1U	/* front: accepts connections (no --inetd) */
#define FILTER_FILE	0x2U	/* parent: --log=FILE */
#define FILTER_SYSLOG	0x4U	/* parent: --log=syslog */

extern const struct sandbox_rule	 filter_front[];
extern const size_t			 filter_front_n;
extern const struct sandbox_rule	 filter_parent[];
extern const size_t			 filter_parent_n;

/* deliver: every system call, and the arguments that are refused. */
extern const struct sandbox_call	 filter_deliver[];
extern const size_t			 filter_deliver_n;
extern const struct sandbox_rule	 filter_deliver_args[];
extern const size_t			 filter_deliver_args_n;

/* For the tables: a condition on argument n, with its text for print. */
#define IS(n, name, v)		{ SANDBOX_IS, n, (uint64_t)(v), \
				    name " = " #v }
#define IS64(n, name, v)	{ SANDBOX_IS64, n, (uint64_t)(v), \
				    name " = " #v }
#define ONLY(n, name, v)	{ SANDBOX_ONLY, n, (uint64_t)(v), \
				    name " within " #v }
#define HAS(n, name, v)		{ SANDBOX_HAS, n, (uint64_t)(v), \
				    name " with " #v }
#define ABOVE(n, name, v)	{ SANDBOX_ABOVE, n, (uint64_t)(v), \
				    name " > " #v }
#define SELF(n, name)		{ SANDBOX_SELF, n, 0, name " = deliver" }
#define PARENT(n, name)		{ SANDBOX_PARENT, n, 0, name " = parent" }
#define SIBLING(n, name)	{ SANDBOX_SIBLING, n, 0, name " = front" }
#define GROUP(n, name)		{ SANDBOX_GROUP, n, 0, \
				    name " = deliver's process group" }


#endif
