/* SPDX-License-Identifier: ISC */
/* Users by name, as parent looks them up, and by uid, as front shows them. */

#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/users.h"
#include "msg.h"
#include "parent/names.h"
#include "tap.h"

/* Each user of this machine whose name can be shown, and nobody else. */
static void
shown(void)
{
	struct passwd	*pw;
	const char	*name;
	uid_t		 uid, found;
	char		*list, *copy;
	size_t		 len;
	int		 wrong = 0, n = 0;

	list = names_list(&len);
	ok(list != NULL && len > 0, "there are users");
	/* As messages of one and of many. */
	copy = list + sizeof(uint32_t);
	copy += strlen(copy) + 1;
	users_add(list, (size_t)(copy - list));
	if (copy < list + len)
		users_add(copy, len - (size_t)(copy - list));
	free(list);
	setpwent();
	while ((pw = getpwent()) != NULL) {
		if (!msg_is_user(pw->pw_name))
			continue;
		n++;
		uid = pw->pw_uid;
		name = users_name(uid);
		/* Another name of the same uid may come first. */
		wrong += name == NULL || names_user(name, &found) == -1 ||
		    found != uid;
	}
	is_int(wrong, 0, "each of %d has a name", n);
	ok(users_name(4000000001U) == NULL, "a uid of nobody has none");
}

static bool
is_in(const uid_t *uids, ssize_t n, uid_t uid)
{
	ssize_t	 i;

	for (i = 0; i < n && uids[i] != uid; i++)
		continue;
	return (i < n);
}

/* Every group: the members it names, and those whose primary group it is. */
static void
members(void)
{
	struct group	*gr;
	struct passwd	*pw;
	uid_t		*uids;
	ssize_t		 n, i;
	char		**m;
	int		 wrong = 0, groups = 0;

	setgrent();
	while ((gr = getgrent()) != NULL) {
		groups++;
		n = names_group(gr->gr_name, &uids);
		for (i = 1; i < n; i++)
			wrong += uids[i] <= uids[i - 1];
		for (m = gr->gr_mem; *m != NULL; m++)
			if ((pw = getpwnam(*m)) != NULL)
				wrong += !is_in(uids, n, pw->pw_uid);
		setpwent();
		while ((pw = getpwent()) != NULL)
			if (pw->pw_gid == gr->gr_gid)
				wrong += !is_in(uids, n, pw->pw_uid);
		wrong += n < 0;
		free(uids);
	}
	is_int(wrong, 0, "%d groups have their members, in order", groups);
	is_int(names_group("no-such-group", &uids), -1, "a group of nobody");
}

int
main(void)
{
	struct identity	 nobody;
	uid_t		 uid = 1;
	char		 name[300];

	memset(&nobody, 0, sizeof(nobody));
	nobody.uid = nobody.gid = 65534;
	names_open(geteuid() == 0 ? &nobody : NULL);
	is_int(names_user("root", &uid), 0, "root is a user");
	is_int(uid, 0, "of uid 0");
	is_int(names_user("no-such-user", &uid), -1, "no user");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	is_int(names_user(name, &uid), -1, "none of so long a name");
	shown();
	members();
	names_close();
	return (done_testing());
}
