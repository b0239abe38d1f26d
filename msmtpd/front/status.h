/* SPDX-License-Identifier: ISC */
/* status: what parent is told for the service manager: counts of mails. */

#ifndef STATUS_H
#define STATUS_H

struct peer;
struct verdict;

/* status_init: parent is told by this socket. */
void	status_init(struct peer *parent);

/*
 * status_changed: mails have come to deliver or have left it.  Where that
 * changes a count, parent hears of it (IMSG_STATUS) within a second, and not
 * more often than once a second.
 */
void	status_changed(void);

/* status_mail: count a mail whose final reply is this, and keep the words of
 * a failure. */
void	status_mail(const struct verdict *);

#endif
