/* SPDX-License-Identifier: ISC */
/* The event loop: timers in order, descriptors and their deletion, signals. */

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "tap.h"

#define MANY	100000

static char	 trace[256];

static void
mark(void *arg)
{
	(void)strlcat(trace, arg, sizeof(trace));
}

static void
stop(void *arg)
{
	(void)arg;
	event_exit();
}

/* Run until all timers of up to ms are done. */
static void
run(int64_t ms)
{
	struct timer	 end = { .at = 0 };

	timer_set(&end, ms, stop, NULL);
	is_int(event_loop(), 0, "the loop ends");
}

static void
test_order(void)
{
	static struct timer	 t[5];
	static char		 a[] = "a", b[] = "b", c[] = "c", d[] = "d",
				 e[] = "e";

	trace[0] = '\0';
	timer_set(&t[0], 12, mark, a);
	timer_set(&t[1], 2, mark, b);
	timer_set(&t[2], 7, mark, c);
	timer_set(&t[3], -5, mark, d);
	timer_set(&t[4], 9, mark, e);
	run(20);
	is_str(trace, "dbcea", "timers run in order of time");
	is_int(t[0].at, 0, "a timer that has run is not set");

	trace[0] = '\0';
	timer_set(&t[0], 2, mark, a);
	timer_set(&t[1], 4, mark, b);
	timer_set(&t[2], 6, mark, c);
	timer_set(&t[0], 8, mark, a);
	timer_set(&t[2], 1, mark, c);
	run(20);
	is_str(trace, "cba", "timers are moved back and forth");

	trace[0] = '\0';
	timer_set(&t[0], 2, mark, a);
	timer_set(&t[1], 4, mark, b);
	timer_set(&t[2], 6, mark, c);
	timer_clear(&t[1]);
	timer_clear(&t[1]);
	timer_clear(&t[0]);
	run(20);
	is_str(trace, "c", "cleared timers do not run");

	trace[0] = '\0';
	timer_set(&t[0], 2, mark, a);
	timer_set(&t[1], 2, mark, b);
	timer_set(&t[2], 2, mark, c);
	timer_set(&t[1], 2, mark, b);
	run(20);
	is_str(trace, "acb", "of the same time, in the order of setting");

	timer_set(&t[0], INT64_MAX, mark, a);
	is_int(t[0].at, INT64_MAX, "the time does not overflow");
	timer_clear(&t[0]);
}

/* Many random timers, some moved, some cleared: each runs in its turn. */
static struct ref {
	struct timer	 timer;
	int64_t		 want;		/* -1: cleared */
} ref[MANY];
static int64_t	 last;
static int	 nrun, nwrong, nearly;

static void
check_ref(void *arg)
{
	struct ref	*r = arg;

	nrun++;
	if (r->want < last)
		nwrong++;
	last = r->want;
	if (event_now() < r->want)
		nearly++;
	r->want = -1;
}

static void
test_many(void)
{
	unsigned int	 seed = 20261122;
	int		 i, n, live = 0, left = 0;

	memset(ref, 0, sizeof(ref));
	last = 0;
	for (n = 0; n < 5 * MANY; n++) {
		seed = seed * 1103515245 + 12345;
		i = (int)(seed >> 8) % MANY;
		seed = seed * 1103515245 + 12345;
		if (n >= MANY && (seed >> 16) % 4 == 0) {
			timer_clear(&ref[i].timer);
			ref[i].want = -1;
			continue;
		}
		timer_set(&ref[i].timer, (seed >> 8) % 40, check_ref, &ref[i]);
		ref[i].want = ref[i].timer.at;
	}
	for (i = 0; i < MANY; i++) {
		if (ref[i].timer.at != 0)
			live++;
		else
			ref[i].want = -1;
	}
	ok(live > MANY / 2, "%d random timers are set", live);
	run(50);
	for (i = 0; i < MANY; i++)
		left += ref[i].want != -1;
	is_int(nrun, live, "each runs once");
	is_int(nwrong, 0, "none before one that is due earlier");
	is_int(nearly, 0, "none before its time");
	is_int(left, 0, "none is left");
}

