/* SPDX-License-Identifier: ISC */
/*
 * The SMTP engine: dialogues and the codes they are answered, the same at
 * every split of what is read.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"
#include "tap.h"

#define HELLO	"EHLO x\r\n"
#define MAIL	"MAIL FROM:<a@b>\r\n"
#define RCPT	"RCPT TO:<c@d>\r\n"
#define START	HELLO MAIL RCPT "DATA\r\n"
#define STARTED	"250,250 2.1.0,250 2.1.5,354,"

/* What a client says, and the codes of what it is answered. */
static const struct dialog {
	const char	*name;
	const char	*in;
	const char	*codes;
} dialogs[] = {
	{ "a mail", START "x\r\n.\r\nQUIT\r\n",
	    STARTED "250 2.0.0,221 2.0.0," },
	{ "two mails", START "x\r\n.\r\n" MAIL RCPT "DATA\r\n.\r\n",
	    STARTED "250 2.0.0,250 2.1.0,250 2.1.5,354,250 2.0.0," },
	{ "RSET and NOOP between", START "x\r\n.\r\nRSET\r\nNOOP\r\n" MAIL,
	    STARTED "250 2.0.0,250 2.0.0,250 2.0.0,250 2.1.0," },
	{ "RSET within", HELLO MAIL RCPT "RSET\r\nDATA\r\n" MAIL,
	    "250,250 2.1.0,250 2.1.5,250 2.0.0,503 5.5.1,250 2.1.0," },
	{ "EHLO within", HELLO MAIL RCPT HELLO "DATA\r\n" MAIL,
	    "250,250 2.1.0,250 2.1.5,250,503 5.5.1,250 2.1.0," },
	{ "HELO", "HELO x\r\n" MAIL RCPT "DATA\r\nx\r\n.\r\n",
	    STARTED "250 2.0.0," },
	{ "EHLO, then HELO", HELLO "HELO x\r\n" MAIL, "250,250,250 2.1.0," },
	{ "no name", "EHLO\r\nHELO\r\nEHLO \r\n" MAIL,
	    "250,250,250,250 2.1.0," },
	{ "any name", "EHLO [127.0.0.1]\r\nEHLO a b (c) <d>\r\n"
	    "EHLO h\xf6st\r\n", "250,250,250," },
	{ "LF alone ends a command", "EHLO x\nMAIL FROM:<a@b>\nRCPT TO:<c>\n"
	    "DATA\nx\r\n.\r\nQUIT\n", STARTED "250 2.0.0,221 2.0.0," },
	{ "any case", "ehlo x\r\nmAiL fRoM:<a@b> size=1 bOdY=8bitmime\r\n"
	    "rcpt to:<c>\r\ndata\r\nx\r\n.\r\nquit\r\n",
	    STARTED "250 2.0.0,221 2.0.0," },
	{ "trailing spaces", "EHLO x  \r\nMAIL FROM:<a@b>  \r\n"
	    "RCPT TO:<c> \r\nNOOP \r\nRSET   \r\nQUIT \r\n",
	    "250,250 2.1.0,250 2.1.5,250 2.0.0,250 2.0.0,221 2.0.0," },
	{ "trailing tabs", "EHLO x\t\r\nMAIL FROM:<a@b> SIZE=1 \t \r\n"
	    "RCPT TO:<c>\t\t\r\nDATA\t\r\n.\r\nNOOP x \t\r\nRSET\t\r\n"
	    "VRFY\t\r\nHELP\t\nQUIT\t\r\n", STARTED "250 2.0.0,250 2.0.0,"
	    "250 2.0.0,501 5.5.4,214 2.0.0,221 2.0.0," },
	{ "trailing tabs before EHLO", "NOOP\t\r\nHELO\t\r\n",
	    "250 2.0.0,250," },
	{ "tabs elsewhere", HELLO "MAIL\tFROM:<a@b>\r\n\tNOOP\r\n"
	    "MAIL FROM:<a@b>\tSIZE=1\r\nNOOP\tx\t\r\nNOOP \t\001\r\n",
	    "250,500 5.5.2,500 5.5.2,500 5.5.2,500 5.5.2,500 5.5.2," },
	{ "an argument where none belongs", HELLO MAIL RCPT "DATA x\r\n"
	    "RSET x\r\nQUIT x\r\nNOOP x\r\nHELP x\r\n",
	    "250,250 2.1.0,250 2.1.5,501 5.5.4,501 5.5.4,501 5.5.4,"
	    "250 2.0.0,214 2.0.0," },
	{ "no argument where one does", HELLO "MAIL\r\nMAIL \r\nVRFY\r\n" MAIL
	    "RCPT\r\n", "250,501 5.5.4,501 5.5.4,501 5.5.4,250 2.1.0,"
	    "501 5.5.4," },
	{ "not a verb", "XCLIENT x\r\nMAILX\r\nMAI\r\nE\r\n EHLO x\r\n"
	    "EHLO\xe9 x\r\n", "500 5.5.1,500 5.5.1,500 5.5.1,500 5.5.1,"
	    "500 5.5.1,500 5.5.1," },
	{ "empty lines", "\r\n\n  \r\n\t\r\n",
	    "500 5.5.2,500 5.5.2,500 5.5.2,500 5.5.2," },
	{ "control characters", "EHLO a\tb\r\nEHLO a\rb\r\nEHLO \177\r\n"
	    "NOOP \001\r\nNOOP \r\r\n\033[A\r\n\tNOOP\r\n",
	    "500 5.5.2,500 5.5.2,500 5.5.2,500 5.5.2,500 5.5.2,500 5.5.2,"
	    "500 5.5.2," },
	{ "not offered", "STARTTLS\r\nstarttls x\r\nBDAT 3 LAST\r\nEXPN x\r\n"
	    "AUTH PLAIN\r\nAUTH\r\n", "502 5.5.1,502 5.5.1,502 5.5.1,"
	    "502 5.5.1,502 5.5.1,502 5.5.1," },
	/* MAIL */
	{ "the null sender", HELLO "MAIL FROM:<>\r\n", "250,250 2.1.0," },
	{ "tolerated senders", HELLO "MAIL FROM: <a@b>\r\nRSET\r\n"
	    "MAIL FROM:a@b\r\nRSET\r\nMAIL FROM:   a@b SIZE=3\r\nRSET\r\n"
	    "MAIL  FROM:<@x,@y:a@b>\r\n", "250,250 2.1.0,250 2.0.0,250 2.1.0,"
	    "250 2.0.0,250 2.1.0,250 2.0.0,250 2.1.0," },
	{ "a space before the colon", HELLO "MAIL FROM :<a@b>\r\nRSET\r\n"
	    "mail from   :  <a@b> SIZE=3\r\nRCPT TO :<c@d>\r\n"
	    "RCPT TO  : c@d\r\nRCPT T O:<c@d>\r\nRCPT :<c@d>\r\n",
	    "250,250 2.1.0,250 2.0.0,250 2.1.0,250 2.1.5,250 2.1.5,"
	    "501 5.5.4,501 5.5.4," },
	{ "spaces in the null path", HELLO "MAIL FROM:< >\r\nRSET\r\n"
	    "MAIL FROM: <   > SIZE=3\r\nRCPT TO:< >\r\n",
	    "250,250 2.1.0,250 2.0.0,250 2.1.0,553 5.1.3," },
	{ "dots in a local part, and after a domain", HELLO
	    "MAIL FROM:<foo..bar@docomo.example>\r\nRCPT TO:<foo.@e.f>\r\n"
	    "RCPT TO:<.foo@e.f>\r\nRCPT TO:<foo@e.f.>\r\n"
	    "RCPT TO:<.@e.f>\r\nRCPT TO:<foo@e.f..>\r\n",
	    "250,250 2.1.0,250 2.1.5,250 2.1.5,250 2.1.5,553 5.1.3,"
	    "553 5.1.3," },
	{ "a parameter for a sender", HELLO
	    "MAIL FROM: BODY=8BITMIME SIZE=12345\r\nMAIL FROM:SIZE=1\r\n"
	    "MAIL FROM: SMTPUTF8\r\nMAIL FROM: AUTH=a@b\r\n"
	    "MAIL FROM: ENVID=a@b\r\nMAIL FROM:root\r\nMAIL FROM:<root>\r\n",
	    "250,553 5.1.7,553 5.1.7,553 5.1.7,553 5.1.7,553 5.1.7,553 5.1.7,"
	    "250 2.1.0," },
	{ "a parameter for a recipient", HELLO MAIL "RCPT TO: NOTIFY=NEVER\r\n"
	    "RCPT TO:ORCPT=rfc822;a@b\r\nRCPT TO:root\r\nRCPT TO:<root>\r\n",
	    "250,250 2.1.0,553 5.1.3,553 5.1.3,553 5.1.3,250 2.1.5," },
	{ "address literals", HELLO "MAIL FROM:<a@[IPv5:1.2.3.4]>\r\n"
	    "MAIL FROM:<a@[x:y]>\r\nMAIL FROM:<a@[::1]>\r\n"
	    "MAIL FROM:<a@[2001:db8::1]>\r\nMAIL FROM:<a@[IPv6:::1]>\r\n",
	    "250,553 5.1.7,553 5.1.7,553 5.1.7,553 5.1.7,250 2.1.0," },
	{ "what no domain has", HELLO
	    "MAIL FROM:<a@b\xe2\x80\x8b.c> SMTPUTF8\r\n"
	    "MAIL FROM:<a@b\xe2\x81\xa0.c> SMTPUTF8\r\n"
	    "MAIL FROM:<a@\xef\xbb\xbf" "b.c> SMTPUTF8\r\n"
	    "MAIL FROM:<a@\xe2\x82\xac.c> SMTPUTF8\r\n"
	    "MAIL FROM:<a@\xe2\x82\xac.c>\r\n"
	    "MAIL FROM:<\xe2\x82\xac@b.c> SMTPUTF8\r\n",
	    "250,553 5.1.7,553 5.1.7,553 5.1.7,553 5.1.7,553 5.1.7,"
	    "250 2.1.0," },
	{ "MAIL's syntax", HELLO "MAIL FROM\r\nMAIL FROM <a>\r\nMAIL TO:<a>\r\n"
	    "MAIL <a>\r\nMAIL F\r\n", "250,501 5.5.4,501 5.5.4,501 5.5.4,"
	    "501 5.5.4,501 5.5.4," },
	{ "bad senders", HELLO "MAIL FROM:\r\nMAIL FROM:<a@>\r\n"
	    "MAIL FROM:<a@b..c>\r\nMAIL FROM:<a@b\r\nMAIL FROM:<a b>\r\n"
	    "MAIL FROM:<\r\nMAIL FROM:<a>b\r\n",
	    "250,553 5.1.7,553 5.1.7,553 5.1.7,553 5.1.7,553 5.1.7,"
	    "553 5.1.7,553 5.1.7," },
	{ "a name before the address", HELLO
	    "MAIL FROM:\"Printer\" <p@e.f>\r\nMAIL FROM:Printer <p@e.f>\r\n"
	    "MAIL FROM: p@e.f <p@e.f>\r\n" MAIL
	    "RCPT TO:\"A B\" <p@e.f>\r\n", "250,553 5.1.7,553 5.1.7,"
	    "553 5.1.7,250 2.1.0,553 5.1.3," },
	{ "a hyphen", HELLO "MAIL FROM:<-a@b>\r\n" MAIL "RCPT TO:<-c@d>\r\n",
	    "250,553 5.1.7,250 2.1.0,553 5.1.3," },
	{ "SMTPUTF8", HELLO "MAIL FROM:<\xc3\xa9@b>\r\n"
	    "MAIL FROM:<\xc3\xa9@b> SMTPUTF8\r\nRCPT TO:<\xc3\xa9@d>\r\n"
	    "RCPT TO:<\xe9@d>\r\n",
	    "250,553 5.6.7,250 2.1.0,250 2.1.5,553 5.6.7," },
	{ "no SMTPUTF8", HELLO MAIL "RCPT TO:<\xc3\xa9@d>\r\nRCPT TO:<c>\r\n",
	    "250,250 2.1.0,553 5.6.7,250 2.1.5," },
	{ "ill-formed UTF-8", HELLO "MAIL FROM:<\xe9@b>\r\n"
	    "MAIL FROM:<\xe9@b> SMTPUTF8\r\n", "250,553 5.6.7,553 5.6.7," },
	{ "ASCII with SMTPUTF8", HELLO "MAIL FROM:<a@b> SMTPUTF8\r\n" RCPT,
	    "250,250 2.1.0,250 2.1.5," },
	{ "all parameters", HELLO "MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME "
	    "SMTPUTF8\r\nRSET\r\nMAIL FROM:<a>  SMTPUTF8  BODY=7BIT SIZE=0\r\n",
	    "250,250 2.1.0,250 2.0.0,250 2.1.0," },
	{ "parameters not offered", HELLO "MAIL FROM:<a@b> RET=FULL\r\n"
	    "MAIL FROM:<a@b> ENVID=x\r\nMAIL FROM:<a@b> AUTH=<>\r\n"
	    "MAIL FROM:<a@b> X\r\nMAIL FROM:<a@b> REQUIRETLS\r\n"
	    "MAIL FROM:<a@b> HOLDFOR=1\r\n" MAIL "RCPT TO:<c> NOTIFY=NEVER\r\n"
	    "RCPT TO:<c> ORCPT=rfc822;c\r\nRCPT TO:<c> SIZE=1\r\n",
	    "250,555 5.5.4,555 5.5.4,555 5.5.4,555 5.5.4,555 5.5.4,"
	    "555 5.5.4,250 2.1.0,555 5.5.4,555 5.5.4,555 5.5.4," },
	{ "parameters repeated", HELLO "MAIL FROM:<a@b> SIZE=1 SIZE=1\r\n"
	    "MAIL FROM:<a@b> BODY=7BIT body=7BIT\r\n"
	    "MAIL FROM:<a@b> SMTPUTF8 SIZE=2 SMTPUTF8\r\n",
	    "250,501 5.5.4,501 5.5.4,501 5.5.4," },
	{ "parameters' syntax", HELLO "MAIL FROM:<a@b> SIZE\r\n"
	    "MAIL FROM:<a@b> SIZE=\r\nMAIL FROM:<a@b> SIZE=x\r\n"
	    "MAIL FROM:<a@b> SIZE=-1\r\nMAIL FROM:<a@b> SIZE=1=2\r\n"
	    "MAIL FROM:<a@b> SIZE=000000000000000000001\r\n"
	    "MAIL FROM:<a@b> BODY\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\n"
	    "MAIL FROM:<a@b> SMTPUTF8=1\r\nMAIL FROM:<a@b> =1\r\n"
	    "MAIL FROM:<a@b> -X=1\r\nMAIL FROM:<a@b> X_Y\r\n"
	    "MAIL FROM:<a@b> <c@d>\r\n",
	    "250,501 5.5.4,501 5.5.4,501 5.5.4,501 5.5.4,501 5.5.4,501 5.5.4,"
	    "501 5.5.4,501 5.5.4,501 5.5.4,501 5.5.4,501 5.5.4,501 5.5.4,"
	    "501 5.5.4," },
	{ "SIZE", HELLO "MAIL FROM:<a@b> SIZE=52428800\r\nRSET\r\n"
	    "MAIL FROM:<a@b> SIZE=52428801\r\n"
	    "MAIL FROM:<a@b> SIZE=99999999999999999999\r\n"
	    "MAIL FROM:<a@b> SIZE=18446744073709551616\r\n"
	    "MAIL FROM:<a@b> SIZE=00000000000000000001\r\n",
	    "250,250 2.1.0,250 2.0.0,552 5.3.4,552 5.3.4,552 5.3.4,"
	    "250 2.1.0," },
	/* RCPT */
	{ "RCPT's syntax", HELLO MAIL "RCPT TO\r\nRCPT <c>\r\nRCPT FROM:<c>\r\n"
	    "RCPT TO:<c> =\r\nRCPT TO:\r\nRCPT TO:<>\r\nRCPT TO:<c@-d>\r\n",
	    "250,250 2.1.0,501 5.5.4,501 5.5.4,501 5.5.4,501 5.5.4,553 5.1.3,"
	    "553 5.1.3,553 5.1.3," },
	{ "tolerated recipients", HELLO MAIL
	    "RCPT TO: <c@d>\r\nRCPT TO:<root>\r\n"
	    "RCPT TO:<Postmaster>\r\nRCPT TO:<@x:c@d>\r\nRCPT TO: c@d \r\n"
	    "RCPT TO:<c@d>\r\n", "250,250 2.1.0,250 2.1.5,250 2.1.5,250 2.1.5,"
	    "250 2.1.5,250 2.1.5,250 2.1.5," },
	{ "DATA after a bad recipient", HELLO MAIL "RCPT TO:<>\r\nDATA\r\n" RCPT
	    "RCPT TO:<>\r\nDATA\r\n.\r\n", "250,250 2.1.0,553 5.1.3,503 5.5.1,"
	    "250 2.1.5,553 5.1.3,354,250 2.0.0," },
	/* what is no SMTP */
	{ "a header field after an error", "QUERY /\r\nHost: x\r\n" HELLO,
	    "500 5.5.1,421 4.7.0," },
	{ "SIP", "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n",
	    "500 5.5.1,421 4.7.0," },
	{ "a verb with a colon", "EHLO: x\r\nmail: x\r\nBDAT :\r\n" HELLO,
	    "500 5.5.1,500 5.5.1,502 5.5.1,250," },
	{ "no header field", ":\r\n : x\r\nMAIL FROM:<a@b>\r\n"
	    "a b: c\r\n\xc3\xa9: x\r\n" HELLO, "500 5.5.1,500 5.5.1,"
	    "503 5.5.1,500 5.5.1,500 5.5.1,250," },
	{ "no HTTP at all", "NOOP xHTTP/1.1\r\nNOOP HTTP\r\n" HELLO,
	    "250 2.0.0,250 2.0.0,250," },
	{ "HTTP after EHLO", HELLO "PROPFIND / HTTP/1.1\r\nHost: x\r\n"
	    "NOOP / HTTP/1.1\r\n", "250,500 5.5.1,500 5.5.1,250 2.0.0," },
	{ "HTTP after an empty line", "\r\nPOST / HTTP/1.1\r\n" HELLO,
	    "500 5.5.2,421 4.7.0," },
	{ "almost HTTP", "GETX\r\nGET\r\n" HELLO "GET / HTTP/1.1\r\n",
	    "500 5.5.1,500 5.5.1,250,500 5.5.1," },
	{ "TLS, not first", HELLO "\x16\x03\x01\r\n", "250,500 5.5.2," },
	{ "almost TLS", "\x16\r\n\x16\x03\r\n", "500 5.5.2,500 5.5.2," },
	{ "nothing after QUIT", "QUIT\r\nNOOP\r\n", "221 2.0.0," }
};
#define NDIALOGS	(sizeof(dialogs) / sizeof(dialogs[0]))

