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

#ifndef BPFRUN_H
#define BPFRUN_H

#include <stddef.h>
#include <stdint.h>

/*
 * An interpreter for the seccomp filters that are loaded, so that they can be
 * asked about every number and any argument without making the call.
 */
struct bpf {
	struct sock_filter	*insns;
	size_t			 n;
};

struct sandbox_filter;

/* bpf_take: the program of a filter, which is freed.  Exits on failure. */
void	bpf_take(struct bpf *, struct sandbox_filter *);
void	bpf_free(struct bpf *);

/* bpf_run: the filter's answer, SECCOMP_RET_*. */
uint32_t bpf_run(const struct bpf *, uint32_t arch, int nr,
	    const uint64_t [6]);

/* This machine's own AUDIT_ARCH_*. */
extern const uint32_t	 bpf_native;

#endif
