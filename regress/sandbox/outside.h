/* SPDX-License-Identifier: ISC */
/* Two sockets outside of all sandboxes, and attempts to reach them. */

#ifndef OUTSIDE_H
#define OUTSIDE_H

/* What is outside of all Landlock domains: two sockets that listen. */
void	outside_init(void);

/*
 * What a process in a domain can try: bind(2) on TCP, connect(2) to the one
 * and the other.  Each returns the errno, 0 where it has worked.
 */
int	outside_bind(void);
int	outside_connect(void);
int	outside_abstract(void);

#endif
