/* SPDX-License-Identifier: ISC */
/* who: the user at the other end of a TCP connection of this machine. */

#ifndef WHO_H
#define WHO_H

#include "listen.h"
#include "msmtpd.h"

/*
 * who_init: before the sandbox: open a socket by which the kernel can be asked
 * (sock_diag(7)), and note the addresses of the listeners, or with --inetd of
 * the session's own end.  Where the kernel cannot be asked, log that once: no
 * user is known then.
 */
void	who_init(const struct listeners *, bool inetd);

/*
 * who_user: whose the client's end of this connection is.  Unknown where the
 * connection is not to one of our listeners, or where the client's end is not
 * a socket of this machine and network namespace that somebody has open: after
 * close(2) and in TIME_WAIT the kernel says uid 0.  Never waits.
 */
void	who_user(struct imsg_user *, const struct imsg_who *);

#endif
