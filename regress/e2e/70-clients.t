#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Clients that others have written, as Debian ships them: each sends plain,
# 8-bit, UTF-8 addressed, large and multi-recipient mail, and what arrives is
# compared octet by octet.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Net::SMTP;
use Msmtpd::Clients qw(audit stopped untrace);
use Msmtpd::Test qw(python run slurp spew which);
use Test::More;

# curl and s-nail convert domains as the locale says.
$ENV{LC_ALL} = 'C.UTF-8';
delete @ENV{qw(MAILRC NAIL_EXTRA_RC http_proxy all_proxy)};
$ENV{HOME} = '/nonexistent';

my $t = Msmtpd::Test->new;
$t->start('--command=' . $t->filer . ' -f %F --');
my $port = $t->port;

my $u = "j\xc3\xb6rg";			# as UTF-8, a local part
my $idn = "m\xc3\xbcller.example";	# and a domain
my $ascii = 'xn--mller-kva.example';	# what IDNA makes of it

my $header = "From: alice\@example.org\nTo: bob\@example.net\n" .
    "Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <1\@example.org>\n" .
    "Subject: hello\nMIME-Version: 1.0\n" .
    "Content-Type: text/plain; charset=utf-8\n" .
    "Content-Transfer-Encoding: 8bit\n";
my $dots = ".\n..\n.dot\nFrom the start\ntext\n";
my $line = join('', map { chr 33 + $_ } 0 .. 70) . "\n";
my %plain = (from => 'alice@example.org', to => ['bob@example.net'],
    body => "hello\n$dots");
my %kind = (
	'plain' => { %plain },
	'8-bit' => { %plain, body => "gr\xc3\xbc\xc3\x9fe \xe2\x82\xac\n$dots",
	    '8bit' => 1 },
	'UTF-8 address' => { from => "$u\@$idn", to => ["$u.b\@$idn"],
	    body => "gr\xc3\xbc\xc3\x9fe\n", '8bit' => 1, utf8 => 1 },
	'large' => { %plain, body => $line x (20 * 1024 * 1024 / 72 + 1) },
	'many recipients' => { %plain, to => [map { "r$_\@example.net" }
	    1 .. 50] },
);
my @kinds = ('plain', '8-bit', 'UTF-8 address', 'large', 'many recipients');
cmp_ok(length $kind{large}{body}, '>=', 20 * 1024 * 1024, 'large is 20 MiB');

my $file = $t->dir . '/mail';
my $body_file = $t->dir . '/body';

sub program {
	my (@cmd) = @_;
	my $stdin = ref $cmd[-1] ? pop @cmd : undef;
	my ($status, $out, $err) = run({ stdin => $stdin }, @cmd);
	diag(substr("@cmd: status $status\n$out$err", 0, 2000)) if $status;
	return $status == 0;
}

sub input {
	open my $fh, '<:raw', $_[0] or die "$_[0]: $!\n";
	return $fh;
}

# From here on a client: send the mail m, whose text is in $file, its body
# alone in $body_file; return true where the client says that it is done.

# It has no word for SMTPUTF8, but a way to say it.
sub net_smtp {
	my ($m) = @_;
	my $smtp = Net::SMTP->new('127.0.0.1', Port => $port,
	    Hello => 'net-smtp.example', Timeout => $Msmtpd::Test::DEADLINE)
	    or return 0;
	my $ok = $m->{utf8} ? $smtp->command('MAIL', "FROM:<$m->{from}>",
	    'BODY=8BITMIME', 'SMTPUTF8')->response == Net::Cmd::CMD_OK :
	    $smtp->mail($m->{from}, Size => -s $file,
	    $m->{'8bit'} ? (Bits => 8) : ());
	return $ok && $smtp->recipient(@{$m->{to}}) &&
	    $smtp->data(slurp($file)) && $smtp->quit;
}

