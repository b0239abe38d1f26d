/* SPDX-License-Identifier: ISC */
/* setup: all that parent decides and opens before its children start. */

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth.h"
#include "imsg.h"
#include "log.h"
#include "logger.h"
#include "names.h"
#include "notify.h"
#include "sandbox_enter.h"
#include "setup.h"
#include "who.h"

/* Descriptors that parent has at start besides the listeners, and a few for
 * the libraries.  Its children have fewer. */
#define SETUP_FILES	24

#define USERADD_COMMAND	"--system --user-group --home-dir /var/lib/msmtpd " \
			"--create-home --shell /usr/sbin/nologin"
#define USERADD_FRONT	"--system --user-group --home-dir " OPTIONS_CHROOT \
			" --no-create-home --shell /usr/sbin/nologin"

/* Do work in a child process, so that nothing of it stays in this one.  The
 * child logs why it fails, and its exit status becomes ours. */
static void
setup_aside(const char *what, void (*work)(struct setup *), struct setup *s)
{
	pid_t	 pid, parent = getpid();
	int	 status;

	if ((pid = fork()) == -1)
		fatal_status(EX_OSERR, "%s: fork: %s", what, strerror(errno));
	if (pid == 0) {
		sandbox_deathsig(parent);
		work(s);
		_exit(EX_OK);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	if (WIFSIGNALED(status))
		fatal_status(EX_OSERR, "%s: killed by signal %d", what,
		    WTERMSIG(status));
	if (WEXITSTATUS(status) != EX_OK)
		exit(WEXITSTATUS(status));
}

static void
setup_lookup(struct setup *s)
{
	const struct options	*o = &s->options;

	identity_lookup(&s->users[PROC_COMMAND], o->user, "user",
	    USERADD_COMMAND);
	identity_lookup(&s->users[PROC_PRIVSEP], o->privsep_user,
	    "privsep-user", USERADD_FRONT);
}

static void
setup_users(struct setup *s)
{
	const size_t	 size = PROC_USERS * sizeof(*s->users);

	if (!s->root)
		return;
	s->users = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->users == MAP_FAILED)
		fatal("mmap");
	/* The C library loads what nsswitch.conf(5) names: foreign code, whose
	 * descriptors and threads must not stay in parent. */
	setup_aside("looking up users", setup_lookup, s);
	if (mprotect(s->users, size, PROT_READ) == -1)
		fatal("mprotect");
	if (s->users[PROC_COMMAND].uid == s->users[PROC_PRIVSEP].uid)
		fatal_status(EX_NOUSER, "--privsep-user: %s is the same user "
		    "as --user; give each a user of its own",
		    s->options.privsep_user);
}

static void
setup_command(struct setup *s)
{
	struct config	*c = &s->options.conf;
	char		 err[2048];

	if (command_split(&s->command, s->options.command, err,
	    sizeof(err)) == -1 || command_resolve(&s->command, getenv("PATH"),
	    err, sizeof(err)) == -1)
		fatal_status(EX_CONFIG, "--command: %s", err);
	c->msmtp = command_is(&s->command, "msmtp");
	c->msmtp_sender = c->msmtp && command_has_sender(&s->command);
}

/* Print what the rules say about the mail of --as, and exit with 1 where it
 * would be refused. */
static void __attribute__((noreturn))
setup_as(const struct setup *s, const struct rules_world *world)
{
	static const char	*const answers[] = {
		[RULE_ALLOW] = "allow", [RULE_DENY] = "deny, 550 5.7.1",
		[RULE_LOGIN] = "a login is needed, 530 5.7.0"
	};
	const struct rule	*r;
	struct rules_mail	 m;
	enum rule_answer	 answer;
	char			*as, err[RULES_ERR_MAX];

	if ((as = strdup(s->options.as)) == NULL)
		fatal("strdup");
	if (rules_mail(&m, as, world, err) == -1) {
		free(as);
		fatal_status(EX_USAGE, "--as: %s", err);
	}
	answer = rule_decide((const struct rule *const *)s->rules.v,
	    s->rules.n, &m.client, &m.from, m.has_to ? &m.to : NULL, &r);
	free(as);
	if (r == NULL)
		printf("%s: no rule matches: ", s->options.rules);
	else
		printf("%s:%u: ", s->options.rules, r->line);
	puts(answers[answer]);
	if (answer == RULE_ALLOW)
		options_printed();
	exit(1);
}

