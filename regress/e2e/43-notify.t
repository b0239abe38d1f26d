#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What the daemon tells a service manager, in the words of sd_notify(3), and
# when.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use IO::Socket::UNIX;
use Msmtpd::Test qw(eventually memcheck proc_status spew);
use POSIX qw(SIGHUP SIG_BLOCK sigprocmask);
use Socket qw(SOCK_DGRAM);
use Test::More;
use Time::HiRes qw(clock_gettime time CLOCK_MONOTONIC);

my $t = Msmtpd::Test->new;
my $cmd = '--command=' . $t->filer;
my $path = $t->dir . '/notify';

# manager: the service manager's socket.  The name begins with "/", or with "@"
# for an abstract one.
sub manager {
	my ($name) = @_;
	unlink $path;
	my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM,
	    Local => $name =~ s/^@/\0/r) or die "$name: $!\n";
	chmod 0666, $name if $name =~ m{^/};
	return $s;
}

# heard: the next message; '' where none comes within limit seconds.
sub heard {
	my ($s, $limit) = @_;
	return '' unless IO::Select->new($s)->can_read($limit // 30);
	defined $s->recv(my $text, 65536) or return '';
	return $text;
}

# told: the next message that is no status with counts, which the daemon sends
# about a second after a mail.
sub told {
	my ($s, $limit) = @_;
	my $text;
	do { $text = heard($s, $limit) } while $text =~ /\ASTATUS=\d/;
	return $text;
}

# counts: wait for the status with these counts; returns what follows them.
sub counts {
	my ($s, $counts) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($last, $after) = ('nothing');
	my $until = time + 30;
	while (!defined $after && time < $until) {
		$last = heard($s, $until - time);
		($after) = $last =~ /\ASTATUS=\Q$counts\E(.*)\z/s;
	}
	ok(defined $after, $counts) or diag("last: $last");
	return $after // '';
}

# told_until: the messages up to the first that matches, without WATCHDOG=1.
sub told_until {
	my ($s, $re) = @_;
	my @all;
	my $until = time + 30;
	while (time < $until) {
		my $text = told($s, $until - time);
		last if $text eq '';
		push @all, $text unless $text eq 'WATCHDOG=1';
		last if $text =~ $re;
	}
	return @all;
}

# fill: send messages to the socket until it takes no more; returns how many.
sub fill {
	my ($name) = @_;
	my $c = IO::Socket::UNIX->new(Type => SOCK_DGRAM,
	    Peer => $name =~ s/^@/\0/r) or die "$name: $!\n";
	$c->blocking(0);
	my $n = 0;
	$n++ while $c->send('full');
	$!{EAGAIN} or die "$name: $!\n";
	return $n;
}

# stops: stop the daemon, which tells the service manager that and no more.
sub stops {
	my ($s, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($t->stop, 0, "$what: it stops");
	is(heard($s), "STOPPING=1\nSTATUS=Stopping", "$what: and says so");
	is(heard($s, 0), '', "$what: nothing else was said");
}

for my $name ($path, '@msmtpd-test-' . $$) {
	my $s = manager($name);
	my $kind = $name =~ /^@/ ? 'an abstract socket' : 'a path';
	$t->start({ env => { NOTIFY_SOCKET => $name } }, $cmd);
	is(told($s), "READY=1\nSTATUS=Ready", "$kind: ready");
	SKIP: {
		skip 'memcheck: no filter', 1 if memcheck();
		my %seccomp = map { $_ =>
		    proc_status($t->proc($_))->{Seccomp} } qw(front deliver);
		is_deeply(\%seccomp, { front => 2, deliver => 2 },
		    "$kind: both have their sandbox then");
	}
	like($t->send, qr/^250/, "$kind: and mail is taken");

	my $before = int(clock_gettime(CLOCK_MONOTONIC) * 1e6);
	$t->signal('HUP');
	my @words = (told($s), told($s));
	my $after = int(clock_gettime(CLOCK_MONOTONIC) * 1e6) + 1;
	my ($usec) = $words[0] =~ /\ARELOADING=1\nMONOTONIC_USEC=(\d+)\z/;
	ok(defined $usec, "$kind: reloading") or diag($words[0]);
	ok($usec && $before <= $usec && $usec <= $after,
	    "$kind: with the time at which it began");
	is($words[1], 'READY=1', "$kind: and ready again");

	stops($s, $kind);
	close $s;
}

# A SIGHUP that comes before the daemon is ready adds no READY=1 of its own.
{
	my $s = manager($path);
	$t->start({ env => { NOTIFY_SOCKET => $path }, before => sub {
		sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGHUP)) or die $!;
		kill 'HUP', $$;
	} }, $cmd);
	like($t->log, qr/SIGHUP.*is ready/s, 'SIGHUP before it is ready');
	is(told($s), "READY=1\nSTATUS=Ready", 'is not heard of: ready');
	stops($s, 'SIGHUP before it is ready');
}

