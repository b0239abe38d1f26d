#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Being stopped at a bad moment: SIGTERM while it starts; with more mails
# waiting than may be delivered at once; with a client that does not read; and
# when what should end has been stopped or killed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use Msmtpd::Chaos qw(kin processes_in);
use Msmtpd::Test qw(all_gone eventually exec_with is_root slurp spew
    status_of);
use Test::More;
use Time::HiRes qw(sleep time);

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $stubborn = $t->script(<<'END');
input();
$SIG{TERM} = 'IGNORE' if $ARGV[0] =~ /^deaf/;
open my $fh, '>>', "$DIR/out/runs" or die;
syswrite $fh, "$$\n";
sleep 600;
END

sub runs { return split /\n/, -e "$dir/out/runs" ? slurp("$dir/out/runs") : '' }

# At any moment of a start, which takes $whole.
my $start = time;
$t->start("--command=$stubborn");
my $whole = time - $start;
my $hidden = 'not root: the executable of its processes is not shown';
SKIP: {
	skip $hidden, 1 unless is_root();
	is(scalar(my @three = processes_in($t)), 3,
	    'its processes can be found');
}
is(status_of($t->stop), 'exit 0', sprintf 'a start takes %.3f s', $whole);
my (%how, $lines);
my $left = 0;
for my $n (0 .. 39) {
	pipe my $r, my $w or die $!;
	# What comes before exec(2) must end it, too.
	local $SIG{TERM} = 'DEFAULT';
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open my $null, '>', '/dev/null' or POSIX::_exit(126);
		exec_with({}, $null, $w, $t->bin, '--port=0',
		    $t->root_options, "--command=$stubborn");
	}
	close $w;
	@$t{qw(pid fd log file started)} = ($pid, $r, '', undef, 'at start');
	$r->blocking(0);
	sleep $whole * $n / 30;
	$t->signal('TERM');
	my $status = status_of($t->wait_exit);
	$how{$status}++;
	$lines .= $t->log if $status !~ /^(?:exit 0|signal 15)$/;
	# Which children it had nobody has seen.
	eventually { !processes_in($t) } or $left++;
}
# Until the parent looks after signals itself, SIGTERM ends it as any other.
ok(!(grep { !/^(?:exit 0|signal 15)$/ } keys %how),
    'SIGTERM while it starts: it ends, in order') or diag($lines);
SKIP: {
	skip $hidden, 1 unless is_root();
	is($left, 0, 'SIGTERM while it starts: no process is left');
}
diag(join ', ', map { "$_: $how{$_}" } sort keys %how);

# Of four mails one is with its command.  In a hurry the others must not get
# theirs started.
$t->start("--command=$stubborn %F", '--max-deliveries=1');
my @clients = map {
	my $c = $t->client;
	$c->cmd('EHLO x');
	$c->mail(no_wait => 1);
	$c;
} 1 .. 4;
# After the answer to this the last of them has been read.
like($t->client->cmd('NOOP'), qr/^250/, 'four mails have been sent');
eventually { runs() } or $t->trouble('no command runs');
$t->signal('TERM');
$t->wait_log(qr/SIGTERM: stopping/);
$t->signal('TERM');
is(scalar(grep { $_->reply =~ /^451 4\.3\.2/ } @clients), 4,
    'twice SIGTERM, mails queued: 451 to all');
is(status_of($t->wait_exit), 'exit 0', 'twice SIGTERM, mails queued: exit 0');
is(scalar runs(), 1, 'twice SIGTERM, mails queued: no command is started');
is(scalar $t->left, 0, 'twice SIGTERM, mails queued: no process is left');

# A client that sends and sends and does not read.
sub glutton {
	my $c = $t->client;
	$c->cmd('EHLO glutton.example');
	$c->fh->blocking(0);
	my $end = time + $Msmtpd::Test::DEADLINE;
	my $stuck = 0;
	while ($stuck < 20) {
		my $n = syswrite $c->fh, "VRFY x\r\nRSET\r\n" x 1000;
		$stuck = $n ? 0 : $stuck + 1;
		$t->trouble('it reads on') if time > $end;
		sleep 0.01 unless $n;
	}
	return $c;
}
$t->start("--command=$stubborn", '--max-noops=1000000');
my $glutton = glutton();
$t->signal('TERM');
is(status_of($t->wait_exit), 'exit 0', 'a client that does not read: exit 0');
is(scalar $t->left, 0, 'a client that does not read: no process is left');

# In a hurry front dies, and deliver does not move: nobody waits for ever.
spew("$dir/out/runs", '');
chmod 0666, "$dir/out/runs" or die $!;
$t->start("--command=$stubborn %F");
my @kin = kin($t->pid);
my $c = $t->client;
$c->cmd('EHLO x');
$c->mail(no_wait => 1, from => 'deaf@example.org');
eventually { runs() } or $t->trouble('no command runs');
kill 'STOP', $kin[2];
$t->signal('TERM');
$t->wait_log(qr/SIGTERM: stopping/);
$t->signal('TERM');
$t->wait_log(qr/SIGTERM again/);
kill 'KILL', $kin[1];
is(status_of($t->wait_exit), 'exit 1', 'front dies, deliver stopped: exit 1');
like($t->log, qr/front \(pid $kin[1]\) was killed by signal 9/,
    'front dies, deliver stopped: the one is in the log');
like($t->log, qr/deliver \(pid $kin[2]\) does not end/,
    'front dies, deliver stopped: and the other');
# Not even SIGKILL from a parent without capabilities reaches another user.
kill 'CONT', $kin[2];
is(scalar $t->left, 0, 'front dies, deliver stopped: continued, it ends');
ok(eventually { all_gone(runs()) },
    'front dies, deliver stopped: with its command');

done_testing();
