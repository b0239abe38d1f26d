/* SPDX-License-Identifier: ISC */
/* rule: a rule of --rules, and what the rules decide about a mail. */

#ifndef RULE_H
#define RULE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msmtpd.h"

#define RULE_RATE_MAX	1000000	/* of a period */
#define RULE_UIDS_MAX	2048	/* of a rule; a larger group is several */
#define RULE_NAMES_MAX	64	/* names of AUTH */
#define RULES_MAX	10000

/* Whom a rule concerns: user, group and uid are all RULE_UID. */
enum rule_who {
	RULE_ANY,
	RULE_UID,
	RULE_AUTH,
	RULE_NET,
	RULE_UNIX
};

/* A pattern's octets, and how many of them stand before its first "*" and
 * after its last; without a "*" all of them are its head. */
struct rule_pattern {
	uint16_t	 len, head, tail;
};

/*
 * A rule, as it crosses the boundary.  Behind it are the uids, ascending, the
 * name, the pattern of the reverse-path and that of the forward-path, without
 * '\0'.
 */
struct rule {
	uint32_t	 line;		/* of the file, from 1 */
	uint32_t	 rate;		/* times in a period; 0: any */
	uint32_t	 period;	/* s; 0 where rate is 0 */
	uint32_t	 nuids;
	struct in6_addr	 addr;		/* IPv4 as address_map() has it */
	struct rule_pattern from, to;
	uint16_t	 namelen;	/* RULE_AUTH, else 0 */
	uint8_t		 prefix;	/* bits of addr, 0 to 128 */
	uint8_t		 who;		/* enum rule_who */
	uint8_t		 deny;		/* else it allows */
	uint8_t		 has_from, has_to;	/* else any matches */
	uint8_t		 number;	/* of the name, from 0 */
	uint8_t		 reserved[4];	/* 0 */
};

/* Octets of the longest rule; an imsg holds them. */
#define RULE_MAX	(sizeof(struct rule) + RULE_UIDS_MAX * \
			    sizeof(uint32_t) + MSMTPD_AUTH_MAX + \
			    2 * MSMTPD_ADDRESS_MAX)

/* Who sends. */
struct rule_client {
	const char	*auth;		/* who has logged in; "": nobody */
	uint32_t	 uid;
	bool		 known;		/* uid is */
	bool		 local;		/* by a UNIX socket */
	bool		 internet;	/* addr is its address */
	struct in6_addr	 addr;		/* as in struct rule */
};

/* An address as patterns are compared with it: see rule_address(). */
struct rule_address {
	size_t		 len;
	char		 text[MSMTPD_ADDRESS_MAX];
};

enum rule_answer {
	RULE_ALLOW,
	RULE_DENY,
	RULE_LOGIN		/* only a rule of auth could allow it */
};

/* rule_size: the octets of a rule with all that is behind it. */
size_t	rule_size(const struct rule *);

/* rule_check: of the len octets of a message, NULL where they are a rule, or
 * what is wrong. */
const char *rule_check(const void *, size_t len);

/* rule_pattern: fill in a pattern of these octets. */
void	rule_pattern(struct rule_pattern *, const char *, size_t len);

/*
 * rule_address: a mailbox of up to MSMTPD_ADDRESS_MAX octets ("": the null
 * reverse-path), as patterns are written: ASCII letters small, no dot after
 * the domain, and a local part without its quotes (RFC 5321, 4.1.2), an "@"
 * in it as octet 1, which only "*" matches.  So no spelling of an address
 * passes by a rule that denies it.
 */
void	rule_address(struct rule_address *, const char *, size_t len);

/* rule_fold: of an address or a pattern, make the ASCII letters small and leave
 * out a dot after the domain.  Returns its octets. */
size_t	rule_fold(char *, size_t len);

/* rule_net: take a network address, of AF_INET or AF_INET6. */
void	rule_net(struct in6_addr *, int family, const void *);

/*
 * rule_decide: what the first of the n rules that matches says; where none
 * does: RULE_DENY.  to is NULL while no recipient is known: then RULE_ALLOW
 * means that there may be recipients that are allowed.  *which becomes the
 * rule that decides (RULE_LOGIN: the one that a login would meet), NULL for
 * none.  Its time is linear in the octets of the rules and of the addresses.
 */
enum rule_answer rule_decide(const struct rule *const *, size_t n,
	    const struct rule_client *, const struct rule_address *from,
	    const struct rule_address *to, const struct rule **which);

#endif
