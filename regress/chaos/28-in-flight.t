#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Descriptors in flight, which the kernel counts for each user: what a command
# leaves behind cannot keep front from sending mails, nor the daemon from
# starting; where others of the user have too many, mails wait and the log says
# why.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Test qw(is_root slurp status_of which);
use Test::More;

# Whatever this user has in flight, other tests have not.
my $UID = 64997;

plan skip_all => 'not root: a user of its own is needed' unless is_root();
plan skip_all => 'setpriv is not installed' unless which('setpriv');

my $objdir = $ENV{OBJDIR} || '.obj';
my $inflight = "$objdir/regress/chaos/inflight";
my @user = ('setpriv', "--reuid=$UID", "--regid=$UID", '--clear-groups', '--');

# leftovers: each command leaves one behind that would have 5,000 in flight.
sub leftovers {
	my ($what, @as) = @_;
	my $t = Msmtpd::Test->new;
	my $out = $t->dir . '/out';
	chmod 0777, $out or die $!;
	system('install', '-m', '755', $inflight, $t->dir . '/inflight') == 0
	    or die;
	my $leaves = $t->script(<<"END");
my \$file = "$out/leftover-\$\$";
if (!fork) {
	open STDOUT, '>', \$file or die;
	open STDERR, '>&', \\*STDOUT or die;
	exec '$t->{dir}/inflight', 5000;
}
select undef, undef, undef, 0.01 until -s \$file;
END
	my @pids;
	for my $start (1, 2) {
		$t->start(@as ? { as => \@as } : (), "--command=$leaves");
		my $c = $t->client;
		$c->cmd('EHLO x');
		like($c->mail, qr/^250/, "$what, start $start: mail $_")
		    for 1 .. 4;
		is(status_of($t->stop), 'exit 0', "$what: stopped");
		unlike($t->log, qr/in flight/, "$what: nothing has waited");
	}
	my $most = 0;
	for (glob "$out/leftover-*") {
		my ($pid, $n) = slurp($_) =~ /^(\d+): (\d+) of \d+$/ or
		    die slurp($_);
		push @pids, $pid;
		$most = $n if $n > $most;
	}
	cmp_ok($most, '>', 1000, "$what: one of 8 leftovers has $most");
	cmp_ok($most, '<', 2000, "$what: and no more");
	kill 'KILL', @pids;
	return $t;
}

leftovers('two users');
my $t = leftovers('one user', @user);

# Another program of that user, which no limit of ours holds.
$t->start({ as => \@user }, '--command=' . $t->filer);
my $pid = open my $fh, '-|', 'sh', '-c', 'ulimit -n 8000 && exec "$@"', 'sh',
    @user, $t->dir . '/inflight', 8000 or die $!;
like(scalar <$fh>, qr/: 8000 of /, 'another program has 8,000 in flight');
my $c = $t->client;
$c->cmd('EHLO x');
$c->mail(no_wait => 1);
$t->wait_log(qr/^msmtpd: front: deliver: messages wait: processes of this user have more descriptors in flight/m);
pass('the log says why a mail waits');
kill 'KILL', $pid;
close $fh;
like($c->reply, qr/^250/, 'and it is delivered afterwards');
is(status_of($t->stop), 'exit 0', 'stopped');
done_testing();