static void
setup_rules(struct setup *s)
{
	const struct options		*o = &s->options;
	const struct rules_world	 world = { names_user, names_group,
					    o->logins.names, o->logins.n };
	char				*text, err[RULES_ERR_MAX];
	size_t				 len;
	uint32_t			 line;

	if (o->rules == NULL)
		return;
	if ((text = rules_read(o->rules, &len, err)) == NULL)
		fatal_status(EX_CONFIG, "--rules=%s: %s", o->rules, err);
	if (rules_parse(&s->rules, text, len, &world, &line, err) == -1)
		fatal_status(EX_CONFIG, "--rules: %s:%u: %s", o->rules, line,
		    err);
	free(text);
	if (o->as != NULL)
		setup_as(s, &world);
}

/* What needs users and groups by their names. */
static void
setup_names(struct setup *s)
{
	/* --check shows no names. */
	if (s->options.check && s->options.rules == NULL)
		return;
	names_open(s->root ? &s->users[PROC_PRIVSEP] : NULL);
	setup_rules(s);
	if (!s->options.check)
		s->names = names_list(&s->names_len);
	names_close();
}

static void
setup_hostname(struct config *c)
{
	char	*p;

	if (c->hostname[0] != '\0')
		return;
	if (gethostname(c->hostname, sizeof(c->hostname) - 1) == -1 ||
	    c->hostname[0] == '\0')
		strlcpy(c->hostname, "localhost", sizeof(c->hostname));
	for (p = c->hostname; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-')
			*p = '-';
}

/* front needs the time zone only, whose file is read before chroot(2). */
static char **
setup_front_env(void)
{
	static const char *const	 wanted[] = { "TZ",
#ifdef SANITIZE
	    "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
	    "LLVM_PROFILE_FILE",
#endif
	};
	const size_t			 n = sizeof(wanted) / sizeof(wanted[0]);
	const char			*value;
	char				**env;
	size_t				 i, used = 0;

	if ((env = calloc(n + 1, sizeof(*env))) == NULL)
		fatal("calloc");
	for (i = 0; i < n; i++)
		if ((value = getenv(wanted[i])) != NULL &&
		    asprintf(&env[used++], "%s=%s", wanted[i], value) == -1)
			fatalx("asprintf: out of memory");
	return (env);
}

static void
setup_env(struct setup *s)
{
	size_t	 i;

	for (i = PROC_PARENT + 1; i < PROC_MAX; i++) {
		if (procs[i].user != PROC_COMMAND)
			s->env[i] = setup_front_env();
		else if (s->root)
			s->env[i] = identity_env(&s->users[PROC_COMMAND]);
		else
			s->env[i] = identity_passthrough();
	}
}

static void
setup_child(struct setup *s, enum proc_id id)
{
	const struct identity	*user;
	struct config		*c = &s->conf[id];

	*c = s->options.conf;
	if (!s->root || procs[id].user != PROC_PRIVSEP)
		c->chroot[0] = '\0';
	if (!s->root)
		return;
	user = &s->users[procs[id].user];
	c->drop = 1;
	c->uid = user->uid;
	c->gid = user->gid;
	c->ngroups = user->ngroups;
	memcpy(c->groups, user->groups, sizeof(c->groups));
}

static void
setup_children(struct setup *s)
{
	struct config	*c = &s->options.conf;
	enum proc_id	 id;
	uint32_t	 room;

	setup_hostname(c);
	setup_env(s);
	/* The longest address, its '\0', and the pointer to it. */
	room = command_room(&s->command, s->env[PROC_DELIVER]);
	if (room < MSMTPD_ADDRESS_MAX + 1 + sizeof(char *))
		fatal_status(EX_CONFIG, "--command: with this environment "
		    "execve(2) takes no recipient; raise the limit of the "
		    "stack (ulimit -s)");
	c->max_rcpt_octets = room;
	for (id = PROC_PARENT + 1; id < PROC_MAX; id++)
		setup_child(s, id);
}

static void __attribute__((noreturn))
setup_nolog(const struct options *o)
{
	const char	*hint = "";
	int		 status = EX_CANTCREAT;

	if (errno == EMLINK || errno == ENXIO || errno == EPERM)
		status = EX_CONFIG;
	if (errno == EMLINK)
		hint = "; it must have no other name: ln(1), find -samefile";
	else if (errno == ENXIO)
		hint = "; it must be a file or a character device, not a FIFO";
	else if (errno == EPERM)
		hint = "; others must neither own the file nor be able to "
		    "write to its directory: chmod o-w";
	else if (errno == ENOENT)
		hint = "; its directory must exist";
	else if (errno == ELOOP)
		hint = "; it must not be a symbolic link";
	else if (errno == EACCES || errno == EROFS)
		hint = "; the user who starts msmtpd must be able to write "
		    "there";
	fatal_status(status, "--log=%s: %s%s", o->logfile != NULL ?
	    o->logfile : "stderr", strerror(errno), hint);
}

/* Check as the command's user, as deliver will: root may run programs that
 * this user may not. */
static void
setup_check_command(struct setup *s)
{
	const struct identity	*id = &s->users[PROC_COMMAND];
	char			 err[2048];

	sandbox_user(id->uid, id->gid, id->groups, id->ngroups);
	if (command_runnable(&s->command, err, sizeof(err)) == -1)
		fatal_status(EX_CONFIG, "--command: %s", err);
}

/* Find what a start would find only after it has opened something, which
 * --check must not do. */
static void
setup_check(struct setup *s)
{
	if (s->options.log == LOGGER_FILE &&
	    logger_check(s->options.logfile) == -1)
		setup_nolog(&s->options);
	if (!s->root)
		return;
	close(sandbox_rootdir(s->options.conf.chroot));
	setup_aside("trying the command", setup_check_command, s);
}

static void
setup_print(const struct setup *s)
{
	size_t	 i;

	printf(CHECK_NAME, "command");
	for (i = 0; i < s->command.nwords; i++)
		printf("%s[%s]", i > 0 ? " " : "", s->command.words[i]);
	printf("\n");
	if (s->root) {
		printf(CHECK_NAME "%s (uid %u)\n", "user",
		    s->users[PROC_COMMAND].name, s->users[PROC_COMMAND].uid);
		printf(CHECK_NAME "%s (uid %u)\n", "privsep-user",
		    s->users[PROC_PRIVSEP].name, s->users[PROC_PRIVSEP].uid);
		printf(CHECK_NAME "%s\n", "chroot", s->options.conf.chroot);
	} else
		printf(CHECK_NAME "uid %u runs all processes; no change of "
		    "user, no chroot\n", "user", getuid());
	options_print(&s->options, stdout);
	if (s->options.rules != NULL)
		printf(CHECK_NAME "%s (%zu)\n", "rules", s->options.rules,
		    s->rules.n);
	sandbox_summary(stdout);
}

/* With too few descriptors any later call would fail, in any process, and its
 * message would not name the limit. */
static void
setup_limit(const struct options *o)
{
	const rlim_t	 need = SETUP_FILES + o->interfaces.n + o->sockets.n;
	struct rlimit	 limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("getrlimit");
	if (limit.rlim_cur < need)
		fatal_status(EX_OSERR, "the limit of open files is %llu, the "
		    "start needs %llu: raise LimitNOFILE or ulimit -n",
		    (unsigned long long)limit.rlim_cur,
		    (unsigned long long)need);
}

/* Errors of the options themselves: EX_USAGE, with --check as well. */
static void
setup_usage(const struct setup *s)
{
	listen_check(&s->options);
	if (!s->root && s->options.user_given)
		fatal_status(EX_USAGE, "--user, --privsep-user and --chroot "
		    "need root to start msmtpd; leave them out: started by "
		    "another user all of it runs as that user");
}

void
setup_options(struct setup *s, int argc, char **argv)
{
	struct options	*o = &s->options;

	options_parse(o, argc, argv);
	if (o->print_sandbox) {
		proc_print(stdout);
		options_printed();
	}
	log_setdebug(o->conf.debug);
	s->root = geteuid() == 0;
	setup_usage(s);
	/* What --check finds from here on is the configuration's fault. */
	if (o->check)
		fatal_setstatus(EX_CONFIG);
	setup_limit(o);
	setup_users(s);
	setup_names(s);
	setup_command(s);
	setup_children(s);
	if (o->check) {
		setup_check(s);
		setup_print(s);
		options_printed();
	}
}

/* No read or write may block, since all of them wait in epoll(7).  A terminal
 * stays as it is, because O_NONBLOCK would hold for its shell, too. */
static void
setup_nonblock(int fd, mode_t mode)
{
	int	 flags;

	if (!S_ISSOCK(mode) && !S_ISFIFO(mode))
		return;
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		fatal("fcntl");
}

static bool
is_null(const struct stat *st)
{
	struct stat	 null;

	return (S_ISCHR(st->st_mode) && stat("/dev/null", &null) == 0 &&
	    st->st_rdev == null.st_rdev);
}

/* Why a descriptor cannot be an end of a session; NULL where it can. */
static const char *
inetd_fault(int fd, const struct stat *st, int useless)
{
	int		 flags, type = 0, listening = 0;
	socklen_t	 len = sizeof(int);

	if (S_ISDIR(st->st_mode))
		return ("a directory");
	if (!S_ISSOCK(st->st_mode)) {
		flags = fcntl(fd, F_GETFL);
		if (flags == -1 || (flags & O_PATH) != 0 ||
		    (flags & O_ACCMODE) == useless)
			return ("opened the wrong way");
		return (NULL);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == -1)
		fatal("getsockopt");
	if (listening)
		return ("a listening socket");
	return (type == SOCK_STREAM ? NULL : "not a stream socket");
}

/* A session on any other descriptor would end at once and with status 0, and
 * nobody would notice. */
static void
inetd_check(const struct stat *in, const struct stat *out)
{
	const char	*name = "input", *why;

	/* main() has opened /dev/null if descriptor 0 was closed. */
	why = is_null(in) ? "/dev/null, or closed" :
	    inetd_fault(0, in, O_WRONLY);
	if (why == NULL) {
		name = "output";
		why = inetd_fault(1, out, O_RDONLY);
	}
	if (why != NULL)
		fatal_status(EX_CONFIG, "--inetd: standard %s is %s, and must "
		    "be one client's connection: use nowait in inetd.conf, "
		    "Accept=yes and StandardInput=socket in the units of "
		    "systemd, or leave --inetd out", name, why);
}

/* The client's descriptors go to front.  Parent must keep none, or the client
 * would not see the connection end when front closes it. */
static void
setup_inetd(struct setup *s)
{
	struct listeners	*l = &s->listeners;
	struct stat		 in, out;
	socklen_t		 len = sizeof(l->client);
	int			 null, on = 1;

	if (fstat(0, &in) == -1 || fstat(1, &out) == -1)
		fatal("fstat");
	inetd_check(&in, &out);
	setup_nonblock(0, in.st_mode);
	setup_nonblock(1, out.st_mode);
	if (getpeername(0, (struct sockaddr *)&l->client, &len) == -1)
		memset(&l->client, 0, sizeof(l->client));
	else		/* fails where the socket is not TCP */
		(void)setsockopt(0, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
	imsg_norights(0);
	if ((l->fds[0] = fcntl(0, F_DUPFD_CLOEXEC, 3)) == -1 ||
	    (l->fds[1] = fcntl(1, F_DUPFD_CLOEXEC, 3)) == -1)
		fatal("fcntl");
	l->n = 2;
	if (S_ISSOCK(in.st_mode) && in.st_dev == out.st_dev &&
	    in.st_ino == out.st_ino)
		close(l->fds[--l->n]);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, 0) == -1 || dup2(null, 1) == -1)
		fatal("/dev/null");
	close(null);
}

void
setup_resources(struct setup *s)
{
	struct options	*o = &s->options;

	/* The session has descriptors 0 to 2, and parent has opened none yet:
	 * sockets that a service manager has passed are not used. */
	if (o->conf.inetd)
		closefrom(STDERR_FILENO + 1);
	if (logger_open(o->log, o->logfile) == -1)
		setup_nolog(o);
	if (o->logins.n > 0)
		auth_init(&o->logins, s->root ? &s->users[PROC_COMMAND] : NULL,
		    o->conf.max_sessions);
	notify_init();
	if (o->conf.inetd)
		setup_inetd(s);
	else
		listen_open(&s->listeners, o);
	who_init(&s->listeners, o->conf.inetd);
}
