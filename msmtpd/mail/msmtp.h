/* SPDX-License-Identifier: ISC */

#ifndef MSMTP_H
#define MSMTP_H

/* Which addresses msmtp(1), where it is the command, sends on unchanged. */

#include <stdbool.h>
#include <stddef.h>

/*
 * msmtp_sends: whether msmtp sends the len octets at s, a mailbox (see
 * mailbox.h) or nothing, as they are: as the sender, given with -f, or as a
 * recipient.  See msmtp.c for what msmtp would make of the others.
 */
bool	msmtp_sends(const char *, size_t len, bool sender);

#endif
