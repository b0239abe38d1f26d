/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/command.h"
#include "log.h"
#include "options.h"

#define KIB	1024ULL
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)

#define DEFAULT_COMMAND		"msmtp -f %F --"
#define DEFAULT_MEMORY		(256 * MIB)

/* What getopt_long(3) returns: beyond any character. */
enum option_id {
	OPT_VERSION = 256,
	OPT_HELP,
	OPT_CHECK,
	OPT_PRINT_SANDBOX,
	OPT_INETD,
	OPT_INTERFACE,
	OPT_PORT,
	OPT_COMMAND,
	OPT_LOG,
	OPT_DEBUG,
	OPT_USER,
	OPT_PRIVSEP_USER,
	OPT_CHROOT,
	OPT_AUTH,
	OPT_NUMBER		/* and above: an index into numbers[] */
};

static const struct option longopts[] = {
	{ "version",		no_argument,		NULL, OPT_VERSION },
	{ "help",		no_argument,		NULL, OPT_HELP },
	{ "check",		no_argument,		NULL, OPT_CHECK },
	{ "print-sandbox",	no_argument,	NULL, OPT_PRINT_SANDBOX },
	{ "inetd",		no_argument,		NULL, OPT_INETD },
	{ "interface",		required_argument,	NULL, OPT_INTERFACE },
	{ "port",		required_argument,	NULL, OPT_PORT },
	{ "command",		required_argument,	NULL, OPT_COMMAND },
	{ "log",		required_argument,	NULL, OPT_LOG },
	{ "debug",		no_argument,		NULL, OPT_DEBUG },
	{ "user",		required_argument,	NULL, OPT_USER },
	{ "privsep-user",	required_argument, NULL, OPT_PRIVSEP_USER },
	{ "chroot",		required_argument,	NULL, OPT_CHROOT },
	{ "auth",		required_argument,	NULL, OPT_AUTH },
	{ "max-sessions",	required_argument,	NULL, OPT_NUMBER },
	{ "max-deliveries",	required_argument,	NULL, OPT_NUMBER + 1 },
	{ "max-recipients",	required_argument,	NULL, OPT_NUMBER + 2 },
	{ "max-size",		required_argument,	NULL, OPT_NUMBER + 3 },
	{ "max-memory",		required_argument,	NULL, OPT_NUMBER + 4 },
	{ "max-line",		required_argument,	NULL, OPT_NUMBER + 5 },
	{ "max-auth-line",	required_argument,	NULL, OPT_NUMBER + 6 },
	{ "max-errors",		required_argument,	NULL, OPT_NUMBER + 7 },
	{ "max-noops",		required_argument,	NULL, OPT_NUMBER + 8 },
	{ "min-rate",		required_argument,	NULL, OPT_NUMBER + 9 },
	{ "timeout",		required_argument,	NULL, OPT_NUMBER + 10 },
	{ "command-timeout",	required_argument,	NULL, OPT_NUMBER + 11 },
	{ NULL, 0, NULL, 0 }
};

/* The limits: a number in struct config each, in the order of longopts. */
static const struct number {
	const char	*name;
	size_t		 offset;	/* in struct config */
	bool		 size;		/* uint64_t, octets, K M G allowed */
	uint64_t	 min, max, def;
} numbers[] = {
#define NUMBER(name, field, min, max, def) \
	{ name, offsetof(struct config, field), \
	    sizeof(((struct config *)0)->field) == 8, min, max, def }
	NUMBER("max-sessions", max_sessions, 1, 100000, 1000),
	NUMBER("max-deliveries", max_deliveries, 1, 1000, 16),
	NUMBER("max-recipients", max_recipients, 1, 100000, 1000),
	NUMBER("max-size", max_size, 1, 1024 * GIB, 50 * MIB),
	NUMBER("max-memory", max_memory, 1, 1024 * GIB, 0),
	NUMBER("max-line", max_line, 512, 60000, 2048),
	NUMBER("max-auth-line", max_auth_line, 512, 60000, 12288),
	NUMBER("max-errors", max_errors, 1, 1000000, 20),
	NUMBER("max-noops", max_noops, 1, 1000000, 100),
	NUMBER("min-rate", min_rate, 0, 1000000, 100),
	NUMBER("timeout", timeout, 1, 86400, 300),
	NUMBER("command-timeout", command_timeout, 1, 86400, 600),
#undef NUMBER
};
#define NNUMBERS	(sizeof(numbers) / sizeof(numbers[0]))

