/* SPDX-License-Identifier: ISC */
/* users: the names of users, for the log. */

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "msmtpd.h"
#include "users.h"

/* Users as they came, packed, and where each begins. */
static char		*names;
static size_t		 names_len;
static uint32_t		*users;
static size_t		 nusers;

static uint32_t
uid_at(size_t i)
{
	uint32_t	 uid;

	memcpy(&uid, names + users[i], sizeof(uid));
	return (uid);
}

static void
user_add(size_t off)
{
	if (nusers == MSMTPD_USERS_MAX)
		fatalx("parent: too many users");
	users[nusers++] = (uint32_t)off;
	if (nusers > 1 && uid_at(nusers - 1) <= uid_at(nusers - 2))
		fatalx("parent: users out of order");
}

void
users_add(const void *data, size_t len)
{
	const size_t	 most = len / (sizeof(uint32_t) + 2);
	size_t		 end = names_len + len;
	void		*p;

	if (end > MSMTPD_NAMES_MAX)
		fatalx("parent: too many users");
	if ((p = realloc(names, end)) == NULL)
		fatal("users");
	names = p;
	if ((p = reallocarray(users, nusers + most, sizeof(*users))) == NULL)
		fatal("users");
	users = p;
	memcpy(names + names_len, data, len);
	while (names_len < end) {
		user_add(names_len);
		names_len += sizeof(uint32_t);
		names_len += strlen(names + names_len) + 1;
	}
}

const char *
users_name(uint32_t uid)
{
	size_t	 low = 0, high = nusers, i;

	while (low < high) {
		i = low + (high - low) / 2;
		if (uid_at(i) == uid)
			return (names + users[i] + sizeof(uid));
		if (uid_at(i) < uid)
			low = i + 1;
		else
			high = i;
	}
	return (NULL);
}
