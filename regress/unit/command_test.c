/* SPDX-License-Identifier: ISC */
/*
 * --command: its words, the program that is found, the arguments it gets, and
 * how many recipients there is room for.
 */

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail/command.h"
#include "msmtpd.h"
#include "tap.h"

/* What is split into words, '|' between them. */
static const struct {
	const char	*string;
	const char	*words;
} good[] = {
	{ "msmtp -f %F --", "msmtp|-f|%F|--" },
	{ "a", "a" },
	{ " \t a\t b  ", "a|b" },
	{ "'a b' \"c d\" e\\ f", "a b|c d|e f" },
	{ "a'b'\"c\"d", "abcd" },
	{ "a '' \"\"", "a||" },
	{ "'a'\\''b'", "a'b" },
	{ "a '$x `y` \\ | & ; < > ( ) * ? ~ #'",
	    "a|$x `y` \\ | & ; < > ( ) * ? ~ #" },
	{ "a \"| & ; < > ( ) * ? ~ #\"", "a|| & ; < > ( ) * ? ~ #" },
	{ "a \"\\$ \\` \\\" \\\\\"", "a|$ ` \" \\" },
	{ "a \"\\a \\'\"", "a|\\a \\'" },
	{ "a \\| \\; \\$", "a|||;|$" },
	{ "a 'b\nc' \"d\ne\"", "a|b\nc|d\ne" },
	{ "a b\\\nc \\\n d \\\n", "a|bc|d" },
	{ "a \"b\\\nc\"", "a|bc" },
	{ "a=b %F%F \xc3\xa9", "a=b|%F%F|\xc3\xa9" },
	{ "a \r\v", "a|\r\v" }
};

/* What is refused, and a word of why. */
static const struct {
	const char	*string;
	const char	*why;
} bad[] = {
	{ "", "names no program" }, { " \t", "names no program" },
	{ "\\\n", "names no program" }, { "''", "names no program" },
	{ "'' a", "names no program" }, { "a 'b", "unclosed single quote" },
	{ "a \"b", "unclosed double quote" },
	{ "a \"b\\", "unclosed double quote" },
	{ "a \\", "unclosed backslash" }, { "a | b", "unquoted '|'" },
	{ "a & ", "unquoted '&'" }, { "a; b", "unquoted ';'" },
	{ "a < b", "unquoted '<'" }, { "a > b", "unquoted '>'" },
	{ "(a)", "unquoted '('" }, { "a)", "unquoted ')'" },
	{ "a $b", "unquoted '$'" }, { "a \"$b\"", "unquoted '$'" },
	{ "a `b`", "unquoted '`'" }, { "a \"`b`\"", "unquoted '`'" },
	{ "a *", "unquoted '*'" }, { "a ?", "unquoted '?'" },
	{ "~/a", "unquoted '~'" }, { "a # b", "unquoted '#'" },
	{ "a\nb", "unquoted newline" }
};

static void
join(const struct command *cmd, char *buf, size_t size)
{
	size_t	 i;

	buf[0] = '\0';
	for (i = 0; i < cmd->nwords; i++) {
		if (i > 0)
			strlcat(buf, "|", size);
		strlcat(buf, cmd->words[i], size);
	}
}

static void
test_split(void)
{
	struct command	 cmd;
	char		 err[2048], buf[256];
	size_t		 i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		err[0] = '\0';
		if (command_split(&cmd, good[i].string, err, sizeof(err)) ==
		    -1) {
			ok(0, "%s: %s", good[i].string, err);
			continue;
		}
		join(&cmd, buf, sizeof(buf));
		is_str(buf, good[i].words, "split %zu", i);
		ok(cmd.words[cmd.nwords] == NULL, "split %zu: the end", i);
		command_free(&cmd);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		is_int(command_split(&cmd, bad[i].string, err, sizeof(err)),
		    -1, "bad %zu: refused", i);
		ok(strstr(err, bad[i].why) != NULL, "bad %zu: says why", i);
		ok(cmd.words == NULL && cmd.strings == NULL,
		    "bad %zu: nothing to free", i);
	}
}

/* The form with a shell that an error advises is itself taken, and is what
 * was wanted. */