# Without --crlf it sends the file's LFs and adds no dots after them.
sub curl {
	my ($m) = @_;
	return program('curl', '-sS', '-q', '--crlf', '-m',
	    $Msmtpd::Test::DEADLINE, "smtp://127.0.0.1:$port/curl.example",
	    '--mail-from', $m->{from},
	    (map { ('--mail-rcpt', $_) } @{$m->{to}}), '-T', $file);
}

sub swaks {
	my ($m) = @_;
	return program('swaks', '-s', "127.0.0.1:$port", '-h',
	    'swaks.example', '-f', $m->{from}, '-t', join(',', @{$m->{to}}),
	    '-d', "\@$file", '-S', '3');
}

sub msmtp {
	my ($m) = @_;
	return program('msmtp', '-C', '/dev/null', '--host=127.0.0.1',
	    "--port=$port", '--domain=msmtp.example', '--tls=off',
	    '--auth=off', '-f', $m->{from}, '--', @{$m->{to}}, input($file));
}

sub s_nail {
	my ($m) = @_;
	my ($first, @more) = @{$m->{to}};
	return program('s-nail', '-:/', map({ ('-S', $_) } 'v15-compat',
	    "mta=smtp://127.0.0.1:$port", 'smtp-auth=none', 'nosave',
	    'sendwait', 'hostname=s-nail.example', 'mime-encoding=8bit'),
	    '-r', $m->{from}, '-s', 'hello', map({ ('-b', $_) } @more),
	    $first, input($body_file));
}

my $smtplib = <<'END';
import smtplib, sys
port, sender, options, name = sys.argv[1:5]
with smtplib.SMTP('127.0.0.1', int(port), 'smtplib.example') as s:
    text = open(name, 'rb').read().replace(b'\n', b'\r\n')
    s.sendmail(sender, sys.argv[5:], text, options.split())
END

sub smtplib {
	my ($m) = @_;
	return program('/usr/bin/python3', '-I', '-c', $smtplib, $port,
	    $m->{from}, $m->{utf8} ? 'SMTPUTF8 BODY=8BITMIME' :
	    $m->{'8bit'} ? 'BODY=8BITMIME' : '', $file, @{$m->{to}});
}

# idn: the client writes domains in ASCII; own: it writes a header of its
# own; no_utf8: why it cannot send to a non-ASCII local part.
my @clients = (
	{ name => 'Net::SMTP', send => \&net_smtp, helo => 'net-smtp' },
	{ name => 'curl', send => \&curl, helo => 'curl', idn => 1 },
	{ name => 'swaks', send => \&swaks, helo => 'swaks',
	    no_utf8 => 'swaks does not know SMTPUTF8' },
	{ name => 'msmtp', send => \&msmtp, helo => 'msmtp',
	    no_utf8 => 'msmtp does not know SMTPUTF8' },
	{ name => 's-nail', send => \&s_nail, helo => 's-nail', idn => 1,
	    own => 1, no_utf8 => 's-nail does not know SMTPUTF8' },
	{ name => 'smtplib', program => python('smtplib') //
	    'a Python with smtplib',
	    send => \&smtplib, helo => 'smtplib' },
);

# Where the local part has to be ASCII, the domain may still be another.
sub ascii_local { return map { s/^\Q$u\E/jorg/r } @_ }

sub arrived {
	my ($client, $kind, $m) = @_;
	my @mails = $t->mails;
	my $name = "$client->{name}, $kind";
	$t->forget_mails;
	is(scalar @mails, 1, "$name: one mail") or return;
	my ($rest, $trace) = untrace($mails[0]{mail});
	my @want = ('-f', $m->{from}, '--', @{$m->{to}});
	@want = map { s/\Q$idn\E/$ascii/r } @want if $client->{idn};
	is_deeply($mails[0]{args}, \@want, "$name: its envelope");
	like($trace, qr/^Received: from \Q$client->{helo}.example\E /,
	    "$name: Received names the client");
	if ($client->{own}) {
		$rest =~ s/\A(?:[^\n]+\n)+\n//;
		# It ends the body with an empty line.
		$rest =~ s/\n\n\z/\n/;
		ok($rest eq $m->{body}, "$name: its body, octet by octet")
		    or diag(substr($rest, 0, 1000));
		return;
	}
	# swaks ends what it sends with a line end of its own.
	$rest =~ s/\n\n\z/\n/ if $client->{name} eq 'swaks';
	ok($rest eq slurp($file), "$name: its content, octet by octet") or
	    diag(substr($rest, 0, 1000));
}

