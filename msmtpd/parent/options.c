/* SPDX-License-Identifier: ISC */
/* options: the command line, a row an option. */

#include <sys/socket.h>
#include <sys/un.h>

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "options.h"

#define KIB	1024ULL
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)

/* What getopt_long(3) returns for rows[0]: beyond any character. */
#define ROW_FIRST	256

#define LABEL_MAX	63	/* octets between dots, RFC 1035, 2.3.4 */

/* A letter that may follow a number, and what it multiplies the number by. */
struct unit {
	char		 letter;
	uint64_t	 factor;
};

struct row;

/* How an option takes its argument, and how --check prints its value. */
struct kind {
	/* Take arg (NULL for an option without one), or end the process with
	 * EX_USAGE and a message that begins with the option's name. */
	void	(*set)(struct options *, const struct row *, const char *arg);
	/* NULL: --check does not print the value, or setup.c prints what the
	 * value means on this machine. */
	void	(*print)(const struct options *, const struct row *, FILE *);
	const struct unit *units;	/* the largest first; NULL: none */
	const char	*hint;	/* ends a message that refuses arg, or NULL */
	bool	 listens;	/* means nothing with --inetd */
};

/* An option: all that the parser, --help and --check know about it. */
struct row {
	const char	*group;		/* --help begins a group, else "" */
	const char	*name;
	const char	*argument;	/* as --help calls it; NULL: none */
	const struct kind *kind;
	size_t		 where;		/* the value in struct options ... */
	size_t		 size;		/* ... and its octets */
	uint64_t	 least, most;	/* a number, octets, or how often */
	const char	*def;		/* as an argument; NULL: none */
	const char	*help;
};

static void
number_store(struct options *o, const struct row *r, uint64_t value)
{
	void	*p = (char *)o + r->where;

	switch (r->size) {
	case 1:
		*(uint8_t *)p = (uint8_t)value;
		break;
	case 4:
		*(uint32_t *)p = (uint32_t)value;
		break;
	default:
		*(uint64_t *)p = value;
	}
}

static uint64_t
number_load(const struct options *o, const struct row *r)
{
	const void	*p = (const char *)o + r->where;

	switch (r->size) {
	case 1:
		return (*(const uint8_t *)p);
	case 4:
		return (*(const uint32_t *)p);
	default:
		return (*(const uint64_t *)p);
	}
}

/* The factor of a letter, in either case; 0: the kind has no such unit. */
static uint64_t
unit_factor(const struct unit *u, char letter)
{
	for (; u != NULL && u->letter != '\0'; u++)
		if (tolower((unsigned char)letter) == u->letter)
			return (u->factor);
	return (0);
}

/* Digits, then perhaps a unit.  strtoull(3) would also take signs and spaces,
 * and would not refuse an overflow. */
static bool
number_parse(const struct row *r, const char *arg, uint64_t *value)
{
	uint64_t	 v = 0, digit, factor = 1;

	if (*arg < '0' || *arg > '9')
		return (false);
	for (; *arg >= '0' && *arg <= '9'; arg++) {
		digit = (uint64_t)(*arg - '0');
		if (digit > r->most || v > (r->most - digit) / 10)
			return (false);
		v = v * 10 + digit;
	}
	if (*arg != '\0' && (factor = unit_factor(r->kind->units, *arg++)) == 0)
		return (false);
	if (*arg != '\0' || v > r->most / factor || v * factor < r->least)
		return (false);
	*value = v * factor;
	return (true);
}

static void
number_set(struct options *o, const struct row *r, const char *arg)
{
	uint64_t	 value;

	if (!number_parse(r, arg, &value))
		fatal_status(EX_USAGE, "--%s: '%s' is not a number from %llu "
		    "to %llu%s", r->name, arg, (unsigned long long)r->least,
		    (unsigned long long)r->most, r->kind->hint != NULL ?
		    r->kind->hint : "");
	number_store(o, r, value);
}

