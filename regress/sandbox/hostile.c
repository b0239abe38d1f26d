/* SPDX-License-Identifier: ISC */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "hostile.h"
#include "packets.h"
#include "tap.h"

#define DEADLINE	60		/* s; what takes longer hangs */
#define NOBODY		65534

static const char	*product, *directory;
static char		 recorder[512];
static pid_t		 owner;

static void
forget_recorder(void)
{
	if (getpid() == owner)
		unlink(recorder);
}

/* The command's user may not be able to reach the place where we were built:
 * a copy beside the directory. */
static void
copy_recorder(void)
{
	char	 buf[65536];
	int	 in, out;
	ssize_t	 n;

	snprintf(recorder, sizeof(recorder), "%s.program", directory);
	owner = getpid();
	if ((in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) == -1 ||
	    (out = open(recorder, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0700)) == -1)
		err(1, "%s", recorder);
	atexit(forget_recorder);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			err(1, "%s", recorder);
	if (n == -1 || fchmod(out, 0755) == -1)
		err(1, "%s", recorder);
	close(in);
	close(out);
}

void
hostile_init(const char *binary, const char *dir)
{
	product = binary;
	directory = dir;
	copy_recorder();
}

/*
 * All at once, and with its name only then: the command is killed when deliver
 * ends, and half a list would look like a bad one.
 */
void
hostile_record(const char *dir, char **argv)
{
	static char	 text[1 << 20];
	char		 path[512], temporary[512];
	size_t		 used = 0, len;
	int		 fd;

	for (; *argv != NULL; argv++, used += len) {
		len = strlen(*argv) + 1;
		if (used + len > sizeof(text))
			_exit(70);
		memcpy(text + used, *argv, len);
	}
	snprintf(path, sizeof(path), "%s/run-%d", dir, getpid());
	snprintf(temporary, sizeof(temporary), "%s/new-%d", dir, getpid());
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd == -1 || write(fd, text, used) != (ssize_t)used ||
	    rename(temporary, path) == -1)
		_exit(75);
	_exit(0);
}

void
hostile_begin(int argc, char **argv, char *dir)
{
	const char	*binary = getenv("MSMTPD");

	if (argc > 3 && strcmp(argv[1], "--record") == 0)
		hostile_record(argv[2], argv + 1);
	if (binary == NULL)
		skip_all("MSMTPD does not name the daemon's binary");
	if (mkdtemp(dir) == NULL || chmod(dir, 01777) == -1)
		err(1, "%s", dir);
	signal(SIGPIPE, SIG_IGN);
	srandom((unsigned int)getpid());
	diag("seed %d", getpid());
	hostile_init(binary, dir);
}

static time_t
now(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec);
}

static void
parent_send(struct deliver *d, uint32_t type, const void *body, size_t len)
{
	struct imsg_hdr	 hdr = { type, (uint32_t)(sizeof(hdr) + len), 7, 0 };
	struct iovec	 iov[2];
	struct msghdr	 msg;

	iov[0].iov_base = &hdr;
	iov[0].iov_len = sizeof(hdr);
	iov[1].iov_base = (void *)(uintptr_t)body;
	iov[1].iov_len = len;
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = iov;
	msg.msg_iovlen = 2;
	(void)!sendmsg(d->parent, &msg, MSG_NOSIGNAL);
}

static void
reap(struct deliver *d)
{
	if (!d->gone && waitpid(d->pid, &d->status, WNOHANG) == d->pid)
		d->gone = true;
}

/* Take one message; returns its type, 0 for none and -1 at the end. */
static int
take(struct deliver *d, int fd)
{
	static union {
		struct imsg_hdr	 hdr;
		char		 buf[MAX_IMSGSIZE + 1];
	} in;
	struct imsg_result	 result;
	size_t			 used = strlen(d->log);
	ssize_t			 n;

	n = recv(fd, in.buf, sizeof(in.buf) - 1, MSG_DONTWAIT);
	if (n == -1 && errno == EAGAIN)
		return (0);
	if (n < (ssize_t)sizeof(in.hdr))
		return (-1);
	in.buf[n] = '\0';
	if (in.hdr.type == IMSG_LOG && (size_t)n > sizeof(in.hdr) + 4)
		snprintf(d->log + used, sizeof(d->log) - used, "%s\n",
		    in.buf + sizeof(in.hdr) + 4);
	if (in.hdr.type == IMSG_RESULT &&
	    (size_t)n == sizeof(in.hdr) + sizeof(result)) {
		memcpy(&result, in.buf + sizeof(in.hdr), sizeof(result));
		d->results++;
		d->delivered += result.outcome == MAIL_EXITED &&
		    result.value == 0;
	}
	return ((int)in.hdr.type);
}