static void
test_alloc(void)
{
	struct mallinfo2	 before, after;
	static struct timer	 t[100];
	static char		 none[] = "";
	struct event		 ev = { .fd = -1 };
	int			 i, sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	before = mallinfo2();
	for (i = 0; i < 100; i++)
		timer_set(&t[i], i % 7, mark, none);
	(void)event_add(&ev, sv[0], EPOLLIN, NULL, NULL);
	event_mod(&ev, 0);
	event_del(&ev);
	run(10);
	after = mallinfo2();
	is_int((long long)after.uordblks, (long long)before.uordblks,
	    "nothing is allocated");
	close(sv[0]);
	close(sv[1]);
}

/* Eight descriptors that are ready at once; the first called deletes the
 * others, whose memory goes. */
static struct event	*peers[8];
static int		 ncalled;

static void
first_deletes(int fd, uint32_t events, void *arg)
{
	int	 i;

	(void)fd;
	(void)events;
	ncalled++;
	for (i = 0; i < 8; i++) {
		if (peers[i] == arg || peers[i] == NULL)
			continue;
		event_del(peers[i]);
		free(peers[i]);
		peers[i] = NULL;
	}
	event_exit();
}

static void
leave(int fd, uint32_t events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
	ncalled++;
	event_exit();
}

static void
timer_deletes(void *arg)
{
	struct event	*ev = arg;

	event_del(ev);
	event_del(ev);
}

static void
test_batch(void)
{
	struct timer	 t = { .at = 0 };
	struct event	 ev;
	int		 i, sv[8][2];

	for (i = 0; i < 8; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv[i]) == -1 ||
		    (peers[i] = malloc(sizeof(*peers[i]))) == NULL)
			abort();
		is_int(event_add(peers[i], sv[i][0], EPOLLOUT, first_deletes,
		    peers[i]), 0, "add %d", i);
	}
	is_int(event_loop(), 0, "the loop ends");
	is_int(ncalled, 1, "events of deleted descriptors are not called");
	for (i = 0; i < 8; i++) {
		if (peers[i] != NULL)
			event_del(peers[i]);
		free(peers[i]);
		peers[i] = NULL;
	}

	/* Of what is ready at the end, too. */
	ncalled = 0;
	for (i = 0; i < 8; i++) {
		peers[i] = calloc(1, sizeof(*peers[i]));
		(void)event_add(peers[i], sv[i][0], EPOLLOUT, leave, NULL);
	}
	is_int(event_loop(), 0, "the loop ends");
	is_int(ncalled, 1, "nothing is called after event_exit()");
	for (i = 0; i < 8; i++) {
		event_del(peers[i]);
		free(peers[i]);
	}

	/* Reported together with a due timer, which deletes it. */
	ncalled = 0;
	(void)event_add(&ev, sv[0][0], EPOLLOUT, first_deletes, &ev);
	timer_set(&t, 0, timer_deletes, &ev);
	run(3);
	is_int(ncalled, 0, "nor of one that a timer has deleted");
	for (i = 0; i < 8; i++) {
		close(sv[i][0]);
		close(sv[i][1]);
	}
}

/* A timer that always sets itself again, and a descriptor that is ready. */
static struct timer	 eager;
static int		 neager, nready;

static void
again(void *arg)
{
	(void)arg;
	neager++;
	timer_set(&eager, 0, again, NULL);
}

static void
on_ready(int fd, uint32_t events, void *arg)
{
	(void)fd;
	(void)arg;
	if (events & EPOLLOUT)
		nready++;
	if (nready == 10)
		event_exit();
}

static void
test_starve(void)
{
	struct event	 ev;
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	(void)event_add(&ev, sv[0], EPOLLOUT, on_ready, NULL);
	timer_set(&eager, 0, again, NULL);
	is_int(event_loop(), 0, "the loop ends");
	is_int(neager, 10, "a timer for now runs once a turn");
	timer_clear(&eager);
	event_del(&ev);
	close(sv[0]);
	close(sv[1]);
}

