/* SPDX-License-Identifier: ISC */

#ifndef CHILDMSG_H
#define CHILDMSG_H

#include <stdbool.h>
#include <stddef.h>

#include "msmtpd.h"

/*
 * What the parent reads of its children, front above all, whom it does not
 * trust.  No I/O, so that tests and fuzzers drive it.
 */

/*
 * childmsg_log: whether the len octets at data are an IMSG_LOG's body that the
 * log can take as it is: a priority, and one printable '\0'-terminated line
 * (log_isprintable()) that begins with the name of the process and ": ".
 */
bool	childmsg_log(const char *name, const void *data, size_t len);

/*
 * childmsg_auth: take an IMSG_AUTH's body.  Returns false where its length is
 * another, or a string in it is not terminated.
 */
bool	childmsg_auth(struct imsg_auth *, const void *data, size_t len);

#endif
