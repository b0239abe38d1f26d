/* SPDX-License-Identifier: ISC */
/* auth: the passwords of --auth, and the answers to clients. */

#ifndef AUTH_H
#define AUTH_H

#include "msmtpd.h"

struct identity;
struct logins;
struct peer;

/*
 * auth_init: fetch the password of each name: the first line that its shell
 * command prints, run as id (NULL: as we are), or, without one, what is typed
 * on the terminal.  They are kept in locked memory that no dump holds and is
 * zeroed at exit.  slots: requests that may wait at once.  Any
 * failure ends the process: with EX_OSERR where the command cannot be run,
 * with EX_CONFIG where it fails, where the password is not usable or cannot
 * be locked, and with 1 where a system call fails otherwise.
 */
void	auth_init(const struct logins *, const struct identity *id,
	    uint32_t slots);

/*
 * auth_request: check what a client has given, in the same time whatever it
 * is, and send IMSG_AUTH_RESULT to front.  For a minute after a failure, and
 * while others wait, one answer a second is sent in all, and owners take
 * turns: the one whose last turn was longest ago comes first.  What finds all
 * slots taken, or its own peerid waiting, is refused without a check.  An empty
 * user name or password never matches.
 */
void	auth_request(struct peer *, uint32_t peerid,
	    const struct imsg_auth *);

/*
 * auth_cancel: the session has ended: drop the answer that waits for it, if
 * any.  The penalty of a failure stays.
 */
void	auth_cancel(uint32_t peerid);

#endif