static void
test_advice(void)
{
	static const char	 wanted[] = "tee 'a b' | cmd -f %F >>x";
	struct command		 cmd, sh;
	char			 err[2048], *form, *end;

	is_int(command_split(&cmd, wanted, err, sizeof(err)), -1,
	    "a pipeline is refused");
	form = strstr(err, "sh -c ");
	end = form != NULL ? strstr(form, " %F (") : NULL;
	ok(end != NULL, "what to write is shown: %s", err);
	if (end == NULL)
		return;
	end[3] = '\0';
	ok(strchr(form, '\\') == NULL, "without a backslash, of which the "
	    "log would make two");
	is_int(command_split(&sh, form, err, sizeof(err)), 0, "it is taken");
	is_int((long long)sh.nwords, 4, "four words");
	is_str(sh.words[2], "tee 'a b' | cmd -f \"$0\" >>x \"$@\"",
	    "the script");
	command_free(&sh);
}

static void
test_long(void)
{
	static char	 longest[COMMAND_MAX + 2];
	struct command	 cmd;
	char		 err[64], tiny[8];

	memset(longest, 'x', COMMAND_MAX);
	is_int(command_split(&cmd, longest, err, sizeof(err)), 0,
	    "the longest");
	is_int((long long)cmd.octets, COMMAND_MAX + 1, "all of it");
	command_free(&cmd);
	longest[COMMAND_MAX] = 'x';
	is_int(command_split(&cmd, longest, err, sizeof(err)), -1,
	    "one octet more");
	memset(longest, '\'', COMMAND_MAX);
	longest[COMMAND_MAX] = '\0';
	longest[0] = '|';
	is_int(command_split(&cmd, longest, tiny, sizeof(tiny)), -1,
	    "an error longer than its buffer");
	is_int((long long)strlen(tiny), (long long)sizeof(tiny) - 1,
	    "is cut");
}

/* As a shell would: words of random characters, one script for all. */
#define NRANDOM	400

static void
random_string(char *s, size_t size)
{
	static const char	 set[] = "ab '\"\\\t%F=-";
	size_t			 i, len = (size_t)(rand() % (int)(size - 2));

	*s++ = 'x';
	for (i = 0; i < len; i++)
		*s++ = set[(size_t)rand() % (sizeof(set) - 1)];
	*s = '\0';
}

static void
test_shell(void)
{
	char		 string[24], err[2048], path[] = "/tmp/command.XXXXXX";
	char		 want[64], got[64], *line = NULL;
	struct command	 cmd;
	FILE		*script, *sh;
	size_t		 size = 0, taken = 0, wrong = 0;
	int		 fd, i;

	if ((fd = mkstemp(path)) == -1 || (script = fdopen(fd, "w")) == NULL) {
		ok(0, "mkstemp: %s", strerror(errno));
		return;
	}
	for (srand(1), i = 0; i < NRANDOM; i++) {
		random_string(string, sizeof(string));
		if (command_split(&cmd, string, err, sizeof(err)) == -1)
			continue;
		command_free(&cmd);
		fprintf(script, "for w in %s; do printf '%%s|' \"$w\"; done; "
		    "echo\n", string);
	}
	fclose(script);
	snprintf(string, sizeof(string), "sh %s", path);
	sh = popen(string, "r");
	for (srand(1), i = 0; sh != NULL && i < NRANDOM; i++) {
		random_string(string, sizeof(string));
		if (command_split(&cmd, string, err, sizeof(err)) == -1)
			continue;
		join(&cmd, got, sizeof(got));
		strlcat(got, "|\n", sizeof(got));
		command_free(&cmd);
		taken++;
		if (getline(&line, &size, sh) == -1)
			break;
		strlcpy(want, line, sizeof(want));
		if (strcmp(got, want) != 0 && wrong++ == 0)
			diag("%s: %s, not %s", string, want, got);
	}
	free(line);
	ok(sh != NULL && pclose(sh) == 0, "the shell takes all that we take");
	ok(taken > NRANDOM / 4, "%zu strings", taken);
	is_int((long long)wrong, 0, "the same words as the shell's");
	unlink(path);
}

static void
test_argv(void)
{
	static const struct {
		const char	*command;
		const char	*sender;
		const char	*argv;
	} cases[] = {
		{ "p -f %F --", "a@b", "p|-f|a@b|--|r@1|r@2" },
		{ "p -f %F --", "", "p|-f|MAILER-DAEMON|--|r@1|r@2" },
		{ "p --from=%F.x %F", "a@b", "p|--from=a@b.x|%F|r@1|r@2" },
		{ "p", "a@b", "p|r@1|r@2" },
		{ "p %F%F", "%F", "p|%F%F|r@1|r@2" }
	};
	char		 rcpts[] = "r@1\0r@2", err[64], buf[128];
	struct command	 cmd, all;
	size_t		 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (command_split(&cmd, cases[i].command, err, sizeof(err)) ==
		    -1)
			abort();
		all.words = command_argv(&cmd, cases[i].sender, rcpts, 2);
		for (all.nwords = 0; all.words[all.nwords] != NULL;)
			all.nwords++;
		join(&all, buf, sizeof(buf));
		is_str(buf, cases[i].argv, "argv of %s", cases[i].command);
		free(all.words);
		command_free(&cmd);
	}
}

