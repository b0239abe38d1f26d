/* SPDX-License-Identifier: ISC */
/* What a front that an attacker has taken over sends to deliver. */

#ifndef HOSTILE_MAILS_H
#define HOSTILE_MAILS_H

#include <stdint.h>

#define MAILS		100	/* the first of their numbers */
#define MAILS_EARLY	139	/* this one comes before IMSG_START */
#define MAILS_UNREAD	141	/* its results are not read */

/* mails_init: make the descriptors, and write deliver's results down as lines
 * "front: result OUTCOME VALUE"; before the sandbox, which refuses some. */
void	mails_init(uint32_t what);

/* mails_send: do what has this number; deliver's end is MSMTPD_FD_PEER.  Where
 * deliver has closed it, ends the process with 0. */
void	mails_send(uint32_t what);

#endif
