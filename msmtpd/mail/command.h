/* SPDX-License-Identifier: ISC */
/* command: the words of --command, and the argument vector of one mail. */

#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --command is not longer than this, so that it fits into one imsg. */
#define COMMAND_MAX	8192

/* The words of the command; words[0] is the program's path once
 * command_resolve() has found the program. */
struct command {
	char	**words;	/* NULL-terminated */
	size_t	  nwords;
	char	 *strings;	/* the words, '\0' after each */
	size_t	  octets;	/* in strings */
};

/*
 * command_split: split the string into words by the quoting rules of the
 * shell (POSIX XCU 2.2: single quotes, double quotes, backslash) without its
 * expansions.  An unquoted operator or expansion of the shell, an unclosed
 * quote, no word at all, and more than COMMAND_MAX octets are errors.
 * Returns 0, or -1 with a sentence for the administrator in err.
 */
int	command_split(struct command *, const char *, char *err, size_t errlen);

/*
 * command_resolve: search for the first word in path as execvp(3) does (NULL:
 * the default path), unless the word has a slash; check that it is an
 * executable regular file, and put the file's absolute path in the word's
 * place.  Returns 0, or -1 with a sentence in err.
 */
int	command_resolve(struct command *, const char *path, char *err,
	    size_t errlen);

/* command_runnable: whether this process's user may execute the program.
 * Returns 0, or -1 with a sentence in err. */
int	command_runnable(const struct command *, char *err, size_t errlen);

/*
 * command_is: whether the program, once command_resolve() has found it, has
 * this name, or is a symbolic link to one that has; or whether another word is
 * the name, with directories or without, as in "env -i msmtp" and "timeout 60
 * /usr/bin/msmtp".
 */
bool	command_is(const struct command *, const char *name);

/* command_has_sender: whether there is a %F among the words. */
bool	command_has_sender(const struct command *);

/*
 * command_unpack: words from the len octets at data, '\0' after each, as
 * struct command holds them in strings.  Returns 0, or -1 with errno set
 * (EBADMSG, ENOMEM).
 */
int	command_unpack(struct command *, const char *data, size_t len);

/*
 * command_argv: the command's argument vector, allocated in one piece that
 * free(3) releases: the words, the first %F in them replaced by sender
 * ("MAILER-DAEMON" for ""), then the nrcpt recipients, '\0' after each in
 * rcpts.  Strings that are not changed are not copied and must outlive the
 * vector.  Returns NULL with errno ENOMEM.
 */
char	**command_argv(const struct command *, const char *sender,
	    char *rcpts, size_t nrcpt);

/*
 * command_room: octets that are left for recipients, each with its '\0' and
 * its pointer, when execve(2) is given this command, the environment env and
 * the longest sender; at most UINT32_MAX.
 */
uint32_t command_room(const struct command *, char *const *env);

/* command_free: release the words. */
void	command_free(struct command *);

#endif
