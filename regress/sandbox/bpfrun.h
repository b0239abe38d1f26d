/* SPDX-License-Identifier: ISC */

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
