/* SPDX-License-Identifier: ISC */
/*
 * msg: the check of every message that crosses a process boundary.  No process
 * trusts another one's messages, whatever direction they come from.  No I/O,
 * so that tests and fuzzers can drive it.
 */

#ifndef MSG_H
#define MSG_H

#include <stdbool.h>

#include "imsg.h"
#include "msmtpd.h"

/*
 * msg_check: whether from may send this message to to, its length is right,
 * what it contains is in bounds, its strings are terminated, and a
 * descriptor comes only where one belongs.  One that belongs there and is
 * missing passes: the receiver's table was full.  Whether the message makes
 * sense now is the receiver's to say.  name is the sender's, with which each
 * line begins that it logs.  Returns NULL, or what is wrong, which
 * is fatal: only a broken or hostile process sends such a message.
 */
const char *msg_check(enum proc_id from, enum proc_id to, const char *name,
	    const struct imsg *);

/* msg_rights: whether a descriptor may come with any message of from to to. */
bool	msg_rights(enum proc_id from, enum proc_id to);

/* msg_is_user: whether the log can show a user's name as it is: fewer than
 * MSMTPD_USER_MAX letters, digits and -_.@+$ of ASCII. */
bool	msg_is_user(const char *);

#endif
