/* SPDX-License-Identifier: ISC */
/* TAP for tests written in C. */

#ifndef TAP_H
#define TAP_H

/*
 * The Test Anything Protocol for unit tests, as prove(1) reads it.  Each
 * check prints one line; done_testing() prints the plan and returns main()'s
 * exit status, 0 where all passed.
 */
int	ok(int, const char *, ...) __attribute__((format(printf, 2, 3)));
int	is_int(long long got, long long want, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
int	is_str(const char *got, const char *want, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
/* is_mem: two runs of octets; both are shown, escaped, where they differ. */
int	is_mem(const void *got, unsigned long gotlen, const void *want,
	    unsigned long wantlen, const char *, ...)
	    __attribute__((format(printf, 5, 6)));
void	diag(const char *, ...) __attribute__((format(printf, 1, 2)));
/* skip: n checks that cannot run here, counted as skipped. */
void	skip(int n, const char *why);
/* skip_all: the whole file; exits. */
void	skip_all(const char *why) __attribute__((noreturn));
int	done_testing(void);

#endif
