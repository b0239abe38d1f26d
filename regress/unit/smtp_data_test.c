/* SPDX-License-Identifier: ISC */

/* The SMTP engine from DATA on: what becomes of content, of a message that does
 * not end, of the count of mails. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"
#include "tap.h"

#define MAIL	"MAIL FROM:<a@b>\r\n"
#define RCPT	"RCPT TO:<c@d>\r\n"
#define START	"EHLO x\r\n" MAIL RCPT "DATA\r\n"

/* What is handed out of a message, at each split of it. */
static void
test_contents(void)
{
	static const struct {
		const char	*name;
		const char	*in;
		const char	*out;
	} contents[] = {
		{ "CR CR LF", "A: b\r\r\n\r\r\nc\r\r\n", "A: b\n\nc\n" },
		{ "no header", "x\r\n", "\nx\n" },
		{ "a dot and no header", "..x\r\n", "\n.x\n" },
		{ "a bare CR first", "\r\rA: b\r\n", "\n  A: b\n" },
		{ "CRs in the first line", "A\r\r: b\r\n", "A  : b\n" },
		{ "a mark and a From line", "\xef\xbb\xbf" "From a@b 00:00\r\n"
		    "A: b\r\n", "A: b\n" },
		{ "a From line, CR CR LF", "From a@b\r\r\n.A: b\r\n",
		    "A: b\n" },
		{ "an empty line first", "\r\nA: b\r\n", "\nA: b\n" },
		{ "nothing", "", "" }
	};
	struct recorder	 r;
	char		 buf[128];
	size_t		 bad, i, j, len;

	for (i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		len = (size_t)snprintf(buf, sizeof(buf), "%s.\r\n",
		    contents[i].in);
		bad = 0;
		for (j = 0; j <= len + 1; j++) {
			recorder_init(&r);
			recorder_start(&r);
			recorder_send(&r, START);
			if (j > len)
				recorder_octets(&r, buf, len);
			else {
				recorder_feed(&r, buf, j);
				recorder_feed(&r, buf + j, len - j);
			}
			bad += r.nend != 1 ||
			    strcmp(r.content.p, contents[i].out) != 0;
			recorder_free(&r);
		}
		is_int((long long)bad, 0, "content: %s", contents[i].name);
	}
}

/* The session ends within a message that the client has ended in its way. */
static void
test_vain(void)
{
	static const char	*const ends[] = { ".\n", "x\n.\n",
				    "x\r\n.\n", "x\r.\r", "x\n.\nQUIT\n",
				    "x\r\n." };
	struct recorder	 r;
	size_t		 before, i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		recorder_init(&r);
		recorder_start(&r);
		recorder_send(&r, START);
		is_str(smtp_reason(r.smtp), NULL, "nothing has come");
		recorder_send(&r, ends[i]);
		/* Where the client goes away, this is what the log says. */
		is_str(smtp_reason(r.smtp),
		    "message not ended with CR LF . CR LF", "waits in vain");
		before = r.replies.len;
		smtp_close(r.smtp, "4.4.2", "Idle for too long", "timeout");
		is_str(r.replies.p + before, "421 4.4.2 mail.example.org The "
		    "message must end with CR LF . CR LF, id=" RECORDER_ID
		    "\r\n", "is told so");
		ok(strstr(r.events.p, "{refused: 421 4.4.2 The message must "
		    "end with CR LF . CR LF: from <") != NULL,
		    "and so is the log");
		is_str(smtp_reason(r.smtp),
		    "message not ended with CR LF . CR LF", "the reason");
		recorder_free(&r);
	}
	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, START "x\n.\n");
	recorder_send(&r, "\r\n.\r\n");
	is_str(smtp_reason(r.smtp), NULL, "the end has come after all");
	recorder_free(&r);
}

/* The client goes away: the log hears of the mail within which it goes. */
static void
test_gone(void)
{
	struct recorder	 r;

	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, "EHLO x\r\n" MAIL RCPT);
	smtp_gone(r.smtp, "gone");
	ok(strstr(r.events.p, "{refused: ") == NULL, "before DATA: no mail");
	recorder_send(&r, "DATA\r\nx\r\n.");
	smtp_gone(r.smtp, "gone");
	ok(strstr(r.events.p, "{refused: 0  gone: from <") != NULL,
	    "within a mail: it has no reply");
	recorder_free(&r);
}

/* Only mails that were taken count. */
static void
test_mails(void)
{
	struct recorder	 r;

	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, START);
	is_int(smtp_mails(r.smtp), 0, "within a mail: none");
	recorder_send(&r, "x\r\n.\r\n");
	is_int(smtp_mails(r.smtp), 1, "taken: one");
	r.verdict.code = 451;
	r.verdict.enhanced = "4.3.0";
	recorder_send(&r, MAIL RCPT "DATA\r\nx\r\n.\r\n");
	is_int(smtp_mails(r.smtp), 1, "failed: no more");
	r.conf.max_size = 10;
	recorder_send(&r, MAIL RCPT "DATA\r\n01234567890\r\n.\r\n");
	is_int(smtp_mails(r.smtp), 1, "refused: no more");
	recorder_free(&r);
}

int
main(void)
{
	test_contents();
	test_vain();
	test_gone();
	test_mails();
	return (done_testing());
}
