/* SPDX-License-Identifier: ISC */
/* A user of the SMTP engine that writes down and checks all that it is told. */

#ifndef RECORDER_H
#define RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtp/smtp.h"

/* The id of each mail. */
#define RECORDER_ID	"a.b.c"

struct text {
	char	*p;		/* ends in '\0' */
	size_t	 len;
	size_t	 space;
};

/*
 * A user of the SMTP engine that writes down all that comes of it, and
 * checks what must hold whatever the client sends.  What does not is reported
 * on standard error and ends the process (abort(3)).
 */
struct recorder {
	struct config		 conf;		/* config_default() */
	struct smtp		*smtp;

	/* what it answers to the engine */
	uint64_t		 max_declared;	/* room() */
	uint64_t		 max_content;	/* data() */
	bool			 begin;		/* data_begin() */
	bool			 full;		/* data() takes nothing, not
						 * even none */
	bool			 hold;		/* results are the test's */
	uint32_t		 pauses;	/* reply() returns false where
						 * the next bit, lowest first,
						 * is set */
	struct verdict	 verdict;

	/* what has come of it */
	struct text		 replies;	/* as sent */
	struct text		 codes;		/* the same: "250 2.1.0," */
	struct text		 events;	/* all, replies included */
	struct text		 content;	/* of the last mail */
	struct text		 raw;		/* before conversion, only by
						 * recorder_octets() */
	uint32_t		 nreplies;
	uint32_t		 nbegin, nend, nabort;
	uint32_t		 ntaken;	/* results that were 250 */
	uint32_t		 ndata;		/* calls of data() */
	bool			 mail_open;
	bool			 mail_fed;	/* data() has been called */
	bool			 mail_untold;	/* it has an id, and neither
						 * end() nor refused() */
	bool			 auth_good;	/* user "user", "secret" */
	bool			 auth_down;	/* user "down" */
	bool			 auth_asked;	/* auth(), not replied to yet */

	struct text		 rest;		/* not used by the engine yet */
};

/* The one id that is of a mail of ours. */
#define RECORDER_OURS	"start.1.1"

/*
 * recorder_init: with settings that a test may change before
 * recorder_start(), which begins a session and greets.
 */
void	recorder_init(struct recorder *);
void	recorder_start(struct recorder *);
void	recorder_free(struct recorder *);

/*
 * recorder_feed: give the engine octets, in pieces of their own memory, and
 * results as soon as it waits for them (unless hold is set).
 */
void	recorder_feed(struct recorder *, const char *, size_t);
void	recorder_send(struct recorder *, const char *);

/* recorder_octets: the same, one octet at a time, and check each message
 * against reference_content(). */
void	recorder_octets(struct recorder *, const char *, size_t);

/* recorder_answer: give the result it waits for; none: nothing. */
void	recorder_answer(struct recorder *);

#endif
