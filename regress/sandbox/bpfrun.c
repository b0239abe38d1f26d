/* SPDX-License-Identifier: ISC */

#include <sys/mman.h>
#include <sys/stat.h>

#include <err.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfrun.h"
#include "sandbox.h"

#if defined(__x86_64__)
const uint32_t	 bpf_native = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
const uint32_t	 bpf_native = AUDIT_ARCH_AARCH64;
#else
#error "no AUDIT_ARCH_ for this architecture here yet"
#endif

void
bpf_take(struct bpf *bpf, struct sandbox_filter *filter)
{
	struct stat	 st;
	size_t		 size;
	int		 fd;

	if (filter == NULL)
		err(1, "filter");
	if ((fd = memfd_create("bpf", MFD_CLOEXEC)) == -1 ||
	    sandbox_export(filter, fd) == -1 || fstat(fd, &st) == -1)
		err(1, "export");
	size = (size_t)st.st_size;
	if (size == 0 || size % sizeof(struct sock_filter) != 0)
		errx(1, "a program of %zu octets", size);
	if ((bpf->insns = malloc(size)) == NULL ||
	    pread(fd, bpf->insns, size, 0) != (ssize_t)size)
		err(1, "read");
	bpf->n = size / sizeof(struct sock_filter);
	close(fd);
	sandbox_free(filter);
}

void
bpf_free(struct bpf *bpf)
{
	free(bpf->insns);
	bpf->insns = NULL;
}

static uint32_t
load(const struct seccomp_data *data, uint32_t off)
{
	uint32_t	 word;

	if (off > sizeof(*data) - sizeof(word))
		errx(1, "load beyond seccomp_data");
	memcpy(&word, (const char *)data + off, sizeof(word));
	return (word);
}

static int
jump(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return (a == k);
	case BPF_JGT:
		return (a > k);
	case BPF_JGE:
		return (a >= k);
	case BPF_JSET:
		return ((a & k) != 0);
	}
	errx(1, "unknown jump %#x", code);
}

uint32_t
bpf_run(const struct bpf *bpf, uint32_t arch, int nr, const uint64_t args[6])
{
	struct seccomp_data		 data;
	const struct sock_filter	*in;
	uint32_t			 a = 0;
	size_t				 pc;

	memset(&data, 0, sizeof(data));
	data.nr = nr;
	data.arch = arch;
	memcpy(data.args, args, sizeof(data.args));
	for (pc = 0; pc < bpf->n; pc++) {
		in = &bpf->insns[pc];
		switch (in->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load(&data, in->k);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= in->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += in->k;
			break;
		case BPF_RET | BPF_K:
			return (in->k);
		default:
			if (BPF_CLASS(in->code) != BPF_JMP ||
			    BPF_SRC(in->code) != BPF_K)
				errx(1, "unknown code %#x", in->code);
			pc += jump(in->code, a, in->k) ? in->jt : in->jf;
		}
	}
	errx(1, "ran off the end");
}
