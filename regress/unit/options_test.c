/* SPDX-License-Identifier: ISC */
/* The command line: what each option sets, and what it refuses. */

#include <sys/wait.h>

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "parent/options.h"
#include "tap.h"

#define MIB	(1024 * 1024ULL)
#define GIB	(1024 * MIB)
#define NARGS	4
#define X63	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X64	X63 "x"

/* options_parse() with these arguments; it may keep pointers to them. */
static void
parse(struct options *o, const char *const args[NARGS])
{
	static char	 copies[NARGS][512];
	char		*argv[NARGS + 2];
	int		 i, argc = 0;

	argv[argc++] = copies[0];
	strlcpy(copies[0], "msmtpd", sizeof(copies[0]));
	for (i = 0; i < NARGS - 1 && args[i] != NULL; i++) {
		strlcpy(copies[i + 1], args[i], sizeof(copies[0]));
		argv[argc++] = copies[i + 1];
	}
	argv[argc] = NULL;
	optind = 0;		/* getopt_long(3) begins anew */
	options_parse(o, argc, argv);
}

/* The same where it is to end the process: returns the exit status, -1 for
 * none, and what was said to standard error. */
static int
parse_exit(const char *const args[NARGS], char *err, size_t size)
{
	struct options	 o;
	ssize_t		 n;
	size_t		 len = 0;
	pid_t		 pid;
	int		 fds[2], null, status;

	fflush(stdout);
	if (pipe(fds) == -1 || (pid = fork()) == -1)
		abort();
	if (pid == 0) {
		if ((null = open("/dev/null", O_WRONLY)) == -1 ||
		    dup2(null, 1) == -1 || dup2(fds[1], 2) == -1)
			_exit(255);
		parse(&o, args);
		_exit(254);
	}
	close(fds[1]);
	while ((n = read(fds[0], err + len, size - 1 - len)) > 0)
		len += (size_t)n;
	err[len] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return (WIFEXITED(status) && WEXITSTATUS(status) != 254 ?
	    WEXITSTATUS(status) : -1);
}

static void
test_defaults(void)
{
	static const char	*none[NARGS];
	static const char	*const one[NARGS] = { "--interface=::1" };
	static const char	*const large[NARGS] = { "--max-size=1024G" };
	struct options		 o;

	parse(&o, none);
	ok(o.command != NULL && o.user != NULL && o.privsep_user != NULL,
	    "a command and two users");
	is_int((long long)o.interfaces.n, 1, "one interface");
	ok(strncmp(o.interfaces.v[0], "127.", 4) == 0,
	    "which other machines cannot reach");
	is_int(o.log, LOGGER_STDERR, "log");
	ok(o.conf.chroot[0] == '/', "chroot");
	is_str(o.conf.hostname, "", "the machine's name");
	ok(o.logins.n == 0 && !o.conf.auth, "no auth");
	ok(o.rules == NULL && !o.conf.rules, "no rules");
	is_int(o.conf.received, RECEIVED_FULL, "a Received field");
	ok(!o.conf.no_smtputf8 && !o.conf.inetd && !o.conf.debug && !o.check && !o.print_sandbox,
	    "no flag");
	ok(!o.address_given && !o.user_given, "a default is not given");
	ok(o.conf.max_memory >= o.conf.max_size, "a mail fits in memory");
	ok(o.conf.timeout > 0 && o.conf.command_timeout > 0, "timeouts");
	parse(&o, one);
	is_int((long long)o.interfaces.n, 1,
	    "what is given takes the default's place");
	is_str(o.interfaces.v[0], "::1", "and is listened on");
	parse(&o, large);
	is_int((long long)o.conf.max_memory, 1024 * GIB,
	    "max-memory follows a larger max-size");
}

/* Numbers as they are given, and what comes of them. */
static const struct {
	const char	*arg;
	size_t		 offset;
	int		 size;		/* octets of the field */
	uint64_t	 value;
} numbers[] = {
#define FIELD(f)	offsetof(struct config, f), \
			    (int)sizeof(((struct config *)0)->f)
	{ "--max-size=1", FIELD(max_size), 1 },
	{ "--max-size=123K", FIELD(max_size), 123 * 1024 },
	{ "--max-size=2k", FIELD(max_size), 2048 },
	{ "--max-size=7m", FIELD(max_size), 7 * MIB },
	{ "--max-size=1024G", FIELD(max_size), 1024 * GIB },
	{ "--max-size=0000012", FIELD(max_size), 12 },
	{ "--max-memory=1024G", FIELD(max_memory), 1024 * GIB },
	/* So that one of them fits, where nothing else is said. */
	{ "--max-size=300M", FIELD(max_memory), 300 * MIB },
	{ "--max-sessions=100000", FIELD(max_sessions), 100000 },
	{ "--max-deliveries=1", FIELD(max_deliveries), 1 },
	{ "--max-recipients=100000", FIELD(max_recipients), 100000 },
	{ "--max-line=512", FIELD(max_line), 512 },
	{ "--max-auth-line=60000", FIELD(max_auth_line), 60000 },
	{ "--max-errors=1", FIELD(max_errors), 1 },
	{ "--max-noops=1000000", FIELD(max_noops), 1000000 },
	{ "--min-rate=0", FIELD(min_rate), 0 },
	{ "--timeout=86400", FIELD(timeout), 86400 },
	{ "--command-timeout=1", FIELD(command_timeout), 1 }
};

