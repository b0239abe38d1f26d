/* SPDX-License-Identifier: ISC */
/* Whom a session belongs to. */

#include <arpa/inet.h>

#include <string.h>

#include "front/client.h"
#include "front/owner.h"
#include "tap.h"

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

int
main(void)
{
	name_cases();
	return (done_testing());
}
