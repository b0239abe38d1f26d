#!/usr/bin/perl
#
# Copyright (c) 2026 The msmtpd authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

# A process that dies takes the daemon with it, and the log says why.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(hurried);
use Msmtpd::Test qw(all_gone eventually slurp status_of);
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
	my ($pid, $name) = @_;
	ok(eventually { all_gone($pid) }, $name);
}

# front
for my $signal (qw(KILL ABRT SYS)) {
	my ($idle, $busy, $command_pid) = sessions();
	CORE::kill $signal, $t->proc('front');
	ok($_->at_end, "front, SIG$signal: connections are closed")
	    for $idle, $busy;
	ok(eventually { !IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $t->port) },
	    "front, SIG$signal: no connection is taken that nobody serves");
	Msmtpd::Test::spew("$dir/out/go", '');
	is(status_of($t->wait_exit), 'exit 1', "front, SIG$signal: exit 1");
	my $cause = $signal eq 'SYS' ? qr/front.*sandbox.*SIGSYS/ :
	    qr/front.*signal (?:9|6)\b/;
	like($t->log, $cause, "front, SIG$signal: the cause is in the log");
	is(scalar(my @m = $t->mails), 1,
	    "front, SIG$signal: what ran has finished");
	is(scalar $t->left, 0, "front, SIG$signal: no process is left");
}

# deliver
for my $signal (qw(KILL SYS)) {
	my ($idle, $busy, $command_pid) = sessions();
	CORE::kill $signal, $t->proc('deliver');
	like($busy->reply, qr/^451 4/, "deliver, SIG$signal: who waits: 451");
	like($idle->reply, qr/^421 4/, "deliver, SIG$signal: the rest: 421");
	is(status_of($t->wait_exit), 'exit 1', "deliver, SIG$signal: exit 1");
	gone($command_pid, "deliver, SIG$signal: the command ends with it");
	my $cause = $signal eq 'SYS' ? qr/deliver.*sandbox.*SIGSYS/ :
	    qr/deliver.*signal 9\b/;
	like($t->log, $cause, "deliver, SIG$signal: the cause is in the log");
	is(scalar(my @m = $t->mails), 0, "deliver, SIG$signal: nothing filed");
	is(scalar $t->left, 0, "deliver, SIG$signal: no process is left");
}

# parent
{
	my ($idle, $busy, $command_pid) = sessions();
	$t->signal('KILL');
	is(status_of($t->wait_exit), 'signal 9', 'parent: gone');
	like($idle->reply, qr/^(?:421 4.*)?$/, 'parent: 421 or closed');
	ok($idle->at_end, 'parent: connections are closed');
	gone($command_pid, 'parent: the command ends with it');
	is(scalar $t->left, 0, 'parent: no process is left');
}

# front dies, and its commands do not end in the 30 s that they are left: they
# are ended, the one that does not hear it with SIGKILL.  By a faster clock.
SKIP: {
	my $fast = Msmtpd::Test->new;
	skip 'the daemon with the fast clock is not built: make tests', 9
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
	gone($_, 'no end in time: the command has ended') for @pids;
	is(scalar $fast->left, 0, 'no end in time: no process is left');
}

done_testing();
