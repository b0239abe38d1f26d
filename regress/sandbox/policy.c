/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <unistd.h>

#include "deliver/deliver_calls.h"
#include "front/sandbox_front.h"
#include "parent/sandbox_parent.h"
#include "sandbox.h"
#include "policy.h"

const struct policy policies[] = {
	{ "front", front_rules, &front_rules_n, SANDBOX_LISTEN },
	{ "front --inetd", front_rules, &front_rules_n, 0 },
	{ "parent", parent_rules, &parent_rules_n, 0 },
	{ "parent --log=FILE", parent_rules, &parent_rules_n, SANDBOX_FILE },
	{ "parent --log=syslog", parent_rules, &parent_rules_n,
	    SANDBOX_SYSLOG },
};

const size_t npolicies = sizeof(policies) / sizeof(policies[0]);

pid_t	 policy_sibling;

int
policy_nr(const char *name)
{
	int	 nr = seccomp_syscall_resolve_name(name);

	return (nr < 0 ? -1 : nr);
}

static uint64_t
wanted(const struct sandbox_arg *arg)
{
	switch (arg->op) {
	case SANDBOX_SELF:
		return ((uint64_t)getpid());
	case SANDBOX_PARENT:
		return ((uint64_t)getppid());
	case SANDBOX_SIBLING:
		return ((uint64_t)policy_sibling);
	case SANDBOX_GROUP:
		return ((uint64_t)-getpgrp());
	case SANDBOX_ABOVE:
		return (arg->value + 1);
	default:
		return (arg->value);
	}
}

static bool
holds(const struct sandbox_arg *arg, uint64_t v)
{
	uint64_t	 want = wanted(arg);

	switch (arg->op) {
	case SANDBOX_IS64:
		return (v == want);
	case SANDBOX_ONLY:
		return ((v | want) == want);
	case SANDBOX_HAS:
		return ((v & want) == want);
	case SANDBOX_ABOVE:
		return (v >= want);
	case SANDBOX_SELF:
	case SANDBOX_PARENT:
	case SANDBOX_SIBLING:
	case SANDBOX_GROUP:
		return (want != 0 && (uint32_t)v == (uint32_t)want);
	case SANDBOX_IS:
		return ((uint32_t)v == (uint32_t)want);
	case SANDBOX_NONE:
		return (true);
	}
	abort();
}

bool
policy_holds(const struct sandbox_rule *r, const uint64_t args[6])
{
	size_t	 i;

	for (i = 0; i < SANDBOX_ARGS; i++)
		if (!holds(&r->arg[i], args[r->arg[i].n]))
			return (false);
	return (true);
}

bool
policy_allows(const struct policy *p, int nr, const uint64_t args[6])
{
	const struct sandbox_rule	*r;
	size_t				 i;

	for (i = 0; i < *p->n; i++) {
		r = &p->rules[i];
		if ((r->when == 0 || (r->when & p->when) != 0) &&
		    policy_nr(r->name) == nr && policy_holds(r, args))
			return (true);
	}
	return (false);
}

void
policy_arguments(const struct sandbox_rule *r, uint64_t args[6])
{
	size_t	 i;

	for (i = 0; i < SANDBOX_ARGS && r->arg[i].op != SANDBOX_NONE; i++)
		args[r->arg[i].n] = wanted(&r->arg[i]);
}

const struct sandbox_call *
policy_call(int nr)
{
	size_t	 i;

	for (i = 0; i < deliver_calls_n; i++)
		if (policy_nr(deliver_calls[i].name) == nr)
			return (&deliver_calls[i]);
	return (NULL);
}

int
policy_deliver(int nr, const uint64_t args[6])
{
	const struct sandbox_call	*call = policy_call(nr);
	size_t				 i;

	if (call == NULL || call->verdict == SANDBOX_NOSYS)
		return (ENOSYS);
	if (call->verdict == SANDBOX_DENY)
		return (EPERM);
	for (i = 0; i < deliver_call_args_n; i++)
		if (policy_nr(deliver_call_args[i].name) == nr &&
		    policy_holds(&deliver_call_args[i], args))
			return (EPERM);
	return (0);
}