# A SIGHUP that comes while the daemon stops does not make it say READY=1.
{
	my $s = manager($path);
	my $dir = $t->dir;
	my $slow = $t->script(<<'END');
open my $fh, '>', "$DIR/out/runs" or die;
close $fh;
until (-e "$DIR/out/go") { select undef, undef, undef, 0.02 }
END
	$t->start({ env => { NOTIFY_SOCKET => $path } }, "--command=$slow");
	is(told($s), "READY=1\nSTATUS=Ready", 'ready');
	my $c = $t->client;
	$c->cmd('EHLO x');
	$c->mail(no_wait => 1);
	ok(eventually { -e "$dir/out/runs" }, 'a command runs');
	$t->signal('TERM');
	is(told($s), "STOPPING=1\nSTATUS=Stopping", 'SIGTERM: stopping');
	$t->signal('HUP');
	ok($t->wait_log(qr/SIGHUP/), 'SIGHUP then');
	spew("$dir/out/go", '');
	is($t->wait_exit, 0, 'it stops');
	is(told($s, 0), '', 'nothing else was said');
}

# A service manager that does not read: when it reads again, it gets the
# messages that the daemon has kept, in their order.
for my $name ($path, '@msmtpd-test-full-' . $$) {
	my $s = manager($name);
	my $n = fill($name);
	$t->start({ env => { NOTIFY_SOCKET => $name,
	    WATCHDOG_USEC => 30_000 } }, $cmd);
	like($t->send, qr/^250/, 'no room to be told: it serves all the same');
	$t->signal('HUP');
	$t->wait_log(qr/SIGHUP/);
	is(join(' ', map { told($s) } 1 .. $n), join(' ', ('full') x $n),
	    'room for it');
	my @words = map { told_until($s, qr/^READY=1$/m) } 1 .. 2;
	s/(?<=USEC=)\d+/N/ for @words;
	is_deeply(\@words, ["READY=1\nSTATUS=Ready",
	    "RELOADING=1\nMONOTONIC_USEC=N", 'READY=1'], 'all, in order')
	    or diag(explain(\@words));
	is(told($s), 'WATCHDOG=1', 'then the watchdog again');
	# The daemon keeps only the last ones of so many messages.
	fill($name);
	for my $round (1 .. 20) {
		my $were = () = $t->log =~ /SIGHUP/g;
		$t->signal('HUP');
		ok(eventually { (() = $t->log =~ /SIGHUP/g) > $were },
		    "SIGHUP, round $round");
	}
	my @all = map { told_until($s, qr/^READY=1$/) } 1 .. 4;
	is(scalar(grep { $_ eq 'READY=1' } @all), 4, 'the last of many');
	is($t->stop, 0, 'it stops');
	is_deeply([told_until($s, qr/STOPPING/)],
	    ["STOPPING=1\nSTATUS=Stopping"], 'and says so');
	unlike($t->log, qr/NOTIFY_SOCKET/, 'nobody complains');
}

# Where the service manager is gone, the log has one line about that.
{
	my $s = manager($path);
	$t->start({ env => { NOTIFY_SOCKET => $path } }, $cmd);
	told($s);
	close $s;
	$t->signal('HUP');
	$t->wait_log(qr/NOTIFY_SOCKET: Connection refused/);
	is($t->stop, 0, 'a manager that is gone: it runs');
	is(scalar(() = $t->log =~ /NOTIFY_SOCKET/g), 1, 'one line of it');
}

# A process that dies ends the service.
{
	my $s = manager($path);
	$t->start({ env => { NOTIFY_SOCKET => $path } }, $cmd);
	told($s);
	kill 'KILL', $t->proc('front');
	like(told($s), qr/^STOPPING=1$/m, 'front dies: stopping');
	isnt($t->wait_exit, 0, 'and it fails');
}

# parent sends WATCHDOG=1 only while front and deliver answer its pings.
for my $victim ('front', 'deliver') {
	my $s = manager($path);
	$t->start({ env => { NOTIFY_SOCKET => $path,
	    WATCHDOG_USEC => 300_000 } }, $cmd);
	my ($n, @other) = (0);
	my $until = time + 30;
	while ($n < 5 && time < $until) {
		my $text = told($s);
		$text eq 'WATCHDOG=1' ? $n++ : push @other, $text;
	}
	is($n, 5, 'the watchdog is content');
	is_deeply(\@other, ["READY=1\nSTATUS=Ready"], 'and nothing else');
	my $pid = $t->proc($victim);
	kill 'STOP', $pid;
	# Take what parent had sent before; then nothing comes for a second,
	# ten times the interval of WATCHDOG=1.
	Time::HiRes::sleep(0.3);
	1 while told($s, 0) ne '';
	is(told($s, 1), '', "$victim is stopped: not a word");
	kill 'CONT', $pid;
	is(told($s), 'WATCHDOG=1', "$victim goes on: content again");
	is($t->stop, 0, 'it stops');
	my @last = told_until($s, qr/STOPPING/);
	is_deeply(\@last, ["STOPPING=1\nSTATUS=Stopping"], 'and says so');
}

