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

#ifndef REFUSE_H
#define REFUSE_H

/*
 * refuse: from now on the system call fails with this errno, as on a kernel
 * that lacks it.  For tests only; exits on failure.
 */
void	refuse(const char *name, int error);

/* refuse_mdwe: a kernel without PR_SET_MDWE(2const). */
void	refuse_mdwe(void);

/* refuse_landlock: a kernel without Landlock. */
void	refuse_landlock(void);

#endif
