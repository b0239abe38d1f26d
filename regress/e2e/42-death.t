#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# A process that dies takes the daemon with it, and the log says why.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(hurried);
use Msmtpd::Test qw(all_gone eventually memcheck slurp spew status_of);
use Test::More;
use Time::HiRes qw(time);

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $command = $t->script(<<'END');
my $in = input();
open my $fh, '>>', "$DIR/out/runs" or die;
syswrite $fh, "$$\n";
until (-e "$DIR/out/go") { select undef, undef, undef, 0.02 }
file($in, @ARGV);
END

# Two sessions, one idle, one whose mail is with the command.
sub sessions {
	$t->forget_mails;
	$t->start("--command=$command");
	my $idle = $t->client;
	$idle->cmd('EHLO idle.example');
	my $busy = $t->client;
	$busy->cmd('EHLO busy.example');
	$busy->mail(no_wait => 1);
	eventually { -s "$dir/out/runs" } or $t->trouble('no command runs');
	chomp(my $pid = slurp("$dir/out/runs"));
	return ($idle, $busy, $pid);
}

sub gone {
	my ($name, @pids) = @_;
	ok(eventually { all_gone(@pids) }, $name);
}

# valgrind 3.19 takes SIGSYS for one that the program has caused, and where that
# is not within a system call an assertion of its own fails.
my @sys = memcheck() ? () : 'SYS';
SKIP: {
	skip 'memcheck: it may not live to handle SIGSYS', 14 unless @sys;
}

# front
for my $signal ('KILL', @sys) {
	my ($idle, $busy, $command_pid) = sessions();
	CORE::kill $signal, $t->proc('front');
	ok($_->at_end, "front, SIG$signal: connections are closed")
	    for $idle, $busy;
	ok(eventually { !IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $t->port) },
	    "front, SIG$signal: no connection is taken that nobody serves");
	spew("$dir/out/go", '');
	is(status_of($t->wait_exit), 'exit 1', "front, SIG$signal: exit 1");
	my $cause = $signal eq 'SYS' ? qr/front.*sandbox.*SIGSYS/ :
	    qr/front.*signal (?:9|6)\b/;
	like($t->log, $cause, "front, SIG$signal: the cause is in the log");
	is(scalar(my @m = $t->mails), 1,
	    "front, SIG$signal: what ran has finished");
	is(scalar $t->left, 0, "front, SIG$signal: no process is left");
}

# deliver
for my $signal ('KILL', @sys) {
	my ($idle, $busy, $command_pid) = sessions();
	CORE::kill $signal, $t->proc('deliver');
	like($busy->reply, qr/^451 4/, "deliver, SIG$signal: who waits: 451");
	like($idle->reply, qr/^421 4/, "deliver, SIG$signal: the rest: 421");
	is(status_of($t->wait_exit), 'exit 1', "deliver, SIG$signal: exit 1");
	gone("deliver, SIG$signal: the command ends with it", $command_pid);
	my $cause = $signal eq 'SYS' ? qr/deliver.*sandbox.*SIGSYS/ :
	    qr/deliver.*signal 9\b/;
	like($t->log, $cause, "deliver, SIG$signal: the cause is in the log");
	is(scalar(my @m = $t->mails), 0, "deliver, SIG$signal: nothing filed");
	is(scalar $t->left, 0, "deliver, SIG$signal: no process is left");
}

