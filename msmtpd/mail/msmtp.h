/* SPDX-License-Identifier: ISC */
/* msmtp: which addresses msmtp(1), as the command, sends on unchanged. */

#ifndef MSMTP_H
#define MSMTP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * msmtp_sends: whether msmtp sends the len octets at s, a mailbox (see
 * mailbox.h) or the empty string, without a change: as the sender, given with
 * -f, or as a recipient.  msmtp.c says how msmtp would change the others.
 */
bool	msmtp_sends(const char *, size_t len, bool sender);

#endif
