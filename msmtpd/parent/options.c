/* SPDX-License-Identifier: ISC */
/* options: the command line, a row an option. */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "kinds.h"
#include "log.h"
#include "options.h"

/* What getopt_long(3) returns for rows[0]: beyond any character. */
#define ROW_FIRST	256

static void __attribute__((noreturn))
version_set(struct options *o, const struct row *r, const char *arg)
{
	(void)o, (void)r, (void)arg;
	printf("msmtpd %s\n", VERSION);
	options_printed();
}

/* Defined below the table, because it prints the table. */
static void	help_set(struct options *, const struct row *, const char *)
		    __attribute__((noreturn));

static const struct kind
    kind_version = { .set = version_set },
    kind_help = { .set = help_set };

#define AT(field)	offsetof(struct options, field), \
			    sizeof(((struct options *)0)->field)

/* In the order of --help and --check. */
static const struct row rows[] = {
	{ "Where:", "interface", "ip", &kind_interface, AT(interfaces),
	    1, MSMTPD_LISTENERS_MAX, "127.0.0.1",
	    "listen on this address, repeatable" },
	{ "", "port", "number", &kind_port, AT(port), 0, 65535, "25",
	    "... and this port; 0: the kernel chooses" },
	{ "", "socket", "path", &kind_socket, AT(sockets),
	    1, MSMTPD_LISTENERS_MAX, NULL,
	    "listen on this UNIX socket, repeatable" },
	{ "", "socket-mode", "octal", &kind_mode, AT(socket_mode), 0, 0777,
	    "0666", "its permissions" },
	{ "", "hostname", "name", &kind_hostname, AT(conf.hostname),
	    1, MSMTPD_HOSTNAME_MAX - 1, NULL,
	    "our name, in place of the machine's" },
	{ "", "inetd", NULL, &kind_flag, AT(conf.inetd), 0, 1, NULL,
	    "one session on standard input and output" },

	{ "What:", "command", "cmd", &kind_string, AT(command),
	    0, 0, "msmtp -f %F --", "run for each mail; %F: sender" },
	{ "", "auth", "user[,cmd]", &kind_auth, AT(logins), 0, 0, NULL,
	    "login, repeatable; cmd prints the password" },
	{ "", "auth-any", NULL, &kind_flag, AT(conf.auth), 0, AUTH_ANY, NULL,
	    "take any name and password; nobody needs them" },
	{ "", "rules", "FILE", &kind_string, AT(rules), 0, 0, NULL,
	    "who may send what, see msmtpd.rules(5)" },
	{ "", "received", "full|anonymous|none", &kind_word,
	    AT(conf.received), RECEIVED_FULL, RECEIVED_NONE, "full",
	    "atop each mail" },
	{ "", "no-smtputf8", NULL, &kind_flag, AT(conf.no_smtputf8), 0, 1,
	    NULL, "do not offer SMTPUTF8" },

	{ "Log:", "log", "none|stderr|syslog|FILE", &kind_log, AT(log),
	    LOGGER_NONE, LOGGER_SYSLOG, "stderr", "(syslog with --inetd)" },
	{ "", "debug", NULL, &kind_flag, AT(conf.debug), 0, 1, NULL,
	    "log sessions without mail or error, too" },

	{ "Root:", "user", "name", &kind_string, AT(user),
	    0, 0, "msmtpd", "runs the command" },
	{ "", "privsep-user", "name", &kind_string, AT(privsep_user),
	    0, 0, "_msmtpd", "speaks SMTP" },
	{ "", "chroot", "dir", &kind_path, AT(conf.chroot),
	    1, MSMTPD_PATH_MAX - 1, OPTIONS_CHROOT,
	    "empty directory for it" },

	{ "Limits:", "max-size", "octets", &kind_size, AT(conf.max_size),
	    1, 1024 * KINDS_GIB, "50M", "of a mail; K, M or G may follow" },
	{ "", "max-memory", "octets", &kind_size, AT(conf.max_memory),
	    1, 1024 * KINDS_GIB, "256M", "of all mails in memory" },
	{ "", "max-sessions", "number", &kind_number, AT(conf.max_sessions),
	    1, 100000, "1000", "at the same time" },
	{ "", "max-deliveries", "number", &kind_number,
	    AT(conf.max_deliveries), 1, 1000, "16",
	    "commands that run at the same time" },
	{ "", "max-recipients", "number", &kind_number,
	    AT(conf.max_recipients), 1, 100000, "1000", "of a mail" },
	{ "", "max-line", "octets", &kind_number, AT(conf.max_line),
	    512, 60000, "2048", "of an SMTP command" },
	{ "", "max-auth-line", "octets", &kind_number, AT(conf.max_auth_line),
	    512, 60000, "12288", "of AUTH and its answers" },
	{ "", "max-errors", "number", &kind_number, AT(conf.max_errors),
	    1, 1000000, "20", "since the last mail; the session ends" },
	{ "", "max-noops", "number", &kind_number, AT(conf.max_noops),
	    1, 1000000, "100", "of NOOP, EHLO and such without a mail" },
	{ "", "min-rate", "octets", &kind_number, AT(conf.min_rate),
	    0, 1000000, "100", "a second while a mail comes; 0: any" },
	{ "", "timeout", "seconds", &kind_number, AT(conf.timeout),
	    1, 86400, "300", "without a complete command" },
	{ "", "command-timeout", "seconds", &kind_number,
	    AT(conf.command_timeout), 1, 86400, "600", "of --command" },

	{ "Tell:", "check", NULL, &kind_ask, AT(check), 0, 1, NULL,
	    "check the settings and print them" },
	{ "", "as", "client", &kind_string, AT(as), 0, 0, NULL,
	    "what --rules says to \"user me from a@b to c@d\"" },
	{ "", "print-sandbox", NULL, &kind_ask, AT(print_sandbox), 0, 1, NULL,
	    "print what system calls are allowed, and why" },
	{ "", "version", NULL, &kind_version, 0, 0, 0, 0, NULL,
	    "print the version" },
	{ "", "help", NULL, &kind_help, 0, 0, 0, 0, NULL, "print this text" }
};
#define NROWS	(sizeof(rows) / sizeof(rows[0]))

