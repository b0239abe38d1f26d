/* SPDX-License-Identifier: ISC */
/* kinds: how an option takes its argument, and how --check prints its value. */

#include <sys/socket.h>
#include <sys/un.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "kinds.h"
#include "log.h"

#define LABEL_MAX	63	/* octets between dots, RFC 1035, 2.3.4 */

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

static const struct unit size_units[] = {
	{ 'g', KINDS_GIB },
	{ 'm', KINDS_GIB / 1024 },
	{ 'k', KINDS_GIB / 1024 / 1024 },
	{ '\0', 0 }	/* the end */
};

const struct kind
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
    kind_auth = { .set = auth_set, .print = auth_print };
