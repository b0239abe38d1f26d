/* SPDX-License-Identifier: ISC */
/* Fuzz target: the reply in what a command prints, at any split. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "mail/verdict.h"
#include "mail/words.h"

/* In pieces of 1 to step octets. */
static void
feed(struct words *w, const char *p, size_t size, size_t step)
{
	size_t	 n = 0;

	words_init(w);
	while (size > 0) {
		n = n % step + 1;
		if (n > size)
			n = size;
		words_feed(w, p, n);
		p += n;
		size -= n;
	}
}

/* The same, whatever the pieces; and nothing that could do harm. */
static void
check_found(const struct mail_words *w, const struct mail_words *other)
{
	const char	*p;

	CHECK(words_valid(w));
	CHECK(memcmp(w, other, sizeof(*w)) == 0);
	for (p = w->text; *p != '\0'; p++)
		CHECK(*p >= ' ' && *p <= '~');
	CHECK(strlen(w->text) <= 400);
	CHECK(w->code == 0 || (w->code >= 400 && w->code < 600));
}

/* With each exit status it makes a verdict, and the reply fits. */
static void
check_verdict(const struct mail_words *w)
{
	struct imsg_result	 r;
	struct verdict		 v;
	char			 why[VERDICT_MAX];

	memset(&r, 0, sizeof(r));
	r.outcome = MAIL_EXITED;
	r.words = *w;
	for (r.value = 1; r.value < 256; r.value++) {
		verdict(&v, &r);
		verdict_why(why, sizeof(why), &v, &r);
		CHECK(v.code >= 400 && v.code < 600 && v.code != 421);
		CHECK(v.code / 10 % 10 <= 5);
		CHECK(v.enhanced[0] == '0' + v.code / 100);
		CHECK(strlen(v.enhanced) < MSMTPD_ENHANCED_MAX);
		CHECK(*v.text != '\0' && strlen(v.text) < MSMTPD_WORDS_MAX);
		CHECK(*why != '\0');
	}
}

/* The first octet says how large the pieces are. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct words		 whole, pieces;
	const struct mail_words	*w;
	char			*p;

	if (size == 0)
		return (0);
	p = malloc(size);
	CHECK(p != NULL);
	memcpy(p, data + 1, size - 1);
	words_init(&whole);
	words_feed(&whole, p, size - 1);
	feed(&pieces, p, size - 1, data[0] + 1U);
	w = words_end(&whole);
	check_found(w, words_end(&pieces));
	check_verdict(w);
	free(p);
	return (0);
}
