/* SPDX-License-Identifier: ISC */
/* What the content of a mail must become, written to be seen to be right. */

#ifndef REFERENCE_H
#define REFERENCE_H

#include <stddef.h>

/*
 * reference_content: what smtp/content.c must make of the len octets at
 * in, written to be seen to be right, not to be fast.  Looks for the end of
 * data as a whole, then converts in passes of their own what is before it.
 * Returns the number of octets up to and including the end of data, 0 where
 * there is none, and then writes nothing.  out has room for len octets.
 */
size_t	reference_content(const char *in, size_t len, char *out,
	    size_t *outlen);

/*
 * reference_message: the same, and then what smtp/preface.c must make of it,
 * seen as a whole.  out has room for len + 1 octets.
 */
size_t	reference_message(const char *in, size_t len, char *out,
	    size_t *outlen);

#endif
