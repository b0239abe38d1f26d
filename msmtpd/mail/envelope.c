/* SPDX-License-Identifier: ISC */
/* envelope: the envelope and message of a mail, checked by whom it comes to. */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope.h"
#include "mailbox.h"
#include "msmtp.h"

#define ENVELOPE_SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | \
			    F_SEAL_SEAL)

/* The bounds that the settings give, which msg_check() does not know. */
static const char *
head_check(const struct imsg_mail *h, const struct config *conf)
{
	if (h->size > conf->max_size + MSMTPD_RECEIVED_MAX)
		return ("size out of bounds");
	if (h->nrcpt > conf->max_recipients)
		return ("number of recipients out of bounds");
	/* execve(2) counts the strings and a pointer to each. */
	if (h->rcpt_octets + (uint64_t)h->nrcpt * sizeof(char *) >
	    conf->max_rcpt_octets)
		return ("octets of recipients out of bounds");
	return (NULL);
}

/* Check an address again, as an attacker may have taken the sender over: its
 * grammar and, where the command is msmtp, that msmtp does not change it. */
static bool
address_valid(const struct envelope *e, const char *s, size_t len, bool sender)
{
	bool	 msmtp = sender ? e->conf->msmtp_sender : e->conf->msmtp;

	return (mailbox_valid(s, len, e->head.utf8 ? MAILBOX_UTF8 : 0) &&
	    (!msmtp || msmtp_sends(s, len, sender)));
}

static const char *
rcpts_take(struct envelope *e, const char *p, size_t len)
{
	const char	*end;

	if (len > e->head.rcpt_octets - e->rcpt_used)
		return ("more recipients than declared");
	if (e->rcpts != NULL)
		memcpy(e->rcpts + e->rcpt_used, p, len);
	e->rcpt_used += len;
	for (; len > 0; len -= (size_t)(end + 1 - p), p = end + 1) {
		if ((end = memchr(p, '\0', len)) == NULL)
			return ("unterminated recipient");
		if (!address_valid(e, p, (size_t)(end - p), false))
			return ("invalid recipient");
		if (++e->nrcpt > e->head.nrcpt)
			return ("more recipients than declared");
	}
	if (e->rcpt_used == e->head.rcpt_octets && e->nrcpt != e->head.nrcpt)
		return ("fewer recipients than declared");
	return (NULL);
}

const char *
envelope_begin(struct envelope *e, const struct config *conf,
    const void *data, size_t len)
{
	const char	*p = data, *end, *why;

	memset(e, 0, sizeof(*e));
	e->conf = conf;
	memcpy(&e->head, p, sizeof(e->head));
	if ((why = head_check(&e->head, conf)) != NULL)
		return (why);
	p += sizeof(e->head);
	len -= sizeof(e->head);
	if ((end = memchr(p, '\0', len)) == NULL)
		return ("unterminated sender");
	if (end != p && !address_valid(e, p, (size_t)(end - p), true))
		return ("invalid sender");
	e->sender = malloc((size_t)(end + 1 - p) + e->head.rcpt_octets);
	if (e->sender == NULL)
		e->error = ENOMEM;
	else {
		memcpy(e->sender, p, (size_t)(end + 1 - p));
		e->rcpts = e->sender + (end + 1 - p);
	}
	len -= (size_t)(end + 1 - p);
	return (rcpts_take(e, end + 1, len));
}

const char *
envelope_more(struct envelope *e, const void *data, size_t len)
{
	return (rcpts_take(e, data, len));
}

bool
envelope_complete(const struct envelope *e)
{
	return (e->rcpt_used == e->head.rcpt_octets);
}

const char *
envelope_memfd(const struct envelope *e, int fd)
{
	struct stat	 st;
	int		 seals;

	/* Only a memfd, or a file on tmpfs, has seals; F_SEAL_SEAL keeps a
	 * file on tmpfs from ever getting the others. */
	if ((seals = fcntl(fd, F_GET_SEALS)) == -1)
		return ("not a memfd");
	if ((seals & ENVELOPE_SEALS) != ENVELOPE_SEALS)
		return ("not sealed");
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size < 0 || (uint64_t)st.st_size != e->head.size)
		return ("not of the size declared");
	if (lseek(fd, 0, SEEK_SET) != 0)
		return ("cannot be rewound");
	return (NULL);
}

void
envelope_free(struct envelope *e)
{
	free(e->sender);
	memset(e, 0, sizeof(*e));
}
