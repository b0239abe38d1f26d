#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Thousands of clients: idle ones, slow ones, and ones that connect and leave
# at once.  A client that sends a mail is served all the same.
# MSMTPD_FLOOD_SECONDS is how long slow clients go on, and how long connections
# are made and reset (3).
#
# MSMTPD_FLOOD_SECONDS is how long slow clients go on, and how long
# connections are made and reset (3).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use IO::Socket::IP;
use Msmtpd::Chaos qw(fd_count kin);
use Msmtpd::Test qw(eventually is_root run slurp spew status_of);
use Socket qw(AF_INET SOCK_STREAM SOL_SOCKET SO_LINGER inet_aton
    pack_sockaddr_in);
use Test::More;
use Time::HiRes qw(sleep time);

my $N = 1000;
my $FLOOD = $ENV{MSMTPD_FLOOD_SECONDS} || 3;
my $RATE = 5000;

my $t = Msmtpd::Test->new;
my (undef, $soft) = run('sh', '-c', 'ulimit -n');
my (undef, $hard) = run('sh', '-c', 'ulimit -Hn');
# This test and front have a descriptor for each client.
if ($soft =~ /^\d+$/ && $soft < $N + 200) {
	plan skip_all => "RLIMIT_NOFILE is $hard"
	    if $hard =~ /^\d+$/ && $hard < 2 * $N + 400 ||
	    $ENV{MSMTPD_TEST_NOFILE};
	$ENV{MSMTPD_TEST_NOFILE} = 1;
	exec 'sh', '-c', 'ulimit -n $(ulimit -Hn) && exec "$@"', 'sh', $^X,
	    $0 or die "sh: $!\n";
}
# Each client twice, idle and slow, and no place more: for one who works another
# owner's session gives way.  Without root all are one owner's, and one who
# works needs a place.
my $gives = is_root() ? 1 : 0;
$t->start('--command=' . $t->filer, '--max-sessions=' . (2 * $N + 1 - $gives),
    '--timeout=3600', '--min-rate=0');
my @kin = kin($t->pid);

sub connect_all {
	my ($n) = @_;
	return map { $t->client } 1 .. $n;
}

# One session that brings ten mails.
sub works {
	my ($name) = @_;
	my $c = $t->client(owner => 1);
	$c->cmd('EHLO worker.example');
	my $good = grep { $c->mail =~ /^250/ } 1 .. 10;
	is($good, 10, "$name: one who works is served");
	$c->cmd('QUIT');
}

my $before = is_root() ? fd_count($kin[1]) : 0;
works('nobody else');
my @idle = connect_all($N);
works("$N idle clients");

# An octet a second each, in a command, or in DATA.
my @slow = connect_all($N);
my $i = 0;
for my $c (@slow) {
	$c->put("EHLO slow.example\r\n");
	$c->put("MAIL FROM:<a\@b>\r\nRCPT TO:<c\@d>\r\nDATA\r\n")
	    if $i++ % 2;
}
$i = 0;
for my $c (@slow) {
	$c->reply;
	$i++ % 2 or next;
	$c->reply for 1 .. 3;
}
for my $second (1 .. $FLOOD) {
	my $start = time;
	$_->put('N') for @slow;
	works("$N slow clients as well, second $second");
	my $left = $start + 1 - time;
	sleep $left if $left > 0;
}
is(scalar(grep { $_->cmd('NOOP') =~ /^250/ } @idle), $N - $gives,
    "of the idle ones $gives has given way");
# Slow is not lost: what some of those in DATA have said is a mail.
my @patient = @slow[grep { $_ % 2 } 0 .. 19];
$_->put("\r\n.\r\n") for @patient;
is(scalar(grep { $_->reply =~ /^250/ } @patient), @patient,
    'slow clients that end their mail are told that it was delivered');
$_->close for @idle, @slow;
is(scalar($t->mails), 20 + 10 * $FLOOD + @patient,
    'each mail was delivered');
is(scalar(grep { $_->{mail} =~ /^N{$FLOOD}\n\z/m } $t->mails), @patient,
    'the slow ones to the last octet');
SKIP: {
	skip 'not root: descriptors of others are not shown', 1 unless
	    is_root();
	ok(eventually { fd_count($kin[1]) <= $before },
	    'when they have gone nothing of them is left');
}

# Connections made and reset as fast as can be, up to the rate, by two.
$t->forget_mails;
sub flood {
	my ($file) = @_;
	my $address = pack_sockaddr_in($t->port, inet_aton('127.0.0.1'));
	my ($count, $start) = (0, time);
	while ((my $passed = time - $start) < $FLOOD) {
		if ($count > $passed * $RATE / 2) {
			sleep 0.001;
			next;
		}
		socket my $s, AF_INET, SOCK_STREAM, 0 or next;
		setsockopt $s, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
		connect $s, $address or next;
		# Some say something before.
		syswrite $s, "EHLO flood.example\r\n" if $count % 3 == 0;
		close $s;
		$count++;
	}
	spew($file, $count);
}

my @flooders = map {
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		delete $t->{pid};
		$t->{tmp}->unlink_on_destroy(0);
		flood($t->dir . "/flood-$_");
		POSIX::_exit(0);
	}
	$pid;
} 1, 2;
my $mails = 0;
for my $pid (@flooders) {
	while (waitpid($pid, POSIX::WNOHANG()) == 0) {
		my $reply = $t->send;
		$mails++ if $reply =~ /^250/;
		fail("a flood: $reply"), last if $reply !~ /^250/;
	}
	waitpid $pid, 0;
}
my $count = 0;
$count += slurp($t->dir . "/flood-$_") for 1, 2;
cmp_ok($mails, '>', 0, "a flood: $mails mails are delivered meanwhile");
diag(sprintf '%d connections made and reset in %d s: %d a second', $count,
    $FLOOD, $count / $FLOOD);
SKIP: {
	skip "this machine does not make $RATE a second now", 1
	    if $count < 0.9 * $RATE * $FLOOD;
	pass("a flood: about $RATE connections a second");
}
cmp_ok($count, '>', 0.1 * $RATE * $FLOOD, 'a flood: it was one');
works('after the flood');
SKIP: {
	skip 'not root: descriptors of others are not shown', 1 unless
	    is_root();
	ok(eventually { fd_count($kin[1]) <= $before },
	    'a flood: nothing of it is left');
}
is(join(' ', kin($t->pid)), "@kin", 'no process has ended');
cmp_ok(length $t->log, '<', 1_000_000, 'a flood: the log is bounded');
is(status_of($t->stop), 'exit 0', 'stopped');
done_testing();
