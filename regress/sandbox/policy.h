/* SPDX-License-Identifier: ISC */
/* What the tables of front and parent say, read without libseccomp. */

#ifndef POLICY_H
#define POLICY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>


#include "sandbox.h"
/*
 * What the tables of the daemon say, read without libseccomp, as the other
 * side of each comparison.
 */
struct policy {
	const char			*name;	/* "front, --inetd" */
	const struct sandbox_rule	*rules;
	const size_t			*n;
	unsigned int			 when;
};

/* The allowlists in each of their forms. */
extern const struct policy	 policies[];
extern const size_t		 npolicies;

/* policy_allows: what the rows say of call nr with these arguments. */
bool	policy_allows(const struct policy *, int nr, const uint64_t [6]);

/* policy_arguments: such that a row allows it; others are kept. */
void	policy_arguments(const struct sandbox_rule *, uint64_t [6]);

/* policy_holds: whether these arguments meet the row's conditions. */
bool	policy_holds(const struct sandbox_rule *, const uint64_t [6]);

/* policy_nr: the number of a name, -1 where this machine has none. */
int	policy_nr(const char *);

/* The pid that SIBLING stands for. */
extern pid_t	 policy_sibling;

/* One name of deliver's account. */
struct policy_call {
	const char			*name;
	int				 nr;	/* -1: not on this machine */
	const struct sandbox_calls	*row;
};

/* policy_account: all of them, in the order of the table; exits on failure. */
const struct policy_call *policy_account(size_t *);

/* policy_deliver: the errno that deliver is answered with, 0: allowed. */
int	policy_deliver(int nr, const uint64_t [6]);

#endif