/* What is no SMTP at all: 421, and nothing that follows it is answered. */
static const char	*const foreign[] = {
	"GET / HTTP/1.1\r\nHost: x\r\nEHLO x\r\n",
	"POST / HTTP/1.1\r\n\r\nEHLO x\r\n", "PUT /x HTTP/1.0\r\n",
	"HEAD / HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n",
	"CONNECT a:25 HTTP/1.1\r\n", "DELETE / HTTP/1.1\r\n",
	"PATCH / HTTP/1.1\r\n", "get /\n",
	"PROPFIND / HTTP/1.1\r\nHost: x\r\n" HELLO,
	"TRACE / HTTP/1.1\r\n" HELLO, "REPORT /a/b HTTP/1.1\r\n" HELLO,
	"PURGE / HTTP/1.0\r\n" HELLO, "QUERY / HTTP/1.1\r\n" HELLO,
	"frob http://x/ http/3.0\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"EHLO / HTTP/1.1\r\nHost: x\r\n" MAIL, "NOOP / HTTP/1.1\r\n",
	"x HTTP/1.1 200 OK\r\n", "Host: x\r\n" HELLO, "x-frob_1.2 \t :\r\n",
	"EHLO HTTP/1.1\r\n", "GET \t\r\n", "\x16\x03\x01\x02\x05\x01"
};
#define NFOREIGN	(sizeof(foreign) / sizeof(foreign[0]))

