/* SPDX-License-Identifier: ISC */
/* options: the command line, a row an option. */

#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdio.h>

#include "settings.h"

/*
 * options_parse: fill in the settings from the arguments, or their defaults.
 * --help and --version print and exit with 0; an unknown option, a malformed
 * or out-of-range number, an empty argument and a stray operand end the
 * process with EX_USAGE and a line that names the option.
 */
void	options_parse(struct options *, int, char **);

/* options_printed: exit with 0 after an option has printed to standard output,
 * or with EX_IOERR where the output could not be written. */
void	options_printed(void) __attribute__((noreturn));

/* options_print: print the settings in effect, one a line, for --check. */
void	options_print(const struct options *, FILE *);

#endif