static void
help_row(const struct row *r)
{
	char	 option[64];

	snprintf(option, sizeof(option), "--%s%s%s", r->name,
	    r->argument != NULL ? "=" : "",
	    r->argument != NULL ? r->argument : "");
	printf("%-8s%-25s %s", r->group, option, r->help);
	if (r->def != NULL)
		printf(" [%s]", r->def);
	putchar('\n');
}

static void
help_set(struct options *o, const struct row *row, const char *arg)
{
	size_t	 i;

	(void)o, (void)row, (void)arg;
	fputs("usage: msmtpd [option ...]    (options take --name=value or "
	    "--name value)\nAccept mail by SMTP and pipe each to a command, "
	    "with the recipients appended.\n", stdout);
	for (i = 0; i < NROWS; i++)
		help_row(&rows[i]);
	options_printed();
}

void
options_printed(void)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fatal_setstatus(0);
		fatal_status(EX_IOERR, "standard output: %s", strerror(errno));
	}
	exit(EX_OK);
}

/* Say which argument getopt_long(3) has refused.  An unknown option is the
 * argument before the next one, unless it stands in a group of letters. */
static void __attribute__((noreturn))
usage_error(int c, char **argv)
{
	if (optopt >= ROW_FIRST)
		fatal_status(EX_USAGE, "--%s: %s", rows[optopt -
		    ROW_FIRST].name, c == ':' ? "needs an argument" :
		    "takes no argument");
	if (optopt != 0)
		fatal_status(EX_USAGE, "-%c: unknown option, see msmtpd --help",
		    optopt);
	fatal_status(EX_USAGE, "%s: unknown option, see msmtpd --help",
	    argv[optind - 1]);
}

