/* SPDX-License-Identifier: ISC */
/* Fuzz target: the envelope of a mail as deliver checks it. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "check.h"
#include "config.h"
#include "mail/envelope.h"
#include "mail/mailbox.h"
#include "mail/msmtp.h"

/*
 * The bodies of one IMSG_MAIL and the IMSG_RCPTs that follow, as a front that
 * somebody else has taken over might send them.  The first octet says where
 * the head comes from: as it is in the input, or an honest one, so that what
 * follows it is reached; and whether the command is msmtp; the second how the
 * rest is cut into messages.
 */

static struct config	 conf;

/* Small limits, so that they are met. */
static void
settings(void)
{
	config_default(&conf);
	conf.max_size = 100000;
	conf.max_recipients = 40;
	conf.max_rcpt_octets = 4096;
}

/* So many strings with valid addresses, and nothing else, are there. */
static void
check_complete(const struct envelope *e)
{
	const int	 flags = e->head.utf8 ? MAILBOX_UTF8 : 0;
	const char	*p = e->rcpts;
	uint32_t	 i;

	CHECK(e->nrcpt == e->head.nrcpt && e->nrcpt >= 1);
	CHECK(e->nrcpt <= conf.max_recipients);
	CHECK(e->head.size >= 1);
	CHECK(e->head.size <= conf.max_size + MSMTPD_RECEIVED_MAX);
	CHECK(memchr(e->head.id, '\0', sizeof(e->head.id)) != NULL);
	CHECK(strpbrk(e->head.id, " \n\\") == NULL);
	CHECK(*e->sender == '\0' || mailbox_valid(e->sender,
	    strlen(e->sender), flags));
	CHECK(!conf.msmtp_sender || msmtp_sends(e->sender, strlen(e->sender),
	    true));
	for (i = 0; i < e->nrcpt; i++) {
		CHECK(mailbox_valid(p, strlen(p), flags));
		CHECK(!conf.msmtp || msmtp_sends(p, strlen(p), false));
		p += strlen(p) + 1;
	}
	CHECK(p == e->rcpts + e->rcpt_used);
	CHECK(e->rcpt_used == e->head.rcpt_octets);
	CHECK(e->rcpt_used + e->nrcpt * sizeof(char *) <=
	    conf.max_rcpt_octets);
}

/* One message, in memory of its own length.  Returns whether it is taken. */
static int
message(struct envelope *e, int first, const uint8_t *data, size_t len)
{
	uint8_t		*body = malloc(len > 0 ? len : 1);
	const char	*why;

	CHECK(body != NULL);
	if (len > 0)
		memcpy(body, data, len);
	why = body_check(PROC_FRONT, PROC_DELIVER, first ? IMSG_MAIL :
	    IMSG_RCPT, body, len);
	if (why == NULL)
		why = first ? envelope_begin(e, &conf, body, len) :
		    envelope_more(e, body, len);
	free(body);
	if (why != NULL)
		return (0);
	CHECK(e->error == 0);
	CHECK(e->rcpt_used <= e->head.rcpt_octets);
	CHECK(e->nrcpt <= e->head.nrcpt);
	if (envelope_complete(e))
		check_complete(e);
	else
		CHECK(e->rcpt_used < e->head.rcpt_octets);
	return (1);
}

/* What an honest front would say of the text, the sender first. */
static void
honest(struct imsg_mail *h, const uint8_t *text, size_t len, uint8_t how)
{
	const uint8_t	*end = memchr(text, '\0', len);
	size_t		 i;

	memset(h, 0, sizeof(*h));
	memcpy(h->id, "start.1", 7);
	memcpy(h->owner, "uid=1", 5);
	h->size = 1;
	h->utf8 = how >> 1 & 1;
	if (end == NULL)
		return;
	for (i = (size_t)(end + 1 - text); i < len; i++) {
		h->rcpt_octets++;
		h->nrcpt += text[i] == '\0';
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct envelope	 e;
	uint8_t		*all, how, cut;
	size_t		 n, total;
	int		 first = 1;

	if (len < 2)
		return (0);
	settings();
	how = data[0];
	conf.msmtp = conf.msmtp_sender = how >> 2 & 1;
	cut = data[1];
	data += 2;
	len -= 2;
	total = len;
	if (how & 1)
		total += sizeof(struct imsg_mail);
	CHECK((all = malloc(total + 1)) != NULL);
	if (how & 1) {
		struct imsg_mail	 h;

		honest(&h, data, len, how);
		memcpy(all, &h, sizeof(h));
	}
	memcpy(all + total - len, data, len);
	memset(&e, 0, sizeof(e));
	data = all;
	do {
		n = cut == 0 || cut > total ? total : cut;
		if (first && n < total)
			n = sizeof(struct imsg_mail) + cut < total ?
			    sizeof(struct imsg_mail) + cut : total;
		if (!message(&e, first, data, n))
			break;
		first = 0;
		data += n;
		total -= n;
	} while (total > 0);
	envelope_free(&e);
	free(all);
	return (0);
}
