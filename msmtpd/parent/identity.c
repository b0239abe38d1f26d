/* SPDX-License-Identifier: ISC */
/* identity: the users that children become, and their environments. */

#include <errno.h>
#include <grp.h>
#include <paths.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "identity.h"
#include "log.h"

/* gettext(3): what msmtp says is in English whatever LANG and LC_ALL are, so
 * that the smarthost's words can be found in it (mail/words.c). */
#define MESSAGES	"en"

extern char	**environ;

static void
identity_groups(struct identity *id)
{
	int	 n = MSMTPD_GROUPS_MAX;

	if (getgrouplist(id->name, id->gid, id->groups, &n) == -1)
		fatal_status(EX_CONFIG, "user %s: member of more than %d "
		    "groups; give one that is in fewer", id->name,
		    MSMTPD_GROUPS_MAX);
	id->ngroups = (uint32_t)n;
}

void
identity_lookup(struct identity *id, const char *name, const char *option,
    const char *useradd_args)
{
	struct passwd	*pw;

	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
		fatal_status(EX_OSERR, "--%s: cannot look up %s: %s", option,
		    name, strerror(errno));
	if (pw == NULL)
		fatal_status(EX_NOUSER, "--%s: there is no user %s; create it "
		    "with: useradd %s %s", option, name, useradd_args, name);
	if (pw->pw_uid == 0)
		fatal_status(EX_NOUSER, "--%s: %s must not be root; give "
		    "another user", option, name);
	memset(id, 0, sizeof(*id));
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	if (strlcpy(id->name, name, sizeof(id->name)) >= sizeof(id->name) ||
	    strlcpy(id->home, pw->pw_dir, sizeof(id->home)) >=
	    sizeof(id->home) ||
	    strlcpy(id->shell, *pw->pw_shell != '\0' ? pw->pw_shell :
	    _PATH_BSHELL, sizeof(id->shell)) >= sizeof(id->shell))
		fatal_status(EX_CONFIG, "user %s: name, home directory or "
		    "shell too long", name);
	identity_groups(id);
}

static void
env_put(char **env, size_t *n, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (asprintf(&env[(*n)++], "%s=%s", name, value) == -1)
		fatalx("asprintf: out of memory");
}

char **
identity_env(const struct identity *id)
{
	const char	*path = getenv("PATH");
	char		**env;
	size_t		 n = 0;

	if ((env = calloc(9, sizeof(*env))) == NULL)
		fatal("calloc");
	env_put(env, &n, "PATH", path != NULL && *path != '\0' ? path :
	    "/usr/local/bin:/usr/bin:/bin");
	env_put(env, &n, "HOME", id->home);
	env_put(env, &n, "USER", id->name);
	env_put(env, &n, "LOGNAME", id->name);
	env_put(env, &n, "SHELL", id->shell);
	env_put(env, &n, "TZ", getenv("TZ"));
	env_put(env, &n, "LANG", getenv("LANG"));
	env_put(env, &n, "LANGUAGE", MESSAGES);
	return (env);
}

char **
identity_passthrough(void)
{
	static const char *const	 ours[] = {
		"LANGUAGE",
		"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID",
		"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
		"JOURNAL_STREAM"
	};
	char				**env;
	size_t				 i, len, n, used = 0;

	for (n = 0; environ[n] != NULL; n++)
		;
	if ((env = calloc(n + 2, sizeof(*env))) == NULL)
		fatal("calloc");
	/* A copy, because the daemon itself still has to read its own. */
	for (n = 0; environ[n] != NULL; n++) {
		for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
			len = strlen(ours[i]);
			if (strncmp(environ[n], ours[i], len) == 0 &&
			    environ[n][len] == '=')
				break;
		}
		if (i == sizeof(ours) / sizeof(ours[0]))
			env[used++] = environ[n];
	}
	env_put(env, &used, "LANGUAGE", MESSAGES);
	return (env);
}
