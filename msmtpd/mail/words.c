/* SPDX-License-Identifier: ISC */
/* words: the SMTP reply, the smarthost's own, in what a command prints. */

#include <string.h>

#include "words.h"

#define PROGRAM_MAX	64	/* octets of the name before ": " */
#define CUT		"..."

/*
 * What msmtp says before the smarthost's words, of which its exit status
 * tells the same: 77 for AUTH, 76 for the rest of a session's beginning.
 */
static const struct {
	const char		*text;
	enum words_about	 about;
} introductions[] = {
	{ "authentication failed (method ", WORDS_LOGIN },
	{ "cannot get initial OK message from server", WORDS_SESSION },
	{ "SMTP server does not accept EHLO or HELO commands",
	    WORDS_SESSION },
	{ "LMTP server does not accept LHLO command", WORDS_SESSION },
	{ "command STARTTLS failed", WORDS_SESSION },
	{ "cannot set X509 ", WORDS_CONFIG },
};

/* A reply's line. */
struct reply {
	unsigned int	 code;
	bool		 more;		/* a hyphen follows the code */
	const char	*enhanced;	/* not terminated */
	size_t		 enhancedlen;	/* 0: none */
	const char	*text;		/* to the end of the line */
};

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

/* The digits of a number, one to three without a leading zero.  Returns how
 * many, or 0 where there is no such number. */
static size_t
number(const char *p)
{
	size_t	 n;

	for (n = 0; n < 3 && is_digit(p[n]); n++)
		;
	if (n > 1 && p[0] == '0')
		return (0);
	return (n);
}

/* The enhanced code (RFC 2034, 4) of this class that the string begins with.
 * Returns its length, or 0. */
static size_t
enhanced_len(const char *p, char class)
{
	size_t	 n, len = 2;

	if (p[0] != class || p[1] != '.')
		return (0);
	if ((n = number(p + len)) == 0 || p[len + n] != '.')
		return (0);
	len += n + 1;
	if ((n = number(p + len)) == 0 || is_digit(p[len + n]))
		return (0);
	return (len + n);
}

/* Take the line apart, if it begins with a reply whose second digit is top at
 * most. */
static bool
reply_parse(struct reply *r, const char *p, char top)
{
	if ((p[0] != '4' && p[0] != '5') || p[1] < '0' || p[1] > top ||
	    !is_digit(p[2]) || (p[3] != ' ' && p[3] != '-' && p[3] != '\0'))
		return (false);
	r->code = (unsigned int)((p[0] - '0') * 100 + (p[1] - '0') * 10 +
	    (p[2] - '0'));
	r->more = p[3] == '-';
	r->text = p + 3 + (p[3] != '\0');
	r->enhanced = r->text += strspn(r->text, " ");
	r->enhancedlen = enhanced_len(r->text, p[0]);
	if (r->text[r->enhancedlen] != ' ' && r->text[r->enhancedlen] != '\0')
		r->enhancedlen = 0;
	r->text += r->enhancedlen;
	r->text += strspn(r->text, " ");
	return (true);
}

/* What follows a program's name at the beginning of the line, or NULL. */
static const char *
after_program(const char *line)
{
	size_t	 n = strcspn(line, " :");

	if (n == 0 || n > PROGRAM_MAX || strncmp(line + n, ": ", 2) != 0)
		return (NULL);
	return (line + n + 2);
}

static const char *
after(const char *p, const char *prefix)
{
	size_t	 len = strlen(prefix);

	return (strncmp(p, prefix, len) == 0 ? p + len : NULL);
}

/* The smarthost's reply where msmtp quotes it in this line, or NULL. */
static const char *
server_message(const char *line)
{
	const char	*p, *rest;

	if ((p = after_program(line)) == NULL)
		p = line;
	if ((rest = after(p, "LMTP ")) != NULL)
		p = rest;
	return (after(p, "server message: "));
}

static enum words_about
introduces(const char *line)
{
	const char	*p = after_program(line);
	size_t		 i;

	if (server_message(line) != NULL)
		return (WORDS_MISPLACED);
	if (p == NULL)
		return (WORDS_MAIL);
	for (i = 0; i < sizeof(introductions) / sizeof(introductions[0]); i++)
		if (after(p, introductions[i].text) != NULL)
			return (introductions[i].about);
	/* "msmtp: /etc/msmtprc: Permission denied" */
	if (*p == '/' && strstr(p, ": ") != NULL)
		return (WORDS_CONFIG);
	return (WORDS_MAIL);
}

