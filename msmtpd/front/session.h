/* SPDX-License-Identifier: ISC */

/*
 * The sessions with clients: each reads commands, gives them to an SMTP
 * engine, writes its replies, and hands complete mails over to deliver.
 */

#ifndef SESSION_H
#define SESSION_H

#include <stdint.h>

#include "msmtpd.h"

struct peer;
struct sockaddr_storage;

/*
 * session_init: conf must stay; the parent answers AUTH; mails go to deliver,
 * conf->max_deliveries at once; ended is called when a session has been
 * freed.
 */
void	session_init(const struct config *conf, struct peer *parent,
	    struct peer *deliver, void (*ended)(void));

/*
 * session_new: greet a client on fd, which belongs to the session from now
 * on; addr is AF_UNSPEC for --inetd's pipe or file, out the descriptor to
 * write to, fd itself where it is the same.  On failure the client is told
 * 421 (RFC 5321, 3.8), both are closed, and the log says so.
 */
void	session_new(int fd, int out, const struct sockaddr_storage *addr);

/* session_count: how many there are, those included whose client has gone and
 * whose mail is still on its way. */
uint32_t session_count(void);

/* session_auth_result: the parent's answer to the session of this number; it
 * is dropped where that session has ended meanwhile. */
void	session_auth_result(uint32_t number, enum auth_answer);

/* session_stop: end all sessions with 421; those that wait for a delivery are
 * told its result first. */
void	session_stop(void);

#endif
