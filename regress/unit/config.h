/* SPDX-License-Identifier: ISC */
/* The settings of a daemon under test. */

#ifndef TEST_CONFIG_H
#define TEST_CONFIG_H

#include "msmtpd.h"

/*
 * config_default: the settings of a daemon started without an option, as the
 * option table has them; not as root, and without a chroot.  hostname is
 * mail.example.org, max_rcpt_octets 100,000: the parent finds them out at
 * start.  A test that needs a certain limit sets it.  It allocates nothing.
 */
void	config_default(struct config *);

/*
 * config_user: the same for a child that, where the test runs as root, changes
 * to user and group id.  max_sessions is 10 and max_deliveries 4: the limit of
 * open files, which each child raises for them, may be low where tests run.
 */
void	config_user(struct config *, unsigned int id);

#endif
