/* SPDX-License-Identifier: ISC */

#ifndef PARENT_H
#define PARENT_H

/*
 * The processes' main functions; none returns.  parent_main takes the command
 * line, the others find all they need at their descriptors.
 */
void	parent_main(int, char **) __attribute__((noreturn));
void	front_main(void) __attribute__((noreturn));
void	deliver_main(void) __attribute__((noreturn));

#endif
