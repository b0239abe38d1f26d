#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The real msmtp as the command: each address arrives at the smarthost octet by
# octet, or is refused; and what is refused msmtp would have changed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Smarthost;
use Msmtpd::Test qw(run spew status_of which);
use Test::More;

my $msmtp = which('msmtp');
plan skip_all => 'msmtp is not installed' unless $msmtp;
my $unit = ($ENV{OBJDIR} || "$FindBin::Bin/../../.obj") . '/regress/unit';
plan skip_all => 'the unit tests, which have the addresses, are not built'
    unless -x "$unit/mailbox_test" && -x "$unit/mailbox_literal_test";

my $t = Msmtpd::Test->new;
my $smarthost = Msmtpd::Smarthost->new($t->dir);
my $rc = $t->dir . '/msmtprc';
spew($rc, "account default\nhost 127.0.0.1\nport " . $smarthost->port .
    "\nfrom account\@example.org\ntls off\nauth off\n");
chmod 0644, $rc or die $!;

# What the unit tests have, which is all valid.
my @valid = map { listed($_) } qw(mailbox_test mailbox_literal_test);
cmp_ok(scalar @valid, '>', 100, 'the unit tests have addresses');

# Further ones: whatever of them is no address is refused as such.  Each
# character that can be seen, within an atom, within quotes, in front, in a
# domain and after it.
my @printable = map { chr } 0x20 .. 0x7e;
my @recipients = map { ("x${_}y\@e.f", "\"x${_}y\"\@e.f", "${_}xy\@e.f",
    "x\@e${_}f", "x\@e.f$_") } @printable;
