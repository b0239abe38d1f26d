#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What the daemon says of itself and of its client: --hostname, --received,
# --no-smtputf8.

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

# --received: the three forms, with one recipient, of a client that has a name.
my %form = (
	full => qr/\AReceived:\ from\ client\.example\ \(\[127\.0\.0\.1\]\)
	    \ \((?:user|uid)=[^\s()]+\)\n
	    \tby\ host\.example\ with\ ESMTP\ id\ [0-9a-z.]+\n
	    \tfor\ <bob\@example\.net>;\n\t[^\n]+\ [-+]\d{4}\n\z/x,
	anonymous => qr/\AReceived:\ from\ unknown\n
	    \tby\ host\.example\ with\ ESMTP\ id\ [0-9a-z.]+;\n
	    \t[^\n]+\ [-+]\d{4}\n\z/x,
	none => qr/\A\z/,
);
my %content = (
	'a mail' => "Subject: x\n\nx\n",
	'a mail with a Received field' => "Received: from y by z; date\n\nx\n",
	'a mail without a header' => "\nx\n",
);
for my $form (sort keys %form) {
	$t->start($command, "--received=$form", '--hostname=host.example');
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	for my $what (sort keys %content) {
		like($c->mail(to => ['bob@example.net'],
		    data => $content{$what}), qr/^250/, "$form: $what");
		my $mail = filed();
		my $trace = substr $mail, 0, -length $content{$what}, '';
		is($mail, $content{$what}, "$form: its content");
		like($trace, $form{$form}, "$form: what is above it");
		next if $form eq 'none' || $what ne 'a mail';
		# The daemon knows its own field again.
		like($c->mail(data => "$trace$content{$what}"),
		    qr/^554 5\.4\.6 /, "$form: a mail that comes back");
	}
	# The empty line in front of a text without header is there with and
	# without our field.
	like($c->mail(data => "text\n"), qr/^250/, "$form: a text");
	like(filed(), qr/(?:\A|\d\n)\ntext\n\z/, "$form: after an empty line");
	# The command always gets at least one octet to read.
	like($c->mail(data => ''), qr/^250/, "$form: an empty mail");
	my $mail = filed();
	isnt($mail, '', "$form: is not empty for the command");
	is($mail, "\n", "$form: it is an empty line") if $form eq 'none';
	$c->cmd('QUIT');
	is(status_of($t->stop), 'exit 0', 'stopped');
}

# --no-smtputf8: neither offered nor taken.
{
	$t->start($command, '--no-smtputf8');
	my $c = $t->client;
	unlike($c->cmd('EHLO client.example'), qr/UTF8/, 'not offered');
	like($c->cmd("MAIL FROM:<\xc3\xbc\@example.org>"), qr/^553 5\.6\.7 /,
	    'nor is a non-ASCII address taken');
	like($c->mail(data => "Subject: \xc3\xbc\n\nx\n"), qr/^250/,
	    'though a header is');
	$c->cmd('QUIT');
	is(status_of($t->stop), 'exit 0', 'stopped');
}

done_testing();
