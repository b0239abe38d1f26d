#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# deliver, and a front that an attacker has taken over: deliver refuses the mail
# or ends; it never runs a command with an argument that is no mailbox, never
# grows, and never hangs.  What deliver looks at is tried here once or twice, and
# in full by envelope_test (heads, addresses, descriptors), msg_test (who may
# say what) and imsg_test (packets).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Hostile qw(hostile random_messages);
use Msmtpd::Test qw(proc_status status_of);
use Test::More;
use Time::HiRes qw(sleep);

my $objdir = $ENV{OBJDIR} || '.obj';
my $hostile = "$objdir/regress/sandbox/hostile_front";
plan skip_all => "$hostile is not built" unless -x $hostile;

my $product = $ENV{MSMTPD} || "$FindBin::Bin/../../msmtpd/msmtpd";
my $sanitized = qx('$product' --print-sandbox) =~ /sanitizer: /;

sub start {
	return hostile($hostile, $_[0], '--max-deliveries=4',
	    '--max-recipients=100', '--max-size=1M');
}

# harmful: whether that argument could be no mailbox, whatever its grammar
# says; this is not the daemon's parser but the harm that one must keep out.
sub harmful {
	my ($s) = @_;
	return $s eq '' || length $s > 512 || $s =~ /^-|[\0-\x1f\x7f]/ ||
	    ($s !~ /^"/ && $s =~ /[ ,;<>()\\"]/);
}

# ran: how many commands have run; as a test, that none was given harm.
sub ran {
	my ($what, $t) = @_;
	my @mails = $t->mails;
	my @bad = grep { my ($f, undef, $dashes, @to) = @{$_->{args}};
	    $f ne '-f' || $dashes ne '--' || !@to ||
	    grep { harmful($_) } $_->{args}[1], @to } @mails;
	is(scalar @bad, 0, "$what: no argument is forbidden") or
	    diag(explain(\@bad));
	return scalar @mails;
}

# What ends deliver, and with it the daemon.
for my $case ([102, 'an unsealed memfd'], [108, 'an option as recipient'],
    [110, 'a newline in a recipient'],
    [112, 'a recipient one octet too long'],
    [114, 'no such slot'], [120, 'half a header'], [142, 'IMSG_KILL'],
    [130, 'IMSG_RCPT first'], [131, 'a mail within a mail'],
    [132, 'a recipient of another mail'],
    [133, 'a recipient with a descriptor'],
    [134, 'more recipients than declared'],
    [135, 'a later recipient with a dash'],
    [138, '10 MB of recipients'], [139, 'a mail before IMSG_START'],
    [141, 'results that are never read']) {
	my ($number, $what) = @$case;
	my $t = start($number);
	is(status_of($t->wait_exit), 'exit 1', "$what: the daemon ends with 1");
	like($t->log, qr/^msmtpd: deliver: front: /m,
	    "$what: the log says by whose fault");
	is(ran($what, $t), 0, "$what: no command has run");
	is(scalar(my @left = $t->left), 0, "$what: no process is left");
}

# What does not.
for my $case ([100, 'an honest mail', qr/result \d+ 0$/m, 1],
    [101, 'no descriptor', qr/result \d+ \d+$/m, 0],
    [113, 'a recipient as long as can be', qr/result \d+ 0$/m, 1],
    [136, 'a later recipient', qr/result \d+ 0$/m, 1],
    [137, 'a mail that never ends', undef, 0]) {
	my ($number, $what, $result, $runs) = @$case;
	my $t = start($number);
	$t->wait_log(qr/^msmtpd: front: $result/m) if $result;
	is(status_of($t->stop), 'exit 0', "$what: the daemon stops as usual");
	is(ran($what, $t), $runs, "$what: $runs commands have run");
}

# Four hundred thousand messages that are all allowed.
{
	my $t = start(140);
	my $size = sub {
		(proc_status($_[0])->{VmRSS} || '') =~ /(\d+)/;
		return $1;
	};
	my $deliver = $t->proc('deliver');
	$t->wait_log(qr/^msmtpd: front: begun$/m);
	my $before = $size->($deliver);
	$t->wait_log(qr/^msmtpd: front: all sent$/m);
	$t->wait_log(qr/^msmtpd: front: result \d+ 0$/m);
	SKIP: {
		skip 'a sanitizer keeps what is freed', 1 if $sanitized;
		cmp_ok($size->($deliver), '<', $before + 4096,
		    'a flood: deliver has not grown');
	}
	is(ran('a flood', $t), 1, 'a flood: the mail after it is delivered');
	is(status_of($t->stop), 'exit 0', 'a flood: stopped');
}

my $runs = 0;
random_messages($hostile, sub {
	sleep 0.2;
	$runs += ran('random messages', $_[0]);
}, 5000 .. 5049);
cmp_ok($runs, '>', 0, "random messages: $runs are no worse than others");

done_testing();
