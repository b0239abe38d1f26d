/* SPDX-License-Identifier: ISC */
/* rules: the parser of the file of --rules, and of --as. */

#ifndef RULES_H
#define RULES_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/rule.h"

#define RULES_FILE_MAX	1048576	/* octets of the file */
#define RULES_ERR_MAX	256

/* What the rules of a file may speak of. */
struct rules_world {
	/* As names_user() and names_group(). */
	int		 (*user)(const char *, uid_t *);
	ssize_t		 (*group)(const char *, uid_t **);
	const char *const *auths;	/* names of --auth */
	size_t		 nauths;	/* RULE_NAMES_MAX at most */
};

struct rules {
	struct rule	**v;
	size_t		 n;
};

/*
 * rules_parse: the rules in the len octets at text, RULES_FILE_MAX at most.
 * Returns 0, or -1 with *line and what is wrong there in err of RULES_ERR_MAX
 * octets; nothing is kept then.  Fatal where there is no memory.
 * rules_free: forget them.
 */
int	rules_parse(struct rules *, const char *text, size_t len,
	    const struct rules_world *, uint32_t *line, char *err);
void	rules_free(struct rules *);

/*
 * rules_read: read the file, which must be a regular one that only root, or the
 * user who starts us, can write to or put in another's place.  Returns its
 * octets, allocated, or NULL with the reason in err of RULES_ERR_MAX octets.
 */
char	*rules_read(const char *path, size_t *len, char *err);

/* Of --as: who sends what. */
struct rules_mail {
	struct rule_client client;
	struct rule_address from, to;
	bool		 has_to;	/* else: the answer to MAIL */
};

/*
 * rules_mail: parse "user NAME | uid N, auth NAME, net ADDRESS | unix, from
 * ADDRESS, to ADDRESS", each of them once or not at all; without "from" it is
 * the null reverse-path.  text is written to, and must stay.  Returns 0, or -1
 * with what is wrong in err of RULES_ERR_MAX octets.
 */
int	rules_mail(struct rules_mail *, char *text, const struct rules_world *,
	    char *err);

#endif
