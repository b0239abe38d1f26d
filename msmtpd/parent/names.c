/* SPDX-License-Identifier: ISC */
/* names: users and groups by name, asked for by a process of their own. */

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "msg.h"
#include "names.h"
#include "sandbox_enter.h"

#define NAMES_FD	3	/* the process's end of the socket */
#define NAMES_SECONDS	30	/* that a lookup may take */
#define MEMBERS_MAX	65536	/* of a group */

enum names_what {
	NAMES_USER,		/* answered by its uid */
	NAMES_GROUP,		/* by the uids of its members */
	NAMES_LIST		/* by all users, packed */
};

struct question {
	enum names_what	 what;
	char		 name[256];
};

/* Followed by len octets. */
struct answer {
	int		 error;		/* errno; ENOENT: there is none */
	size_t		 len;
};

static int	 names_fd = -1;
static pid_t	 names_pid;

/*
 * In the process that looks up.
 */

static uid_t	 uids[MEMBERS_MAX];
static size_t	 nuids;

/* What the C library says for "not found" differs by its sources. */
static int
lookup_error(void)
{
	return (errno == 0 || errno == ESRCH || errno == EBADF ||
	    errno == EPERM ? ENOENT : errno);
}

static int
uid_add(uid_t uid)
{
	if (nuids == MEMBERS_MAX)
		return (E2BIG);
	uids[nuids++] = uid;
	return (0);
}

static int
uid_cmp(const void *a, const void *b)
{
	uid_t	 x = *(const uid_t *)a, y = *(const uid_t *)b;

	return (x < y ? -1 : x > y);
}

static void
uids_sort(void)
{
	size_t	 i, n = 0;

	qsort(uids, nuids, sizeof(uids[0]), uid_cmp);
	for (i = 0; i < nuids; i++)
		if (i == 0 || uids[i] != uids[i - 1])
			uids[n++] = uids[i];
	nuids = n;
}

static int
find_user(const char *name)
{
	struct passwd	*pw;

	errno = 0;
	if ((pw = getpwnam(name)) == NULL)
		return (lookup_error());
	return (uid_add(pw->pw_uid));
}

static int
find_group(const char *name)
{
	struct group	*gr;
	struct passwd	*pw;
	gid_t		 gid;
	char		**member;
	int		 error = 0;

	errno = 0;
	if ((gr = getgrnam(name)) == NULL)
		return (lookup_error());
	gid = gr->gr_gid;
	for (member = gr->gr_mem; error == 0 && *member != NULL; member++)
		if ((error = find_user(*member)) == ENOENT)
			error = 0;
	setpwent();
	while (error == 0 && (pw = getpwent()) != NULL)
		if (pw->pw_gid == gid)
			error = uid_add(pw->pw_uid);
	endpwent();
	uids_sort();
	return (error);
}

struct user {
	uid_t	 uid;
	size_t	 order;		/* the first name of a uid is its name */
	char	 name[MSMTPD_USER_MAX];
};

static int
user_cmp(const void *a, const void *b)
{
	const struct user	*x = a, *y = b;

	if (x->uid != y->uid)
		return (x->uid < y->uid ? -1 : 1);
	return (x->order < y->order ? -1 : x->order > y->order);
}

/* All users whose name the log can show. */
static struct user *
users_read(size_t *n)
{
	struct user	*users;
	struct passwd	*pw;

	*n = 0;
	if ((users = calloc(MSMTPD_USERS_MAX, sizeof(*users))) == NULL)
		return (NULL);
	setpwent();
	while (*n < MSMTPD_USERS_MAX && (pw = getpwent()) != NULL) {
		if (!msg_is_user(pw->pw_name))
			continue;
		users[*n].uid = pw->pw_uid;
		users[*n].order = *n;
		strlcpy(users[*n].name, pw->pw_name, sizeof(users[*n].name));
		(*n)++;
	}
	endpwent();
	qsort(users, *n, sizeof(*users), user_cmp);
	return (users);
}

/* Pack them to buf of MSMTPD_NAMES_MAX octets. */
static size_t
users_pack(char *buf)
{
	struct user	*users;
	uint32_t	 uid;
	size_t		 i, n, size, len = 0;

	if ((users = users_read(&n)) == NULL)
		return (0);
	for (i = 0; i < n; i++) {
		size = strlen(users[i].name) + 1;
		if (len + sizeof(uid) + size > MSMTPD_NAMES_MAX)
			break;
		if (i > 0 && users[i].uid == users[i - 1].uid)
			continue;
		uid = users[i].uid;
		memcpy(buf + len, &uid, sizeof(uid));
		memcpy(buf + len + sizeof(uid), users[i].name, size);
		len += sizeof(uid) + size;
	}
	free(users);
	return (len);
}

