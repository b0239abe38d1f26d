#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# client, msmtpd, real msmtp, a second msmtpd, a file.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(untrace);
use Msmtpd::Test qw(spew status_of which);
use Test::More;

my $msmtp = which('msmtp');
plan skip_all => 'msmtp is not installed' unless $msmtp;

my $last = Msmtpd::Test->new;
$last->start('--command=' . $last->filer . ' -f %F --');

my $first = Msmtpd::Test->new;
my $rc = $first->dir . '/msmtprc';
spew($rc, "account default\nhost 127.0.0.1\nport " . $last->port .
    "\nauto_from off\ntls off\nauth off\n");
chmod 0644, $rc or die $!;
$first->start("--command=$msmtp -C $rc -f %F --");

# trip: what arrives, and in front of it the trace fields.
sub trip {
	my (%mail) = @_;
	like($first->send(%mail), qr/^250 2/, 'accepted')
	    or diag($first->log), return ('', '');
	my @mails = $last->mails;
	is(scalar @mails, 1, 'one mail arrives');
	$last->forget_mails;
	my ($rest, $trace) = untrace($mails[0]{mail},
	    $mail{traces} // 2);
	return ($rest, $trace, $mails[0]{args});
}

my $header = "From: Alice <alice\@example.org>\nTo: bob\@example.net\n" .
    "Message-ID: <1\@example.org>\n" .
    "Date: Thu, 1 Jan 2026 00:00:00 +0000\nSubject: round trip\n";
# Bodies of all kinds are 71-mixtures'; here it is the envelope and the traces.
{
	my $data = "$header\nhello\n.\n..\n" . join '', map { chr } 128 .. 255;
	my ($rest, $trace, $args) = trip(data => $data,
	    from => 'alice@example.org',
	    to => ['bob@example.net', 'carol@example.com']);
	ok($rest eq "$data\n", 'byte-equal') or
	    diag("got:\n" . substr($rest, 0, 2000));
	is(scalar(() = $trace =~ /^Received: /mg), 2, 'two traces');
	is_deeply($args, [qw(-f alice@example.org -- bob@example.net
	    carol@example.com)], 'the envelope');
}

# What msmtp documents that it changes: Date where there is none, which stands
# between the two Received fields then, and Bcc.
{
	my ($rest) = trip(traces => 1, data => "From: alice\@example.org\n" .
	    "Bcc: secret\@example.org\nSubject: x\n\nbody\n");
	unlike($rest, qr/^Bcc/m, 'msmtp takes Bcc away');
	like($rest, qr/^Date: /m, 'and adds a Date');
	like($rest, qr/\n\nbody\n\z/, 'the body is as it was');
}

# The null sender: msmtp -f MAILER-DAEMON sends it on as <>.
{
	my ($rest, $trace, $args) = trip(from => '', data => "$header\nx\n");
	is($args->[1], 'MAILER-DAEMON', 'the null sender, to the end');
}

# What the next hop refuses: EX_ codes by way of real msmtp.
is(status_of($last->stop), 'exit 0', 'the second is stopped');
like($first->send, qr/^451 4/, 'nobody listens there: try again later');
is(status_of($first->stop), 'exit 0', 'the first is stopped');
is(scalar $_->left, 0, 'no process is left') for $first, $last;
done_testing();
