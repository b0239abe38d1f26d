/* SPDX-License-Identifier: ISC */

/*
 * deliver, and a front that an attacker has taken over, which sends as much
 * as it can: deliver neither grows nor hangs, nor loses a proper mail.
 */

#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"
#include "tap.h"

#define ABUSES		1000000		/* messages of one flood */
#define FUZZ_RUNS	300
#define FUZZ_MESSAGES	20

#ifdef SANITIZE
#define SANITIZED	1
#else
#define SANITIZED	0
#endif

static char	 dir[] = "/tmp/msmtpd-hostile-XXXXXX";
static int	 sealed = -1;	/* a proper message */

static void
honest(struct deliver *d)
{
	struct mail	 m;

	hostile_mail(&m);
	hostile_send(d, IMSG_MAIL, 0, sealed, &m, sizeof(m.head) + m.len);
}

static long
resident(pid_t pid)
{
	char	 path[64], line[128];
	FILE	*fp;
	long	 kb = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if ((fp = fopen(path, "r")) == NULL)
		return (-1);
	while (fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	fclose(fp);
	return (kb);
}

/* A million messages that are all allowed: mails begun and given up. */
static void
flood(void)
{
	struct deliver	 d;
	unsigned int	 runs, bad;
	long		 before, after;
	int		 i;

	hostile_start(&d, true);
	for (i = 0; i < 1000; i++) {
		hostile_partial(&d, 0, sealed);
		hostile_send(&d, IMSG_RCPT, 0, -1, NULL, 0);
	}
	ok(hostile_settle(&d, 0) && !d.gone, "mails given up: deliver lives");
	before = resident(d.pid);
	for (; i < ABUSES / 2; i++) {
		hostile_partial(&d, 0, sealed);
		hostile_send(&d, IMSG_RCPT, 0, -1, NULL, 0);
	}
	ok(hostile_settle(&d, 0) && !d.gone, "%d messages: deliver lives",
	    ABUSES);
	after = resident(d.pid);
	if (SANITIZED)
		skip(1, "a sanitizer keeps what is freed");
	else
		ok(before > 0 && after > 0 && after < before + 4096,
		    "%d messages: its memory has not grown (%ld kB, %ld kB)",
		    ABUSES, before, after);
	honest(&d);
	ok(hostile_settle(&d, 1) && hostile_end(&d) && d.delivered == 1,
	    "%d messages: the mail after them is delivered", ABUSES);
	hostile_recorded(&runs, &bad);
	ok(runs == 1 && bad == 0, "%d messages: one command", ABUSES);
}

/* A proper message with some octets changed. */
static bool
fuzz_message(struct deliver *d, uint32_t slot)
{
	struct mail	 m;
	size_t		 len, i, n;
	char		*p = (char *)&m;

	hostile_mail(&m);
	if (random() % 4 == 0)
		m.head.rcpt_octets += 15, m.head.nrcpt++;
	len = sizeof(m.head) + m.len;
	n = random() % 6 == 0 ? (size_t)(random() % 3) : 0;
	for (i = 0; i < n; i++)
		p[sizeof(m.head) + (size_t)random() % m.len] =
		    (char)(random() % 256);
	if (random() % 20 == 0)
		p[(size_t)random() % sizeof(m.head)] ^=
		    (char)(1 << (random() % 8));
	if (random() % 40 == 0)
		len = (size_t)random() % len;
	if (random() % 40 == 0)
		slot = (uint32_t)random() % (HOSTILE_SLOTS + 1);
	if (!hostile_send(d, IMSG_MAIL, slot, random() % 8 ? sealed : -1, p,
	    len))
		return (false);
	if (m.head.nrcpt == 1)
		return (true);
	return (hostile_send(d, IMSG_RCPT, slot, -1, "tw@example.net",
	    random() % 4 ? 15 : (size_t)(random() % 15)));
}

static void
fuzz(void)
{
	struct deliver	 d;
	unsigned int	 runs, bad, allruns = 0, allbad = 0;
	int		 i, k, hung = 0, strange = 0, died = 0;

	for (i = 0; i < FUZZ_RUNS; i++) {
		hostile_start(&d, true);
		for (k = 0; k < FUZZ_MESSAGES; k++)
			if (!fuzz_message(&d, (uint32_t)k % HOSTILE_SLOTS) ||
			    !hostile_settle(&d, 0))
				break;
		hung += !hostile_settle(&d, 0);
		died += d.gone;
		hung += !hostile_end(&d);
		strange += !WIFEXITED(d.status) || WEXITSTATUS(d.status) > 1;
		hostile_recorded(&runs, &bad);
		allruns += runs;
		allbad += bad;
	}
	diag("%d runs: deliver has ended in %d, %u commands have run",
	    FUZZ_RUNS, died, allruns);
	is_int(hung, 0, "random messages: it never hangs");
	is_int(strange, 0, "random messages: it never crashes");
	is_int(allbad, 0, "random messages: no argument is forbidden");
	ok(died > 0 && allruns > 0, "random messages: some are refused, some "
	    "are not");
}

/*
 * Mails that are refused at once, whose results nobody reads: deliver does
 * not keep results for ever, but sees that this is no front of ours.
 */
static void
unread(void)
{
	struct deliver	 d;
	struct mail	 m;
	unsigned int	 runs, bad;
	int		 i;

	hostile_start(&d, true);
	hostile_mail(&m);
	d.deaf = true;
	for (i = 0; i < ABUSES / 10; i++)
		if (!hostile_send(&d, IMSG_MAIL, 0, -1, &m, sizeof(m.head) +
		    m.len))
			break;
	ok(i < ABUSES / 10, "results that are never read: deliver ends after "
	    "%d", i);
	d.deaf = false;
	ok(hostile_end(&d) && WIFEXITED(d.status) &&
	    WEXITSTATUS(d.status) == 1, "results that are never read: with "
	    "status 1");
	hostile_recorded(&runs, &bad);
	is_int(runs, 0, "results that are never read: no command");
}

int
main(int argc, char **argv)
{
	hostile_begin(argc, argv, dir);
	sealed = hostile_memfd(HOSTILE_SIZE, HOSTILE_SEALS);
	flood();
	unread();
	fuzz();
	rmdir(dir);
	return (done_testing());
}