sub send_kind {
	my ($client, $kind) = @_;
	my %m = %{$kind{$kind}};
	spew($file, "$header\n$m{body}");
	spew($body_file, $m{body});
	if ($m{utf8} && $client->{no_utf8}) {
		if (!$client->{idn}) {
			SKIP: { skip "$kind: $client->{no_utf8}", 1 }
			return;
		}
		note("$kind: $client->{no_utf8}; only the domain then");
		$m{from} = (ascii_local($m{from}))[0];
		$m{to} = [ascii_local(@{$m{to}})];
	}
	ok($client->{send}->(\%m), "$client->{name}, $kind: sent") or
	    diag($t->log);
	arrived($client, $kind, \%m);
}

for my $client (@clients) {
	my $program = $client->{program} || $client->{name};
	SKIP: {
		skip "$program is not installed", 1
		    if $program !~ /::/ && !(-x $program || which($program));
		send_kind($client, $_) for @kinds;
	}
}

# A client that cannot say SMTPUTF8 is told so, and can go on.
SKIP: {
	skip 'swaks is not installed', 2 unless which('swaks');
	my ($status, $out) = run('swaks', '-s', "127.0.0.1:$port", '-f',
	    "$u\@example.org", '-t', 'bob@example.net');
	isnt($status, 0, 'a non-ASCII sender without SMTPUTF8: swaks fails');
	like($out, qr/^<\*\* 553 5\.6\.7 .*^ -> QUIT\s+<-  221 /ms,
	    'it was told 553 and went on to QUIT');
}

# As Go's net/smtp: SMTPUTF8 with every mail that is ASCII; as go-mail: NOOP
# and RSET between mails; pipelined, all in one write.
{
	my $c = $t->client;
	$c->put("EHLO go.example\r\n" . "NOOP\r\nMAIL FROM:<a\@example.org> " .
	    "BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<b\@example.org>\r\nRSET\r\n" .
	    "NOOP\r\nMAIL FROM:<a\@example.org> BODY=8BITMIME SMTPUTF8\r\n" .
	    "RCPT TO:<b\@example.org>\r\nDATA\r\n");
	my @codes = map { substr $c->reply, 0, 3 } 1 .. 9;
	is("@codes", '250 250 250 250 250 250 250 250 354',
	    'SMTPUTF8 with ASCII mail, NOOP and RSET, pipelined');
	$c->put("Subject: x\r\n\r\nx\r\n.\r\nRSET\r\nQUIT\r\n");
	@codes = map { substr $c->reply, 0, 3 } 1 .. 3;
	is("@codes", '250 250 221', 'delivered');
	my @mails = $t->mails;
	is(scalar @mails, 1, 'once');
	is_deeply($mails[0]{args}, [qw(-f a@example.org -- b@example.org)],
	    'to whom it was sent');
	$t->forget_mails;
}

# A script with nc: no CR, everything at once, and half closed.
{
	my $c = $t->client(quiet => 1);
	$c->put("HELO nc\nmail from: <root>\nrcpt to: <postmaster>\ndata\n" .
	    "Subject: nc\r\n\r\nx\r\n.\r\nquit\n");
	shutdown $c->fh, 1;
	my @codes = map { substr $c->reply, 0, 3 } 1 .. 7;
	is("@codes", '220 250 250 250 354 250 221', 'as a script does it');
	ok($c->at_end, 'nothing follows');
	is_deeply([$t->mails]->[0]{args}, [qw(-f root -- postmaster)],
	    'bare local parts, as they are');
	$t->forget_mails;
}

stopped($t);
my @bad = grep { $_->{reply} != 250 || $_->{command} ne 'exit:0' }
    audit($t, 1);
is(scalar @bad, 0, 'the log has a good end for each');
done_testing();