static bool
put(int fd, const void *data, size_t len)
{
	const char	*p = data;
	ssize_t		 n;

	for (; len > 0; p += n, len -= (size_t)n)
		if ((n = send(fd, p, len, MSG_NOSIGNAL)) <= 0)
			return (false);
	return (true);
}

static bool
get(int fd, void *data, size_t len)
{
	char	*p = data;
	ssize_t	 n;

	for (; len > 0; p += n, len -= (size_t)n)
		if ((n = read(fd, p, len)) <= 0)
			return (false);
	return (true);
}

static void __attribute__((noreturn))
names_main(const struct identity *id)
{
	static char		 list[MSMTPD_NAMES_MAX];
	struct sandbox_user	 user;
	struct question		 q;
	struct answer		 a;
	const void		*data;

	memset(&user, 0, sizeof(user));
	if (id != NULL) {
		user = (struct sandbox_user){ true, id->uid, id->gid,
		    id->groups, id->ngroups, NULL };
	}
	sandbox_give_up(id != NULL ? &user : NULL, id != NULL);
	sandbox_nnp();
	while (get(NAMES_FD, &q, sizeof(q))) {
		alarm(NAMES_SECONDS);
		nuids = 0;
		a.error = 0;
		data = uids;
		if (q.what == NAMES_USER)
			a.error = find_user(q.name);
		else if (q.what == NAMES_GROUP)
			a.error = find_group(q.name);
		a.len = a.error == 0 ? nuids * sizeof(uids[0]) : 0;
		if (q.what == NAMES_LIST) {
			data = list;
			a.len = users_pack(list);
		}
		alarm(0);
		if (!put(NAMES_FD, &a, sizeof(a)) ||
		    !put(NAMES_FD, data, a.len))
			break;
	}
	_exit(0);
}

/*
 * In parent.
 */

void
names_open(const struct identity *id)
{
	pid_t	 parent = getpid();
	int	 fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1 ||
	    (names_pid = fork()) == -1)
		fatal_status(EX_OSERR, "looking up users: %s",
		    strerror(errno));
	if (names_pid == 0) {
		if (dup2(fds[1], NAMES_FD) == -1)
			fatal("dup2");
		closefrom(NAMES_FD + 1);
		sandbox_deathsig(parent);
		names_main(id);
	}
	close(fds[1]);
	names_fd = fds[0];
}

void
names_close(void)
{
	close(names_fd);
	names_fd = -1;
	while (waitpid(names_pid, NULL, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
}

/* Returns whether there is such a one, and what is answered. */
static bool
names_ask(enum names_what what, const char *name, void **data, size_t *len)
{
	struct question	 q;
	struct answer	 a;

	memset(&q, 0, sizeof(q));
	*data = NULL;
	*len = 0;
	q.what = what;
	/* No user or group has so long a name. */
	if (strlcpy(q.name, name, sizeof(q.name)) >= sizeof(q.name))
		return (false);
	if (!put(names_fd, &q, sizeof(q)) || !get(names_fd, &a, sizeof(a))) {
		if (what == NAMES_LIST) {
			log_warnx("the log shows no names of users: they "
			    "cannot be looked up");
			return (false);
		}
		fatal_status(EX_OSERR, "looking up users: no answer; does "
		    "\"getent passwd\" work?");
	}
	if (a.error == ENOENT)
		return (false);
	if (a.error != 0)
		fatal_status(EX_OSERR, "cannot look up %s: %s", name,
		    strerror(a.error));
	if (a.len > 0 && ((*data = malloc(a.len)) == NULL ||
	    !get(names_fd, *data, a.len)))
		fatal_status(EX_OSERR, "cannot look up %s", name);
	*len = a.len;
	return (true);
}

int
names_user(const char *name, uid_t *uid)
{
	void	*data;
	size_t	 len;

	if (!names_ask(NAMES_USER, name, &data, &len) || len != sizeof(*uid))
		return (-1);
	memcpy(uid, data, sizeof(*uid));
	free(data);
	return (0);
}

ssize_t
names_group(const char *name, uid_t **members)
{
	void	*data;
	size_t	 len;
	bool	 found = names_ask(NAMES_GROUP, name, &data, &len);

	*members = data;
	return (found ? (ssize_t)(len / sizeof(uid_t)) : -1);
}

char *
names_list(size_t *len)
{
	void	*data;

	(void)names_ask(NAMES_LIST, "", &data, len);
	return (data);
}
