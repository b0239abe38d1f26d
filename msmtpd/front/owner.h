/* SPDX-License-Identifier: ISC */
/* owner: whom a session belongs to, among whom what front has is shared. */

#ifndef OWNER_H
#define OWNER_H

#include "msmtpd.h"

struct client;

/*
 * owner_name: write to buf of MSMTPD_OWNER_MAX octets who a session's owner
 * is, as one word that is printable: auth, the name with which the client has
 * proved to be somebody ("": it has not), as "auth=NAME"; else the client's
 * user, where it is known, as "uid=N"; else the client's address, that of the
 * network in IPv6 ("2001:db8::/64"); "stdin" for a pipe.
 */
void	owner_name(char *buf, const char *auth, const struct client *);

#endif
