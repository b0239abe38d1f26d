/* SPDX-License-Identifier: ISC */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "msmtpd.h"

#define COMMAND_DEFPATH	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:" \
			    "/sbin:/bin"
/* Unquoted, each of these would mean something to a shell. */
#define COMMAND_OPERATORS	"|&;<>()$`*?~#\n"

/* A word under construction. */
struct splitter {
	const char	*in;
	char		*out;		/* never outruns in */
	bool		 word;		/* one has begun */
	char		 bad;		/* '\0', or what was unquoted */
	const char	*unclosed;	/* NULL, or the quote's name */
};

static void
split_single(struct splitter *s)
{
	for (s->in++; *s->in != '\''; s->in++) {
		if (*s->in == '\0') {
			s->unclosed = "single quote";
			return;
		}
		*s->out++ = *s->in;
	}
	s->in++;
}

/* In double quotes a backslash quotes only $ ` " \ and newline; and $ and `
 * would still be expanded by a shell. */
static void
split_double(struct splitter *s)
{
	for (s->in++; *s->in != '"'; s->in++) {
		if (*s->in == '\0') {
			s->unclosed = "double quote";
			return;
		}
		if (*s->in == '$' || *s->in == '`') {
			s->bad = *s->in;
			return;
		}
		if (*s->in == '\\' && s->in[1] != '\0' &&
		    strchr("$`\"\\\n", s->in[1]) != NULL) {
			s->in++;
			if (*s->in == '\n')	/* a continued line */
				continue;
		}
		*s->out++ = *s->in;
	}
	s->in++;
}

static void
split_backslash(struct splitter *s)
{
	s->in++;
	if (*s->in == '\0') {
		s->unclosed = "backslash";
		return;
	}
	if (*s->in != '\n')
		*s->out++ = *s->in;
	s->in++;
}

static void
split_all(struct splitter *s)
{
	while (*s->in != '\0' && s->bad == '\0' && s->unclosed == NULL) {
		if (*s->in == ' ' || *s->in == '\t') {
			if (s->word)
				*s->out++ = '\0';
			s->word = false;
			s->in++;
			continue;
		}
		/* A word that only continues a line is none yet. */
		if (s->in[0] != '\\' || s->in[1] != '\n')
			s->word = true;
		if (*s->in == '\'')
			split_single(s);
		else if (*s->in == '"')
			split_double(s);
		else if (*s->in == '\\')
			split_backslash(s);
		else if (strchr(COMMAND_OPERATORS, *s->in) != NULL)
			s->bad = *s->in;
		else
			*s->out++ = *s->in++;
	}
	if (s->word)
		*s->out++ = '\0';
}

/* What the administrator should write who wanted a shell: the string quoted
 * for --command, sender and recipients as the script's parameters. */
static void
split_advise(const char *string, char bad, char *err, size_t errlen)
{
	char	 name[8], quoted[1024] = "", *q;

	if (bad == '\n')
		strlcpy(name, "newline", sizeof(name));
	else
		snprintf(name, sizeof(name), "'%c'", bad);
	/* No backslash from us: the log would make two of it. */
	for (q = quoted; *string != '\0' && q < quoted + 1000; string++) {
		if (*string == '\'')
			q += strlcpy(q, "'\"'\"'", 8);
		else if (strncmp(string, "%F", 2) == 0) {
			q += strlcpy(q, "\"$0\"", 8);
			string++;
		} else
			*q++ = *string;
	}
	*q = '\0';
	snprintf(err, errlen, "unquoted %s: the command is not run by a "
	    "shell; quote it, or ask for a shell: sh -c '%s \"$@\"' %%F "
	    "(the sender is $0, the recipients are \"$@\")", name, quoted);
}

