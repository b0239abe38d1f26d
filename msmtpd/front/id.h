/* SPDX-License-Identifier: ISC */

#ifndef ID_H
#define ID_H

#include <stdint.h>

/* What names a session and its mails in the log and in Received. */
struct id {
	uint32_t	 session;	/* 1 and up, in the order they begin */
	uint32_t	 mail;		/* the last one of the session; 0: none */
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

#endif