# The processes that a command waits for are of its process group and end with
# deliver, too: a shell and all that it runs.  deliver does not end a process
# that has a session of its own, or one that a command has left behind.
for my $victim (qw(deliver parent)) {
	my $family = $t->script(<<'END');
use POSIX ();
my ($kind) = $ARGV[0] =~ /^(\w+)@/;
input();
sub member {
	open my $fh, '>>', "$DIR/out/family" or die;
	syswrite $fh, "$_[0] $$\n";
	sleep 600;
	exit 1;
}
sub child { my $f = shift; defined(my $pid = fork) or die; $f->() if !$pid }
# These processes would otherwise keep the log's pipe open.
sub quiet { open $_, '>', '/dev/null' or die for *STDOUT, *STDERR }
if ($kind eq 'behind') {
	child(sub { quiet(); member('free') });
	exit 0;
}
child(sub { POSIX::setsid(); quiet(); member('free') }) if $kind eq 'session';
child(sub { child(sub { member('held') }); member('held') });
member('held');
END
	$t->forget_mails;
	$t->start("--command=$family %F");
	my @clients;
	for my $kind (qw(behind session group)) {
		my $c = $t->client;
		$c->cmd('EHLO x');
		my $reply = $c->mail(from => "$kind\@example.org",
		    no_wait => $kind ne 'behind');
		like($reply, qr/^250/, "$victim: a command leaves one behind")
		    if $kind eq 'behind';
		push @clients, $c;
	}
	my %pids;
	eventually {
		%pids = (held => [], free => []);
		my $said = -e "$dir/out/family" ? slurp("$dir/out/family") :
		    '';
		push @{$pids{$1}}, $2 while $said =~ /^(\w+) (\d+)$/mg;
		@{$pids{held}} == 6 && @{$pids{free}} == 2;
	} or $t->trouble('the commands do not run');
	CORE::kill 'KILL', $victim eq 'deliver' ? $t->proc('deliver') :
	    $t->pid;
	$t->wait_exit;
	gone("$victim: all of a command's process group ends with it",
	    @{$pids{held}});
	is(scalar(grep { all_gone($_) } @{$pids{free}}), 0,
	    "$victim: what has left the group, or was left, goes on");
	CORE::kill 'KILL', @{$pids{free}};
	gone("$victim: until it is ended", @{$pids{free}});
	is(scalar $t->left, 0, "$victim: no process is left");
}

# front dies, and its commands do not end in the 30 s that they are left: they
# are ended, the one that does not hear it with SIGKILL.  By a faster clock.
SKIP: {
	my $fast = Msmtpd::Test->new;
	skip 'the daemon with the fast clock is not built: make tests', 8
	    unless hurried($fast);
	my $dir = $fast->dir;
	my $stays = $fast->script(<<'END');
my $in = input();
my $deaf = $ARGV[0] =~ /^deaf/;
sub note { open my $fh, '>', "$DIR/out/$_[0]" or die; print $fh $_[1] }
$SIG{TERM} = sub {
	note($deaf ? 'deaf-term' : 'term', Time::HiRes::time());
	exit 1 unless $deaf;
};
note($deaf ? 'deaf' : 'hears', $$);
sleep 1 while 1;
END
	$fast->start("--command=$stays %F", '--command-timeout=3600');
	for my $name (qw(hears deaf)) {
		my $c = $fast->client;
		$c->cmd('EHLO x');
		$c->mail(from => "$name\@example.org", no_wait => 1);
		eventually { -s "$dir/out/$name" } or
		    $fast->trouble('no command runs');
	}
	my @pids = map { slurp("$dir/out/$_") } qw(hears deaf);
	my $start = time;
	CORE::kill 'KILL', $fast->proc('front');
	is(status_of($fast->wait_exit), 'exit 1', 'no end in time: exit 1');
	cmp_ok($_ - $start, '>=', 29.5 / $Msmtpd::Clients::HURRY,
	    'no end in time: ended, not before 30 s had gone')
	    for map { slurp("$dir/out/$_") } qw(term deaf-term);
	like($fast->log, qr/front is gone, 2 commands still run/,
	    'no end in time: the log tells that they run');
	is(scalar(() = $fast->log =~
	    /the command ended with stopped after front was gone/g), 2,
	    'no end in time: and how they end');
	like($fast->log, qr/front \(pid \d+\) was killed by signal 9/,
	    'no end in time: the cause is in the log');
	gone('no end in time: the commands have ended', @pids);
	is(scalar $fast->left, 0, 'no end in time: no process is left');
}

done_testing();