static void
test_numbers(void)
{
	const char	*args[NARGS] = { NULL };
	struct options	 o;
	uint64_t	 v64;
	uint32_t	 v32;
	size_t		 i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		args[0] = numbers[i].arg;
		parse(&o, args);
		if (numbers[i].size == 8)
			memcpy(&v64, (char *)&o.conf + numbers[i].offset, 8);
		else {
			memcpy(&v32, (char *)&o.conf + numbers[i].offset, 4);
			v64 = v32;
		}
		is_int((long long)v64, (long long)numbers[i].value, "%s",
		    numbers[i].arg);
	}
}

/* What is refused, each with the option's name in the error; e2e/10-options.t
 * has what is refused of every option or of each number. */
static const char	*const wrong[][NARGS] = {
	{ "--", "stray" },
	{ "--port= 25" }, { "--port=25K" }, { "--port=4294967321" },
	{ "--max-size=1025G" }, { "--max-size=18446744073709551617" },
	{ "--max-size=17179869184G" }, { "--max-size=K" },
	{ "--max-size=1.5M" },
	{ "--max-memory=1023G", "--max-size=1024G" },
	{ "--max-sessions=100001" }, { "--max-sessions=4294967297" },
	{ "--max-deliveries=1001" },
	{ "--max-line=511" }, { "--max-line=60001" }, { "--max-auth-line=511" },
	{ "--min-rate=1000001" }, { "--timeout=86401" },
	{ "--log=a/file" }, { "--log=stderr|syslog" },
	{ "--hostname=." }, { "--hostname=-a.example" },
	{ "--hostname=a-.example" }, { "--hostname=\xc3\xa4.example" },
	{ "--hostname=[127.0.0.1]" }, { "--hostname=" X64 },
	{ "--hostname=" X63 "." X63 "." X63 "." X63 ".x" },
	{ "--auth=user," }, { "--auth-any", "--auth=user,cat" },
	{ "--auth=user", "--auth=user,cat" },
	{ "--as=unix", "--check" }, { "--as=unix", "--rules=x" }
};

static void
test_wrong(void)
{
	char	 err[1024], *dash;
	size_t	 i, len;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		is_int(parse_exit(wrong[i], err, sizeof(err)), EX_USAGE,
		    "%s %s: EX_USAGE", wrong[i][0],
		    wrong[i][1] != NULL ? wrong[i][1] : "");
		dash = strchr(err, '-');
		len = strcspn(wrong[i][0], "=");
		ok(strcmp(wrong[i][0], "--") == 0 ?
		    strstr(err, wrong[i][1]) != NULL : dash != NULL &&
		    strncmp(dash, wrong[i][0], len) == 0,
		    "%s: is named: %.*s", wrong[i][0], (int)strcspn(err,
		    "\n"), err);
	}
}

static void
logins_free(struct logins *l)
{
	while (l->n > 0)
		free((void *)(uintptr_t)l->names[--l->n]);
}

static void
test_others(void)
{
	static const char	*const log[NARGS] = { "--log=none",
				    "--log=/a/file", "--debug" };
	static const char	*const inetd[NARGS] = { "--inetd" };
	static const char	*const both[NARGS] = { "--inetd",
				    "--log=stderr" };
	static const char	*const auth[NARGS] = { "--auth=me,cat a,b",
				    "--auth=you" };
	static const char	*const rules[NARGS] = { "--rules=x",
				    "--auth=me" };
	static const char	*const apart[NARGS] = { "--port", "0",
				    "--interface=::1" };
	static const char	*const any[NARGS] = { "--auth-any" };
	static const char	*const trace[NARGS] = {
				    "--received=anonymous",
				    "--received=none", "--no-smtputf8" };
	static const char	*const names[][NARGS] = {
				    { "--hostname=x" },
				    { "--hostname=Mail-1.example.org" },
				    { "--hostname=" X63 "." X63 "." X63
				    "." X63 } };
	struct options		 o;
	size_t			 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		parse(&o, names[i]);
		is_str(o.conf.hostname, strchr(names[i][0], '=') + 1, "%s",
		    names[i][0]);
	}
	parse(&o, any);
	is_int(o.conf.auth, AUTH_ANY, "--auth-any");
	ok(o.logins.n == 0, "for which nobody has a password");
	parse(&o, trace);
	is_int(o.conf.received, RECEIVED_NONE, "the last --received counts");
	is_int(o.conf.no_smtputf8, 1, "--no-smtputf8");
	parse(&o, log);
	is_int(o.log, LOGGER_FILE, "the last --log counts");
	is_str(o.logfile, "/a/file", "its file");
	is_int(o.conf.debug, 1, "--debug");
	parse(&o, inetd);
	is_int(o.log, LOGGER_SYSLOG, "--inetd logs to syslog");
	parse(&o, both);
	is_int(o.log, LOGGER_STDERR, "unless told otherwise");
	parse(&o, auth);
	is_int(o.conf.auth, AUTH_REQUIRED, "--auth");
	is_str(o.logins.names[0], "me", "--auth: user");
	is_str(o.logins.evals[0], "cat a,b", "--auth: command");
	is_str(o.logins.names[1], "you", "--auth: another user");
	is_str(o.logins.evals[1], NULL, "--auth: who types the password");
	logins_free(&o.logins);
	parse(&o, rules);
	is_int(o.conf.auth, AUTH_OFFERED, "--rules: say who needs --auth");
	is_int(o.conf.rules, 1, "--rules");
	logins_free(&o.logins);
	parse(&o, apart);
	is_int(o.port, 0, "--port 0, in two words");
	is_str(o.interfaces.v[0], "::1", "--interface");
	ok(o.address_given, "an address was given");
}

int
main(void)
{
	test_defaults();
	test_numbers();
	test_wrong();
	test_others();
	return (done_testing());
}
