/* SPDX-License-Identifier: ISC */
/* id: the names of sessions and mails, for the log and for Received. */

#ifndef ID_H
#define ID_H

#include <stdbool.h>
#include <stdint.h>

/* A session, and the last mail in it. */
struct id {
	uint32_t	 session;	/* 1 is the first since the start */
	uint32_t	 mail;		/* 1 is the session's first; 0: none */
};

/* id_init: set the first part of all ids to the time of the start, in
 * milliseconds, and the pid: --inetd starts many processes at a time.  So no id
 * of another start comes again. */
void	id_init(void);

/*
 * id_session writes "START.SESSION", id_mail "START.SESSION.MAIL", to buf of
 * MSMTPD_ID_MAX octets.  Each part is a number in base 36: an id may stand in
 * an address or a file's name.
 */
void	id_session(char *buf, const struct id *);
void	id_mail(char *buf, const struct id *);

/* id_is_mail: whether s is the id of a mail since id_init(). */
bool	id_is_mail(const char *);

#endif
