/* SPDX-License-Identifier: ISC */
/* notify: what the service manager is told, sd_notify(3). */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "log.h"
#include "msmtpd.h"
#include "notify.h"

#define NOTIFY_TEXT	(256 + MSMTPD_WHY_MAX)
#define NOTIFY_KEPT	8
#define NOTIFY_RETRY	100	/* ms */

static int		 notify_fd = -1;
static struct timer	 notify_timer;
static char		 kept[NOTIFY_KEPT][NOTIFY_TEXT];	/* to be sent */
static size_t		 nkept;

void
notify_init(void)
{
	const char		*path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un	 sun;
	size_t			 len;

	if (path == NULL)
		return;
	len = strlen(path);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if ((*path != '/' && *path != '@') || len < 2 ||
	    len >= sizeof(sun.sun_path)) {
		log_warnx("NOTIFY_SOCKET=%s is not understood", path);
		return;
	}
	memcpy(sun.sun_path, path, len);
	if (*path == '@')
		sun.sun_path[0] = '\0';
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	/* Connect now: the sandbox lets parent connect to no other socket. */
	if (notify_fd != -1 && connect(notify_fd, (struct sockaddr *)&sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
		return;
	log_warn("NOTIFY_SOCKET=%s", path);
	if (notify_fd != -1)
		close(notify_fd);
	notify_fd = -1;
}

/* Returns false where the service manager has no room now. */
static bool
notify_send(const char *text)
{
	static bool	 told;

	if (send(notify_fd, text, strlen(text),
	    MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
		return (true);
	if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
		return (false);
	if (!told)
		log_warn("NOTIFY_SOCKET");
	told = true;
	return (true);
}

static void
notify_drop(void)
{
	memmove(kept[0], kept[1], sizeof(kept) - sizeof(kept[0]));
	nkept--;
}

static bool
is_status(const char *text)
{
	return (strncmp(text, "STATUS=", 7) == 0);
}

static void
notify_flush(void *arg)
{
	(void)arg;
	while (nkept > 0 && notify_send(kept[0]))
		notify_drop();
	if (nkept > 0)
		timer_set(&notify_timer, NOTIFY_RETRY, notify_flush, NULL);
}

void
notify(const char *fmt, ...)
{
	va_list	 ap;

	if (notify_fd == -1)
		return;
	/* Only the last of several counts is worth its place. */
	if (nkept > 0 && is_status(kept[nkept - 1]) && is_status(fmt))
		nkept--;
	/* A service manager that takes nothing for long needs the last
	 * READY=1 or STOPPING=1, not the first. */
	if (nkept == NOTIFY_KEPT)
		notify_drop();
	va_start(ap, fmt);
	vsnprintf(kept[nkept++], NOTIFY_TEXT, fmt, ap);
	va_end(ap);
	notify_flush(NULL);
}

void
notify_alive(void)
{
	if (notify_fd != -1 && nkept == 0)
		(void)notify_send("WATCHDOG=1");
}

int64_t
notify_watchdog(void)
{
	const char	*usec = getenv("WATCHDOG_USEC");
	const char	*pid = getenv("WATCHDOG_PID"), *errstr;
	int64_t		 n;

	if (notify_fd == -1 || usec == NULL)
		return (0);
	if (pid != NULL && (strtonum(pid, 1, 1LL << 30, &errstr) != getpid() ||
	    errstr != NULL))
		return (0);
	n = strtonum(usec, 1, INT64_MAX, &errstr);
	if (errstr != NULL) {
		log_warnx("WATCHDOG_USEC=%s is %s", usec, errstr);
		return (0);
	}
	return (n / 3000 > 0 ? n / 3000 : 1);
}
