/* SPDX-License-Identifier: ISC */
/* A message's body, checked as its receiver does before it looks at it. */

#ifndef BODY_H
#define BODY_H

#include <stddef.h>
#include <string.h>

#include "msg.h"
#include "proc.h"

/* body_check: msg_check() of a message without descriptor. */
static inline const char *
body_check(enum proc_id from, enum proc_id to, uint32_t type,
    const void *data, size_t len)
{
	struct imsg	 imsg;

	memset(&imsg, 0, sizeof(imsg));
	imsg.hdr.type = type;
	imsg.hdr.len = (uint32_t)(IMSG_HEADER_SIZE + len);
	imsg.data = data;
	imsg.fd = -1;
	return (msg_check(from, to, procs[from].name, &imsg));
}

#endif
