/* SPDX-License-Identifier: ISC */
/* deliver_calls: the system calls that deliver and its commands may make. */

#ifndef DELIVER_CALLS_H
#define DELIVER_CALLS_H

#include <stddef.h>

#include "sandbox.h"

/* ioprio_set(2); <linux/ioprio.h> is younger than the call. */
#ifndef IOPRIO_WHO_PROCESS
#define IOPRIO_WHO_PROCESS	1
#define IOPRIO_WHO_PGRP		2
#define IOPRIO_WHO_USER		3
#endif

/* Every system call, and the arguments that are refused to deliver and to the
 * commands that it runs. */
extern const struct sandbox_calls	 deliver_calls[];
extern const size_t			 deliver_calls_n;
extern const struct sandbox_rule	 deliver_call_args[];
extern const size_t			 deliver_call_args_n;

#endif
