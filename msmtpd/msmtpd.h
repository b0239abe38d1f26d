/* SPDX-License-Identifier: ISC */
/* msmtpd: what crosses a process boundary, and nothing else. */

#ifndef MSMTPD_H
#define MSMTPD_H

#include <sys/types.h>

#include <netinet/in.h>
#include <stdint.h>

#include "log.h"

#define MSMTPD_GROUPS_MAX	1024	/* supplementary groups of a user */
#define MSMTPD_PATH_MAX		512	/* --chroot */
#define MSMTPD_HOSTNAME_MAX	256
#define MSMTPD_LISTENERS_MAX	64
/* With '\0': the id of a session or mail; a user name, a password. */
#define MSMTPD_ID_MAX		32
#define MSMTPD_AUTH_MAX		256
/* Who is responsible for a mail: "auth=NAME", "uid=N", an address; with
 * '\0'. */
#define MSMTPD_OWNER_MAX	264
#define MSMTPD_ASKER_MAX	64	/* an owner who has not logged in */
/* Users whose names the log shows: their number, octets of all of them as in
 * IMSG_NAMES, and of one name with '\0'. */
#define MSMTPD_USERS_MAX	65536
#define MSMTPD_NAMES_MAX	(1024 * 1024)
#define MSMTPD_USER_MAX		33
/* RFC 5321, 4.5.3.1.3 asks for 256; VERP senders exceed it. */
#define MSMTPD_ADDRESS_MAX	512	/* without '\0' */
#define MSMTPD_WHY_MAX		512	/* a reply in one line, with '\0' */
/* Text of an SMTP reply that a command has printed, with '\0'. */
#define MSMTPD_WORDS_MAX	401
#define MSMTPD_ENHANCED_MAX	12	/* "5.999.999", with '\0' */
/*
 * Descriptors that a command may open, or half of the hard limit where that is
 * less; and those that front and parent may open at least.  What all processes
 * of a user have in flight in sockets counts against the limit of the one that
 * sends (ETOOMANYREFS), and a packet with 253 may exceed it: what a command
 * leaves behind must not keep front from sending a mail.
 */
#define MSMTPD_FILES_COMMAND	1024
#define MSMTPD_FILES_SENDER	4096
/* A Received field, folded, is never longer than this. */
#define MSMTPD_RECEIVED_MAX	2048

/*
 * The descriptors of a child that has just been executed: its end of the
 * socket pair with parent, then one for each other process that it talks to
 * (struct proc), in the order of enum proc_id.
 */
#define MSMTPD_FD_PARENT	3
#define MSMTPD_FD_PEER		4

enum proc_id {
	PROC_PARENT,
	PROC_FRONT,
	PROC_DELIVER,
	PROC_MAX
};

#define PROC_BIT(id)	(1U << (id))
#define PROC_ALL	((1U << PROC_MAX) - 1)

enum imsg_type {
	/* from parent */
	IMSG_CONFIG = 1,	/* parent -> front, deliver: struct config */
	IMSG_COMMAND,		/* parent -> deliver: words, '\0' after each */
	IMSG_LISTENER,		/* parent -> front: none + listening socket */
	IMSG_SESSION,		/* parent -> front: struct sockaddr_storage of
				 * the client, + --inetd's socket or pipe:
				 * first the one to read, then, where it is
				 * another, the one to write */
	IMSG_START,		/* parent -> front, deliver: none; all are up */
	IMSG_AUTH_RESULT,	/* parent -> front: struct imsg_auth_result;
				 * peerid as in IMSG_AUTH */
	IMSG_STOP,		/* parent -> front: none; finish, then exit 0 */
	IMSG_KILL,		/* parent -> deliver: none; end all commands */
	IMSG_PING,		/* parent -> front, deliver: none; peerid */