/* The table as getopt_long(3) wants it, which returns ROW_FIRST + the row. */
static void
options_long(struct option longopts[NROWS + 1])
{
	size_t	 i;

	memset(longopts, 0, (NROWS + 1) * sizeof(*longopts));
	for (i = 0; i < NROWS; i++) {
		longopts[i].name = rows[i].name;
		longopts[i].has_arg = rows[i].argument != NULL ?
		    required_argument : no_argument;
		longopts[i].val = ROW_FIRST + (int)i;
	}
}

/* Whether the command line has this option. */
static bool
is_given(const bool given[NROWS], const char *name)
{
	size_t	 i;

	for (i = 0; i < NROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return (given[i]);
	fatalx("no option --%s", name);
}

/* Settle what depends on more than one option. */
static void
options_agree(struct options *o, const bool given[NROWS])
{
	struct config	*c = &o->conf;

	o->address_given = is_given(given, "interface") ||
	    is_given(given, "port") || is_given(given, "socket");
	/* Who asks for a UNIX socket only gets no other. */
	if (is_given(given, "socket") && !is_given(given, "interface") &&
	    !is_given(given, "port"))
		o->interfaces.n = 0;
	if (is_given(given, "socket-mode") && !is_given(given, "socket"))
		fatal_status(EX_USAGE, "--socket-mode: there is no --socket");
	o->user_given = is_given(given, "user") ||
	    is_given(given, "privsep-user") || is_given(given, "chroot");
	if (c->inetd && o->address_given)
		fatal_status(EX_USAGE, "--inetd: the session comes on standard "
		    "input, so leave --interface, --port and --socket out");
	if (is_given(given, "auth") && is_given(given, "auth-any"))
		fatal_status(EX_USAGE, "--auth-any: takes any password, so "
		    "leave it out to have --auth check passwords");
	if (o->as != NULL && (!o->check || o->rules == NULL))
		fatal_status(EX_USAGE, "--as: needs --check and --rules");
	c->rules = o->rules != NULL;
	if (c->rules && c->auth == AUTH_REQUIRED)
		c->auth = AUTH_OFFERED;
	if (c->inetd && !is_given(given, "log"))
		o->log = LOGGER_SYSLOG;
	if (c->max_memory < c->max_size && !is_given(given, "max-memory"))
		c->max_memory = c->max_size;
	if (c->max_memory < c->max_size)
		fatal_status(EX_USAGE, "--max-memory: less than --max-size, so "
		    "that no mail of that size could come; raise the one or "
		    "lower the other");
}

void
options_parse(struct options *o, int argc, char **argv)
{
	struct option	 longopts[NROWS + 1];
	bool		 given[NROWS] = { false };
	size_t		 i;
	int		 c;

	memset(o, 0, sizeof(*o));
	options_long(longopts);
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longopts, NULL)) != -1) {
		if (c < ROW_FIRST)
			usage_error(c, argv);
		i = (size_t)(c - ROW_FIRST);
		if (optarg != NULL && *optarg == '\0')
			fatal_status(EX_USAGE, "--%s: empty argument",
			    rows[i].name);
		rows[i].kind->set(o, &rows[i], optarg);
		given[i] = true;
	}
	if (optind < argc)
		fatal_status(EX_USAGE, "%s: stray argument; msmtpd takes "
		    "options only, see msmtpd --help", argv[optind]);
	/* Defaults come last, or a repeatable option would add to its own. */
	for (i = 0; i < NROWS; i++)
		if (!given[i] && rows[i].def != NULL)
			rows[i].kind->set(o, &rows[i], rows[i].def);
	options_agree(o, given);
}

void
options_print(const struct options *o, FILE *fp)
{
	size_t	 i;

	for (i = 0; i < NROWS; i++) {
		if (rows[i].kind->print == NULL ||
		    (rows[i].kind->listens && o->conf.inetd))
			continue;
		rows[i].kind->print(o, &rows[i], fp);
	}
}