/* While timers run: one that sets, moves and clears others. */
static struct timer	 inner[4];
static char		 inner_name[4][2] = { "1", "2", "3", "4" };

static void
rearrange(void *arg)
{
	mark(arg);
	timer_set(&inner[0], 0, mark, inner_name[0]);
	timer_set(&inner[1], -1, mark, inner_name[1]);
	timer_set(&inner[3], 5, mark, inner_name[3]);
	timer_clear(&inner[0]);
	timer_clear(&inner[2]);
}

static void
test_within(void)
{
	struct timer	 t = { .at = 0 };
	static char	 r[] = "r";

	trace[0] = '\0';
	timer_set(&t, 1, rearrange, r);
	timer_set(&inner[2], 2, mark, inner_name[2]);
	timer_set(&inner[3], 1, mark, inner_name[3]);
	timer_clear(&inner[3]);
	run(20);
	is_str(trace, "r24", "timers change others while they run");
}

static void
test_turn(void)
{
	struct timer	 a = { .at = 0 }, b = { .at = 0 };
	static char	 one[] = "1", two[] = "2";

	trace[0] = '\0';
	timer_set(&a, 0, mark, one);
	is_int(event_turn(), 1, "a turn, and more are wanted");
	is_str(trace, "1", "it has run what was due");
	timer_set(&a, 0, stop, NULL);
	timer_set(&b, 0, mark, two);
	is_int(event_turn(), 0, "the last turn");
	is_str(trace, "1", "nothing is called after event_exit()");
	is_int(event_turn(), 1, "a turn of the next loop");
	is_str(trace, "12", "which runs what was left");
}

static int	 nevents;

static void
drop_interest(int fd, uint32_t events, void *arg)
{
	struct event	**ev = arg;

	(void)fd;
	(void)events;
	nevents++;
	event_mod(ev[0], 0);
	event_mod(ev[1], 0);
}

static uint32_t	 seen;

static void
see(int fd, uint32_t events, void *arg)
{
	(void)fd;
	(void)arg;
	seen |= events;
	event_exit();
}

static void
test_mod(void)
{
	struct event	 a, b, *both[2] = { &a, &b };
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	(void)event_add(&a, sv[0], EPOLLOUT, drop_interest, both);
	(void)event_add(&b, sv[1], EPOLLOUT, drop_interest, both);
	run(5);
	is_int(nevents, 1, "what is no longer asked for is not called");
	event_del(&a);
	event_del(&b);
	is_int(a.fd, -1, "a deleted descriptor is not watched");
	is_int(event_add(&a, sv[0], 0, see, NULL), 0, "nothing asked for");
	close(sv[1]);
	is_int(event_loop(), 0, "the loop ends");
	is_int(seen, EPOLLHUP, "EPOLLHUP comes unasked");
	event_del(&a);
	close(sv[0]);
	errno = 0;
	is_int(event_add(&a, sv[0], EPOLLIN, see, NULL), -1,
	    "a closed descriptor is refused");
	is_int(errno, EBADF, "with EBADF");
	is_int(a.fd, -1, "and not watched");
}

static int	 nsignals;

static void
on_signal(int sig)
{
	(void)sig;
	nsignals++;
}

static void
test_eintr(void)
{
	struct sigaction	 sa = { .sa_handler = on_signal };
	struct itimerval	 it = { { 0, 3000 }, { 0, 3000 } };

	(void)sigaction(SIGALRM, &sa, NULL);
	(void)setitimer(ITIMER_REAL, &it, NULL);
	run(40);
	memset(&it, 0, sizeof(it));
	(void)setitimer(ITIMER_REAL, &it, NULL);
	ok(nsignals > 0, "signals have interrupted the loop");
}

int
main(void)
{
	is_int(event_init(), 0, "init");
	ok(event_now() > 0, "now is not 0");
	test_order();
	test_many();
	test_alloc();
	test_batch();
	test_starve();
	test_within();
	test_turn();
	test_mod();
	test_eintr();
	event_exit();
	is_int(event_loop(), 0, "told to end before it begins");
	return (done_testing());
}