static const struct dialog	 auths[] = {
	{ "PLAIN", HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n" MAIL,
	    "250,235 2.7.0,250 2.1.0," },
	{ "PLAIN, asked for", HELLO "AUTH PLAIN\r\nAHVzZXIAc2VjcmV0\r\n" MAIL,
	    "250,334,235 2.7.0,250 2.1.0," },
	{ "PLAIN, authzid the same", HELLO
	    "AUTH PLAIN dXNlcgB1c2VyAHNlY3JldA==\r\n", "250,235 2.7.0," },
	{ "PLAIN, authzid another", HELLO
	    "AUTH PLAIN cm9vdAB1c2VyAHNlY3JldA==\r\n", "250,535 5.7.8," },
	{ "PLAIN, wrong password", HELLO "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n" MAIL,
	    "250,535 5.7.8,530 5.7.0," },
	{ "PLAIN, empty", HELLO "AUTH PLAIN =\r\nAUTH PLAIN\r\n\r\n"
	    "AUTH PLAIN\r\n=\r\n", "250,501 5.5.2,334,501 5.5.2,334,"
	    "501 5.5.2," },
	{ "PLAIN, fields missing", HELLO "AUTH PLAIN dXNlcg==\r\n"
	    "AUTH PLAIN AHVzZXI=\r\n", "250,501 5.5.2,501 5.5.2," },
	{ "PLAIN, a field too many", HELLO
	    "AUTH PLAIN AHVzZXIAc2VjcmV0AHg=\r\n",
	    "250,501 5.5.2," },
	{ "PLAIN, empty fields", HELLO "AUTH PLAIN AAA=\r\n",
	    "250,535 5.7.8," },
	{ "LOGIN", HELLO "AUTH LOGIN\r\ndXNlcg==\r\nc2VjcmV0\r\n",
	    "250,334,334,235 2.7.0," },
	{ "LOGIN with a name", HELLO "AUTH LOGIN dXNlcg==\r\nc2VjcmV0\r\n",
	    "250,334,235 2.7.0," },
	{ "LOGIN, wrong password", HELLO "AUTH LOGIN dXNlcg==\r\nd3Jvbmc=\r\n"
	    MAIL, "250,334,535 5.7.8,530 5.7.0," },
	{ "LOGIN, empty", HELLO "AUTH LOGIN =\r\n\r\n", "250,334,535 5.7.8," },
	{ "LOGIN, a NUL", HELLO "AUTH LOGIN dXMAZXI=\r\n", "250,501 5.5.2," },
	{ "any case, trailing spaces", HELLO "auth  login  \r\ndXNlcg== \r\n"
	    "c2VjcmV0  \r\n", "250,334,334,235 2.7.0," },
	{ "after HELO", "EHLO x\r\nHELO x\r\nAUTH LOGIN\r\ndXNlcg==\r\n"
	    "c2VjcmV0\r\n" MAIL, "250,250,334,334,235 2.7.0,250 2.1.0," },
	{ "cancelled", HELLO "AUTH PLAIN\r\n*\r\nAUTH LOGIN\r\n*\r\n"
	    "AUTH LOGIN\r\ndXNlcg==\r\n*\r\nNOOP\r\n",
	    "250,334,501 5.7.0,334,501 5.7.0,334,334,501 5.7.0,250 2.0.0," },
	{ "bad base64", HELLO "AUTH PLAIN x\r\n"
	    "AUTH PLAIN\r\nx=\r\nAUTH LOGIN\r\n"
	    "dXNl\tcg==\r\nAUTH LOGIN a a\r\nNOOP\r\n", "250,501 5.5.2,334,"
	    "501 5.5.2,334,501 5.5.2,501 5.5.2,250 2.0.0," },
	{ "other mechanisms", HELLO "AUTH CRAM-MD5\r\nAUTH X y\r\nAUTH\r\n",
	    "250,504 5.5.4,504 5.5.4,501 5.5.4," },
	{ "before EHLO", "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n", "503 5.5.1," },
	{ "twice", HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n"
	    "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n", "250,235 2.7.0,503 5.5.1," },
	{ "kept over EHLO", HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n" HELLO MAIL,
	    "250,235 2.7.0,250,250 2.1.0," },
	{ "within a mail", HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n" MAIL
	    "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n",
	    "250,235 2.7.0,250 2.1.0,503 5.5.1," },
	{ "not authenticated", HELLO MAIL RCPT
	    "DATA\r\nRSET\r\nNOOP\r\nQUIT\r\n",
	    "250,530 5.7.0,530 5.7.0,530 5.7.0,250 2.0.0,250 2.0.0,"
	    "221 2.0.0," },
	{ "cannot be checked", HELLO "AUTH PLAIN AGRvd24AeA==\r\n" MAIL,
	    "250,454 4.7.0,530 5.7.0," },
	{ "three failures", HELLO "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n"
	    "AUTH LOGIN dXNlcg==\r\nd3Jvbmc=\r\nAUTH PLAIN AHVzZXIAd3Jvbmc=\r\n"
	    "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n",
	    "250,535 5.7.8,334,535 5.7.8,421 4.7.0," },
	{ "MAIL's AUTH", HELLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n"
	    "MAIL FROM:<a@b> AUTH=<>\r\nRSET\r\n"
	    "MAIL FROM:<a@b> AUTH=e+3Dmc2@example.com\r\nRSET\r\n"
	    "MAIL FROM:<a@b> AUTH=+3\r\nMAIL FROM:<a@b> AUTH=+3d\r\n"
	    "MAIL FROM:<a@b> AUTH\r\nMAIL FROM:<a@b> AUTH=<> AUTH=<>\r\n"
	    "MAIL FROM:<a@b> AUTH=\xc3\xa9\r\n",
	    "250,235 2.7.0,250 2.1.0,250 2.0.0,250 2.1.0,250 2.0.0,501 5.5.4,"
	    "501 5.5.4,501 5.5.4,501 5.5.4,501 5.5.4," }
};
#define NAUTHS	(sizeof(auths) / sizeof(auths[0]))

