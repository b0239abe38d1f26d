/* SPDX-License-Identifier: ISC */
/* rules_file: the file of --rules, and who may write to it. */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules.h"

/* Whether somebody else may change what st is of. */
static bool
others_write(const struct stat *st)
{
	return ((st->st_uid != 0 && st->st_uid != geteuid()) ||
	    (st->st_mode & (S_IWGRP | S_IWOTH)) != 0);
}

/* Open the file at the end of path, which has no symbolic link in it; NULL, or
 * why not. */
static const char *
rules_open(char *path, int *fd, off_t *size)
{
	char		*slash = strrchr(path, '/');
	struct stat	 st;

	*fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (*fd == -1 || fstat(*fd, &st) == -1)
		return (strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ("not a regular file");
	if (others_write(&st))
		return ("others than root may write to it: chown root, chmod "
		    "go-w");
	*size = st.st_size;
	/* In a sticky directory nobody puts another file in its place. */
	slash[slash == path] = '\0';
	if (stat(path, &st) == -1)
		return (strerror(errno));
	if (others_write(&st) && (st.st_uid != 0 ||
	    (st.st_mode & S_ISVTX) == 0))
		return ("others than root may write to its directory");
	return (*size > RULES_FILE_MAX ? "larger than 1 MiB" : NULL);
}

char *
rules_read(const char *name, size_t *len, char *err)
{
	char		*buf = NULL, *path;
	const char	*why;
	ssize_t		 n;
	off_t		 size = 0;
	int		 fd = -1;

	if ((path = realpath(name, NULL)) == NULL)
		why = strerror(errno);
	else
		why = rules_open(path, &fd, &size);
	/* One octet more shows a file that grows. */
	if (why == NULL && (buf = malloc((size_t)size + 1)) == NULL)
		why = strerror(errno);
	if (why == NULL) {
		n = read(fd, buf, (size_t)size + 1);
		if (n != size)
			why = n == -1 ? strerror(errno) : "it changes";
		*len = (size_t)size;
	}
	if (why != NULL) {
		snprintf(err, RULES_ERR_MAX, "%s", why);
		free(buf);
		buf = NULL;
	}
	if (fd != -1)
		close(fd);
	free(path);
	return (buf);
}
