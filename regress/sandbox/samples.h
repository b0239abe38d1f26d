/*
 * Copyright (c) 2026 The msmtpd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

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
