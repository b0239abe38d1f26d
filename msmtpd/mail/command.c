/* SPDX-License-Identifier: ISC */
/* command: the words of --command, and the argument vector of one mail. */

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

/* Whether a backslash before c quotes c, within this quote or ('\0') none. */
static bool
is_quoted(char c, char quote)
{
	if (quote == '"')
		return (c != '\0' && strchr("$`\"\\\n", c) != NULL);
	return (quote == '\0');
}

/*
 * Split in into words at out, '\0' after each; out has room for strlen(in) + 1
 * octets.  Returns the words' end.  Stops at an octet that would mean something
 * to a shell, which is *bad then.  *unclosed is NULL, or the name of a quote
 * that in does not close.
 */
static char *
split_words(const char *in, char *out, char *bad, const char **unclosed)
{
	char	 c, quote = '\0';
	bool	 word = false;		/* a word has begun */

	for (; (c = *in) != '\0' && *bad == '\0'; in++) {
		if (c == '\\' && is_quoted(in[1], quote)) {
			if (*++in == '\0') {
				*unclosed = "backslash";
				return (out);
			}
			/* A backslash and a newline continue the line. */
			if (*in != '\n') {
				*out++ = *in;
				word = true;
			}
		} else if (quote == '\0' && (c == ' ' || c == '\t')) {
			if (word)
				*out++ = '\0';
			word = false;
		} else if (c == quote ||
		    (quote == '\0' && (c == '\'' || c == '"'))) {
			quote = c == quote ? '\0' : c;
			word = true;
		} else if (quote != '\'' &&
		    strchr(quote == '"' ? "$`" : COMMAND_OPERATORS, c) != NULL)
			*bad = c;
		else {
			*out++ = c;
			word = true;
		}
	}
	if (word)
		*out++ = '\0';
	if (quote != '\0')
		*unclosed = quote == '"' ? "double quote" : "single quote";
	return (out);
}

/* Say in err how to write the command for a shell: the string quoted for
 * --command, with sender and recipients as the script's parameters. */
static void
split_advise(const char *string, char bad, char *err, size_t errlen)
{
	const char	 name[] = { '\'', bad, '\'', '\0' };
	char		 quoted[1024] = "", *q;

	/* Quote without backslashes, since the log doubles a backslash. */
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
	    "(the sender is $0, the recipients are \"$@\")",
	    bad == '\n' ? "newline" : name, quoted);
}

/*
 * Make the octets at strings, '\0' after each word, the words of cmd, which
 * frees them later, in place of those that cmd had.  Returns 0, or -1 with
 * errno ENOMEM and nothing changed.
 */
static int
command_words(struct command *cmd, char *strings, size_t octets)
{
	char	**words, *p;
	size_t	  i, n = 0;

	for (i = 0; i < octets; i++)
		n += strings[i] == '\0';
	if ((words = calloc(n + 1, sizeof(*words))) == NULL)
		return (-1);
	for (i = 0, p = strings; i < n; i++, p += strlen(p) + 1)
		words[i] = p;
	command_free(cmd);
	cmd->words = words;
	cmd->nwords = n;
	cmd->strings = strings;
	cmd->octets = octets;
	return (0);
}

int
command_split(struct command *cmd, const char *string, char *err,
    size_t errlen)
{
	const char	*unclosed = NULL;
	char		*end, *strings, bad = '\0';
	size_t		 len = strlen(string);

	memset(cmd, 0, sizeof(*cmd));
	if (len > COMMAND_MAX) {
		snprintf(err, errlen, "longer than %d octets", COMMAND_MAX);
		return (-1);
	}
	if ((strings = malloc(len + 1)) == NULL) {
		snprintf(err, errlen, "%s", strerror(errno));
		return (-1);
	}
	end = split_words(string, strings, &bad, &unclosed);
	if (bad != '\0')
		split_advise(string, bad, err, errlen);
	else if (unclosed != NULL)
		snprintf(err, errlen, "unclosed %s", unclosed);
	else if (end == strings || *strings == '\0')
		snprintf(err, errlen, "names no program");
	else if (command_words(cmd, strings, (size_t)(end - strings)) == 0)
		return (0);
	else
		snprintf(err, errlen, "%s", strerror(errno));
	free(strings);
	return (-1);
}

int
command_unpack(struct command *cmd, const char *data, size_t len)
{
	char	*strings;

	memset(cmd, 0, sizeof(*cmd));
	if (len == 0 || data[len - 1] != '\0' || data[0] == '\0') {
		errno = EBADMSG;
		return (-1);
	}
	if ((strings = malloc(len)) == NULL)
		return (-1);
	memcpy(strings, data, len);
	if (command_words(cmd, strings, len) == 0)
		return (0);
	free(strings);
	return (-1);
}

/* ENOEXEC: the file exists but cannot be executed. */
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
	size_t	 pathlen = strlen(path) + 1;
	size_t	 skip = strlen(cmd->strings) + 1, rest = cmd->octets - skip;
	char	*strings;

	if ((strings = malloc(pathlen + rest)) != NULL) {
		memcpy(strings, path, pathlen);
		memcpy(strings + pathlen, cmd->strings + skip, rest);
		if (command_words(cmd, strings, pathlen + rest) == 0)
			return (0);
		free(strings);
	}
	snprintf(err, errlen, "%s", strerror(errno));
	return (-1);
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
		/* Keep an absolute name as it is given, even where it is a
		 * symbolic link: some programs act by their name. */
		return (set_program(cmd, name[0] == '/' ? name : full, err,
		    errlen));
	}
	if (path == NULL || *path == '\0')
		path = COMMAND_DEFPATH;
	for (dir = path; *dir != '\0'; dir += len + (dir[len] == ':')) {
		len = strcspn(dir, ":");
		/* Skip relative directories, where others may put a program of
		 * that name. */
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
	snprintf(err, errlen, "%s: the user who runs the command cannot "
	    "execute it: %s (see the modes of the file and of the directories "
	    "above it)", cmd->words[0], strerror(errno));
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
	size_t	 i;

	for (i = 0; i < cmd->nwords; i++)
		if (is_named(cmd->words[i], name))
			return (true);
	return (realpath(cmd->words[0], full) != NULL && is_named(full, name));
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
	/* Leave room for the auxiliary vector, the file's name and alignment,
	 * and 2048 octets, which POSIX wants to be left for the program. */
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
