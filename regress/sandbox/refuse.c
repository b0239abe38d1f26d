/* SPDX-License-Identifier: ISC */
/*
 * Filters that refuse a call, as a container's runtime or another kernel does.
 */

#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>

#include "sandbox_enter.h"
#include "refuse.h"

/* Where first is not 0, only with that first argument. */
static void
refuse_some(const char *name, unsigned int first, int error)
{
	scmp_filter_ctx	 ctx;

	if ((ctx = seccomp_init(SCMP_ACT_ALLOW)) == NULL ||
	    seccomp_rule_add(ctx, SCMP_ACT_ERRNO((unsigned int)error),
	    seccomp_syscall_resolve_name(name), first != 0,
	    SCMP_A0(SCMP_CMP_EQ, first, 0)) != 0 ||
	    seccomp_load(ctx) != 0)
		errx(99, "cannot refuse %s", name);
	seccomp_release(ctx);
}

void
refuse(const char *name, int error)
{
	refuse_some(name, 0, error);
}

void
refuse_mdwe(void)
{
	refuse_some("prctl", PR_SET_MDWE, EINVAL);
}

void
refuse_landlock(void)
{
	refuse("landlock_create_ruleset", ENOSYS);
	refuse("landlock_add_rule", ENOSYS);
	refuse("landlock_restrict_self", ENOSYS);
}
