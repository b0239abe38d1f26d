/* SPDX-License-Identifier: ISC */
/* owner: whom a session belongs to, among whom what front has is shared. */

#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "event.h"
#include "log.h"
#include "owner.h"

#define LOG_EVERY	50	/* ms between an owner's lines, in the end */
#define LOG_AHEAD	10000	/* ms that lines at once may be ahead of that */
#define LOG_COUNT	1000	/* ms until lines that were left out count */

RB_HEAD(owner_tree, owner);

static struct owner_tree owners = RB_INITIALIZER(&owners);
static TAILQ_HEAD(, owner) idle = TAILQ_HEAD_INITIALIZER(idle);
static uint32_t		 nidle, idle_max;
static struct owner	 others = { .name = "others", .refs = 1 };
static struct timer	 count_timer;

static int
owner_cmp(const struct owner *a, const struct owner *b)
{
	return (strcmp(a->name, b->name));
}

RB_PROTOTYPE(owner_tree, owner, entry, owner_cmp)
RB_GENERATE(owner_tree, owner, entry, owner_cmp)

/* One that has an IPv6 address has all of its network, which is a /64 (RFC
 * 4291, 2.5.4).  An IPv4-mapped address (2.5.5.2) is an IPv4 address. */
static void
owner_address(char *buf, const struct client *c)
{
	struct in6_addr	 net;
	char		 text[INET6_ADDRSTRLEN];

	text[0] = '\0';
	if (c->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&c->addr.in6))
		inet_ntop(AF_INET, &c->addr.in6.s6_addr[12], text,
		    sizeof(text));
	else if (c->family == AF_INET6 &&
	    !IN6_IS_ADDR_LOOPBACK(&c->addr.in6)) {
		net = c->addr.in6;
		memset(&net.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &net, text, sizeof(text));
		strlcat(text, "/64", sizeof(text));
	} else if (c->family != AF_UNSPEC)
		inet_ntop(c->family, &c->addr, text, sizeof(text));
	strlcpy(buf, text[0] != '\0' ? text : "stdin", MSMTPD_OWNER_MAX);
}

void
owner_name(char *buf, const char *auth, const struct client *c)
{
	static const char	 prefix[] = "auth=";
	size_t			 n = sizeof(prefix) - 1;

	if (*auth != '\0') {
		memcpy(buf, prefix, n);
		(void)log_printable(buf + n, MSMTPD_OWNER_MAX - n, auth,
		    strlen(auth));
	} else if (c->known)
		client_user(buf, c);
	else
		owner_address(buf, c);
}

static void
owner_count(struct owner *o)
{
	if (o->unsaid > 0)
		log_warnx("%u lines about %s were left out, as it has caused "
		    "too many", o->unsaid, o->name);
	o->unsaid = 0;
}

static void
owner_count_all(void *arg)
{
	struct owner	*o;

	(void)arg;
	RB_FOREACH(o, owner_tree, &owners)
		owner_count(o);
}

bool
owner_line(struct owner *o)
{
	int64_t	 now = event_now();

	if (o->lines < now)
		o->lines = now;
	if (o->lines - now < LOG_AHEAD) {
		o->lines += LOG_EVERY;
		return (true);
	}
	o->unsaid++;
	if (count_timer.at == 0)
		timer_set(&count_timer, LOG_COUNT, owner_count_all, NULL);
	return (false);
}

/* Forget those of whom nothing is left to know, and the oldest where they are
 * too many. */
static void
owner_forget(void)
{
	struct owner	*o, *next;

	TAILQ_FOREACH_SAFE(o, &idle, idle, next) {
		if (nidle <= idle_max && (o->lines > event_now() ||
		    o->unsaid > 0))
			break;
		owner_count(o);
		TAILQ_REMOVE(&idle, o, idle);
		nidle--;
		RB_REMOVE(owner_tree, &owners, o);
		free(o);
	}
}

static void
owner_add(struct owner *o)
{
	LIST_INIT(&o->sessions);
	TAILQ_INIT(&o->mails);
	RB_INSERT(owner_tree, &owners, o);
}

void
owner_init(uint32_t max)
{
	idle_max = max;
	owner_add(&others);
}

struct owner *
owner_ref(struct owner *o)
{
	if (o->refs++ == 0) {
		TAILQ_REMOVE(&idle, o, idle);
		nidle--;
	}
	return (o);
}

struct owner *
owner_get(const char *name)
{
	struct owner	 key = { .name = name }, *o;
	size_t		 size = strlen(name) + 1;

	if ((o = RB_FIND(owner_tree, &owners, &key)) == NULL) {
		if ((o = calloc(1, sizeof(*o) + size)) == NULL)
			return (owner_ref(&others));
		o->name = memcpy(o + 1, name, size);
		o->refs = 1;
		owner_add(o);
		return (o);
	}
	return (owner_ref(o));
}

void
owner_put(struct owner *o)
{
	if (--o->refs > 0)
		return;
	TAILQ_INSERT_TAIL(&idle, o, idle);
	nidle++;
	owner_forget();
}

struct owner *
owner_next(struct owner *o)
{
	return (o == NULL ? RB_MIN(owner_tree, &owners) :
	    RB_NEXT(owner_tree, &owners, o));
}