static void
test_unpack(void)
{
	static const struct {
		const char	*data;
		size_t		 len;
		int		 words;		/* -1: refused */
	} cases[] = {
		{ "a\0b", 4, 2 },
		{ "a\0\0", 3, 2 },
		{ "a", 2, 1 },
		{ "a", 1, -1 },
		{ "", 1, -1 },
		{ "", 0, -1 },
		{ "\0a", 3, -1 }
	};
	struct command	 cmd;
	size_t		 i;
	int		 ret;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ret = command_unpack(&cmd, cases[i].data, cases[i].len);
		is_int(ret == -1 ? (errno == EBADMSG ? -1 : -2) :
		    (int)cmd.nwords, cases[i].words, "unpack %zu", i);
		command_free(&cmd);
	}
}

static int
resolve(const char *name, const char *path, char *result, size_t size)
{
	struct command	 cmd;
	char		 err[2048];
	int		 ret;

	if (command_split(&cmd, name, err, sizeof(err)) == -1)
		abort();
	ret = command_resolve(&cmd, path, err, sizeof(err));
	strlcpy(result, ret == 0 ? cmd.words[0] : err, size);
	if (ret == 0 && cmd.nwords == 2 && strcmp(cmd.words[1], "x") != 0)
		ret = -2;
	command_free(&cmd);
	return (ret);
}

/* A directory that is closed to us does not tell what is in it. */
static void
closed_path(const char *dir)
{
	char	 got[2048];
	uid_t	 uid = geteuid();

	if (chmod(dir, 0) == -1 || (uid == 0 && seteuid(65534) == -1))
		abort();
	is_int(resolve("nowhere", dir, got, sizeof(got)), -1, "closed to us");
	ok(strstr(got, "not found in PATH") != NULL, "says so: %s", got);
	if (seteuid(uid) == -1 || chmod(dir, 0700) == -1)
		abort();
}

static void
test_resolve(void)
{
	char	 dir[] = "/tmp/command.XXXXXX", path[128], file[64];
	char	 plain[64], got[2048];
	int	 fd;

	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(file, sizeof(file), "%s/prog", dir);
	snprintf(plain, sizeof(plain), "%s/plain", dir);
	fd = open(file, O_CREAT | O_WRONLY, 0755);
	close(fd);
	fd = open(plain, O_CREAT | O_WRONLY, 0644);
	close(fd);
	snprintf(path, sizeof(path), "/nonexistent:%s:/usr/bin", dir);
	is_int(resolve("prog x", path, got, sizeof(got)), 0, "found in PATH");
	is_str(got, file, "at its place");
	is_int(resolve("plain", path, got, sizeof(got)), -1,
	    "not executable: refused");
	ok(strstr(got, "not an executable file") != NULL, "says so: %s", got);
	is_int(resolve("nowhere", path, got, sizeof(got)), -1, "not found");
	ok(strstr(got, "not found in PATH") != NULL, "says so: %s", got);
	closed_path(dir);
	is_int(resolve(file, NULL, got, sizeof(got)), 0, "absolute");
	is_str(got, file, "as given");
	is_int(resolve(dir, NULL, got, sizeof(got)), -1, "a directory");
	is_int(resolve(plain, NULL, got, sizeof(got)), -1, "a plain file");
	is_int(resolve("sh", NULL, got, sizeof(got)), 0, "the default PATH");
	ok(got[0] == '/', "absolute: %s", got);
	/* Relative ones depend on where the daemon is started: traps, unless
	 * they are named. */
	if (chdir(dir) == -1)
		abort();
	is_int(resolve("prog", "", got, sizeof(got)), -1, "not here");
	is_int(resolve("prog", ".", got, sizeof(got)), -1, "PATH=.");
	is_int(resolve("prog", ":/x:", got, sizeof(got)), -1, "PATH=:");
	is_int(resolve("./prog x", NULL, got, sizeof(got)), 0, "./prog");
	is_str(got, file, "made absolute");
	unlink(file);
	unlink(plain);
	if (chdir("/") == -1)
		abort();
	rmdir(dir);
}