int
command_split(struct command *cmd, const char *string, char *err,
    size_t errlen)
{
	struct splitter	 s = { .in = string };
	size_t		 len = strlen(string);

	memset(cmd, 0, sizeof(*cmd));
	if (len > COMMAND_MAX) {
		snprintf(err, errlen, "longer than %d octets", COMMAND_MAX);
		return (-1);
	}
	if ((s.out = cmd->strings = calloc(1, len + 1)) == NULL) {
		snprintf(err, errlen, "%s", strerror(errno));
		return (-1);
	}
	split_all(&s);
	cmd->octets = (size_t)(s.out - cmd->strings);
	if (s.bad != '\0')
		split_advise(string, s.bad, err, errlen);
	else if (s.unclosed != NULL)
		snprintf(err, errlen, "unclosed %s", s.unclosed);
	else if (cmd->octets == 0 || cmd->strings[0] == '\0')
		snprintf(err, errlen, "names no program");
	else {
		char	*strings = cmd->strings;
		size_t	 octets = cmd->octets;
		int	 ret = command_unpack(cmd, strings, octets);

		free(strings);
		if (ret == -1)
			snprintf(err, errlen, "%s", strerror(errno));
		return (ret);
	}
	command_free(cmd);
	return (-1);
}

int
command_unpack(struct command *cmd, const char *data, size_t len)
{
	size_t	 i, n = 0;
	char	*p;

	memset(cmd, 0, sizeof(*cmd));
	if (len == 0 || data[len - 1] != '\0' || data[0] == '\0') {
		errno = EBADMSG;
		return (-1);
	}
	for (i = 0; i < len; i++)
		n += data[i] == '\0';
	cmd->strings = malloc(len);
	cmd->words = calloc(n + 1, sizeof(*cmd->words));
	if (cmd->strings == NULL || cmd->words == NULL) {
		command_free(cmd);
		errno = ENOMEM;
		return (-1);
	}
	memcpy(cmd->strings, data, len);
	cmd->octets = len;
	for (p = cmd->strings; cmd->nwords < n; p += strlen(p) + 1)
		cmd->words[cmd->nwords++] = p;
	return (0);
}

/* ENOEXEC: it is there, and is none. */
static bool
is_program(const char *path)
{
	struct stat	 st;

	if (stat(path, &st) == -1)
		return (false);
	if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK,
	    AT_EACCESS) == -1) {
		errno = ENOEXEC;
		return (false);
	}
	return (true);
}

/* Put path in the place of the first word. */
static int
set_program(struct command *cmd, const char *path, char *err, size_t errlen)
{
	struct command	 old = *cmd;
	size_t		 pathlen = strlen(path) + 1;
	size_t		 skip = strlen(old.strings) + 1;
	char		*data;
	int		 ret;

	if ((data = malloc(pathlen + old.octets)) == NULL) {
		snprintf(err, errlen, "%s", strerror(errno));
		return (-1);
	}
	memcpy(data, path, pathlen);
	memcpy(data + pathlen, old.strings + skip, old.octets - skip);
	ret = command_unpack(cmd, data, pathlen + old.octets - skip);
	free(data);
	if (ret == -1) {
		snprintf(err, errlen, "%s", strerror(errno));
		*cmd = old;
		return (-1);
	}
	command_free(&old);
	return (0);
}

int
command_resolve(struct command *cmd, const char *path, char *err,
    size_t errlen)
{
	const char	*name = cmd->words[0], *dir;
	char		 file[PATH_MAX], full[PATH_MAX];
	size_t		 len;
	bool		 denied = false;

	if (strchr(name, '/') != NULL) {
		if (!is_program(name) || realpath(name, full) == NULL) {
			snprintf(err, errlen, "%s: %s", name, errno == ENOEXEC ?
			    "not an executable file" : strerror(errno));
			return (-1);
		}
		/* The name stays as given where it can: programs look at it. */
		return (set_program(cmd, name[0] == '/' ? name : full, err,
		    errlen));
	}
	if (path == NULL || *path == '\0')
		path = COMMAND_DEFPATH;
	for (dir = path; *dir != '\0'; dir += len + (dir[len] == ':')) {
		len = strcspn(dir, ":");
		/* The current directory, or one relative to it, is a trap. */
		if (len == 0 || *dir != '/' || (size_t)snprintf(file,
		    sizeof(file), "%.*s/%s", (int)len, dir, name) >=
		    sizeof(file))
			continue;
		if (is_program(file))
			return (set_program(cmd, file, err, errlen));
		denied |= errno == ENOEXEC;
	}
	snprintf(err, errlen, "%s: %s in PATH (%s); install it, or give its "
	    "path", name, denied ? "not an executable file" : "not found",
	    path);
	return (-1);
}

