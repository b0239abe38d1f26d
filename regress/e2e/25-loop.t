#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# A mail that comes back to the daemon that has sent it is refused, and takes
# no place among the deliveries.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(untrace);
use Msmtpd::Test qw(spew status_of which);
use Test::More;

my $msmtp = which('msmtp');
my $t = Msmtpd::Test->new;
my $body = "Subject: test\n\nbody\n";

# The field as a command gets it.
$t->start('--command=' . $t->filer);
like($t->send(to => ['b@example.org'], data => $body), qr/^250/, 'a mail');
my (undef, $field) = untrace(($t->mails)[0]{mail});
my ($id) = $field =~ /\bid (\S+)/;
$t->forget_mails;

sub comes_back {
	my ($data, $what) = @_;
	like($t->send(data => $data),
	    qr/^554 5\.4\.6 The mail has been here before, a loop\b/,
	    "554 5.4.6: $what");
	is(scalar $t->mails, 0, 'no command is run');
}

comes_back($field . $body, 'our own field');
$t->wait_log(qr/loop: mail id=\Q$id\E has come back/);
$t->wait_log(qr/mail id=\S+ client=\S+ \S+ reply=554 command=none/);
pass('the log has the loop, and the mail');
comes_back("Received: from mx.example (mx.example [192.0.2.1])\n" .
    "\tby relay.example (Postfix) with ESMTP id 4711\n" . $field . $body,
    'below the field of another host');
comes_back($field =~ s/\n\t/ /gr . $body, 'on one line');
comes_back($field =~ s/\n/\r\n/gr . $body . 'x' x 1_000_000,
    'before much more');

for ([$field =~ s/\bby \S+/by other.example/r, "another host's id"],
    [$field =~ s/\bid \S/id x/r, "another daemon's"],
    [$field =~ s/^Received/X-Received/r, 'another field'],
    ["\n$field", 'text']) {
	like($t->send(data => $_->[0] . $body), qr/^250/, "250: $_->[1]");
	is(scalar $t->mails, 1, 'it is delivered');
	$t->forget_mails;
}
is(status_of($t->stop), 'exit 0', 'stopped');

# The field of an earlier start.
$t->start('--command=' . $t->filer);
like($t->send(data => $field . $body), qr/^250/,
    '250: started again, the daemon does not know it');
is(scalar $t->mails, 1, 'it is delivered');
is(status_of($t->stop), 'exit 0', 'stopped');

SKIP: {
	skip 'msmtp is not installed', 1 unless $msmtp;
	subtest('msmtp sends to our own port', \&own_port);
	subtest('and by way of another daemon', \&by_another);
}
done_testing();

# loop_reply: what the first client hears: the words of the daemon that has
# refused the mail, and the ids that the mail has had, n of them, its own last.
sub loop_reply {
	my ($n) = @_;
	my $id = qr/[0-9a-z]+\.[0-9a-z]+\.[0-9a-z]+/;
	my $text = 'The mail has been here before, a loop';
	return qr/\A554 5\.4\.6 $text(?:, id=$id){$n}\z/;
}

# msmtprc: a file that has msmtp send to this port.
sub msmtprc {
	my ($daemon, $port) = @_;
	my $rc = $daemon->dir . '/msmtprc';
	spew($rc, "account default\nhost 127.0.0.1\nport $port\ntls off\n" .
	    "auth off\n");
	chmod 0644, $rc or die $!;
}

sub msmtp {
	my ($daemon) = @_;
	return "--command=$msmtp -C " . $daemon->dir . '/msmtprc -f %F --';
}

# There is one place, in which the command of the first mail waits for the
# answer to the second.
sub own_port {
	$t->start(msmtp($t), '--max-deliveries=1');
	msmtprc($t, $t->port);
	like($t->send, loop_reply(2), 'the client hears of it');
	$t->wait_log(qr/loop: mail id=\S+\.1\.1 has come back/);
	my $failed = loop_reply(2);
	my @clients = map { $t->client } 1 .. 20;
	for my $c (@clients) {
		$c->cmd('EHLO client.example');
		$c->mail(no_wait => 1);
	}
	my @replies = map { $_->reply } @clients;
	is(scalar(grep { $_ =~ $failed } @replies), 20,
	    'each of 20 clients at a time') or diag(explain(\@replies));
	$_->cmd('QUIT') for @clients;
	is(status_of($t->stop), 'exit 0', 'stopped');
	my @loops = $t->log =~ /loop: mail id=(\S+) has come back/g;
	my %seen = map { $_ => 1 } @loops;
	is(scalar @loops, 21, '21 mails came back');
	is(scalar keys %seen, 21, 'each once');
	is(scalar $t->left, 0, 'no process is left');
}

sub by_another {
	my $other = Msmtpd::Test->new;
	$t->start(msmtp($t), '--max-deliveries=1');
	$other->start(msmtp($other), '--max-deliveries=1');
	msmtprc($t, $other->port);
	msmtprc($other, $t->port);
	like($t->send, loop_reply(3), 'the client hears of it');
	$t->wait_log(qr/loop: mail id=\S+\.1\.1 has come back/);
	is(status_of($_->stop), 'exit 0', 'stopped') for $t, $other;
	is(scalar(() = $other->log =~ /mail id=\S+ client=/g), 1,
	    'the other one has had it once');
}
