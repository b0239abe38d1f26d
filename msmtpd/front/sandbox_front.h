/* SPDX-License-Identifier: ISC */
/* sandbox_front: what front may do, and how it gives up the rest. */

#ifndef SANDBOX_FRONT_H
#define SANDBOX_FRONT_H

#include <stddef.h>
#include <stdint.h>

#include "msmtpd.h"
#include "sandbox.h"

/* A condition of rows: front accepts connections (no --inetd). */
#define SANDBOX_LISTEN	0x1U

extern const struct sandbox_rule	 front_rules[];
extern const size_t			 front_rules_n;

/*
 * sandbox_front: give up what speaking SMTP does not need, once descriptors
 * and settings are there and before the first client: see sandbox_enter.h.
 * Fatal on failure.  Returns how many descriptors front may have: fewer than
 * --max-sessions needs where the limit could not be raised.
 */
uint64_t sandbox_front(const struct config *);

#endif
