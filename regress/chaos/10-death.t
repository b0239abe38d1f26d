#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# kill -9 of each process while ten commands run, under a supervisor that
# holds the socket: what was promised holds, the cause is in the log, nothing
# is left, no connection is refused, and the next daemon serves.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use IO::Socket::IP;
use List::Util qw(min);
use Msmtpd::Chaos qw(child_of daemon events kin processes_in supervised);
use Msmtpd::Test qw(all_gone eventually leaks own_mounts slurp spew
    status_of);
use Test::More;
use Time::HiRes qw(time);

# In a mount namespace of its own, root sees all that is left there; but not
# with LeakSanitizer, for which the daemon reports to a file there.
my @public = grep { -d } qw(/tmp /run /var/tmp /dev/shm);
my $mounts = !leaks() && own_mounts();
sub mount_tmpfs {
	# -n: or it would write in /run.
	system('mount', '-n', '-t', 'tmpfs', 'none', $_) == 0 or die "mount\n"
	    for @_;
}

my $N = 10;
# The test's own directory is elsewhere then.
if ($mounts) {
	mount_tmpfs('/mnt');
	$ENV{TMPDIR} = '/mnt';
}
my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $command = $t->script(<<'END');
my $in = input();
open my $fh, '>>', "$DIR/out/pids" or die;
syswrite $fh, "$$\n";
until (-e "$DIR/out/go") { select undef, undef, undef, 0.02 }
file($in, @ARGV);
END

sub pids { return split /\n/, -e "$dir/out/pids" ? slurp("$dir/out/pids") : '' }

sub gone {
	my ($name, @pids) = @_;
	ok(eventually { all_gone(@pids) }, $name);
}

# Ten clients whose mails are with their commands.
sub busy {
	my @clients;
	$t->forget_mails;
	for my $n (1 .. $N) {
		my $c = $t->client;
		$c->cmd("EHLO c$n.example");
		$c->mail(no_wait => 1, to => ["mail-$n\@example.net"]);
		push @clients, $c;
	}
	eventually { pids() == $N } or $t->trouble('the commands do not run');
	return @clients;
}

# said: the codes of all replies that are still to come.
sub said {
	my ($c) = @_;
	my @codes;
	while (@codes < 9 && (my $reply = $c->reply) ne '') {
		push @codes, substr $reply, 0, 3;
	}
	return "@codes";
}

# ended: what the supervisor has seen of this daemon.
my $end;
sub ended {
	my ($pid) = @_;
	my $status;
	eventually {
		($status, $end) = map { @$_[2, 3] } grep { $_->[0] eq 'end' &&
		    $_->[1] == $pid } events($t);
		defined $status;
	} or $t->trouble("daemon $pid has not ended");
	return status_of($status);
}

my @took;

# The next daemon: a client that connects now, whatever is going on, is not
# refused and gets its mail delivered.
sub goes_on {
	my ($name) = @_;
	my $c = eval { $t->client };
	ok($c, "$name: no connection is refused") or diag($@), return;
	like($c->greeting, qr/^220 /, "$name: it is greeted");
	$c->cmd('EHLO next.example');
	spew("$dir/out/go", '');
	like($c->mail, qr/^250 /, "$name: the next mail is delivered");
	push @took, time - $end;
	diag(sprintf '%s: %.3f s after the end', $name, $took[-1]);
}

# What we need of them has been read.
if ($mounts) {
	# Ours may be below one of them.
	chdir '/' or die $!;
	mount_tmpfs(@public);
}
chmod 01777, $_ or die "$_: $!\n" for $mounts ? @public : ();
# An eighth of the places is for other owners.
supervised($t, "--command=$command", '--max-deliveries=' . ($N + 2));

{
	my @kin = kin(daemon($t));
	my @clients = busy();
	kill 'KILL', $kin[1];
	ok(!(grep { !$_->at_end } @clients), 'front: connections are closed');
	my $early = IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $t->port);
	ok($early, 'front: a connection meanwhile is not refused');
	spew("$dir/out/go", '');
	is(ended($kin[0]), 'exit 1', 'front: the daemon exits with 1');
	goes_on('front');
	my $log = $t->log;
	like($log, qr/front \(pid $kin[1]\) was killed by signal 9/,
	    'front: the cause is in the log');
	is(scalar(() = $log =~ /ended with exit:0 after front was gone/g), $N,
	    'front: as is the outcome of each command that ran');
	is(scalar(grep { $_->{args}[-1] =~ /^mail-/ } $t->mails), $N,
	    'front: which all have finished');
	gone('front: no process of it is left', @kin, pids());
	my $late = Msmtpd::Test::Client->new(fh => $early);
	like($late->greeting, qr/^220 /,
	    'front: the connection from then is served, too');
}

{
	my @kin = kin(daemon($t));
	my @clients = busy();
	kill 'KILL', $kin[0];
	is(ended($kin[0]), 'signal 9', 'parent: is gone');
	# front may hear of deliver's end before it hears of the parent's, and
	# then says 451, and 421 to end the session, as far as it gets.
	my @said = map { said($_) } @clients;
	is(scalar(grep { !/^(?:451(?: 421)?)?$/ } @said), 0,
	    'parent: no client is told anything but 451 and 421') or
	    diag(join ', ', @said);
	is(scalar(grep { !$_->at_end } @clients), 0,
	    'parent: connections are closed');
	gone('parent: children and commands have gone with it', @kin, pids());
	goes_on('parent');
	is(scalar(grep { $_->{args}[-1] =~ /^mail-/ } $t->mails), 0,
	    'parent: no command has done anything after that');
}

# deliver, whose death e2e/42-death.t looks at; and one after the other, in any
# order, and at once.
for my $order ([2], [1, 2], [2, 1], [1, 0], [2, 0], [1, 2, 0], [0, 1]) {
	my @kin = kin(daemon($t));
	my $name = join ', ', (qw(parent front deliver))[@$order];
	busy();
	kill 'KILL', $kin[$_] for @$order;
	like(ended($kin[0]), qr/^(?:exit 1|signal 9)$/, "$name: ended");
	gone("$name: no process is left", @kin, pids());
	goes_on($name);
}

# The quickest: what a busy machine adds to the others is not the daemon's.
cmp_ok(min(@took), '<', 1, 'the next mail is delivered within a second');

is(status_of($t->stop), 'exit 0', 'the supervisor stops');
ok(eventually { !processes_in($t) }, 'nothing of it is in /proc') or
    diag(join ' ', processes_in($t));
is(scalar(() = glob "$dir/empty/* $dir/empty/.??*"), 0,
    'nothing is in the root directory of front');
SKIP: {
	skip 'not root, or no mount namespace: who else writes there is not ' .
	    'known', 1 unless $mounts;
	my @left = map { glob "$_/* $_/.??*" } @public;
	is("@left", '', "nor in @public");
}
done_testing();