static const char help[] =
"usage: msmtpd [option ...]    (options take --name=value or --name value)\n"
"Accept mail by SMTP and pipe each to a command.\n"
"Where:  --interface=ip       listen on this address [127.0.0.1], repeatable\n"
"        --port=number        ... and port [25]; 0: the kernel chooses\n"
"        --inetd              one session on standard input and output\n"
"What:   --command=cmd        run for each mail, recipients appended, %F is\n"
"                             the sender [" DEFAULT_COMMAND "]\n"
"        --auth=user[,cmd]    ask for a login; cmd prints the password\n"
"Log:    --log=stderr|syslog|none|FILE  [stderr; syslog with --inetd]\n"
"        --debug              sessions without mail or error, too\n"
"Root:   --user=name          runs the command [msmtpd]\n"
"        --privsep-user=name  speaks SMTP [_msmtpd] in\n"
"        --chroot=dir         this empty directory [/var/empty/msmtpd]\n"
"Limits: --max-size=octets [50M]     --max-memory=octets [256M]\n"
"        --max-sessions=n [1000]     --max-deliveries=n [16]\n"
"        --max-recipients=n [1000]   --max-errors=n [20]  --max-noops=n [100]\n"
"        --max-line=octets [2048]    --max-auth-line=octets [12288]\n"
"        --timeout=s [300]           --command-timeout=s [600]\n"
"        --min-rate=octets/s [100]\n"
"Tell:   --check  --print-sandbox  --version  --help\n";

static uint64_t
number_get(const struct config *conf, const struct number *n)
{
	const char	*p = (const char *)conf + n->offset;
	uint64_t	 v64;
	uint32_t	 v32;

	if (n->size) {
		memcpy(&v64, p, sizeof(v64));
		return (v64);
	}
	memcpy(&v32, p, sizeof(v32));
	return (v32);
}

static void
number_set(struct config *conf, const struct number *n, uint64_t value)
{
	char		*p = (char *)conf + n->offset;
	uint32_t	 v32 = (uint32_t)value;

	if (n->size)
		memcpy(p, &value, sizeof(value));
	else
		memcpy(p, &v32, sizeof(v32));
}

/* Digits, for a size then perhaps K, M or G; strtoull(3) alone would take
 * signs, spaces and overflow. */
static bool
number_parse(const struct number *n, const char *arg, uint64_t *value)
{
	uint64_t	 v = 0, unit = 1;

	if (*arg < '0' || *arg > '9')
		return (false);
	for (; *arg >= '0' && *arg <= '9'; arg++) {
		v = v * 10 + (uint64_t)(*arg - '0');
		if (v > 1024 * GIB)
			return (false);
	}
	if (n->size && *arg != '\0') {
		switch (*arg++) {
		case 'k': case 'K':
			unit = KIB;
			break;
		case 'm': case 'M':
			unit = MIB;
			break;
		case 'g': case 'G':
			unit = GIB;
			break;
		default:
			return (false);
		}
	}
	if (*arg != '\0' || v > n->max / unit || v * unit < n->min)
		return (false);
	*value = v * unit;
	return (true);
}

static void
number_option(struct options *o, const struct number *n, const char *arg)
{
	uint64_t	 value;

	if (!number_parse(n, arg, &value))
		fatal_status(EX_USAGE, "--%s: '%s' is not a number from %llu "
		    "to %llu%s", n->name, arg, (unsigned long long)n->min,
		    (unsigned long long)n->max,
		    n->size ? " (K, M and G may follow)" : "");
	number_set(&o->conf, n, value);
}

