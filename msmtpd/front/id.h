/* SPDX-License-Identifier: ISC */

/* The names of sessions and mails, for the log and for Received. */

#ifndef ID_H
#define ID_H

#include <stdbool.h>
#include <stdint.h>

/* A session, and the last of its mails. */
struct id {
	uint32_t	 session;	/* 1 and up, in the order they begin */
	uint32_t	 mail;		/* of that session; 0: none yet */
};

/*
 * id_init: fix the first part of all ids, the time of the start, so that no
 * id comes again when the daemon has been started again.
 */
void	id_init(void);

/*
 * id_session: "START.SESSION"; id_mail: "START.SESSION.MAIL".  Each part is a
 * number in base 36, which neither an address nor a file name minds.  buf is
 * of MSMTPD_ID_MAX octets.
 */
void	id_session(char *buf, const struct id *);
void	id_mail(char *buf, const struct id *);

/* id_is_mail: whether s is the id of a mail since id_init(). */
bool	id_is_mail(const char *);

#endif
