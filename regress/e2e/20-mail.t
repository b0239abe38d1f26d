#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The way of a mail: arguments, content, exit status to reply, what the command prints.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Net::SMTP;
use Msmtpd::Clients qw(untrace);
use Msmtpd::Test qw(status_of);
use Test::More;

my $t = Msmtpd::Test->new;
$t->start('--command=' . $t->filer . ' -f %F --');

# The mail of the last transaction, which is then forgotten.
sub filed {
	my @mails = $t->mails;
	is(scalar @mails, 1, 'one mail, one run of the command');
	$t->forget_mails;
	return $mails[0];
}

# A client that others have written: Net::SMTP.
{
	my $smtp = Net::SMTP->new('127.0.0.1', Port => $t->port,
	    Hello => 'net-smtp.example', Timeout => $Msmtpd::Test::DEADLINE);
	ok($smtp, 'Net::SMTP connects') or $t->trouble('no greeting');
	ok($smtp->mail('alice@example.org'), 'MAIL');
	ok($smtp->recipient(qw(bob@example.net carol@example.com)), 'RCPT');
	ok($smtp->data("From: alice\@example.org\n", "Subject: hello\n", "\n",
	    ".\n", "..\n", ".dot\n", "text\n"), 'DATA');
	ok($smtp->quit, 'QUIT');
	my $m = filed();
	is_deeply($m->{args}, [qw(-f alice@example.org -- bob@example.net
	    carol@example.com)], 'sender in its place, recipients appended');
	my ($rest, $trace) = untrace($m->{mail});
	ok($trace, 'a Received field comes first');
	like($trace, qr/from net-smtp\.example \(.*127\.0\.0\.1.*\)/s,
	    'it names the client');
	like($trace, qr/with ESMTP id \S+/s, 'protocol and id');
	unlike($trace, qr/ for /, 'no recipient where there are two');
	like($trace, qr/;\s+\w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d [-+]\d{4}/,
	    'a date');
	is($rest, "From: alice\@example.org\nSubject: hello\n\n" .
	    ".\n..\n.dot\ntext\n", 'the content, octet by octet');
}

# The null reverse-path; one recipient; HELO.
{
	my $c = $t->client;
	$c->cmd('HELO plain.example');
	like($c->mail(from => '', to => ['bob@example.net']), qr/^250/,
	    'a bounce');
	$c->cmd('QUIT');
	my $m = filed();
	is_deeply($m->{args}, [qw(-f MAILER-DAEMON -- bob@example.net)],
	    'the null sender is MAILER-DAEMON');
	like($m->{mail}, qr/with SMTP id \S+\s+for <bob\@example\.net>/,
	    'SMTP, and the recipient, where it is one');
}

# Several in one session; addresses that a shell would mangle.
{
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	my @odd = ('a|b@example.org', 'a`id`$HOME@example.org',
	    '"a b;c"@example.org', "o'brien\@example.org", 'x*?@example.org');
	for my $address (@odd) {
		like($c->mail(from => $address, to => [$address]), qr/^250/,
		    "$address accepted");
		is_deeply(filed()->{args}, ['-f', $address, '--', $address],
		    "$address reaches the command as it is");
	}
	like($c->mail(from => '-oQ/tmp@example.org'), qr/^5/,
	    'a sender that begins with a dash is refused');
	$c->cmd('RSET');
	like($c->mail(to => ['-bs@example.org']), qr/^5/,
	    'a recipient that begins with a dash is refused');
	$c->cmd('QUIT');
	is(scalar $t->mails, 0, 'and no command was run for them');
}

# Octets: 8 bit, NUL, long lines, an empty message; 1 MiB.
{
	my %content = (
		'8 bit' => join('', map { chr } 128 .. 255) . "\n",
		'NUL' => "a\0b\n",
		'a line of 100,000' => 'x' x 100_000 . "\n",
		'1 MiB' => ("0123456789abcde\n" x 65536),
		'empty lines' => "\n\n\n",
	);
	for my $name (sort keys %content) {
		like($t->send(data => $content{$name}), qr/^250/, $name);
		my $m = filed();
		my ($rest) = untrace($m->{mail});
		# A message without a header gets the empty line that ends one.
		my $want = $content{$name} =~ s/\A(?!\n)/\n/r;
		ok($rest eq $want, "$name: arrives unchanged");
	}
}

# A client that goes away before the final dot leaves nothing.
{
	my $c = $t->client;
	$c->cmd('EHLO gone.example');
	$c->cmd('MAIL FROM:<a@example.org>');
	$c->cmd('RCPT TO:<b@example.org>');
	like($c->cmd('DATA'), qr/^354/, 'DATA');
	$c->put("Subject: half\r\n\r\nhalf a mail\r\n");
	$c->close;
	$t->wait_log(qr/gone\.example|session.*(?:closed|lost|went|hung|gone)/);
	is(scalar $t->mails, 0, 'a truncated mail is never handed on');
}
is(status_of($t->stop), 'exit 0', 'stopped');
is(scalar $t->left, 0, 'no process is left');

# What the command prints goes to the log, made printable, and where it has
# succeeded never to the client; a flood of it does no harm.
my $noisy = $t->script(<<'END');
input();
$| = 1;
print "OUT one\nOUT \e[31mred\a\r\n";
print STDERR "ERR two\nERR no line end";
close STDOUT;
exit 0;
END
$t->start("--command=$noisy");
{
	my $c = $t->client;
	$c->cmd('EHLO x');
	like($c->mail, qr/\A250 [^\n]*\z/, 'one reply, of one line');
	is($c->cmd('NOOP') =~ /^250 /, 1, 'and nothing but it');
	$c->cmd('QUIT');
	ok($c->at_end, 'nothing follows');
}
$t->wait_log(qr/$_/) for 'OUT one', 'ERR two', 'ERR no line end';
pass('standard output and standard error are in the log');
unlike($t->log, qr/[^\n\x20-\x7e]/, 'the log is printable');
like($t->log, qr/OUT .*red/, 'what was not is encoded');
is(status_of($t->stop), 'exit 0', 'stopped');

my $flood = $t->script('input(); print "FLOOD " x 20, "\n" for 1 .. 40000;' .
    'print "x" x 5_000_000; exit 0;');
$t->start("--command=$flood");
like($t->send, qr/^250/, 'a command that prints 10 MB: the mail is delivered');
cmp_ok(length $t->log, '<', 2_000_000, 'and the log is bounded');
is(scalar(grep { length > 1000 } split /\n/, $t->log), 0,
    'no line is longer than 1,000 octets');
is(status_of($t->stop), 'exit 0', 'stopped');

done_testing();
