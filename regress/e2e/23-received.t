#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What the daemon says of itself: --hostname.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(untrace);
use Msmtpd::Test qw(status_of);
use Test::More;

my $t = Msmtpd::Test->new;
my $command = '--command=' . $t->filer;

# filed: the mail of the last transaction, which is then forgotten.
sub filed {
	my @mails = $t->mails;
	is(scalar @mails, 1, 'one mail, one run of the command');
	$t->forget_mails;
	return $mails[0]{mail};
}

# --hostname: in greeting, in the replies to EHLO and HELO, in Received, and
# in the reply with which a session is ended.
{
	my $name = 'Mail-1.example.org';
	$t->start($command, "--hostname=$name", '--max-errors=1');
	my $c = $t->client;
	is($c->greeting, "220 $name ESMTP msmtpd", 'the greeting');
	like($c->cmd('HELO client.example'), qr/^250 \Q$name\E$/, 'HELO');
	like($c->cmd('EHLO client.example'), qr/\A250-\Q$name\E\s/, 'EHLO');
	like($c->mail(data => "Subject: x\n\nx\n"), qr/^250/, 'a mail');
	my ($rest, $trace) = untrace(filed());
	like($trace, qr/\sby \Q$name\E with ESMTP id /, 'Received');
	like($c->cmd('FOO'), qr/^421 4\.7\.0 \Q$name\E /, 'and the last reply');
	is(status_of($t->stop), 'exit 0', 'stopped');
}

done_testing();
