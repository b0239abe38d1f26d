/* SPDX-License-Identifier: ISC */
/* Whom a session belongs to; how long an owner is known, how many lines of the
 * log are an owner's, how much memory, and who gives way. */

#include <arpa/inet.h>

#include <err.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "front/account.h"
#include "front/client.h"
#include "front/owner.h"
#include "log.h"
#include "tap.h"
#include "test_clock.h"

#define IDLE	3		/* owners who are remembered */
#define MEMORY	1000		/* octets of the account */

static const struct {
	const char	*address;	/* NULL: a pipe */
	const char	*auth;
	int64_t		 uid;		/* -1: not known */
	const char	*want;
} names[] = {
	{ "192.0.2.1", "", -1, "192.0.2.1" },
	{ "2001:db8:1:2:3:4:5:6", "", -1, "2001:db8:1:2::/64" },
	{ "2001:db8:1:2:ffff::", "", -1, "2001:db8:1:2::/64" },
	{ "2001:db8:1:3::6", "", -1, "2001:db8:1:3::/64" },
	{ "::ffff:192.0.2.1", "", -1, "192.0.2.1" },
	{ "::1", "", -1, "::1" },
	{ NULL, "", -1, "stdin" },
	{ NULL, "", 7, "uid=7" },
	{ "127.0.0.1", "", 0, "uid=0" },
	{ "127.0.0.1", "", 4294967294, "uid=4294967294" },
	{ "127.0.0.1", "joe", 1000, "auth=joe" },
	{ "192.0.2.1", "M\303\274ller", -1, "auth=M\303\274ller" },
	{ "192.0.2.1", "a b\\\n", -1, "auth=a b\\\\\\n" }
};

static void
set(struct client *c, const char *address, int64_t uid)
{
	struct sockaddr_storage	 ss;
	struct sockaddr_in	*sin = (void *)&ss;
	struct sockaddr_in6	*sin6 = (void *)&ss;

	memset(&ss, 0, sizeof(ss));
	memset(c, 0, sizeof(*c));
	ss.ss_family = AF_UNSPEC;
	if (address != NULL) {
		ss.ss_family = strchr(address, ':') != NULL ? AF_INET6 :
		    AF_INET;
		inet_pton(ss.ss_family, address, ss.ss_family == AF_INET ?
		    (void *)&sin->sin_addr : &sin6->sin6_addr);
	}
	client_set(c, &ss);
	c->known = uid != -1;
	c->uid = (uint32_t)uid;
}

static void
name_cases(void)
{
	char		 buf[MSMTPD_OWNER_MAX], longest[MSMTPD_AUTH_MAX];
	struct client	 c;
	size_t		 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		set(&c, names[i].address, names[i].uid);
		owner_name(buf, names[i].auth, &c);
		is_str(buf, names[i].want, "%s, uid %lld, \"%s\"",
		    names[i].address != NULL ? names[i].address : "a pipe",
		    (long long)names[i].uid, names[i].auth);
	}
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	owner_name(buf, longest, &c);
	is_str(buf + 5, longest, "the longest name has room");
}

static char	 line[LOG_LINE_MAX];	/* the last one */

static void
take_line(void *arg, int pri, const char *text)
{
	(void)arg, (void)pri;
	strlcpy(line, text, sizeof(line));
}

static int
known(void)
{
	struct owner	*o;
	int		 n = 0;

	for (o = owner_next(NULL); o != NULL; o = owner_next(o))
		n++;
	return (n - 1);		/* without the one for lack of memory */
}

static void
test_known(void)
{
	struct owner	*o = owner_get("a");
	char		 name[8];
	int		 i;

	ok(owner_get("a") == o, "the same owner by the same name");
	owner_put(o);
	is_int(known(), 1, "who has something left is known");
	owner_put(o);
	is_int(known(), 0, "who has not, is not");
	for (i = 0; i < 2 * IDLE; i++) {
		snprintf(name, sizeof(name), "%d", i);
		o = owner_get(name);
		(void)owner_line(o);
		owner_put(o);
	}
	is_int(known(), IDLE, "nor are many whose lines count");
	test_clock_pass(1000);
	owner_put(owner_get("a"));
	is_int(known(), 0, "and none when they do not");
}

static int
lines(struct owner *o, int n)
{
	int	 taken = 0;

	while (n-- > 0)
		taken += owner_line(o);
	return (taken);
}

static void
test_lines(void)
{
	struct owner	*a = owner_get("a"), *b = owner_get("b");

	is_int(lines(a, 1000), 200, "so many lines at once");
	is_int(lines(b, 1), 1, "another owner has all its own");
	owner_put(a);
	is_int(lines(a = owner_get("a"), 100), 0,
	    "coming anew gives no new ones");
	is_str(line, "", "nothing is said at once");
	test_clock_pass(1000);
	is_str(line, "900 lines about a were left out, as it has caused too "
	    "many", "what was left out is counted");
	is_int(lines(a, 100), 20, "then so many in a second");
	owner_put(a);
	owner_put(b);
	test_clock_pass(20000);
}

static struct owner	*yields;	/* who gives way, all at once */
static unsigned int	 nsqueezed;

static bool
squeeze(const struct owner *o, uint64_t octets)
{
	nsqueezed++;
	if (yields == NULL || yields->memory <= o->memory + octets)
		return (false);
	account_give(yields, yields->memory - yields->held);
	return (true);
}

static void
test_account(void)
{
	struct owner	*a = owner_get("a"), *b = owner_get("b");

	account_init(MEMORY, squeeze);
	yields = a;
	ok(!account_room(a, MEMORY + 1), "no room for more than all");
	ok(account_room(a, MEMORY), "but for all");
	is_int(account_take(a, MEMORY + 1), 0, "one may go beyond the bound");
	ok(!account_room(a, 1), "and has no more then");
	is_int(account_take(a, 1), -1, "really");
	ok(account_room(b, 400), "another would have room");
	ok(!account_room(b, MEMORY + 1), "but not for more");
	account_hold(a, MEMORY);
	ok(!account_room(b, 400), "what deliver has does not give way");
	ok(!account_holds(1), "deliver may have no more");
	account_unhold(a, 300);
	ok(!account_room(b, 400), "nor what does not suffice");
	account_unhold(a, 700);
	ok(account_holds(MEMORY - MEMORY / 8), "an eighth is kept");
	ok(!account_holds(MEMORY - MEMORY / 8 + 1), "no less");
	nsqueezed = 0;
	is_int(account_take(b, 400), 0, "who has less is given room");
	is_int(nsqueezed, 1, "one gives way");
	is_int((long long)a->memory, 0, "who has most");
	account_move(b, a, 400);
	is_int((long long)a->memory, 400, "what is moved is the other's");
	account_give(a, 400);
	ok(account_room(b, MEMORY), "all is free again");
	owner_put(a);
	owner_put(b);
}

int
main(void)
{
	log_init("", take_line, NULL);
	if (event_init() == -1)
		err(1, "event_init");
	owner_init(IDLE);
	name_cases();
	test_known();
	test_lines();
	test_account();
	return (done_testing());
}
