/* SPDX-License-Identifier: ISC */
/*
 * Fuzz target: the words of --command, compared with the shell's quoting
 * written once more.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "mail/command.h"

/*
 * The shell's quoting once more, written to be seen to be right: what each
 * character is first, then what of them is left.  cooked has room for len,
 * '\0' ends each word.  Returns the octets there, -1 for what is refused.
 */
enum kind { GONE, BLANK, LITERAL, BEGINS };

static long
reference_split(const char *s, size_t len, char *cooked)
{
	enum kind	*kind = calloc(len + 1, sizeof(*kind));
	char		 quote = '\0';
	bool		 bad = false, word = false;
	size_t		 i;
	long		 n = 0;

	CHECK(kind != NULL);
	for (i = 0; i < len; i++) {
		if (quote == '\'') {
			kind[i] = s[i] == '\'' ? GONE : LITERAL;
			if (s[i] == '\'')
				quote = '\0';
		} else if (s[i] == '\\' && (quote == '\0' || (i + 1 < len &&
		    strchr("$`\"\\\n", s[i + 1]) != NULL))) {
			bad |= i + 1 == len;
			kind[i] = GONE;
			if (i + 1 < len) {
				i++;
				kind[i] = s[i] == '\n' ? GONE : LITERAL;
			}
		} else if (quote == '"') {
			kind[i] = s[i] == '"' ? GONE : LITERAL;
			bad |= s[i] == '$' || s[i] == '`';
			if (s[i] == '"')
				quote = '\0';
		} else if (s[i] == '\'' || s[i] == '"') {
			kind[i] = BEGINS;
			quote = s[i];
		} else if (s[i] == ' ' || s[i] == '\t')
			kind[i] = BLANK;
		else {
			kind[i] = LITERAL;
			bad |= strchr("|&;<>()$`*?~#\n", s[i]) != NULL;
		}
	}
	bad |= quote != '\0';
	for (i = 0; i < len; i++) {
		if (kind[i] == BLANK && word)
			cooked[n++] = '\0';
		if (kind[i] == LITERAL)
			cooked[n++] = s[i];
		if (kind[i] != GONE)
			word = kind[i] != BLANK;
	}
	if (word)
		cooked[n++] = '\0';
	free(kind);
	return (bad || n == 0 || cooked[0] == '\0' ? -1 : n);
}

static void
check_words(const struct command *cmd)
{
	const char	*p = cmd->strings;
	size_t		 i;

	CHECK(cmd->nwords > 0 && cmd->words[cmd->nwords] == NULL);
	CHECK(*cmd->words[0] != '\0');
	for (i = 0; i < cmd->nwords; i++) {
		CHECK(cmd->words[i] == p);
		p += strlen(p) + 1;
	}
	CHECK(p == cmd->strings + cmd->octets);
}

static void
check_argv(const struct command *cmd)
{
	char		 rcpts[] = "a@b\0c@d";
	char		**argv;
	size_t		 i, senders = 0;

	argv = command_argv(cmd, "se%Fnder", rcpts, 2);
	CHECK(argv != NULL);
	for (i = 0; i < cmd->nwords; i++) {
		if (argv[i] == cmd->words[i])
			continue;
		senders++;
		CHECK(strstr(cmd->words[i], "%F") != NULL);
		CHECK(strlen(argv[i]) == strlen(cmd->words[i]) + 6);
	}
	CHECK(senders <= 1);
	CHECK(strcmp(argv[i], "a@b") == 0 && strcmp(argv[i + 1], "c@d") == 0);
	CHECK(argv[i + 2] == NULL);
	free(argv);
}

static void
fuzz_split(const uint8_t *data, size_t len)
{
	struct command	 cmd;
	char		*string = malloc(len + 1), *cooked = malloc(len + 1);
	char		*err;
	size_t		 errlen = len % 300;
	long		 want;

	CHECK(string != NULL && cooked != NULL);
	memcpy(string, data, len);
	string[len] = '\0';
	CHECK((err = malloc(errlen + 1)) != NULL);
	memset(err, 'e', errlen + 1);
	len = strlen(string);
	want = reference_split(string, len, cooked);
	if (command_split(&cmd, string, err, errlen + 1) == 0) {
		CHECK(len <= COMMAND_MAX && want == (long)cmd.octets);
		CHECK(memcmp(cmd.strings, cooked, cmd.octets) == 0);
		check_words(&cmd);
		check_argv(&cmd);
	} else {
		CHECK(len > COMMAND_MAX || want == -1);
		CHECK(memchr(err, '\0', errlen + 1) != NULL);
		CHECK(errlen == 0 || *err != '\0');
		CHECK(cmd.words == NULL && cmd.strings == NULL);
	}
	command_free(&cmd);
	free(err);
	free(cooked);
	free(string);
}

/* The words as deliver gets them. */
static void
fuzz_unpack(const uint8_t *data, size_t len)
{
	struct command	 cmd;

	if (command_unpack(&cmd, (const char *)data, len) == 0) {
		CHECK(cmd.octets == len);
		CHECK(memcmp(cmd.strings, data, len) == 0);
		check_words(&cmd);
		check_argv(&cmd);
	}
	command_free(&cmd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_split(data, len);
	fuzz_unpack(data, len);
	return (0);
}
