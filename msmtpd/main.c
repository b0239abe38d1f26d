/* SPDX-License-Identifier: ISC */

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

/* inetd(8) gives the client's socket as standard error, too.  What we have
 * to say is not for the client. */
static bool
stderr_is_client(void)
{
	struct stat	 in, err;

	return (fstat(0, &in) == 0 && fstat(2, &err) == 0 &&
	    S_ISSOCK(in.st_mode) && in.st_dev == err.st_dev &&
	    in.st_ino == err.st_ino);
}

/* A descriptor that the first open(2) would get by accident must not be one
 * of these. */
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
	/* A child of ours; anybody else who uses its name finds no socket. */
	if (argc == 1)
		proc_main(argv[0]);
	listen_inherited();
	spare_client();
	parent_main(argc, argv);
}