/*
 * Until deliver has sent this type to its parent, or (type 0) as many
 * results, or is gone.
 */
static bool
wait_for(struct deliver *d, uint32_t type, uint32_t results)
{
	struct pollfd	 pfd[2] = { { d->parent, POLLIN, 0 },
			    { d->front, POLLIN, 0 } };
	time_t		 end = now() + DEADLINE;
	int		 got;

	while (now() < end) {
		while (take(d, d->front) > 0)
			;
		while ((got = take(d, d->parent)) > 0)
			if ((uint32_t)got == type)
				return (true);
		reap(d);
		if (d->gone || (type == 0 && d->results >= results))
			return (true);
		poll(pfd, 2, 20);
	}
	return (false);
}

/* Until it has read what it was sent. */
static bool
wait_read(struct deliver *d)
{
	time_t	 end = now() + DEADLINE;
	int	 unread;

	while (now() < end) {
		while (take(d, d->front) > 0 || take(d, d->parent) > 0)
			;
		reap(d);
		if (d->gone || ioctl(d->front, SIOCOUTQ, &unread) == -1 ||
		    unread == 0)
			return (true);
		poll(NULL, 0, 1);
	}
	return (false);
}

static void __attribute__((noreturn))
start_child(int parent, int front)
{
	char	 title[] = "msmtpd: deliver", *argv[] = { title, NULL };
	int	 null;

	null = open("/dev/null", O_RDWR);
	parent = fcntl(parent, F_DUPFD, 20);
	front = fcntl(front, F_DUPFD, 20);
	dup2(null, 0);
	dup2(null, 1);
	dup2(parent, MSMTPD_FD_PARENT);
	dup2(front, MSMTPD_FD_PEER);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	execv(product, argv);
	_exit(127);
}

static void
settings(struct config *c)
{
	config_user(c, NOBODY);
	c->max_size = 1 << 20;
	c->max_memory = 1 << 24;
	c->max_deliveries = HOSTILE_SLOTS;
	c->max_recipients = HOSTILE_RCPTS;
	c->timeout = c->command_timeout = 30;
}

void
hostile_start(struct deliver *d, bool start)
{
	struct config	 conf;
	char		 words[1024];
	int		 p[2], f[2], n;

	memset(d, 0, sizeof(*d));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, f) == -1 ||
	    (d->pid = fork()) == -1)
		err(1, "deliver");
	if (d->pid == 0)
		start_child(p[1], f[1]);
	close(p[1]);
	close(f[1]);
	d->parent = p[0];
	d->front = f[0];
	settings(&conf);
	parent_send(d, IMSG_CONFIG, &conf, sizeof(conf));
	n = snprintf(words, sizeof(words), "%s%c--record%c%s%c-f%c%%F%c--%c",
	    recorder, 0, 0, directory, 0, 0, 0, 0);
	parent_send(d, IMSG_COMMAND, words, (size_t)n);
	if (!wait_for(d, IMSG_READY, 0) || d->gone)
		errx(1, "deliver does not start: %s", d->log);
	if (start)
		parent_send(d, IMSG_START, NULL, 0);
}

bool
hostile_settle(struct deliver *d, uint32_t results)
{
	int	 i;

	if (!wait_read(d))
		return (false);
	/* Two turns of its loop: the message read last is dealt with. */
	for (i = 0; i < 2 && !d->gone; i++) {
		parent_send(d, IMSG_PING, NULL, 0);
		if (!wait_for(d, IMSG_PONG, 0))
			return (false);
	}
	return (wait_for(d, 0, results));
}

bool
hostile_end(struct deliver *d)
{
	time_t	 end = now() + DEADLINE;
	bool	 hangs = false;

	/* Without front it waits for its commands, then it ends. */
	shutdown(d->front, SHUT_WR);
	for (reap(d); !d->gone; reap(d)) {
		while (take(d, d->parent) > 0 || take(d, d->front) > 0)
			;
		if (now() > end) {
			hangs = true;
			kill(d->pid, SIGKILL);
		}
		poll(NULL, 0, 5);
	}
	while (take(d, d->parent) > 0 || take(d, d->front) > 0)
		;
	close(d->parent);
	close(d->front);
	return (!hangs);
}

bool
hostile_packet(struct deliver *d, const void *data, size_t len,
    const int *fds, int n)
{
	/* What it answers must not stop us both. */
	while ((!d->deaf && take(d, d->front) > 0) || take(d, d->parent) > 0)
		;
	return (packet_send(d->front, data, len, fds, n, 0) == 0);
}