/* All that came of a dialog, and so its memory, is released by the caller. */
static void
run(struct recorder *r, const struct dialog *d, bool auth, size_t split,
    uint32_t pauses)
{
	size_t	 len = strlen(d->in);

	recorder_init(r);
	r->conf.auth = auth;
	r->conf.max_size = 52428800;
	r->pauses = pauses;
	recorder_start(r);
	if (split > len)
		recorder_octets(r, d->in, len);
	else {
		recorder_feed(r, d->in, split);
		recorder_feed(r, d->in + split, len - split);
	}
}

/*
 * A dialog, whole; then at each split, with each command's reply making the
 * engine pause or not, and octet by octet: the same comes of it.
 */
static void
test_dialog(const struct dialog *d, bool auth)
{
	struct recorder	 whole, r;
	size_t		 bad = 0, i, len = strlen(d->in);

	run(&whole, d, auth, 0, 0);
	is_str(whole.codes.p, d->codes, "%s", d->name);
	for (i = 0; i <= len + 1; i++) {
		run(&r, d, auth, i, i > len || i % 2 ? 0 : 0xaaaaaaaa);
		bad += strcmp(r.events.p, whole.events.p) != 0;
		recorder_free(&r);
	}
	is_int((long long)bad, 0, "%s: at each of %zu splits", d->name,
	    len + 2);
	recorder_free(&whole);
}