static void
port_option(struct options *o, const char *arg)
{
	static const struct number	 n = { "port", 0, false, 0, 65535, 25 };
	uint64_t			 value;

	if (!number_parse(&n, arg, &value))
		fatal_status(EX_USAGE,
		    "--port: '%s' is not a number from 0 to 65535", arg);
	o->port = (uint16_t)value;
	o->address_given = true;
}

static void
interface_option(struct options *o, const char *arg)
{
	if (o->ninterfaces == MSMTPD_LISTENERS_MAX)
		fatal_status(EX_USAGE, "--interface: more than %d; 0.0.0.0 and "
		    ":: stand for all", MSMTPD_LISTENERS_MAX);
	o->interfaces[o->ninterfaces++] = arg;
	o->address_given = true;
}

static void
log_option(struct options *o, const char *arg)
{
	o->logfile = NULL;
	if (strcmp(arg, "stderr") == 0)
		o->log = LOGGER_STDERR;
	else if (strcmp(arg, "syslog") == 0)
		o->log = LOGGER_SYSLOG;
	else if (strcmp(arg, "none") == 0)
		o->log = LOGGER_NONE;
	else {
		o->log = LOGGER_FILE;
		o->logfile = arg;
	}
}

static void
chroot_option(struct options *o, const char *arg)
{
	if (*arg != '/')
		fatal_status(EX_USAGE, "--chroot: '%s' is not an absolute "
		    "path", arg);
	if (strlcpy(o->conf.chroot, arg, sizeof(o->conf.chroot)) >=
	    sizeof(o->conf.chroot))
		fatal_status(EX_USAGE, "--chroot: longer than %d octets",
		    MSMTPD_PATH_MAX - 1);
	o->user_given = true;
}

