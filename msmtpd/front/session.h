/* SPDX-License-Identifier: ISC */
/* session: a client, its SMTP engine, and its mails' way to deliver. */

#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msmtpd.h"

struct peer;
struct sockaddr_storage;

/*
 * session_init: to be called once.  conf must stay; the parent answers AUTH;
 * mails go to deliver, conf->max_deliveries at once; changed is called when a
 * session has been freed, or a newcomer has a place.
 */
void	session_init(const struct config *conf, struct peer *parent,
	    struct peer *deliver, void (*changed)(void));

/*
 * session_new: greet a client.  The session reads from fd, writes to out (the
 * same descriptor, but for --inetd), and closes both.  addr is AF_UNSPEC for
 * --inetd's pipe or file; local is the connection's own end, where it is known,
 * or NULL.  On failure the client is told 421 (RFC 5321, 3.8),
 * the descriptors are closed, and the log says why.
 */
void	session_new(int fd, int out, const struct sockaddr_storage *addr,
	    const struct sockaddr_storage *local);

/*
 * session_room: whether session_new() may be called: a place is free, or one
 * of those beyond --max-sessions where a newcomer waits until it is known whose
 * it is.  session_newcomers: how many those are.
 */
bool	session_room(void);
uint32_t session_newcomers(uint32_t max_sessions);

/* session_count: how many sessions there are, with those whose client has
 * gone and whose mail is still on its way. */
uint32_t session_count(void);

/* session_auth_result: the parent's answer to AUTH in the session of this
 * number.  No-op where the session has ended or no longer waits for it. */
void	session_auth_result(uint32_t number, const struct imsg_auth_result *);

/* session_user: the parent's answer, who the client of the session of this
 * number is.  No-op where the session has ended or no longer waits for it. */
void	session_user(uint32_t number, const struct imsg_user *);

/* session_rule: take the next rule, a message that rule_check() has passed.
 * Fatal where there is no memory. */
void	session_rule(const void *, size_t len);

/* session_stop: end all sessions with 421; a client that waits for a delivery
 * is told the result first. */
void	session_stop(void);

#endif
