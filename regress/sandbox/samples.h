/* SPDX-License-Identifier: ISC */
/* System calls that deliver and its commands make, with arguments that work. */

#ifndef SAMPLES_H
#define SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/*
 * How to make a system call that deliver may make, where -1 in each argument
 * would say nothing, do harm or be refused; and what commands ask of those
 * calls whose arguments are looked at.
 */
struct sample {
	const char	*name;
	uint64_t	 args[6];
	const char	*why;
	long		(*call)(long, const uint64_t [6]);	/* or NULL */
	int		 answer;	/* the kernel's; 0: any but EPERM */
};

extern const struct sample	 samples[];
extern const size_t		 nsamples;

/* sample_of: the first one of this number, NULL where there is none. */
const struct sample *sample_of(int nr);

/* sample_args: its arguments; of NULL, -1 everywhere. */
const uint64_t	*sample_args(const struct sample *);

/* sample_make: make the call; as syscall(2), if it comes back. */
long	sample_make(const struct sample *, int nr);

#endif