/* user[,passwordeval], as msmtp's msmtpd has it. */
static void
auth_option(struct options *o, const char *arg)
{
	size_t	 len = strcspn(arg, ",");

	if (len == 0 || len >= MSMTPD_AUTH_MAX)
		fatal_status(EX_USAGE, "--auth: the user name needs 1 to %d "
		    "octets", MSMTPD_AUTH_MAX - 1);
	if (arg[len] == ',' && arg[len + 1] == '\0')
		fatal_status(EX_USAGE, "--auth: nothing after the comma, where "
		    "the command is that prints the password");
	free(o->auth_user);
	if ((o->auth_user = strndup(arg, len)) == NULL)
		fatal("strndup");
	o->passwordeval = arg[len] == ',' ? arg + len + 1 : NULL;
	o->conf.auth = 1;
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

static void
option(struct options *o, int id, const char *arg)
{
	switch (id) {
	case OPT_VERSION:
		printf("msmtpd %s\n", VERSION);
		options_printed();
	case OPT_HELP:
		fputs(help, stdout);
		options_printed();
	case OPT_CHECK:
		o->check = true;
		break;
	case OPT_PRINT_SANDBOX:
		o->print_sandbox = true;
		break;
	case OPT_INETD:
		o->conf.inetd = 1;
		break;
	case OPT_INTERFACE:
		interface_option(o, arg);
		break;
	case OPT_PORT:
		port_option(o, arg);
		break;
	case OPT_COMMAND:
		o->command = arg;
		break;
	case OPT_LOG:
		log_option(o, arg);
		break;
	case OPT_DEBUG:
		o->conf.debug = 1;
		break;
	case OPT_USER:
		o->user = arg;
		o->user_given = true;
		break;
	case OPT_PRIVSEP_USER:
		o->privsep_user = arg;
		o->user_given = true;
		break;
	case OPT_CHROOT:
		chroot_option(o, arg);
		break;
	case OPT_AUTH:
		auth_option(o, arg);
		break;
	default:
		number_option(o, &numbers[id - OPT_NUMBER], arg);
	}
}

/* getopt_long(3) has found fault; say with what.  An unknown option is the
 * argument before the next one, unless it stands in a group of letters. */
static void __attribute__((noreturn))
usage_error(int c, char **argv)
{
	const struct option	*l;

	for (l = longopts; l->name != NULL; l++)
		if (optopt != 0 && l->val == optopt)
			break;
	if (c == ':' && l->name != NULL)
		fatal_status(EX_USAGE, "--%s: needs an argument", l->name);
	if (l->name != NULL)
		fatal_status(EX_USAGE, "--%s: takes no argument", l->name);
	if (optopt != 0)
		fatal_status(EX_USAGE, "-%c: unknown option, see msmtpd --help",
		    optopt);
	fatal_status(EX_USAGE, "%s: unknown option, see msmtpd --help",
	    argv[optind - 1]);
}

static void
options_default(struct options *o)
{
	size_t	 i;

	memset(o, 0, sizeof(*o));
	for (i = 0; i < NNUMBERS; i++)
		number_set(&o->conf, &numbers[i], numbers[i].def);
	strlcpy(o->conf.chroot, "/var/empty/msmtpd", sizeof(o->conf.chroot));
	o->port = 25;
	o->command = DEFAULT_COMMAND;
	o->user = "msmtpd";
	o->privsep_user = "_msmtpd";
}

void
options_parse(struct options *o, int argc, char **argv)
{
	bool	 log_given = false;
	int	 c, at;

	options_default(o);
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longopts, &at)) != -1) {
		if (c == '?' || c == ':')
			usage_error(c, argv);
		if (optarg != NULL && *optarg == '\0')
			fatal_status(EX_USAGE, "--%s: empty argument",
			    longopts[at].name);
		log_given |= c == OPT_LOG;
		option(o, c, optarg != NULL ? optarg : "");
	}
	if (optind < argc)
		fatal_status(EX_USAGE, "%s: stray argument; msmtpd takes "
		    "options only, see msmtpd --help", argv[optind]);
	if (!log_given)
		o->log = o->conf.inetd ? LOGGER_SYSLOG : LOGGER_STDERR;
	if (o->conf.inetd && o->address_given)
		fatal_status(EX_USAGE, "--inetd: the session comes on standard "
		    "input, so leave --interface and --port out");
	if (o->ninterfaces == 0)
		o->interfaces[o->ninterfaces++] = "127.0.0.1";
	if (o->conf.max_memory == 0)
		o->conf.max_memory = o->conf.max_size > DEFAULT_MEMORY ?
		    o->conf.max_size : DEFAULT_MEMORY;
	if (o->conf.max_memory < o->conf.max_size)
		fatal_status(EX_USAGE, "--max-memory: less than --max-size, so "
		    "that no mail of that size could come; raise the one or "
		    "lower the other");
}

static void
print_size(FILE *fp, const char *name, uint64_t v)
{
	const char	*unit = "";

	if (v % GIB == 0)
		v /= GIB, unit = "G";
	else if (v % MIB == 0)
		v /= MIB, unit = "M";
	else if (v % KIB == 0)
		v /= KIB, unit = "K";
	fprintf(fp, "%-16s %llu%s\n", name, (unsigned long long)v, unit);
}

void
options_print(const struct options *o, FILE *fp)
{
	static const char	*kinds[] = { "none", "stderr", "syslog" };
	size_t			 i;

	if (o->conf.inetd)
		fprintf(fp, "%-16s yes\n", "inetd");
	else {
		for (i = 0; i < o->ninterfaces; i++)
			fprintf(fp, "%-16s %s\n", "interface",
			    o->interfaces[i]);
		fprintf(fp, "%-16s %u\n", "port", o->port);
	}
	fprintf(fp, "%-16s %s\n", "log", o->log == LOGGER_FILE ? o->logfile :
	    kinds[o->log]);
	fprintf(fp, "%-16s %s\n", "auth", o->auth_user != NULL ?
	    o->auth_user : "no");
	for (i = 0; i < NNUMBERS; i++) {
		if (numbers[i].size)
			print_size(fp, numbers[i].name, number_get(&o->conf,
			    &numbers[i]));
		else
			fprintf(fp, "%-16s %llu\n", numbers[i].name,
			    (unsigned long long)number_get(&o->conf,
			    &numbers[i]));
	}
}
