#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# AUTH by clients that do not wait for the answer.  Answers come a second late
# after a failure; who goes away before must not leave the parent with more
# questions than it can bear.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Msmtpd::Test qw(eventually status_of);
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;

my $t = Msmtpd::Test->new;

sub plain { return 'AUTH PLAIN ' . encode_base64("\0$_[0]\0$_[1]", '') }

# right: a login with the right password, by whom no guesser is in the way.
sub right {
	my ($name) = @_;
	my $reply;
	ok(eventually {
		my $c = eval { $t->client } or return 0;
		return 0 if $c->greeting !~ /^220/;
		$c->cmd('EHLO x');
		$reply = $c->cmd(plain('user', 'secret'));
		$reply =~ /^235/ && $c->mail =~ /^250/;
	}, "$name: the right password, and a mail") or diag($reply // '');
}

$t->start('--command=' . $t->filer, "--auth=user,echo secret",
    '--max-sessions=5');
for my $n (1 .. 60) {
	my $c = eval { $t->client(quiet => 1) } or last;
	$c->put("EHLO x\r\n" . plain('user', "guess-$n") . "\r\n");
	# Its question is asked, then.
	$c->reply for 1 .. 2;
	setsockopt $c->fh, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) or die $!;
	$c->close;
}
right('guessers that hang up');
is(status_of($t->stop), 'exit 0', 'guessers that hang up: exit 0');

# A time-out not much longer than the delay.
$t->start('--command=' . $t->filer, "--auth=user,echo secret",
    '--timeout=3');
{
	my $c = $t->client;
	$c->cmd('EHLO x');
	like($c->cmd(plain('user', 'guess')), qr/^535/, 'a guess: 535');
}
right('--timeout=3');
is(status_of($t->stop), 'exit 0', '--timeout=3: exit 0');
done_testing();