/* By its own name, or as a link to what has the name. */
static void
test_name(void)
{
	static const struct {
		const char	*path;		/* below the directory */
		const char	*to;		/* a link to it; NULL: none */
		int		 is;
	} programs[] = {
		{ "msmtp", NULL, 1 },
		{ "msmtp-wrapped", NULL, 0 },
		{ "xmsmtp", NULL, 0 },
		{ "sendmail", "msmtp", 1 },
		{ "mta", "sendmail", 1 },
		{ "mail", "xmsmtp", 0 }
	};
	static const struct {
		const char	*command;
		bool		 is;
	} wrapped[] = {
		{ "/usr/bin/env msmtp -f %F --", true },
		{ "/usr/bin/env -i A=b /usr/bin/msmtp", true },
		{ "/usr/bin/timeout 60 /opt/bin/msmtp --", true },
		{ "/usr/bin/env msmtp2 --file=/etc/msmtp/rc", false },
		{ "/bin/cat -C /etc/msmtprc msmtp/x", false }
	};
	char		 dir[] = "/tmp/command.XXXXXX", path[128], err[256];
	struct command	 cmd;
	size_t		 i;

	if (mkdtemp(dir) == NULL)
		abort();
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, programs[i].path);
		if (programs[i].to == NULL)
			close(open(path, O_CREAT | O_WRONLY, 0755));
		else if (symlink(programs[i].to, path) == -1)
			abort();
		if (command_split(&cmd, path, err, sizeof(err)) == -1 ||
		    command_resolve(&cmd, NULL, err, sizeof(err)) == -1)
			abort();
		is_int(command_is(&cmd, "msmtp"), programs[i].is, "%s is%s "
		    "msmtp", programs[i].path, programs[i].is ? "" : " not");
		ok(!command_has_sender(&cmd), "and gets no sender");
		command_free(&cmd);
	}
	while (i-- > 0) {
		snprintf(path, sizeof(path), "%s/%s", dir, programs[i].path);
		unlink(path);
	}
	rmdir(dir);
	for (i = 0; i < sizeof(wrapped) / sizeof(wrapped[0]); i++) {
		if (command_split(&cmd, wrapped[i].command, err,
		    sizeof(err)) == -1)
			abort();
		is_int(command_is(&cmd, "msmtp"), wrapped[i].is, "%s runs%s "
		    "msmtp", wrapped[i].command, wrapped[i].is ? "" : " no");
		command_free(&cmd);
	}
	if (command_split(&cmd, "msmtp --from=%F --", err, sizeof(err)) == -1)
		abort();
	ok(command_has_sender(&cmd), "%%F within a word");
	command_free(&cmd);
}

/* As many recipients as command_room() says: execve(2) takes them. */
static void
test_room(void)
{
	char		*env[] = { NULL }, *big[] = { NULL, NULL };
	char		 err[64], **argv, *rcpts;
	char		 sender[MSMTPD_ADDRESS_MAX + 1];
	struct command	 cmd;
	uint32_t	 room, n, i, less;
	int		 status;
	pid_t		 pid;

	if (command_split(&cmd, "/bin/true %F", err, sizeof(err)) == -1)
		abort();
	room = command_room(&cmd, env);
	ok(room > 100000, "room for %u octets", room);
	n = room / (uint32_t)(2 + sizeof(char *));
	if ((rcpts = calloc(n, 2)) == NULL)
		abort();
	for (i = 0; i < n; i++)
		rcpts[2 * i] = 'r';
	memset(sender, 's', MSMTPD_ADDRESS_MAX);
	sender[MSMTPD_ADDRESS_MAX] = '\0';
	argv = command_argv(&cmd, sender, rcpts, n);
	if ((pid = fork()) == 0) {
		execve(argv[0], argv, env);
		_exit(errno == E2BIG ? 99 : 98);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "%u recipients fit", n);
	free(argv);
	free(rcpts);
	if ((big[0] = malloc(50001)) == NULL)
		abort();
	memset(big[0], 'e', 50000);
	big[0][50000] = '\0';
	less = command_room(&cmd, big);
	ok(less <= room - 50001, "an environment takes of it");
	free(big[0]);
	command_free(&cmd);
}

int
main(void)
{
	test_split();
	test_advice();
	test_long();
	test_shell();
	test_argv();
	test_unpack();
	test_resolve();
	test_name();
	test_room();
	return (done_testing());
}
