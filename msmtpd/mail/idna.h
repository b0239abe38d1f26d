/* SPDX-License-Identifier: ISC */
/* idna: the non-ASCII characters that no domain has. */

#ifndef IDNA_H
#define IDNA_H

#include <stdbool.h>
#include <stdint.h>

/*
 * idna_disallowed: whether the non-ASCII character of this code point is one
 * that IDNA allows in no domain (RFC 5892).  See idna.c for what that covers.
 */
bool	idna_disallowed(uint32_t);

#endif
