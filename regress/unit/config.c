/* SPDX-License-Identifier: ISC */

/* The settings of a daemon under test. */

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "parent/options.h"

void
config_default(struct config *c)
{
	char		 name[] = "msmtpd", *argv[] = { name, NULL };
	struct options	 o;

	/* getopt_long(3) begins anew, here and for the next caller. */
	optind = 0;
	options_parse(&o, 1, argv);
	optind = 0;
	*c = o.conf;
	c->chroot[0] = '\0';
	c->max_rcpt_octets = 100000;
	strlcpy(c->hostname, "mail.example.org", sizeof(c->hostname));
}

void
config_user(struct config *c, unsigned int id)
{
	config_default(c);
	c->max_sessions = 10;
	c->max_deliveries = 4;
	if (geteuid() != 0)
		return;
	c->drop = 1;
	c->uid = c->gid = c->groups[0] = id;
	c->ngroups = 1;
}
