#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# front and parent, and a deliver that an attacker has taken over: what is
# malformed or out of order ends the daemon, with the cause in its log, and no
# client is told 250 by it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Hostile qw(hostile random_messages);
use Msmtpd::Test qw(status_of);
use Test::More;

my $objdir = $ENV{OBJDIR} || '.obj';
my $hostile = "$objdir/regress/sandbox/hostile_deliver";
plan skip_all => "$hostile is not built" unless -x $hostile;

sub start { return hostile($hostile, @_) }

# The control: this deliver can send what is allowed.
{
	my $t = start(1);
	$t->wait_log(qr/^msmtpd: deliver: honest$/m);
	pass('an honest line is logged');
	is(status_of($t->stop), 'exit 0', 'and the daemon stops as usual');
	$t = start(50);
	like($t->send, qr/^250/, 'an honest result: 250');
	is(status_of($t->stop), 'exit 0', 'and the daemon stops as usual');
	$t = start(60);
	like($t->send, qr/^550 5\.1\.1 no, id=/, 'honest words are told');
	is(status_of($t->stop), 'exit 0', 'and the daemon stops as usual');
}

# msg_test proves which process may send what, and imsg_test what a packet is.
# This test proves that parent and front check it, and what only they can
# check.
for my $case ([2, 'IMSG_READY twice'], [3, 'IMSG_PONG unasked'],
    [4, 'IMSG_AUTH'], [8, 'a line of front'], [9, 'a socket that lingers'],
    [10, 'several that linger']) {
	my ($number, $what) = @$case;
	my $t = start($number);
	is(status_of($t->wait_exit), 'exit 1',
	    "to parent: $what: the daemon ends with 1");
	like($t->log, qr/^msmtpd: parent: deliver: /m,
	    "to parent: $what: the log says by whose fault");
	unlike($t->log, qr/forged/, "to parent: $what: nothing is forged");
	is(scalar(my @left = $t->left), 0,
	    "to parent: $what: no process is left");
}

# Of a result that is well-formed and comes twice, the first one counts.
for my $case ([51, 'a result twice', qr/^250/], [52, 'of no mail'],
    [53, 'of no slot'], [54, 'with a socket that lingers'],
    [55, 'with several that linger'], [56, 'with a descriptor'], [59, 'exit status 256'],
    [61, 'words with a line end'],
    [65, 'an unknown type'], [66, 'a header too short']) {
	my ($number, $what, $reply) = @$case;
	my $t = start($number);
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	# front ends, and clients that wait get no reply.
	my $got = $c->mail;
	like($got, $reply ? qr/^250|^\z/ : qr/^\z/, "to front: $what: no 250");
	is(status_of($t->wait_exit), 'exit 1',
	    "to front: $what: the daemon ends with 1");
	like($t->log, qr/^msmtpd: front: deliver: /m,
	    "to front: $what: the log says by whose fault");
	is(scalar(my @left = $t->left), 0,
	    "to front: $what: no process is left");
}

random_messages($hostile, sub {
	my ($t) = @_;
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	$c->mail(no_wait => 1);
	$c->at_end;
}, 1000 .. 1049);

done_testing();