/* No password that a client has said is in a note. */
static void
test_secrets(void)
{
	struct recorder	 r;
	size_t		 bad = 0, i;
	bool		 auth;

	for (i = 0; i < 2 * NAUTHS; i++) {
		auth = i < NAUTHS;
		run(&r, &auths[i % NAUTHS], auth, 0, 0);
		bad += strstr(r.events.p, "refused: AUTH") != NULL ||
		    strstr(r.replies.p, "c2Vjcm") != NULL ||
		    strstr(r.events.p, "c2Vjcm") != NULL ||
		    strstr(r.events.p, "NlY3Jld") != NULL;
		recorder_free(&r);
	}
	is_int((long long)bad, 0, "no password is logged");
}

static void
test_ehlo(void)
{
	struct recorder	 r;
	size_t		 before;

	recorder_init(&r);
	r.conf.max_size = 52428800;
	recorder_start(&r);
	is_str(r.replies.p, "220 mail.example.org ESMTP msmtpd\r\n",
	    "the greeting");
	before = r.replies.len;
	recorder_send(&r, "EHLO client\r\n");
	is_str(r.replies.p + before, "250-mail.example.org\r\n"
	    "250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n", "EHLO");
	is_str(smtp_helo(r.smtp), "client", "its name");
	is_str(smtp_protocol(r.smtp), "ESMTP", "its protocol");
	before = r.replies.len;
	recorder_send(&r, "HELO\r\n");
	is_str(r.replies.p + before, "250 mail.example.org\r\n", "HELO");
	is_str(smtp_helo(r.smtp), "", "no name");
	is_str(smtp_protocol(r.smtp), "SMTP", "its protocol");
	before = r.replies.len;
	recorder_send(&r, "HELP\r\n");
	is_str(r.replies.p + before, "214 2.0.0 EHLO HELO MAIL RCPT DATA RSET "
	    "NOOP VRFY HELP QUIT\r\n", "HELP");
	recorder_free(&r);

	recorder_init(&r);
	r.conf.auth = true;
	r.conf.max_size = 52428800;
	recorder_start(&r);
	before = r.replies.len;
	recorder_send(&r, "EHLO client\r\n");
	is_str(r.replies.p + before, "250-mail.example.org\r\n"
	    "250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n250-AUTH PLAIN LOGIN\r\n250-AUTH=PLAIN LOGIN\r\n"
	    "250 ENHANCEDSTATUSCODES\r\n", "EHLO with --auth");
	recorder_send(&r, "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
	is_str(smtp_protocol(r.smtp), "ESMTPA", "authenticated");
	recorder_send(&r, "MAIL FROM:<a> SMTPUTF8\r\n");
	is_str(smtp_protocol(r.smtp), "UTF8SMTPA", "and SMTPUTF8");
	recorder_free(&r);
}

static void
test_no_smtputf8(void)
{
	struct recorder	 r;

	recorder_init(&r);
	r.conf.no_smtputf8 = true;
	recorder_start(&r);
	recorder_send(&r, HELLO);
	ok(strstr(r.replies.p, "UTF8") == NULL, "SMTPUTF8 is not offered");
	r.codes.len = 0;
	recorder_send(&r, "MAIL FROM:<a@b> SMTPUTF8\r\n"
	    "MAIL FROM:<\xc3\xa9@b> SMTPUTF8\r\n"
	    "MAIL FROM:<\xc3\xa9@b>\r\n" MAIL "RCPT TO:<\xc3\xa9@b>\r\n");
	is_str(r.codes.p, "555 5.5.4,555 5.5.4,553 5.6.7,250 2.1.0,"
	    "553 5.6.7,", "nor taken");
	recorder_free(&r);
}

/* What the mail is when it is handed out. */
static void
test_mail(void)
{
	struct recorder	 r;
	size_t		 before;

	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, HELLO "MAIL FROM:<\"a b\"@[127.0.0.1]> SIZE=12 "
	    "BODY=8BITMIME SMTPUTF8\r\n");
	before = r.events.len;
	recorder_send(&r, "RCPT TO:<@x:\xc3\xa9@d>\r\nRCPT TO:r@o.\r\n"
	    "RCPT TO:<root>\r\nDATA\r\n..x:\r\n.y\nz\r\n.\r\n");
	is_str(r.events.p + before, "250 2.1.5 Recipient ok\r\n"
	    "250 2.1.5 Recipient ok\r\n250 2.1.5 Recipient ok\r\n{begin}\n"
	    "354 End with <CR><LF>.<CR><LF>\r\n"
	    "{end UTF8SMTP 3 12 utf8=1 8bit=1 from \"a b\"@[127.0.0.1] "
	    "to \xc3\xa9@d to r@o. to root: .x:\ny\nz\n}\n"
	    "250 2.0.0 Taken, id=" RECORDER_ID "\r\n", "as received");
	before = r.events.len;
	recorder_send(&r, MAIL RCPT "DATA\r\n.\r\n");
	is_str(r.events.p + before, "250 2.1.0 Sender ok\r\n"
	    "250 2.1.5 Recipient ok\r\n{begin}\n"
	    "354 End with <CR><LF>.<CR><LF>\r\n"
	    "{end ESMTP 1 0 utf8=0 8bit=0 from a@b to c@d: }\n"
	    "250 2.0.0 Taken, id=" RECORDER_ID "\r\n", "nothing of it is in the next");
	recorder_free(&r);
}

