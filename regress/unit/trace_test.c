/* SPDX-License-Identifier: ISC */

/* Received fields are counted, and our own one is found, however it is cut. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/id.h"
#include "front/received.h"
#include "msmtpd.h"
#include "smtp/trace.h"
#include "tap.h"

#define HOST	"mail.example.org"
#define X10	"xxxxxxxxxx"
#define X60	X10 X10 X10 X10 X10 X10

static bool
ours(void *arg, const char *id)
{
	(void)arg;
	return (strcmp(id, "s.1.1") == 0);
}

static const struct {
	const char	*name;
	const char	*in;
	unsigned int	 received;
	bool		 header;	/* still in it */
} counts[] = {
	{ "none", "Subject: x\n\nReceived: y\n", 0, false },
	{ "one", "Received: a\nSubject: x\n\n", 1, false },
	{ "any case", "ReCeIvEd: a\nRECEIVED:\nreceived:x\n", 3, true },
	{ "folded", "Received: a\n\tReceived: b\n Received: c\n\n", 1, false },
	{ "only at the beginning", "X-Received: a\n\n", 0, false },
	{ "only whole", "Receive: a\nReceivedx: b\nReceived\n: c\n\n", 0,
	    false },
	{ "the first line is empty", "\nReceived: a\n", 0, false },
	{ "a line of a space is not empty", " \nReceived: a\n", 1, true },
	{ "the last line has no end", "A: b\nReceived: a", 1, true }
};

/* Whether a field makes the message a loop: the body of the field. */
static const struct {
	const char	*body;
	bool		 loop;
} fields[] = {
	{ " by " HOST " with SMTP id s.1.1;\n", true },
	{ "by " HOST " with SMTP id s.1.1\n", true },
	{ " from x ([1.2.3.4])\n\tby " HOST " with ESMTPA id s.1.1\n"
	    "\tfor <a@b>;\n\tdate\n", true },
	{ " from by\n by\n\t" HOST "\n\twith\n SMTP\n\tid \t s.1.1\n", true },
	{ " by by " HOST " with SMTP id s.1.1\n", true },
	{ " by x by " HOST " with by " HOST " with SMTP id s.1.1\n", true },
	{ " from " X60 X60 X60 X60 X60 " by " HOST " with SMTP id s.1.1\n",
	    true },
	/* another host's, another start's */
	{ " by mail.example.com with SMTP id s.1.1\n", false },
	{ " by " HOST ".com with SMTP id s.1.1\n", false },
	{ " by mail with SMTP id s.1.1\n", false },
	{ " by " HOST " with SMTP id t.1.1\n", false },
	{ " by " HOST " with SMTP id s.1.1.1\n", false },
	{ " by " HOST " with SMTP id s.1.1;;\n", false },
	{ " by " HOST " with SMTP id ;\n", false },
	{ " by " HOST " with SMTP id\n", false },
	/* another form */
	{ " by " HOST " id s.1.1\n", false },
	{ " by " HOST " (x) with SMTP id s.1.1\n", false },
	{ " by " HOST " with SMTP ID s.1.1\n", false },
	{ " by " HOST " with SMTP (id s.1.1)\n", false },
	{ " by " HOST " with SMTP id x s.1.1\n", false },
	{ " with SMTP id s.1.1 by " HOST "\n", false },
	{ " by " HOST X60 X60 X60 X60 X60 " with SMTP id s.1.1\n", false },
	/* two fields */
	{ " by " HOST " with SMTP\nReceived: id s.1.1\n", false },
	{ " by " HOST " with SMTP\nX: id s.1.1\n", false },
	{ " by " HOST " with SMTP\n\nid s.1.1\n", false },
	{ " x\n\n by " HOST " with SMTP id s.1.1\n", false },
	{ " x\nX: by " HOST " with SMTP id s.1.1\n", false },
	{ " x\nReceived: by " HOST " with SMTP id s.1.1\n", true }
};

/* In two pieces, cut everywhere.  Returns how many were wrong. */
static unsigned int
wrong(const char *in, unsigned int received, int header, bool loop)
{
	struct trace	 t;
	size_t		 i, len = strlen(in);
	unsigned int	 bad = 0;

	for (i = 0; i <= len; i++) {
		trace_init(&t, HOST, ours, NULL);
		trace_take(&t, in, i);
		trace_take(&t, in + i, len - i);
		bad += t.loop != loop;
		if (loop)
			bad += strcmp(t.word, "s.1.1") != 0 || t.header;
		else if (header != -1)
			bad += t.received != received || t.header != header;
	}
	return (bad);
}

static void
test_tables(void)
{
	char	 in[1024];
	size_t	 i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		is_int(wrong(counts[i].in, counts[i].received,
		    counts[i].header, false), 0, "Received fields: %s",
		    counts[i].name);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		snprintf(in, sizeof(in), "Subject: x\nReceived:%s",
		    fields[i].body);
		is_int(wrong(in, 0, -1, fields[i].loop), 0, "%s: %.70s",
		    fields[i].loop ? "a loop" : "none", fields[i].body);
	}
}

static bool
real(void *arg, const char *id)
{
	(void)arg;
	return (id_is_mail(id));
}

/* Whatever front writes is found again, wherever it is folded. */
static void
test_received(void)
{
	static char	 name[MSMTPD_HOSTNAME_MAX];
	char		 buf[MSMTPD_RECEIVED_MAX], id[MSMTPD_ID_MAX];
	struct received	 r = { "by", "127.0.0.1", "user=by", name, "UTF8SMTPA", id,
			    NULL, 0 };
	struct id	 mail = { 35, UINT32_MAX };
	struct trace	 t;
	size_t		 len, missed = 0, n;

	id_mail(id, &mail);
	for (n = 1; n < sizeof(name); n++) {
		memset(name, 'n', n);
		r.rcpt = n % 2 ? "a@b" : NULL;
		r.helo = n % 3 ? "by" : name;
		len = received_format(buf, sizeof(buf), &r);
		trace_init(&t, name, real, NULL);
		trace_take(&t, buf, len);
		missed += !t.loop || strcmp(t.word, id) != 0;
	}
	is_int((long long)missed, 0, "each name of the machine");
}

static void
test_id(void)
{
	struct id	 mail = { 1, 2 };
	char		 id[MSMTPD_ID_MAX], other[MSMTPD_ID_MAX + 8];

	id_mail(id, &mail);
	ok(id_is_mail(id), "%s is ours", id);
	snprintf(other, sizeof(other), "%s.1", id);
	ok(!id_is_mail(other), "with a fourth part it is not");
	snprintf(other, sizeof(other), "%s;", id);
	ok(!id_is_mail(other), "nor with what is no digit");
	snprintf(other, sizeof(other), "x%s", id);
	ok(!id_is_mail(other), "nor of another start");
	id_session(other, &mail);
	ok(!id_is_mail(other), "nor is a session's");
	strlcat(other, ".", sizeof(other));
	ok(!id_is_mail(other), "nor one without a number");
	ok(!id_is_mail(""), "nor none");
	id[0] ^= 1;
	ok(!id_is_mail(id), "nor that of a start at another time");
}

int
main(void)
{
	id_init();
	test_tables();
	test_received();
	test_id();
	return (done_testing());
}