/* Print the number in the largest unit that leaves no fraction. */
static void
number_print(const struct options *o, const struct row *r, FILE *fp)
{
	const struct unit	*u = r->kind->units;
	uint64_t		 v = number_load(o, r);

	for (; u != NULL && u->letter != '\0'; u++)
		if (v != 0 && v % u->factor == 0) {
			fprintf(fp, CHECK_NAME "%llu%c\n", r->name,
			    (unsigned long long)(v / u->factor),
			    toupper((unsigned char)u->letter));
			return;
		}
	fprintf(fp, CHECK_NAME "%llu\n", r->name, (unsigned long long)v);
}

static void
flag_set(struct options *o, const struct row *r, const char *arg)
{
	(void)arg;
	number_store(o, r, r->most);
}

static void
flag_print(const struct options *o, const struct row *r, FILE *fp)
{
	if (number_load(o, r) == r->most)
		fprintf(fp, CHECK_NAME "yes\n", r->name);
}

static void
string_set(struct options *o, const struct row *r, const char *arg)
{
	const char	**p = (void *)((char *)o + r->where);

	*p = arg;
}

static void
strings_set(struct options *o, const struct row *r, const char *arg)
{
	struct strings	*s = (void *)((char *)o + r->where);

	if (s->n == r->most)
		fatal_status(EX_USAGE, "--%s: more than %llu%s", r->name,
		    (unsigned long long)r->most, r->kind->hint != NULL ?
		    r->kind->hint : "");
	s->v[s->n++] = arg;
}

static void
strings_print(const struct options *o, const struct row *r, FILE *fp)
{
	const struct strings	*s = (const void *)((const char *)o + r->where);
	size_t			 i;

	for (i = 0; i < s->n; i++)
		fprintf(fp, CHECK_NAME "%s\n", r->name, s->v[i]);
}

static void
absolute(const struct row *r, const char *arg)
{
	if (*arg != '/')
		fatal_status(EX_USAGE, "--%s: '%s' is not an absolute path",
		    r->name, arg);
}

/* The path of a UNIX socket, for which the kernel has little room. */
static void
socket_set(struct options *o, const struct row *r, const char *arg)
{
	const size_t	 room = sizeof(((struct sockaddr_un *)0)->sun_path);

	absolute(r, arg);
	if (strlen(arg) >= room)
		fatal_status(EX_USAGE, "--%s: longer than %zu octets", r->name,
		    room - 1);
	strings_set(o, r, arg);
}

/* Octal digits, as chmod(1) takes them. */
static void
mode_set(struct options *o, const struct row *r, const char *arg)
{
	size_t	 len = strspn(arg, "01234567");

	if (len > 4 || arg[len] != '\0' || strtoul(arg, NULL, 8) > r->most)
		fatal_status(EX_USAGE, "--%s: '%s' is not an octal number up "
		    "to 0777", r->name, arg);
	number_store(o, r, strtoul(arg, NULL, 8));
}

static void
mode_print(const struct options *o, const struct row *r, FILE *fp)
{
	fprintf(fp, CHECK_NAME "%04llo\n", r->name,
	    (unsigned long long)number_load(o, r));
}

/* An absolute path, copied to an array of char. */
static void
path_set(struct options *o, const struct row *r, const char *arg)
{
	absolute(r, arg);
	if (strlcpy((char *)o + r->where, arg, r->size) >= r->size)
		fatal_status(EX_USAGE, "--%s: longer than %zu octets", r->name,
		    r->size - 1);
}

/* A domain as RFC 5321, 4.1.2, has it, of letters, digits and hyphens: it is
 * part of replies and of the Received field.  Copied to an array of char. */
static void
hostname_set(struct options *o, const struct row *r, const char *arg)
{
	const char	*p = arg, *label;

	if (strlcpy((char *)o + r->where, arg, r->size) >= r->size)
		fatal_status(EX_USAGE, "--%s: longer than %zu octets", r->name,
		    r->size - 1);
	for (;; p++) {
		for (label = p; isalnum((unsigned char)*p) || *p == '-'; p++)
			continue;
		if (p == label || p - label > LABEL_MAX || *label == '-' ||
		    p[-1] == '-' || (*p != '.' && *p != '\0'))
			fatal_status(EX_USAGE, "--%s: '%s' is not a name such "
			    "as mail.example.org", r->name, arg);
		if (*p == '\0')
			return;
	}
}