/* Texts that say what to do about it. */
static void
test_texts(void)
{
	static const struct {
		const char	*line;
		const char	*reply;
	} texts[] = {
		{ "MAIL FROM:\"Printer\" <p@e.f>\r\n",
		    "553 5.1.7 Only the address, without a name\r\n" },
		{ "MAIL FROM:<a@b>\r\n", "250 2.1.0 Sender ok\r\n" },
		{ "RCPT TO:The Printer <p@e.f>\r\n",
		    "553 5.1.3 Only the address, without a name\r\n" }
	};
	struct recorder	 r;
	size_t		 before, i;

	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, HELLO);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		before = r.replies.len;
		recorder_send(&r, texts[i].line);
		is_str(r.replies.p + before, texts[i].reply, "%s",
		    texts[i].reply);
	}
	recorder_free(&r);
}

static void
test_verdicts(void)
{
	static char			 longest[MSMTPD_WORDS_MAX];
	static const struct verdict	 verdicts[] = {
		{ 250, "2.0.0", "x" }, { 451, "4.3.0", "x" },
		{ 452, "4.3.1", "x" }, { 552, "5.3.4", "x" },
		{ 554, "5.0.0", "x" }, { 599, "5.999.999", longest }
	};
	struct recorder	 r;
	char		 want[1024];
	size_t		 before, i;

	memset(longest, 'w', sizeof(longest) - 1);
	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, HELLO);
	r.hold = true;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		recorder_send(&r, MAIL RCPT "DATA\r\nx\r\n.\r\nNOOP\r\n");
		is_int(smtp_waits(r.smtp), SMTP_WAIT_RESULT,
		    "the result is awaited");
		is_int((long long)r.rest.len, 6, "what follows waits too");
		before = r.replies.len;
		r.verdict = verdicts[i];
		recorder_answer(&r);
		snprintf(want, sizeof(want), "%d %s %s, id=" RECORDER_ID "\r\n",
		    verdicts[i].code, verdicts[i].enhanced, verdicts[i].text);
		is_str(r.replies.p + before, want, "it is told");
		ok(r.replies.len - before <= 512, "in 512 octets");
		recorder_send(&r, "");
	}
	ok(!smtp_quiet(r.smtp), "a session with a mail is not quiet");
	recorder_free(&r);
}

