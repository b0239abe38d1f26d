/* SPDX-License-Identifier: ISC */
/* envelope: the envelope and message of a mail, checked by whom it comes to. */

#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msmtpd.h"

/*
 * A mail's envelope as queue or deliver receives it from the process before
 * it, whom it does not trust: everything is parsed again.
 */
struct envelope {
	struct imsg_mail head;
	const struct config *conf;
	char		*sender;	/* NULL where there is no memory */
	char		*rcpts;		/* within the same allocation */
	size_t		 rcpt_used;	/* octets received */
	uint32_t	 nrcpt;		/* recipients received */
	int		 error;		/* 0, or errno: the mail is refused once
					 * it is complete */
};

/*
 * envelope_begin: parse the len octets of an IMSG_MAIL's body, which
 * msg_check() has passed.  Returns NULL, or why the body is malformed: only a
 * broken or hostile process sends such a one.  A lack of memory sets e->error.
 */
const char *envelope_begin(struct envelope *, const struct config *,
	    const void *, size_t len);

/* envelope_more: the same for an IMSG_RCPT's body. */
const char *envelope_more(struct envelope *, const void *, size_t len);

/* envelope_complete: whether all recipients are there. */
bool	envelope_complete(const struct envelope *);

/* envelope_memfd: see that fd is a memfd with all seals and the size that the
 * envelope declares, and rewind it.  Returns NULL or why not. */
const char *envelope_memfd(const struct envelope *, int fd);

/* envelope_free: release what was allocated. */
void	envelope_free(struct envelope *);

#endif
