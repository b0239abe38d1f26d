/* SPDX-License-Identifier: ISC */
/*
 * What a command leaves behind: put so many descriptors in flight, or as many
 * as the kernel lets this user, say how many, and stay.
 */

#include <sys/resource.h>
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EACH	250	/* in a packet */

static int
put(int s, size_t n)
{
	static union {
		struct cmsghdr	 hdr;
		unsigned char	 buf[CMSG_SPACE(EACH * sizeof(int))];
	}		 control;
	struct iovec	 iov = { &control, 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = CMSG_SPACE(n * sizeof(int)) };

	/* All of them are descriptor 0. */
	control.hdr.cmsg_level = SOL_SOCKET;
	control.hdr.cmsg_type = SCM_RIGHTS;
	control.hdr.cmsg_len = CMSG_LEN(n * sizeof(int));
	return (sendmsg(s, &msg, MSG_DONTWAIT) == 1);
}

int
main(int argc, char **argv)
{
	struct rlimit	 rl;
	size_t		 n = 0, want = argc == 2 ? strtoul(argv[1], NULL, 10) :
			    0;
	int		 sv[2];

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return (1);
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		return (1);
	while (n < want && put(sv[0], EACH))
		n += EACH;
	printf("%d: %zu of %llu\n", (int)getpid(), n,
	    (unsigned long long)rl.rlim_max);
	fflush(stdout);
	alarm(600);		/* should the test die */
	pause();
	return (0);
}
