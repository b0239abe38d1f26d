/* SPDX-License-Identifier: ISC */
/* Filters that refuse a call, as a container or another kernel does. */

#ifndef REFUSE_H
#define REFUSE_H

/*
 * refuse: from now on the system call fails with this errno, as on a kernel
 * that lacks it.  For tests only; exits on failure.
 */
void	refuse(const char *name, int error);

/* refuse_mdwe: a kernel without PR_SET_MDWE(2const). */
void	refuse_mdwe(void);

/* refuse_landlock: a kernel without Landlock. */
void	refuse_landlock(void);

#endif