# "%" and each of them, within quotes, but for those that msmtp expands: one
# address, or each sender would take a mail.
my @senders = ('"' . join('', map { "%$_" } grep { !/[UHCM"\\]/ } @printable) .
    '"@e.f', map { "x%${_}y\@e.f" } qw(U H C M));
my @both = ('MAILER-DAEMON', 'mailer-daemon', 'Mailer-Daemon@e.f',
    '"MAILER-DAEMON"', '%U%H%C%M@e.f', '%%U@e.f', '%25U@e.f', 'a@%U',
    '"a,b"@e.f', '"a\,b"@e.f', '"<b@e.f>"@e.f', '"(a)"@e.f', '"a:b;"@e.f',
    '"\a"@e.f',
    'foo..bar@docomo.example', 'foo.@e.f', '.foo@e.f', 'foo@e.f.',
    'u@[x:a,b]', 'u@[x:<b@e.f>]');

sub listed {
	my ($name) = @_;
	my ($status, $out) = run("$unit/$name", 'list');
	is(status_of($status), 'exit 0', "$name tells its addresses");
	return split /\n/, $out;
}

# take: what the daemon answers to each address, in a mail of its own as the
# sender, or in mails with many others as a recipient.  Returns the addresses
# of each mail that was delivered, and a reference to those that were refused
# because of msmtp.
sub take {
	my ($way, $valid, $any) = @_;
	my %valid = map { $_ => 1 } @$valid;
	my @all = (@$valid, @$any);
	my $n = $way eq 'sender' ? 1 : 100;
	my (@mails, @refused, @wrong);
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	while (my @some = splice @all, 0, $n) {
		my @taken;
		my $mail = sub { $c->cmd("MAIL FROM:<$_[0]> SMTPUTF8") };
		$mail->('s@example.org') if $way eq 'recipient';
		for my $address (@some) {
			my $reply = $way eq 'sender' ? $mail->($address) :
			    $c->cmd("RCPT TO:<$address>");
			push @taken, $address if $reply =~ /^250/;
			push @refused, $address if $reply =~ /^553.*msmtp/;
			push @wrong, "$address: $reply" if $reply !~ ($way eq
			    'sender' ? qr/^(?:250 2\.1\.0|553 5\.1\.7) / :
			    qr/^(?:250 2\.1\.5|553 5\.1\.3) /) ||
			    $reply =~ /^553(?!.*msmtp)/ && $valid{$address};
		}
		next unless @taken;
		$c->cmd('RCPT TO:<r@example.net>') if $way eq 'sender';
		$c->cmd('DATA');
		my $reply = $c->content("Subject: test\n\nbody\n");
		push @wrong, "@taken: $reply" if $reply !~ /^250/;
		push @mails, \@taken;
	} continue {
		$c->cmd('RSET');
	}
	$c->cmd('QUIT');
	is_deeply(\@wrong, [], "each $way is taken, or refused by the rules");
	return (\@mails, \@refused);
}

# arrives: the smarthost gets each mail's addresses as the client gave them.
sub arrives {
	my ($way, $mails) = @_;
	my (@wrong, $n);
	for my $want (@$mails) {
		my $s = $smarthost->session;
		my @got = $way eq 'sender' ? $s->{from} : @{$s->{to}};
		push @wrong, [$want, \@got] if "@got" ne "@$want";
		$n += @got;
	}
	is_deeply(\@wrong, [], "$n addresses arrive as they are, as $way");
	cmp_ok($n, '>', 90, 'which are many');
}

# changes: msmtp, run directly with each of these addresses, sends another
# address or none.
sub changes {
	my ($way, $addresses) = @_;
	my @same;
	for my $address (@$addresses) {
		my ($from, $to) = $way eq 'sender' ? ($address,
		    'r@example.net') : ('s@example.org', $address);
		my ($status, undef, $err) = run($msmtp, '-C', $rc, '-f', $from,
		    '--', $to);
		next if $err =~ /no recipients found/;
		is(status_of($status), 'exit 0', "msmtp, $way $address");
		my $s = $smarthost->session;
		my @got = $way eq 'sender' ? $s->{from} : @{$s->{to}};
		push @same, $address if "@got" eq $address;
	}
	is_deeply(\@same, [], @$addresses . " are refused as $way, each of " .
	    'which msmtp changes');
}

my @options = qw(--max-errors=1000000 --max-noops=1000000);
$t->start("--command=$msmtp -C $rc -f %F --", @options);
my %any = (recipient => [@recipients, @both], sender => [@senders, @both]);
for my $way (sort keys %any) {
	my ($mails, $refused) = take($way, \@valid, $any{$way});
	arrives($way, $mails);
	changes($way, $refused);
}

# The null sender is sent on unchanged.
like($t->send(from => ''), qr/^250/, 'the null sender');
is($smarthost->session->{from}, '', 'arrives as that');

# A client reads why, and the session goes on.
{
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	like($c->cmd('MAIL FROM:<%U@example.org>'),
	    qr/^553 5\.1\.7 msmtp cannot send this address unchanged$/,
	    'a sender that msmtp changes: 553 5.1.7');
	like($c->cmd('MAIL FROM:<a@example.org>'), qr/^250/, 'another one');
	like($c->cmd('RCPT TO:<"a b"@example.org>'),
	    qr/^553 5\.1\.3 msmtp cannot send this address unchanged$/,
	    'a recipient that msmtp changes: 553 5.1.3');
	like($c->cmd('RCPT TO:<b@example.org>'), qr/^250/, 'another one');
	$c->cmd('QUIT');
}
$t->wait_log(qr/refused: 553 5\.1\.7 msmtp .*: FROM:<%U\@example\.org>/);
pass('the log has it');
is(status_of($t->stop), 'exit 0', 'stopped');

# Which command is msmtp, and what it gets.
my ($sender, $quoted) = ('%U@example.org', '"a b"@example.org');
symlink $msmtp, $t->dir . '/sendmail' or die $!;
$t->start('--command=' . $t->dir . "/sendmail -C $rc -f %F --");
like($t->send(from => $sender), qr/^553 5\.1\.7 msmtp/,
    'a link to msmtp is msmtp');
is(status_of($t->stop), 'exit 0', 'stopped');

$t->start("--command=$msmtp -C $rc --");
like($t->send(from => $sender), qr/^250/,
    'without %F msmtp does not get the sender');
is($smarthost->session->{from}, 'account@example.org', 'but has its own');
like($t->send(from => $sender, to => [$quoted]), qr/^553 5\.1\.3 msmtp/,
    'but the recipients');
is(status_of($t->stop), 'exit 0', 'stopped');

$t->start('--command=' . $t->filer . ' -f %F --');
like($t->send(from => $sender, to => [$quoted]), qr/^250/,
    'another command gets any address');
is_deeply([map { $_->{args} } $t->mails], [['-f', $sender, '--', $quoted]],
    'as it is');
is(status_of($t->stop), 'exit 0', 'stopped');
done_testing();
