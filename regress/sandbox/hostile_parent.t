#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# parent, and a front that an attacker has taken over: what is malformed or out
# of order ends the daemon, with the cause in its log; what is allowed does no
# more than it may, however often it comes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Hostile qw(hostile random_messages);
use Msmtpd::Test qw(proc_status status_of);
use Test::More;
use Time::HiRes qw(sleep time);

my $objdir = $ENV{OBJDIR} || '.obj';
my $hostile = "$objdir/regress/sandbox/hostile_front";
plan skip_all => "$hostile is not built" unless -x $hostile;

my $product = $ENV{MSMTPD} || "$FindBin::Bin/../../msmtpd/msmtpd";
my $sanitized = qx('$product' --print-sandbox) =~ /sanitizer: /;

sub start { return hostile($hostile, @_) }

# The control: this front can send what is allowed.
{
	my $t = start(1);
	$t->wait_log(qr/^msmtpd: front: honest$/m);
	pass('an honest line is logged');
	is(status_of($t->stop), 'exit 0', 'and the daemon stops as usual');
}

my @auth = ('--auth=user,echo secret');
# msg_test proves which process may send what, and imsg_test what a packet is.
# This test proves that parent checks it, and what only parent can check.
my @cases = (
	[3, 'IMSG_READY twice'], [5, 'IMSG_PONG unasked'],
	[6, 'a header too short'], [13, 'IMSG_CONFIG'],
	[25, 'a line of parent'], [40, 'IMSG_AUTH without --auth'],
	[40, 'IMSG_AUTH with --auth-any', '--auth-any'],
	[41, 'an assignment in IMSG_STATUS'],
	[44, 'IMSG_AUTH with a descriptor', @auth],
	[46, 'IMSG_AUTH_CANCEL without --auth'],
);
for my $case (@cases) {
	my ($number, $what, @options) = @$case;
	my $t = start($number, @options);
	is(status_of($t->wait_exit), 'exit 1', "$what: the daemon ends with 1");
	like($t->log, qr/^msmtpd: parent: front: /m,
	    "$what: the log says by whose fault");
	unlike($t->log, qr/forged/, "$what: nothing is forged");
	is(scalar(my @left = $t->left), 0, "$what: no process is left");
}

# Much of what is allowed: the parent takes no more than it can log, keeps its
# size and its descriptors, and hears the signal.
{
	my $what = 'a flood of lines';
	my $t = start(2);
	my $size = sub { (proc_status($t->pid)->{VmRSS} || '') =~ /(\d+)/;
	    $1 };
	my $fds = sub { scalar(my @fds = glob "/proc/$t->{pid}/fd/*") };
	my ($before, $fds_before, $fds_max) = ($size->(), $fds->(), 0);
	$t->wait_log(qr/^msmtpd: front: flood$/m);
	my ($lines, $quiet) = (0, time);
	# Until nothing has come for two seconds.  The daemon drops lines for
	# which its log's reader is too slow, so a last line could be lost.
	while (time < $quiet + 2) {
		my $log = $t->log;
		$lines += () = $log =~ /^msmtpd: front: flood$/mg;
		$quiet = time if $log =~ /\n/;
		$t->{log} = $log =~ /([^\n]*)\z/ ? $1 : '';
		$fds_max = $fds->() if $fds->() > $fds_max;
		sleep 0.01;
	}
	cmp_ok($lines, '>', 0, "$what: $lines of them logged");
	SKIP: {
		skip 'a sanitizer keeps what is freed', 1 if $sanitized;
		cmp_ok($size->(), '<', $before + 4096, "$what: no growth");
	}
	# One may be on its way.
	cmp_ok($fds_max, '<=', $fds_before + 1, "$what: none is kept");
	is(status_of($t->stop), 'exit 0', "$what: stopped");
}

# Guesses of the password, 10,000 at once, without and with cancelling many of
# them: each session that there may be has one checked a second.
for my $guesses ([45, 'guesses of the password'], [49, 'cancelled guesses']) {
	my ($number, $what) = @$guesses;
	my $begin = time;
	my $t = start($number, @auth, '--max-sessions=20');
	$t->wait_log(qr/^msmtpd: front: wrong$/m);
	sleep 1;
	my $checked = () = $t->log =~ /^msmtpd: front: wrong$/mg;
	my $most = 20 * (1 + time - $begin);
	cmp_ok($checked, '<=', $most, "$what: no more than the penalty " .
	    "allows: $checked");
	unlike($t->log, qr/front: right/, "$what: none was right");
	$t->signal('TERM');
	is(status_of($t->wait_exit), 'exit 0', "$what: it ends");
	unlike($t->log, qr/secret|guess/, "$what: no password is in the log");
}

random_messages($hostile, sub { sleep 0.02 }, 1000 .. 1049);

done_testing();