/* Append to a reply's text as much as has room. */
static void
text_add(char *text, const char *more)
{
	size_t	 len = strlen(text), room;

	if (*more == '\0')
		return;
	if (len > 0 && len < MSMTPD_WORDS_MAX - 1)
		text[len++] = ' ';
	room = MSMTPD_WORDS_MAX - 1 - len;
	if (strlen(more) <= room) {
		memcpy(text + len, more, strlen(more) + 1);
		return;
	}
	memcpy(text + len, more, room);
	memcpy(text + MSMTPD_WORDS_MAX - sizeof(CUT), CUT, sizeof(CUT));
}

static void
reply_begin(struct words *w, const struct reply *r, enum words_about about)
{
	memset(&w->found, 0, sizeof(w->found));
	w->found.code = (uint16_t)r->code;
	w->found.about = (uint8_t)about;
	memcpy(w->found.enhanced, r->enhanced, r->enhancedlen);
	text_add(w->found.text, r->text);
}

/* One more line of a reply; its enhanced code stands in each (RFC 2034, 4). */
static void
reply_more(struct words *w, const struct reply *r)
{
	const char	*text = r->text;

	if (r->enhancedlen != strlen(w->found.enhanced) ||
	    memcmp(r->enhanced, w->found.enhanced, r->enhancedlen) != 0)
		text = r->enhanced;
	text_add(w->found.text, text);
}

static void
reply_line(struct words *w, const struct reply *r, enum words_about about)
{
	if (w->open && r->code == w->found.code)
		reply_more(w, r);
	else
		reply_begin(w, r, about);
	w->open = r->more;
}

/* A line without a reply that counts says what the next one is about, or why
 * there will be none. */
static void
other_line(struct words *w, const char *line)
{
	enum words_about	 about = introduces(line);

	w->open = false;
	w->next = about >= WORDS_CONFIG ? WORDS_MAIL : about;
	if (about >= WORDS_CONFIG && w->found.code == 0)
		w->found.about = (uint8_t)about;
}

static void
words_line(struct words *w)
{
	struct reply	 r;
	const char	*said;
	char		*line = w->line;
	size_t		 i;

	while (w->len > 0 && (line[w->len - 1] == '\r' ||
	    line[w->len - 1] == ' ' || line[w->len - 1] == '\t'))
		w->len--;
	for (i = 0; i < w->len; i++)
		if (line[i] == '\t')
			line[i] = ' ';
		else if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	line[w->len] = '\0';
	w->len = 0;
	/* Smarthosts use codes such as 571, which RFC 5321 does not have. */
	if ((said = server_message(line)) != NULL && reply_parse(&r, said, '9'))
		reply_line(w, &r, w->next);
	else if (reply_parse(&r, line, '5'))
		reply_line(w, &r, WORDS_UNKNOWN);
	else
		other_line(w, line);
}

void
words_init(struct words *w)
{
	memset(&w->found, 0, sizeof(w->found));
	w->next = WORDS_MAIL;
	w->open = false;
	w->len = 0;
}

void
words_feed(struct words *w, const char *p, size_t len)
{
	for (; len > 0; p++, len--)
		if (*p == '\n')
			words_line(w);
		else if (w->len < sizeof(w->line) - 1)
			w->line[w->len++] = *p;
}

const struct mail_words *
words_end(struct words *w)
{
	if (w->len > 0)
		words_line(w);
	return (&w->found);
}

static bool
printable(const char *s, size_t size)
{
	size_t	 i;

	for (i = 0; i < size && s[i] != '\0'; i++)
		if (s[i] < ' ' || s[i] > '~')
			return (false);
	return (i < size);
}

bool
words_valid(const struct mail_words *w)
{
	const char	*p = w->enhanced;

	if (!printable(w->enhanced, sizeof(w->enhanced)) ||
	    !printable(w->text, sizeof(w->text)) || w->reserved != 0)
		return (false);
	if (w->code == 0)
		return (*p == '\0' && *w->text == '\0' &&
		    (w->about == WORDS_UNKNOWN || w->about == WORDS_CONFIG ||
		    w->about == WORDS_MISPLACED));
	if (w->code < 400 || w->code > 599 || w->about >= WORDS_CONFIG)
		return (false);
	return (*p == '\0' || enhanced_len(p, (char)('0' + w->code / 100)) ==
	    strlen(p));
}
