#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The last lines that a process logs before it ends arrive, although their
# reader has not read for a while: parent's in the log, and deliver's at
# parent.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

BEGIN {
	my $dir = $ENV{OBJDIR} || "$FindBin::Bin/../../.obj";
	$ENV{MSMTPD} = "$dir/regress/chaos/msmtpd-patient";
}
use Errno qw(EAGAIN);
use IO::Socket::IP;
use Msmtpd::Chaos qw(kin);
use Msmtpd::Test qw(slurp status_of);
use POSIX qw(dup2 :sys_wait_h);
use Socket qw(AF_UNIX PF_UNSPEC SOCK_SEQPACKET);
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => "$ENV{MSMTPD} is not built (make tests)"
    unless -x $ENV{MSMTPD};

# fill: write until nobody takes more; returns how often.
sub fill {
	my ($fh, $octets) = @_;
	my $n = 0;
	$fh->blocking(0);
	$n++ while syswrite $fh, 'x' x $octets;
	die "fill: $!" if $! != EAGAIN;
	$fh->blocking(1);
	return $n;
}

my $t = Msmtpd::Test->new;

# The parent: it cannot start, and standard error is full.
my $taken = IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 1)
    or die "listen: $@";
pipe my $r, my $w or die $!;
fill($w, 4096);
fill($w, 1);
my $pid = fork // die $!;
if ($pid == 0) {
	dup2(fileno $w, 2);
	exec $t->bin, $t->root_options, '--port=' . $taken->sockport,
	    '--command=' . $t->filer or POSIX::_exit(126);
}
close $w;
sleep 1;
is(waitpid($pid, WNOHANG), 0, 'the parent waits for the reader of its log');
my $text = do { local $/; <$r> };
like($text, qr/^x+msmtpd: cannot listen on 127\.0\.0\.1 port \d+: /,
    'who hears why it ends');
waitpid $pid, 0;
is(status_of($?), 'exit 71', 'it ends');

# deliver: the parent is stopped, and more lines wait than their socket holds;
# or even more than the queue does.
my $len = 700;
my $command = $t->script(<<"END");
my (\$first, \$n) = \$ARGV[0] =~ /^(\\d+)\\.(\\d+)\@/;
printf "line %d %s\\n", \$_, 'x' x $len for \$first .. \$first + \$n - 1;
END
socketpair my $s1, my $s2, AF_UNIX, SOCK_SEQPACKET, PF_UNSPEC or die $!;
my $held = fill($s1, $len + 70);	# with what stands before a line

sub last_words {
	my ($name, $more) = @_;
	my $lines = $held + $more;
	my $log = ($> == 0 ? $t->dir : $t->dir . '/out') . "/log-$more";
	$t->start({ log => $log }, "--log=$log", "--command=$command %F");
	my ($parent, $front, $deliver) = kin($t->pid);
	my $c = $t->client;
	$c->cmd('EHLO x');
	kill 'STOP', $parent or die $!;
	my ($said, $wrong) = (0, 0);
	while ($said < $lines) {
		my $n = $lines - $said < 50 ? $lines - $said : 50;
		$wrong++ if $c->mail(from => "$said.$n\@example.org") !~
		    /^250/;
		$said += $n;
	}
	is($wrong, 0, "$name: mails are delivered meanwhile");
	unlike(slurp($log), qr/command: line/, "$name: none has been heard");
	kill 'KILL', $front or die $!;
	sleep 1;
	like(slurp("/proc/$deliver/stat"), qr/^\d+ \(.*\) [RS]/,
	    "$name: deliver, which ends, waits for the parent");
	kill 'CONT', $parent or die $!;
	is(status_of($t->wait_exit), 'exit 1', "$name: the daemon ends");
	my $text = $t->log;
	like($text, qr/front \(pid $front\) was killed by signal 9/,
	    "$name: and names the cause");
	my @heard = $text =~ /command: line (\d+) x+$/gm;
	is_deeply(\@heard, [0 .. $#heard], "$name: each line once, in order");
	my $lost = 0;
	$lost += $1 while $text =~ /deliver: (\d+) log lines were lost/g;
	is(@heard + $lost, $lines, "$name: what is lost is counted");
	return $lost;
}

is(last_words('some', 30), 0, 'some: none is lost');
cmp_ok(last_words('too many', 300), '>', 0, 'too many: some are lost');
done_testing();