int
command_runnable(const struct command *cmd, char *err, size_t errlen)
{
	if (access(cmd->words[0], X_OK) == 0)
		return (0);
	snprintf(err, errlen, "%s: the user who runs it may not: %s (see the "
	    "mode of it, and of the directories above it)", cmd->words[0],
	    strerror(errno));
	return (-1);
}

static bool
is_named(const char *path, const char *name)
{
	const char	*slash = strrchr(path, '/');

	return (strcmp(slash == NULL ? path : slash + 1, name) == 0);
}

bool
command_is(const struct command *cmd, const char *name)
{
	char	 full[PATH_MAX];

	return (is_named(cmd->words[0], name) ||
	    (realpath(cmd->words[0], full) != NULL && is_named(full, name)));
}

/* The first %F and the number of its word, or NULL. */
static const char *
find_sender(const struct command *cmd, size_t *word)
{
	const char	*mark;
	size_t		 i;

	for (i = 0; i < cmd->nwords; i++)
		if ((mark = strstr(cmd->words[i], "%F")) != NULL) {
			*word = i;
			return (mark);
		}
	return (NULL);
}

bool
command_has_sender(const struct command *cmd)
{
	size_t	 word;

	return (find_sender(cmd, &word) != NULL);
}

char **
command_argv(const struct command *cmd, const char *sender, char *rcpts,
    size_t nrcpt)
{
	const char	*mark;
	char		**argv, *copy;
	size_t		 i, marked = 0, size;

	if (*sender == '\0')
		sender = "MAILER-DAEMON";
	mark = find_sender(cmd, &marked);
	size = (cmd->nwords + nrcpt + 1) * sizeof(*argv);
	if (mark != NULL)
		size += strlen(cmd->words[marked]) + strlen(sender) + 1;
	if ((argv = malloc(size)) == NULL)
		return (NULL);
	memcpy(argv, cmd->words, cmd->nwords * sizeof(*argv));
	if (mark != NULL) {
		copy = (char *)&argv[cmd->nwords + nrcpt + 1];
		sprintf(copy, "%.*s%s%s", (int)(mark - cmd->words[marked]),
		    cmd->words[marked], sender, mark + 2);
		argv[marked] = copy;
	}
	for (i = 0; i < nrcpt; i++, rcpts += strlen(rcpts) + 1)
		argv[cmd->nwords + i] = rcpts;
	argv[cmd->nwords + nrcpt] = NULL;
	return (argv);
}

uint32_t
command_room(const struct command *cmd, char *const *env)
{
	/* What ld.so's auxiliary vector, the file's name and alignment take;
	 * POSIX wants 2048 to be left for the program itself. */
	size_t	 used = 4096 + PATH_MAX;
	long	 max = sysconf(_SC_ARG_MAX);

	used += cmd->octets + (cmd->nwords + 2) * sizeof(char *);
	used += MSMTPD_ADDRESS_MAX;
	for (; *env != NULL; env++)
		used += strlen(*env) + 1 + sizeof(char *);
	if (max <= 0 || (size_t)max <= used)
		return (0);
	return ((size_t)max - used > UINT32_MAX ? UINT32_MAX :
	    (uint32_t)((size_t)max - used));
}

void
command_free(struct command *cmd)
{
	free(cmd->words);
	free(cmd->strings);
	memset(cmd, 0, sizeof(*cmd));
}