# A watchdog interval that is shorter than the daemon's clock can measure.
for my $usec (1, 2999) {
	my $s = manager($path);
	$t->start({ env => { NOTIFY_SOCKET => $path,
	    WATCHDOG_USEC => $usec } }, $cmd);
	my $n = grep { told($s) eq 'WATCHDOG=1' } 1 .. 20;
	cmp_ok($n, '>=', 19, "WATCHDOG_USEC=$usec: a watchdog, too");
	is($t->stop, 0, 'it stops');
}

# WATCHDOG_PID names another process, so this daemon sends no WATCHDOG=1.
{
	my $s = manager($path);
	$t->start({ env => { NOTIFY_SOCKET => $path, WATCHDOG_USEC => 300_000,
	    WATCHDOG_PID => 1 } }, $cmd);
	is(told($s), "READY=1\nSTATUS=Ready", 'ready');
	is(told($s, 1), '', 'a watchdog for another process hears nothing');
	is($t->stop, 0, 'it stops');
}

# The status counts what has become of mails, and has the last failure's words.
{
	my $s = manager($path);
	my $dir = $t->dir;
	my $script = $t->script(<<'END');
my ($n) = $ARGV[0] =~ /^exit(\d+)/;
exit $n if defined $n;
open my $fh, '>', "$DIR/out/runs" or die;
close $fh;
until (-e "$DIR/out/end") { select undef, undef, undef, 0.02 }
END
	$t->start({ env => { NOTIFY_SOCKET => $path } },
	    "--command=$script %F", '--max-deliveries=1', '--max-size=1M');
	is(told($s), "READY=1\nSTATUS=Ready", 'ready');
	my $c = $t->client;
	$c->cmd('EHLO x');
	like($c->mail(from => 'exit0@example.org'), qr/^250/, 'a mail');
	is(counts($s, '1 delivered, 0 failed for now, 0 refused, 0 running, ' .
	    '0 waiting'), '', 'no failure');
	like($c->mail(from => 'exit75@example.org'), qr/^451/, 'a failure');
	like(counts($s, '1 delivered, 1 failed for now, 0 refused, ' .
	    '0 running, 0 waiting'), qr/^; last failure: 451 4\.\d\.\d \w/,
	    'its words');
	like($c->mail(from => 'exit67@example.org'), qr/^55/, 'refused');
	like(counts($s, '1 delivered, 1 failed for now, 1 refused, ' .
	    '0 running, 0 waiting'), qr/^; last failure: 55\d 5\.1\.1 \w/,
	    'its words');
	# A mail that is refused before a command is run.
	like($c->mail(data => 'x' x 2_000_000), qr/^552/, 'too large');
	like(counts($s, '1 delivered, 1 failed for now, 2 refused, ' .
	    '0 running, 0 waiting'), qr/^; last failure: 552 5\.3\.4 \w/,
	    'its words');

	my @waiting = map { $t->client } 1 .. 3;
	for my $w (@waiting) {
		$w->cmd('EHLO x');
		$w->mail(no_wait => 1);
	}
	like(counts($s, '1 delivered, 1 failed for now, 2 refused, ' .
	    '1 running, 2 waiting'), qr/^; last failure: 552/,
	    'the last failure is still it');
	spew("$dir/out/end", '');
	like($_->reply, qr/^250/, 'delivered') for @waiting;
	like(counts($s, '4 delivered, 1 failed for now, 2 refused, ' .
	    '0 running, 0 waiting'), qr/^; last failure: 552/, 'and now');

	# The daemon sends a message a second at most, however many mails come.
	my $before = time;
	$c->mail(from => 'exit0@example.org') for 1 .. 100;
	my ($n, $text) = (0, '');
	until ($text =~ /^STATUS=104 delivered/) {
		$text = heard($s);
		last if $text eq '';
		$n++;
	}
	like($text, qr/^STATUS=104 delivered/, 'a hundred mails more');
	cmp_ok($n, '<=', time - $before + 1, 'not more than one a second');
	is(heard($s, 1.5), '', 'no word while nothing changes');
	stops($s, 'after many mails');
}

# Without a service manager the daemon starts as well.
for my $name ("$path.none", 'relative', '@', 'x' x 200) {
	$t->start({ env => { NOTIFY_SOCKET => $name } }, $cmd);
	like($t->log, qr/NOTIFY_SOCKET=/, "nobody there: a warning");
	is($t->stop, 0, 'it runs');
}

done_testing();
