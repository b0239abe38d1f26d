/* SPDX-License-Identifier: ISC */
/* main: standard descriptors in order, then a child or parent. */

#include <sys/stat.h>

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "parent/listen.h"
#include "log.h"
#include "logger.h"
#include "proc.h"

/* inetd(8) also gives the client's socket as standard error, where no message
 * of ours may go. */
static bool
stderr_is_client(void)
{
	struct stat	 in, err;

	return (fstat(0, &in) == 0 && fstat(2, &err) == 0 &&
	    S_ISSOCK(in.st_mode) && in.st_dev == err.st_dev &&
	    in.st_ino == err.st_ino);
}

/* Open descriptors 0 to 2 where they are closed, or open(2) would give one of
 * these numbers to another file. */
static void
open_standard(void)
{
	int	 fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1) {
			if (!stderr_is_client())
				log_warn("/dev/null");
			_exit(EX_OSERR);
		}
	} while (fd <= 2);
	close(fd);
}

static void
spare_client(void)
{
	int	 fd;

	if (!stderr_is_client())
		return;
	if ((fd = open("/dev/null", O_RDWR)) == -1 || dup2(fd, 2) == -1)
		_exit(EX_OSERR);
	close(fd);
	if (logger_open(LOGGER_SYSLOG, NULL) == 0)
		log_init("", logger_sink, NULL);
}

int
main(int argc, char **argv)
{
	open_standard();
	/* A child of parent's has a name of its own as argv[0]; started by
	 * another process it finds no socket and ends. */
	if (argc == 1)
		proc_main(argv[0]);
	listen_inherited();
	spare_client();
	parent_main(argc, argv);
}
