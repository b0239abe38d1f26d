#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The replies of the verbs, in each state of a session.  Those of AUTH are in
# 72-auth.t, of limits in 73-limits.t, of the command's end in 93-manual.t.

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

# Before EHLO.
talk($c,
    'MAIL FROM:<a@example.org>' => qr/^503 5\.5\.1 /,
    'RCPT TO:<a@example.org>' => qr/^503 5\.5\.1 /,
    'DATA' => qr/^503 5\.5\.1 /,
    'NOOP' => qr/^250 2\.0\.0 /,
    'RSET' => qr/^250 2\.0\.0 /,
    'HELP' => qr/^214 2\.0\.0 /,
    'VRFY postmaster' => qr/^252 2\.5\.2 /,
    'EXPN staff' => qr/^502 5\.5\.1 /,
    'STARTTLS' => qr/^502 5\.5\.1 /,
    'BDAT 0 LAST' => qr/^502 5\.5\.1 /,
    'AUTH PLAIN' => qr/^502 5\.5\.1 /,
    '' => qr/^500 5\.5\.2 /,
    'FROB' => qr/^500 5\.5\.1 /,
    'EHLO ' . 'x' x 256 => qr/^501 5\.5\.4 /);

# What EHLO offers, and what not.
my (undef, @offers) = $c->cmd('EHLO client.example') =~
    /^250[- ](.*?)\r?$/mg;
is(join(' ', sort @offers),
    '8BITMIME ENHANCEDSTATUSCODES PIPELINING SIZE 52428800 SMTPUTF8',
    'what EHLO offers, all of it');

# In a session, not in a transaction.
talk($c,
    'RCPT TO:<a@example.org>' => qr/^503 5\.5\.1 /,
    'DATA' => qr/^503 5\.5\.1 /,
    'DATA now' => qr/^503 5\.5\.1 /,
    'RSET now' => qr/^501 5\.5\.4 /,
    'QUIT now' => qr/^501 5\.5\.4 /,
    'VRFY' => qr/^501 5\.5\.4 /,
    'MAIL' => qr/^501 5\.5\.4 /,
    'MAIL TO:<a@example.org>' => qr/^501 5\.5\.4 /,
    'MAIL FROM:<a@>' => qr/^553 5\.1\.7 /,
    'MAIL FROM:<-a@example.org>' => qr/^553 5\.1\.7 /,
    'MAIL FROM:<' . 'a' x 513 . '>' => qr/^553 5\.1\.7 /,
    "MAIL FROM:<\xc3\xbc\@example.org>" => qr/^553 5\.6\.7 /,
    "MAIL FROM:<\xfc\@example.org> SMTPUTF8" => qr/^553 5\.6\.7 /,
    'MAIL FROM:<a@example.org> SIZE=1 SIZE=1' => qr/^501 5\.5\.4 /,
    'MAIL FROM:<a@example.org> SIZE=x' => qr/^501 5\.5\.4 /,
    'MAIL FROM:<a@example.org> BODY=BINARYMIME' => qr/^501 5\.5\.4 /,
    'MAIL FROM:<a@example.org> SMTPUTF8=1' => qr/^501 5\.5\.4 /,
    'MAIL FROM:<a@example.org> RET=HDRS' => qr/^555 5\.5\.4 /,
    'MAIL FROM:<a@example.org> AUTH=<>' => qr/^555 5\.5\.4 /,
    'MAIL FROM:<a@example.org> SIZE=60000000' => qr/^552 5\.3\.4 /,
    'NOOP' . ' ' x 3000 => qr/^500 5\.5\.2 /,
    "NOOP \t" => qr/^250 2\.0\.0 /,
    "\tNOOP" => qr/^500 5\.5\.2 /,
    'MAIL FROM:"Printer" <a@example.org>' =>
    qr/^553 5\.1\.7 Only the address, without a name/,
    'MAIL FROM: BODY=8BITMIME SIZE=12345' => qr/^553 5\.1\.7 /,
    'MAIL FROM:root' => qr/^553 5\.1\.7 /,
    'MAIL FROM:<a@[IPv5:1.2.3.4]>' => qr/^553 5\.1\.7 /,
    'MAIL FROM:<a@[2001:db8::1]>' => qr/^553 5\.1\.7 /,
    "MAIL FROM:<a\@\xe2\x82\xac.example> SMTPUTF8" => qr/^553 5\.1\.7 /,
    'MAIL FROM:< >' => qr/^250 2\.1\.0 /,
    'RSET' => qr/^250 2\.0\.0 /);

# What is tolerated, and the transaction that none of the errors ends.
talk($c,
    'mail from: a@example.org' => qr/^250 2\.1\.0 /,
    'MAIL FROM:<a@example.org>' => qr/^503 5\.5\.1 /,
    'DATA' => qr/^503 5\.5\.1 /,
    'RCPT' => qr/^501 5\.5\.4 /,
    'RCPT FROM:<a@example.org>' => qr/^501 5\.5\.4 /,
    'RCPT TO:<>' => qr/^553 5\.1\.3 /,
    'RCPT TO:<a b@example.org>' => qr/^553 5\.1\.3 /,
    'RCPT TO:<-a@example.org>' => qr/^553 5\.1\.3 /,
    'RCPT TO:<' . 'a' x 513 . '>' => qr/^553 5\.1\.3 /,
    "RCPT TO:<\xc3\xbc\@example.org>" => qr/^553 5\.6\.7 /,
    'RCPT TO:<a@example.org> NOTIFY=NEVER' => qr/^555 5\.5\.4 /,
    'RCPT TO:<a@example.org> =' => qr/^501 5\.5\.4 /,
    'STARTTLS' => qr/^502 5\.5\.1 /,
    'FROB' => qr/^500 5\.5\.1 /,
    'RCPT TO: NOTIFY=NEVER' => qr/^553 5\.1\.3 /,
    'RCPT TO:A Name <a@example.org>' =>
    qr/^553 5\.1\.3 Only the address, without a name/,
    'Rcpt To :<root>' => qr/^250 2\.1\.5 /,
    "RCPT TO:<a..b\@example.org.>\t" => qr/^250 2\.1\.5 /,
    'DATA now' => qr/^501 5\.5\.4 /,
    'DATA ' => qr/^354 /);
like($c->content("Subject: x\n\nx\n"), qr/^250 2\.0\.0 /,
    'after all of that, a mail');
like($c->mail(data => "Received: x\n" x 100), qr/^554 5\.4\.6 /,
    'one that loops');
like($c->mail(data => "received: x\n" x 99 . "\nReceived: x\n"), qr/^250 /,
    'one that does not yet');

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

# The end of the service, for who is idle.
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
