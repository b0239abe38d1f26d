#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The wall clock is set back, again and again: no time-out, no delivery and no
# mail's name depends on it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

BEGIN {
	my $dir = $ENV{OBJDIR} || "$FindBin::Bin/../../.obj";
	$ENV{MSMTPD} = "$dir/regress/chaos/msmtpd-clock";
}
use Msmtpd::Test qw(is_root slurp status_of);
use Test::More;
use Time::HiRes qw(time);

plan skip_all => "$ENV{MSMTPD} is not built (make tests)"
    unless -x $ENV{MSMTPD};

my $t = Msmtpd::Test->new;
my $log = is_root() ? $t->dir . '/log' : $t->dir . '/out/log';
my $command = $t->script(<<'END');
sleep 600 if $ARGV[0] =~ /^hang/;
file(input(), @ARGV);
END
$t->start({ log => $log }, "--log=$log", "--command=$command %F",
    '--command-timeout=5', '--timeout=10');

my $idle = $t->client;
my $start = time;
$idle->cmd('EHLO idle.example');
my $c = $t->client;
$c->cmd('EHLO x');
is(scalar(grep { $c->mail =~ /^250/ } 1 .. 30), 30, 'mails are delivered');
# Clocks of two processes, the loop's in whole ms: hence a little less.
like($idle->reply, qr/^421 4\.4\.2/, 'an idle session is closed');
cmp_ok(time - $start, '>=', 9.9, 'but not before its time');
$start = time;
like($t->send(from => 'hang@example.org'), qr/^451/,
    'a command that hangs is ended');
cmp_ok(time - $start, '>=', 4.9, 'but not before its time');
is(status_of($t->stop), 'exit 0', 'stopped');

my $text = slurp($log);
my (%id, $back, $last);
for (split /\n/, $text) {
	my ($stamp) = /^(\S+)/;
	$back++ if defined $last && $stamp lt $last;
	$last = $stamp;
	$id{$1}++ if /mail id=(\S+) client=/;
}
cmp_ok($back, '>', 30, 'the clock was set back all the time');
is(scalar keys %id, 31, 'each mail has its name');
like(($t->mails)[0]{mail}, qr/^\tfor <.*;\n\t\w{3}, \d+ \w{3} \d{4} /m,
    'and its time');
done_testing();