	/* to parent */
	IMSG_READY,		/* front, deliver -> parent: none; confined */
	IMSG_LOG,		/* front, deliver -> parent: struct imsg_log */
	IMSG_AUTH,		/* front -> parent: struct imsg_auth; peerid
				 * names the session, one at a time each */
	IMSG_AUTH_CANCEL,	/* front -> parent: none; peerid as in
				 * IMSG_AUTH: nobody waits any more */
	IMSG_PONG,		/* front, deliver -> parent: none; peerid of
				 * the ping */

	/* between front and deliver */
	IMSG_MAIL,		/* front -> deliver: struct imsg_mail, then the
				 * sender and the first recipients, '\0' after
				 * each, + the sealed memfd; peerid names the
				 * mail */
	IMSG_RCPT,		/* front -> deliver: further recipients of the
				 * IMSG_MAIL just sent, '\0' after each; same
				 * peerid */
	IMSG_RESULT,		/* deliver -> front: struct imsg_result; peerid
				 * of the mail */

	/* for the service manager */
	IMSG_STATUS,		/* front -> parent: struct imsg_status */

	/* who a client is */
	IMSG_WHO,		/* front -> parent: struct imsg_who; peerid
				 * names the session */
	IMSG_USER,		/* parent -> front: struct imsg_user; peerid as
				 * in IMSG_WHO */
	IMSG_NAMES,		/* parent -> front, at start: users by uid:
				 * uint32_t, name, '\0', and so on, packed */

	/* --rules */
	IMSG_RULE		/* parent -> front: struct rule (mail/rule.h)
				 * and what is behind it; in their order,
				 * before IMSG_START */
};

/* What front writes at the top of a mail, --received. */
enum received_form {
	RECEIVED_FULL,
	RECEIVED_ANONYMOUS,	/* nothing about client and recipient */
	RECEIVED_NONE		/* no field */
};

enum auth_mode {
	AUTH_OFF,
	AUTH_REQUIRED,		/* --auth: parent checks the password */
	AUTH_OFFERED,		/* the same, and --rules: who needs it */
	AUTH_ANY		/* --auth-any: nobody checks it */
};

/* Settings of every child; identity is the receiver's own. */
struct config {
	uint64_t	 max_size;	/* octets of a message, 1 to 2^40 */
	uint64_t	 max_memory;	/* octets of all messages in memory */
	uint32_t	 max_sessions;
	uint32_t	 max_deliveries;
	uint32_t	 max_recipients;	/* of a mail */
	uint32_t	 max_rcpt_octets; /* of all recipients of a mail, each
					   * with '\0' and pointer: what
					   * execve(2) takes */
	uint32_t	 max_line;	/* octets of a command line */
	uint32_t	 max_auth_line;	/* the same of AUTH and its answers */
	uint32_t	 max_errors;	/* of a session */
	uint32_t	 max_noops;	/* commands without a mail */
	uint32_t	 min_rate;	/* octets a second in DATA; 0: any */
	uint32_t	 timeout;	/* s without a complete command */
	uint32_t	 command_timeout;	/* s */
	uint8_t		 inetd;
	uint8_t		 auth;		/* enum auth_mode */
	uint8_t		 received;	/* enum received_form */
	uint8_t		 rules;		/* --rules: else all is allowed */
	uint8_t		 no_smtputf8;
	uint8_t		 debug;
	uint8_t		 msmtp;		/* the command is msmtp(1) */
	uint8_t		 msmtp_sender;	/* and gets the sender, by %F */
	uint8_t		 drop;		/* as root: chroot, change user */
	pid_t		 siblings[PROC_MAX];	/* deliver: the other
						 * children, whom no command
						 * may harm */
	uint32_t	 nsiblings;
	uid_t		 uid;		/* identity, where drop is set */
	gid_t		 gid;
	uint32_t	 ngroups;
	gid_t		 groups[MSMTPD_GROUPS_MAX];
	char		 chroot[MSMTPD_PATH_MAX];	/* front; "" for none */
	char		 hostname[MSMTPD_HOSTNAME_MAX];
};

