/* SPDX-License-Identifier: ISC */
/* What the tables of front and parent say, read without libseccomp. */

#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "deliver/deliver_calls.h"
#include "front/sandbox_front.h"
#include "parent/sandbox_parent.h"
#include "policy.h"
#include "sandbox.h"

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

static struct policy_call	 account[NR_MAX];
static size_t			 naccount;

static void
account_row(const struct sandbox_calls *row)
{
	struct policy_call	*call;
	char			*names, *name;

	if ((names = strdup(row->names)) == NULL)
		err(1, "strdup");
	while ((name = strsep(&names, " ")) != NULL) {
		if (naccount == NR_MAX)
			errx(1, "more than %d calls", NR_MAX);
		call = &account[naccount++];
		call->name = name;
		call->nr = policy_nr(name);
		call->row = row;
	}
}

const struct policy_call *
policy_account(size_t *n)
{
	size_t	 i;

	if (naccount == 0)
		for (i = 0; i < deliver_calls_n; i++)
			account_row(&deliver_calls[i]);
	*n = naccount;
	return (account);
}

static enum sandbox_verdict
verdict(int nr)
{
	const struct policy_call	*calls;
	size_t				 i, n;

	calls = policy_account(&n);
	for (i = 0; i < n; i++)
		if (calls[i].nr == nr)
			return (calls[i].row->verdict);
	return (SANDBOX_NOSYS);
}

int
policy_deliver(int nr, const uint64_t args[6])
{
	size_t	 i;

	switch (verdict(nr)) {
	case SANDBOX_NOSYS:
		return (ENOSYS);
	case SANDBOX_DENY:
		return (EPERM);
	case SANDBOX_ALLOW:
		break;
	}
	for (i = 0; i < deliver_call_args_n; i++)
		if (policy_nr(deliver_call_args[i].name) == nr &&
		    policy_holds(&deliver_call_args[i], args))
			return (EPERM);
	return (0);
}
