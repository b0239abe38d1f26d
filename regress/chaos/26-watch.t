#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# deliver lacks what it needs to watch a command, before or after the start of
# the command.  A mail whose command was not started is answered with 451. A
# command that was started runs to its end, which decides the reply: if deliver
# ended it, the client's next try could be a second mail.  A client that front
# cannot watch gets an answer, too.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

BEGIN {
	my $dir = $ENV{OBJDIR} || "$FindBin::Bin/../../.obj";
	$ENV{MSMTPD} = "$dir/regress/chaos/msmtpd-watch";
}
use Msmtpd::Chaos qw(fd_calm kids kin);
use Msmtpd::Test qw(eventually is_root status_of);
use Test::More;

plan skip_all => "$ENV{MSMTPD} is not built (make tests)"
    unless -x $ENV{MSMTPD};

# In the order of watch.c.
my @faults = ('no descriptor', 'no pidfd', 'no watch', 'nothing');

# What the command does, and what the client hears of that.
my @fates = (
    [ok => qr/^250 /],
    [tempfail => qr/^451 /],
    [nouser => qr/^550 5\.1\.1/],
    [killed => qr/^451 /],
    [hangs => qr/^451 /],
    [late => qr/^250 /],
);

my $t = Msmtpd::Test->new;
my $command = $t->script(<<'END');
my ($fate) = $ARGV[0] =~ /\.(\w+)@/;
$SIG{TERM} = sub { exit 0 } if $fate eq 'late';
file(input(), @ARGV);
exit 0 if $fate eq 'ok';
exit 75 if $fate eq 'tempfail';
exit 67 if $fate eq 'nouser';
kill KILL => $$ if $fate eq 'killed';
Time::HiRes::sleep(0.1) while 1;
END
$t->start("--command=$command %F", '--command-timeout=4', '--debug');

my $first = $t->client;
is($first->greeting, '421 4.3.2 No resources for a session now, try again',
    'a client that cannot be watched is told so');
ok($first->at_end, 'and is left');
$t->wait_log(qr/cannot watch the client: No space left on device/);

my $deliver = (kin($t->pid))[2];
my $before = is_root() ? fd_calm($deliver) : 0;
my ($n, @ran) = (0);
my $c = $t->client;
$c->cmd('EHLO x');
for my $fate (@fates) {
	my ($name, $reply) = @$fate;
	for my $fault (@faults) {
		my $never = $fault eq 'no descriptor';
		like($c->mail(from => "$n.$name\@example.org"),
		    $never ? qr/^451 4\.3\.0/ : $reply,
		    "$name, lacking $fault");
		push @ran, $n unless $never;
		$n++;
	}
}
is_deeply([sort { $a <=> $b } map { $_->{args}[0] =~ /^(\d+)\./ } $t->mails],
    \@ran, 'each of them ran once, but what could not be started');
my $log = $t->log;
is(scalar(() = $log =~ /cannot run the command: Too many open files/g),
    @fates, 'the log names what was not run');
is(scalar(() = $log =~ /cannot watch the command, .*: (?:Too many open files in system|No space left on device)/g),
    2 * @fates, 'and what could not be watched');
ok(eventually { !kids($deliver) }, 'none is left, none is a zombie');
SKIP: {
	skip 'not root: descriptors of others are not shown', 1
	    unless is_root();
	is(fd_calm($deliver), $before, 'no descriptor is leaked');
}

# A daemon that stops waits for these as for others: two of four are polled.
my @waiting;
for (1 .. 4) {
	my $w = $t->client;
	$w->cmd('EHLO x');
	$w->mail(from => "$n.late\@example.org", no_wait => 1);
	push @waiting, $w;
	$n++;
}
ok(eventually { $t->mails == @ran + 3 }, 'four more, three have begun');
$t->signal('TERM');
$t->wait_log(qr/SIGTERM: stopping/);
is(join(' ', sort map { substr $_->reply, 0, 3 } @waiting),
    '250 250 250 451', 'stopping: three are told 250');
is(status_of($t->wait_exit), 'exit 0', 'stopped');
done_testing();
