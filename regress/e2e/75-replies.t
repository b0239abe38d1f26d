#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Every reply that a client can be given, from outside: those of the verbs
# and of the command's end here, those of limits in 73-limits.t, of AUTH in
# 72-auth.t; and none that the sources have is left out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(talk);
use Msmtpd::Test qw(slurp);
use Test::More;

my $t = Msmtpd::Test->new;
my $command = $t->script('input(); sleep 1000 if $ARGV[0] =~ /^slow/;' .
    'exit $1 if $ARGV[0] =~ /^exit(\d+)/; kill 9, $$ if $ARGV[0] =~ /^kill/;');
$t->start("--command=$command %F", '--max-errors=1000');

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
    "NOOP \t" => qr/^500 5\.5\.2 /);

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
    'Rcpt To:root' => qr/^250 2\.1\.5 /,
    'DATA now' => qr/^501 5\.5\.4 /,
    'DATA ' => qr/^354 /);
like($c->content("Subject: x\n\nx\n"), qr/^250 2\.0\.0 /,
    'after all of that, a mail');
like($c->mail(data => "Received: x\n" x 100), qr/^554 5\.4\.6 /,
    'one that loops');
like($c->mail(data => "received: x\n" x 99 . "\nReceived: x\n"), qr/^250 /,
    'one that does not yet');

# What the command says; the table of the manual.
my %exit = (
	64 => qr/^554 5\.3\.5 /, 65 => qr/^554 5\.6\.0 /,
	66 => qr/^554 5\.3\.0 /, 67 => qr/^554 5\.1\.1 /,
	68 => qr/^451 4\.4\.4 /, 69 => qr/^451 4\.3\.0 /,
	70 => qr/^554 5\.3\.0 /, 71 => qr/^451 4\.3\.0 /,
	72 => qr/^554 5\.3\.5 /, 73 => qr/^554 5\.3\.0 /,
	74 => qr/^554 5\.3\.0 /, 75 => qr/^451 4\.3\.0 /,
	76 => qr/^554 5\.5\.0 /, 77 => qr/^554 5\.7\.0 /,
	78 => qr/^554 5\.3\.5 /, 1 => qr/^554 5\.3\.0 /,
);
for my $status (sort keys %exit) {
	like($c->mail(from => "exit$status\@example.org"), $exit{$status},
	    "exit status $status");
}
like($c->mail(from => 'kill@example.org'), qr/^451 4\.3\.0 /, 'a signal');

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

# The end of the service: 421 to who is idle, 451 to who waits for a command
# that does not end.
{
	my ($idle, $busy) = map { $t->client } 1, 2;
	$idle->cmd('EHLO client.example');
	$busy->cmd('EHLO client.example');
	$busy->mail(from => 'slow@example.org', no_wait => 1);
	# The mail was there before this.
	$idle->cmd('NOOP');
	$t->signal('TERM');
	like($idle->reply, qr/^421 4\.3\.2 /, 'shutdown: 421 to who is idle');
	$t->signal('TERM');
	like($busy->reply, qr/^451 4\.3\.2 /, 'shutdown: 451 to who waits');
	like($busy->reply, qr/^421 4\.3\.2 /, 'and then 421');
	$_->close for $idle, $busy;
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

# Each reply of the sources is demanded by a test.
my %in_source;
for my $file (glob "$FindBin::Bin/../../msmtpd/*.c $FindBin::Bin/../../msmtpd/*/*.c") {
	my $text = slurp($file);
	$in_source{"$1 $2"} = 1
	    while $text =~ /"(\d{3}) (\d\.\d\.\d)[ "]/g;
	$in_source{"$1 $2"} = 1 while $text =~ /\{ (\d{3}), "(\d\.\d\.\d)",/g;
	$in_source{"421 $1"} = 1
	    while $text =~ /smtp_close\([^;]*?"(4\.\d\.\d)"/g;
}
cmp_ok(scalar keys %in_source, '>', 30, 'replies are found in the sources');
my $tests = join '', map { slurp($_) } glob "$FindBin::Bin/7[2-5]-*.t";
$tests =~ s/\\//g;
is(join(', ', sort grep { index($tests, "^$_") < 0 } keys %in_source), '',
    'and none is left out by the tests');
done_testing();