struct imsg_log {
	int32_t		 pri;		/* LOG_CRIT to LOG_DEBUG, no facility */
	uint32_t	 lost;		/* lines that text says were lost */
	/* '\0'-terminated; only as much of it as is used is sent. */
	char		 text[LOG_LINE_MAX];
};

struct imsg_auth {
	char		 owner[MSMTPD_ASKER_MAX];	/* of the session */
	char		 user[MSMTPD_AUTH_MAX];
	char		 pass[MSMTPD_AUTH_MAX];
};

enum auth_answer {
	AUTH_NO,
	AUTH_YES,
	AUTH_UNCHECKED		/* too many wait */
};

struct imsg_auth_result {
	uint8_t		 answer;	/* enum auth_answer */
};

struct imsg_mail {
	uint64_t	 size;		/* octets in the memfd, 1 and more */
	uint32_t	 nrcpt;		/* 1 to max_recipients */
	uint32_t	 rcpt_octets;	/* all recipients, '\0' after each */
	uint8_t		 utf8;		/* addresses may be non-ASCII */
	uint8_t		 reserved[7];	/* 0 */
	char		 id[MSMTPD_ID_MAX];	/* for the log; [A-Za-z0-9.] */
	char		 owner[MSMTPD_OWNER_MAX];	/* printable; not "" */
};

enum mail_outcome {
	MAIL_EXITED = 1,	/* value: exit status, 0 to 255 */
	MAIL_SIGNALED,		/* value: signal */
	MAIL_TIMEOUT,		/* it ran for --command-timeout */
	MAIL_STOPPED,		/* the daemon stops and has ended it */
	MAIL_FAILED		/* not run; value: errno */
};

/* What the words concern, as the line before them says. */
enum words_about {
	WORDS_UNKNOWN,		/* nothing says it */
	WORDS_MAIL,		/* msmtp: the mail or its envelope */
	WORDS_SESSION,		/* msmtp: greeting, EHLO, STARTTLS */
	WORDS_LOGIN,		/* msmtp: AUTH */
	WORDS_CONFIG,		/* msmtp: a file that it cannot use; no reply */
	WORDS_MISPLACED		/* msmtp: a reply that refuses nothing, such as
				 * 250 to DATA; none that counts */
};

/* The last SMTP reply in what a command has printed, made harmless. */
struct mail_words {
	uint16_t	 code;		/* 400 to 599; 0: there is none */
	uint8_t		 about;		/* enum words_about */
	uint8_t		 reserved;	/* 0 */
	char		 enhanced[MSMTPD_ENHANCED_MAX];	/* of the code's
							 * class; "": none */
	char		 text[MSMTPD_WORDS_MAX];	/* printable ASCII */
};

struct imsg_result {
	uint32_t	 outcome;	/* enum mail_outcome */
	int32_t		 value;
	struct mail_words words;	/* of MAIL_EXITED with another value
					 * than 0; else all 0 */
};

/* The two ends of a TCP connection; IPv4 as IPv4-mapped, ports in the host's
 * order. */
struct imsg_who {
	struct in6_addr	 client;
	struct in6_addr	 local;
	uint16_t	 client_port;
	uint16_t	 local_port;
	uint32_t	 scope;		/* of a link-local client; else 0 */
};

struct imsg_user {
	uint32_t	 uid;		/* 0 where it is not known */
	uint8_t		 known;
	uint8_t		 reserved[3];	/* 0 */
};

/* Mails since the start, and now. */
struct imsg_status {
	uint64_t	 delivered;
	uint64_t	 deferred;	/* answered 4yz */
	uint64_t	 refused;	/* answered 5yz */
	uint32_t	 running;	/* in deliver's hands */
	uint32_t	 waiting;	/* for a place among them */
	char		 why[MSMTPD_WHY_MAX];	/* the last failure's reply,
						 * printable; "" for none */
};

#endif
