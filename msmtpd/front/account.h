/* SPDX-License-Identifier: ISC */
/* account: the memory that clients may use, and each owner's share of it. */

#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

struct owner;

/*
 * account_init: to be called once.  max is the account's bound in octets.
 * Where the account is full, squeeze is called with the owner who needs memory
 * and how many octets: it makes somebody give way who has more than the owner
 * would have, or returns false.
 */
void	account_init(uint64_t max, bool (*squeeze)(const struct owner *,
	    uint64_t));

/* account_room: whether the account has room for so many octets more of the
 * owner's, or would have when others have given way. */
bool	account_room(struct owner *, uint64_t);

/*
 * account_take: put octets on the owner's account, after others have given way
 * where the account is full: those who have more than the owner would have.
 * What is taken at once may go beyond the bound: a mail as large as the whole
 * account would else not fit, because of its Received field.  Returns 0, or -1
 * with errno ENOSPC.
 */
int	account_take(struct owner *, uint64_t);

/* account_give: the octets are free again. */
void	account_give(struct owner *, uint64_t);

/* account_move: octets of one owner become another's. */
void	account_move(struct owner *from, struct owner *to, uint64_t);

/*
 * account_hold: octets of the owner's can give way no more: deliver has them;
 * account_unhold: deliver has done with them.
 * account_holds: whether deliver may have so many more: an eighth of all is
 * kept for what can give way.
 */
void	account_hold(struct owner *, uint64_t);
void	account_unhold(struct owner *, uint64_t);
bool	account_holds(uint64_t);

#endif