static void
test_close(void)
{
	struct recorder	 r;
	size_t		 before;

	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, HELLO "QUIT\r\n");
	is_int(smtp_waits(r.smtp), SMTP_WAIT_CLOSE, "QUIT closes");
	is_str(smtp_reason(r.smtp), NULL, "for no reason");
	ok(smtp_quiet(r.smtp), "a health check is quiet");
	recorder_free(&r);

	recorder_init(&r);
	recorder_start(&r);
	recorder_send(&r, START "x");
	before = r.replies.len;
	smtp_close(r.smtp, "4.4.2", "Idle for too long", "idle");
	is_str(r.replies.p + before,
	    "421 4.4.2 mail.example.org Idle for too long, id=" RECORDER_ID
	    "\r\n", "smtp_close()");
	is_str(smtp_reason(r.smtp), "idle", "its reason");
	smtp_close(r.smtp, "4.3.2", "Twice", "twice");
	is_str(smtp_reason(r.smtp), "idle", "only the first counts");
	is_int((long long)smtp_input(r.smtp, (char [2]){ "x" }, 1), 0,
	    "nothing is taken after it");
	recorder_free(&r);
	smtp_free(NULL);
}

/* Where the command is msmtp, which may get the sender or not. */
static void
test_msmtp(void)
{
	static const char	 in[] = HELLO "MAIL FROM:<%U@e.f>\r\nRSET\r\n"
				    "MAIL FROM:<>\r\nRCPT TO:<\"a\"@e.f>\r\n"
				    "RCPT TO:<%U@e.f>\r\nRSET\r\n"
				    "MAIL FROM:<\"a\"@e.f> SIZE=1\r\n";
	static const char	*const want[] = {
		"250,250 2.1.0,250 2.0.0,250 2.1.0,250 2.1.5,250 2.1.5,"
		    "250 2.0.0,250 2.1.0,",
		"250,250 2.1.0,250 2.0.0,250 2.1.0,553 5.1.3,250 2.1.5,"
		    "250 2.0.0,250 2.1.0,",
		"250,553 5.1.7,250 2.0.0,250 2.1.0,553 5.1.3,250 2.1.5,"
		    "250 2.0.0,250 2.1.0,"
	};
	struct recorder		 r;
	int			 i;

	for (i = 0; i < 3; i++) {
		recorder_init(&r);
		r.conf.msmtp = i > 0;
		r.conf.msmtp_sender = i > 1;
		recorder_start(&r);
		recorder_send(&r, in);
		is_str(r.codes.p, want[i], "the command is %s",
		    i == 0 ? "not msmtp" : i == 1 ? "msmtp without %F" :
		    "msmtp with %F");
		recorder_free(&r);
	}
}

int
main(void)
{
	char		 name[32];
	struct dialog	 d = { name, NULL, "421 4.7.0," };
	size_t		 i;

	for (i = 0; i < NDIALOGS; i++)
		test_dialog(&dialogs[i], false);
	for (i = 0; i < NFOREIGN; i++) {
		snprintf(name, sizeof(name), "no SMTP, %zu", i);
		d.in = foreign[i];
		test_dialog(&d, false);
	}
	for (i = 0; i < NAUTHS; i++)
		test_dialog(&auths[i], true);
	test_secrets();
	test_ehlo();
	test_no_smtputf8();
	test_mail();
	test_texts();
	test_msmtp();
	test_verdicts();
	test_close();
	return (done_testing());
}
