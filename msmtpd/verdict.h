/*
 * Copyright (c) 2026 The msmtpd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#ifndef VERDICT_H
#define VERDICT_H

#include <stddef.h>

#include "msmtpd.h"
#include "smtp.h"

/*
 * verdict: what the client is told of a command's fate: exit status 0 is 250,
 * what may pass (EX_TEMPFAIL, EX_OSERR, EX_UNAVAILABLE, EX_NOHOST, death by a
 * signal, and every failure of our own) is 451, the rest is 554 with the
 * enhanced code (RFC 3463) that fits.
 */
const struct smtp_verdict *verdict(const struct imsg_result *);

/*
 * verdict_describe: the fate for the log: "exit:75", "signal:9", "timeout",
 * "stopped", "failed:error text" (spaces are "_").
 */
void	verdict_describe(char *, size_t, const struct imsg_result *);

#endif
