/* SPDX-License-Identifier: ISC */
/* Fuzz target: the file of --rules; each rule that is taken is one. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "world.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules	 r;
	char		*text, err[RULES_ERR_MAX];
	uint32_t	 before = 0, line;
	size_t		 i;

	text = malloc(size + 1);
	CHECK(text != NULL);
	memcpy(text, data, size);
	if (rules_parse(&r, text, size, &world, &line, err) == -1) {
		CHECK(r.n == 0 && line >= 1 && strlen(err) > 0);
		free(text);
		return (0);
	}
	for (i = 0; i < r.n; i++) {
		CHECK(rule_check(r.v[i], rule_size(r.v[i])) == NULL);
		CHECK(rule_size(r.v[i]) <= RULE_MAX);
		CHECK(r.v[i]->line >= before);
		before = r.v[i]->line;
	}
	rules_free(&r);
	free(text);
	return (0);
}