static void
hostname_print(const struct options *o, const struct row *r, FILE *fp)
{
	fprintf(fp, CHECK_NAME "%s\n", r->name, o->conf.hostname);
}

/* The word of r's argument, "first|second", at place i. */
static const char *
word_at(const struct row *r, size_t i, size_t *len)
{
	const char	*p = r->argument;

	for (; i > 0; i--)
		p += strcspn(p, "|") + 1;
	*len = strcspn(p, "|");
	return (p);
}

/* The place of arg among the words of r's argument, the first most + 1 of
 * which may be given; most + 1 where arg is none of them. */
static size_t
word_find(const struct row *r, const char *arg)
{
	size_t		 i, len;
	const char	*word;

	for (i = 0; i <= r->most; i++) {
		word = word_at(r, i, &len);
		if (strncmp(arg, word, len) == 0 && arg[len] == '\0')
			break;
	}
	return (i);
}

static void
word_set(struct options *o, const struct row *r, const char *arg)
{
	size_t	 i = word_find(r, arg);

	if (i > r->most)
		fatal_status(EX_USAGE, "--%s: '%s' is not one of %s", r->name,
		    arg, r->argument);
	number_store(o, r, i);
}

static void
word_print(const struct options *o, const struct row *r, FILE *fp)
{
	size_t		 len;
	const char	*word = word_at(r, number_load(o, r), &len);

	fprintf(fp, CHECK_NAME "%.*s\n", r->name, (int)len, word);
}

static void
log_set(struct options *o, const struct row *r, const char *arg)
{
	o->log = (enum logger_kind)word_find(r, arg);
	if (o->log == LOGGER_FILE && *arg != '/')
		fatal_status(EX_USAGE, "--%s: '%s' is neither none, stderr or "
		    "syslog nor an absolute path", r->name, arg);
	o->logfile = o->log == LOGGER_FILE ? arg : NULL;
}

static void
log_print(const struct options *o, const struct row *r, FILE *fp)
{
	if (o->log == LOGGER_FILE)
		fprintf(fp, CHECK_NAME "%s\n", r->name, o->logfile);
	else
		word_print(o, r, fp);
}

static void
auth_set(struct options *o, const struct row *r, const char *arg)
{
	(void)r;
	logins_add(&o->logins, arg);
	o->conf.auth = AUTH_REQUIRED;
}

static void
auth_print(const struct options *o, const struct row *r, FILE *fp)
{
	size_t	 i;

	if (o->logins.n == 0)
		fprintf(fp, CHECK_NAME "no\n", r->name);
	for (i = 0; i < o->logins.n; i++)
		fprintf(fp, CHECK_NAME "%s\n", r->name, o->logins.names[i]);
}

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

static const struct unit size_units[] = {
	{ 'g', GIB },
	{ 'm', MIB },
	{ 'k', KIB },
	{ '\0', 0 }	/* the end */
};

static const struct kind
    kind_flag = { .set = flag_set, .print = flag_print },
    kind_ask = { .set = flag_set },	/* changes no setting */
    kind_number = { .set = number_set, .print = number_print },
    kind_size = { .set = number_set, .print = number_print,
	.units = size_units, .hint = " (K, M and G may follow)" },
    kind_port = { .set = number_set, .print = number_print,
	.listens = true },
    kind_interface = { .set = strings_set, .print = strings_print,
	.listens = true, .hint = "; 0.0.0.0 and :: stand for all" },
    kind_socket = { .set = socket_set, .print = strings_print,
	.listens = true },
    kind_mode = { .set = mode_set, .print = mode_print, .listens = true },
    kind_string = { .set = string_set },
    kind_path = { .set = path_set },
    kind_hostname = { .set = hostname_set, .print = hostname_print },
    kind_word = { .set = word_set, .print = word_print },
    kind_log = { .set = log_set, .print = log_print },
    kind_auth = { .set = auth_set, .print = auth_print },
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
	    1, 1024 * GIB, "50M", "of a mail; K, M or G may follow" },
	{ "", "max-memory", "octets", &kind_size, AT(conf.max_memory),
	    1, 1024 * GIB, "256M", "of all mails in memory" },
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