bool
hostile_send(struct deliver *d, uint32_t type, uint32_t peerid, int fd,
    const void *body, size_t len)
{
	static char	 buf[65536];
	struct imsg_hdr	 hdr = { type, (uint32_t)(sizeof(hdr) + len), peerid,
			    0 };

	if (len > sizeof(buf) - sizeof(hdr))
		errx(1, "packet too long");
	memcpy(buf, &hdr, sizeof(hdr));
	if (len > 0)
		memcpy(buf + sizeof(hdr), body, len);
	return (hostile_packet(d, buf, sizeof(hdr) + len, &fd,
	    fd == -1 ? 0 : 1));
}

int
hostile_memfd(size_t size, int seals)
{
	int	 fd;

	if ((fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING)) ==
	    -1 || ftruncate(fd, (off_t)size) == -1 ||
	    (seals != 0 && fcntl(fd, F_ADD_SEALS, seals) == -1))
		err(1, "memfd");
	return (fd);
}

void
hostile_addresses(struct mail *m, const char *sender, size_t senderlen,
    const char *rcpts, size_t rcptlen, uint32_t nrcpt)
{
	memset(m, 0, sizeof(*m));
	m->head.size = HOSTILE_SIZE;
	m->head.nrcpt = nrcpt;
	m->head.rcpt_octets = (uint32_t)rcptlen;
	strlcpy(m->head.id, "20260101.1", sizeof(m->head.id));
	memcpy(m->text, sender, senderlen);
	memcpy(m->text + senderlen, rcpts, rcptlen);
	m->len = senderlen + rcptlen;
}

void
hostile_mail(struct mail *m)
{
	static const char	 from[] = "from@example.org";
	static const char	 to[] = "to@example.net";

	hostile_addresses(m, from, sizeof(from), to, sizeof(to), 1);
}

/*
 * What no mailbox can be, whatever its grammar says; this is not the
 * daemon's parser but the harm that one must keep out.
 */
void
hostile_partial(struct deliver *d, uint32_t peerid, int fd)
{
	struct mail	 m;

	hostile_mail(&m);
	m.head.nrcpt = 2;
	m.head.rcpt_octets += 15;
	hostile_send(d, IMSG_MAIL, peerid, fd, &m, sizeof(m.head) + m.len);
}

static bool
harmful(const char *s)
{
	const unsigned char	*p;
	size_t			 len = strlen(s);

	if (len == 0 || len > MSMTPD_ADDRESS_MAX || s[0] == '-')
		return (true);
	for (p = (const unsigned char *)s; *p != '\0'; p++)
		if (*p < ' ' || *p == 0x7f)
			return (true);
	/* Outside of quotes no space, no shell, no list. */
	return (s[0] != '"' && strpbrk(s, " ,;<>()\\\"") != NULL);
}

/* --record DIR -f SENDER -- RCPT ... */
static bool
bad_arguments(const char *p, size_t len)
{
	const char	*end = p + len, *arg[HOSTILE_RCPTS + 8];
	size_t		 n = 0, i;

	for (; p < end && n < HOSTILE_RCPTS + 8; p += strlen(p) + 1)
		arg[n++] = p;
	if (n < 6 || n > HOSTILE_RCPTS + 5 || strcmp(arg[2], "-f") != 0 ||
	    strcmp(arg[4], "--") != 0)
		return (true);
	if (harmful(arg[3]))
		return (true);
	for (i = 5; i < n; i++)
		if (harmful(arg[i]))
			return (true);
	return (false);
}

void
hostile_recorded(unsigned int *runs, unsigned int *bad)
{
	static char	 text[1 << 20];
	char		 path[512];
	struct dirent	*entry;
	ssize_t		 n;
	DIR		*dir;
	int		 fd;

	*runs = *bad = 0;
	if ((dir = opendir(directory)) == NULL)
		err(1, "%s", directory);
	while ((entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", directory,
		    entry->d_name);
		if (strncmp(entry->d_name, "new-", 4) == 0)
			unlink(path);
		if (strncmp(entry->d_name, "run-", 4) != 0)
			continue;
		if ((fd = open(path, O_RDONLY)) == -1 ||
		    (n = read(fd, text, sizeof(text) - 1)) == -1)
			err(1, "%s", path);
		text[n] = '\0';
		++*runs;
		if (bad_arguments(text, (size_t)n)) {
			printf("# %s:", path);
			fwrite(text, 1, (size_t)n, stdout);
			putchar('\n');
			++*bad;
		}
		close(fd);
		unlink(path);
	}
	closedir(dir);
}
