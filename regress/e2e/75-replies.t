#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The replies as a client gets them: the greeting, what EHLO offers, a session
# with errors and a mail, and the end of the service.  Each reply in each state
# is smtp_matrix_test's and smtp_test's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(talk);
use Msmtpd::Test;
use Test::More;

my $t = Msmtpd::Test->new;
$t->start('--command=' . $t->filer, '--max-errors=1000', '--max-size=50M');

my $c = $t->client;
like($c->greeting, qr/^220 \S+ ESMTP /, 'the greeting');
unlike($c->greeting, qr/^220 \d\.\d\.\d/, 'has no enhanced code');

# What EHLO offers, and what not.
my (undef, @offers) = $c->cmd('EHLO client.example') =~
    /^250[- ](.*?)\r?$/mg;
is(join(' ', sort @offers),
    '8BITMIME ENHANCEDSTATUSCODES PIPELINING SIZE 52428800 SMTPUTF8',
    'what EHLO offers, all of it');

# None of these errors ends the transaction.
talk($c,
    'mail from: a@example.org' => qr/^250 2\.1\.0 /,
    'MAIL FROM:<a@example.org>' => qr/^503 5\.5\.1 /,
    'DATA' => qr/^503 5\.5\.1 /,
    'RCPT TO:<>' => qr/^553 5\.1\.3 /,
    'STARTTLS' => qr/^502 5\.5\.1 /,
    'FROB' => qr/^500 5\.5\.1 /,
    'Rcpt To :<root>' => qr/^250 2\.1\.5 /,
    'DATA ' => qr/^354 /);
like($c->content("Subject: x\n\nx\n"), qr/^250 2\.0\.0 /,
    'after all of that, a mail');

# Greeting again ends the transaction.
talk($c,
    'MAIL FROM:<a@example.org>' => qr/^250 /,
    'EHLO again' => qr/^250/,
    'RCPT TO:<a@example.org>' => qr/^503 /,
    'MAIL FROM:<a@example.org>' => qr/^250 /,
    'RSET' => qr/^250 /,
    'DATA' => qr/^503 /,
    'HELO' => qr/^250 \S+\z/,
    'QUIT' => qr/^221 2\.0\.0 /);
ok($c->at_end, 'and the connection is closed');

# An idle client hears that the service ends.
{
	my $idle = $t->client;
	like($idle->cmd('EHLO client.example'), qr/^250/, 'EHLO');
	$t->signal('TERM');
	like($idle->reply, qr/^421 4\.3\.2 /, 'shutdown: 421');
	is($t->wait_exit, 0, 'the daemon ends with 0');
}

# What follows QUIT is not read; the reply is not lost by that.
{
	my $late = Msmtpd::Test->new;
	$late->start('--command=' . $late->filer);
	my $c = $late->client;
	$c->cmd('EHLO client.example');
	$c->put("QUIT\r\n" . "NOOP\r\n" x 5000);
	my ($all, $got) = ('');
	1 while $got = sysread $c->fh, $all, 65536, length $all;
	ok(defined $got, 'QUIT and more: the connection is closed, not reset')
	    or diag("$!");
	is($all, "221 2.0.0 Bye\r\n", 'QUIT and more: 221 is all');
	is($late->stop, 0, 'the daemon ends with 0');
}

done_testing();
