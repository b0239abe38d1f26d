/* SPDX-License-Identifier: ISC */

/*
 * run_sandboxed: run a program as deliver runs a command, sandbox and all.
 *
 *	run_sandboxed [-u uid [-g gid]] program [argument ...]
 *
 * -u: as this user, root only; -g: and in this group besides his own, which
 * has the same number.  The exit status is the program's.
 */

#include <sys/wait.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "deliver/sandbox_deliver.h"
#include "log.h"
#include "msmtpd.h"

static struct config	 conf;

static void
no_log(void *arg, int pri, const char *text)
{
	(void)arg;
	if (pri <= LOG_ERR)
		fprintf(stderr, "run_sandboxed: %s\n", text);
}

static pid_t
start(char *const *argv)
{
	pid_t	 pid;

	if ((pid = vfork()) == -1)
		err(99, "vfork");
	if (pid == 0) {
		setsid();
		if (sandbox_command() == -1)
			_exit(98);
		execvp(argv[0], argv);
		_exit(97);
	}
	return (pid);
}

int
main(int argc, char **argv)
{
	pid_t	 pid;
	int	 ch, status;

	config_default(&conf);
	conf.max_sessions = 10;
	conf.max_deliveries = 4;
	while ((ch = getopt(argc, argv, "+g:u:")) != -1)
		switch (ch) {
		case 'g':
			conf.groups[conf.ngroups++] = (gid_t)atoi(optarg);
			break;
		case 'u':
			conf.drop = 1;
			conf.uid = conf.gid = (uid_t)atoi(optarg);
			conf.groups[conf.ngroups++] = conf.gid;
			break;
		default:
			errx(99, "unknown option");
		}
	argv += optind;
	if (argv[0] == NULL)
		errx(99, "no program");
	log_init("", no_log, NULL);
	sandbox_deliver(&conf);
	pid = start(argv);
	if (waitpid(pid, &status, 0) != pid)
		err(99, "waitpid");
	if (WIFSIGNALED(status))
		errx(96, "%s: signal %d", argv[0], WTERMSIG(status));
	return (WEXITSTATUS(status));
}
