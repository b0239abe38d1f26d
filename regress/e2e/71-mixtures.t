#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Smuggling: nothing that a client sends makes the mail end anywhere but at
# CR LF "." CR LF, here or at the next hop.  Each mixture of CR, LF and dots
# goes through real msmtp into a second msmtpd: one mail in, one mail out,
# equal content, and no command in between.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(arriving audit stopped unstuffed untrace);
use Msmtpd::Test qw(spew which);
use Test::More;

my $msmtp = which('msmtp');
plan skip_all => 'msmtp is not installed' unless $msmtp;

my $last = Msmtpd::Test->new;
$last->start('--command=' . $last->filer . ' -f %F --');

# Content is to pass through msmtp: it adds and takes away no field.
my $first = Msmtpd::Test->new;
my $rc = $first->dir . '/msmtprc';
spew($rc, "account default\nhost 127.0.0.1\nport " . $last->port .
    "\ntls off\nauth off\nset_from_header off\nset_date_header off\n" .
    "set_msgid_header off\nremove_bcc_headers off\n");
chmod 0644, $rc or die $!;
$first->start("--command=$msmtp -C $rc -f %F --");

my $head = "From: a\@example.org\r\nTo: b\@example.net\r\nSubject: x\r\n\r\n";
my $c = $first->client;
$c->cmd('EHLO mixtures.example');

# The end of data; in front of it the CR LF of the last line, or DATA's.
my $END = "\r\n.\r\n";

# ends_where: the length of the content that is sent so, its last line end
# included, or -1 where it does not end.
sub ends_where {
	my ($octets) = @_;
	return index "\r\n$octets", $END;
}

# trip: send octets as they are, the end of data included; returns what has
# arrived at the far end, undef where it was not one mail.
my $trips = 0;
sub trip {
	my ($octets) = @_;
	for (['MAIL FROM:<a@example.org>', 250], ['RCPT TO:<b@example.net>',
	    250], ['DATA', 354]) {
		my $reply = $c->cmd($_->[0]);
		$reply =~ /^$_->[1]/ or $first->trouble("$_->[0]: $reply");
	}
	$c->put($octets);
	my $reply = $c->reply;
	$trips++;
	my @mails = $last->mails;
	$last->forget_mails;
	if ($reply !~ /^250/ || @mails != 1) {
		diag("$reply, " . @mails . ' mails');
		return undef;
	}
	return (untrace($mails[0]{mail}, 2))[0];
}

# stuffed: each end of data made a line of two dots.
sub stuffed { return $_[0] =~ s/\r\n\.(?=\r\n)/\r\n../gr }

sub shown { return $_[0] =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger }

# differ: where got is another than want, as a diagnosis.
sub differ {
	my ($got, $want) = @_;
	return 'no mail, or several' unless defined $got;
	return '' if $got eq $want;
	my $at = 0;
	$at++ while substr($got, $at, 1) eq substr($want, $at, 1);
	my $from = $at > 40 ? $at - 40 : 0;
	return sprintf "%d octets for %d, differs at %d:\ngot  %s\nwant %s",
	    length $got, length $want, $at, map { shown(substr $_, $from, 80) }
	    $got, $want;
}

# same: send content, and expect at the far end what the rules say.
sub same {
	my ($content, $name) = @_;
	my $octets = "$content$END";
	$octets = $content . substr $END, 2 if $content =~ /(?:\A|\r\n)\z/;
	my $end = ends_where($octets);
	$end + 3 == length $octets or die "$name: it ends elsewhere\n";
	my $trouble = differ(trip($octets), arriving(substr $octets, 0,
	    $end));
	is($trouble, '', $name);
}

# strings: all strings of these lengths over these letters.
sub strings {
	my ($letters, $min, $max) = @_;
	my (@all, @of_length);
	@of_length = ('');
	for my $length (1 .. $max) {
		@of_length = map { my $s = $_; map { "$s$_" } @$letters }
		    @of_length;
		push @all, @of_length if $length >= $min;
	}
	return @all;
}

# All strings of up to 6 of CR, LF, dot and another, in one mail, each between
# words; those apart that end the mail.
{
	my @all = strings(["\r", "\n", '.', 'x'], 1, 6);
	is(scalar @all, 5460, 'strings of 1 to 6 of CR, LF, dot, x');
	my @inside = grep { ends_where("<$_>") == -1 } @all;
	cmp_ok(scalar @inside, '>', 5400, 'nearly all of them end nothing');
	my $n = 0;
	same($head . join('', map { '<' . $n++ . "$_>" } @inside),
	    'all of them in one mail');
	same($head . stuffed(join '', @inside) . 'x',
	    'the same without words between, each end of data stuffed');
}

# Each string of up to 4 of CR, LF and dot is the beginning of a message, and
# the whole of its body: there the final dot is near.
{
	my @wrong;
	my $n = 0;
	for my $s (strings(["\r", "\n", '.'], 1, 4)) {
		# Where it would end the mail as its beginning, not there.
		my ($octets) = grep { ends_where($_) + 3 == length }
		    "$s|$head$s$END", "$head$s$END" or next;
		my $got = trip($octets);
		$n++;
		my $trouble = differ($got, arriving(substr $octets, 0,
		    ends_where($octets)));
		push @wrong, shown($s) . ": $trouble" if $trouble;
	}
	is("@wrong", '', 'first in a message, and alone in its body');
	cmp_ok($n, '>', 100, "$n mails");
}

# An envelope after what some server somewhere has taken for the end.
{
	my $smuggled = "MAIL FROM:<smuggled\@example.org>\r\n" .
	    "RCPT TO:<victim\@example.net>\r\nDATA\r\n" .
	    "Subject: smuggled\r\n\r\nsmuggled";
	my @ends = ("\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n",
	    "\r\n.\r", "\n.\r", "\r.\n", "\n.\r\r\n", "\r\n.\r\r\n",
	    "\r\r\n.\r\r\n", "\r\n\r.\r\n", "\r\n.\0\r\n", "\r\n\0.\r\n",
	    "\r\n.\x85", "\x85.\x85", "\r\n..\r\n", "\n..\r\n", "\n..\n",
	    "\r\n. \r\n", "\r\n.\t\r\n", "\n\r.\n\r", "\r\n.\n\r\n",
	    "\xe2\x80\xa8.\xe2\x80\xa8", "\r\n\xc0\xae\r\n");
	for my $end (@ends) {
		same("${head}first$end$smuggled",
		    'an envelope after ' . shown($end));
	}
}

# The end of data where it is the end: what follows is a command, and a
# client's own fault.
{
	my $got = trip("${head}x\r\n.\r\nNOOP .\r\n");
	is($got, unstuffed("${head}x\r\n"), 'CR LF . CR LF ends it');
	like($c->reply, qr/^250 2\.0\.0 /, 'what follows is a command');
	is(trip(".\r\n"), '', 'an empty message: nothing but the trace');
}

# Line ends of CR CR LF, as nullmailer makes of a mail that has CR LF: the
# header ends where it ended.
{
	my $got = trip($head =~ s/\r\n/\r\r\n/gr . "x\r\r\n.\r\n");
	is($got, unstuffed("${head}x\r\n"), 'CR CR LF is one line end');
	same($head . "x\r\r\r\ny\r\r\r\r\n\r\r\n", 'more CRs before LF');
	same($head . "x" . "\r" x 100_000 . "\ny" . "\r" x 100_000 . 'z',
	    '100,000 CRs, before LF and not');
}

# What is no header field comes first: the field that stands behind it stays
# a field, and text stays text.
{
	my $from = "From alice\@example.org Thu Jan  1 00:00:00 2026\r\n";
	my $bom = "\xef\xbb\xbf";
	for my $begin ($from, $bom, "$bom$from", "$from$bom$from") {
		is(trip("$begin${head}x\r\n.\r\n"),
		    unstuffed("${head}x\r\n"),
		    shown($begin) . ' before a header is left out');
		is(trip("${begin}text\r\n.\r\n"),
		    "\n" . unstuffed("${begin}text\r\n"),
		    'and is text before text');
	}
	for my $begin ("Hello,\r\n", "\xe2\x82\xac 5: x\r\n", " \r\n", "\t",
	    ": x\r\n", "From now on\r\n", ">$from", "$from\r\n",
	    "${bom}\r\n", "\xff", "\0", "A\0: b\r\n") {
		is(trip("$begin${head}x\r\n.\r\n"),
		    "\n" . unstuffed("$begin${head}x\r\n"),
		    shown($begin) . ' begins a body');
	}
	is(trip("\r\n${head}x\r\n.\r\n"), unstuffed("\r\n${head}x\r\n"),
	    'an empty line ends the header');
}

# Dots at each place relative to the buffers of msmtp.
same($head . join('', map { 'x' x $_ . "\r\n..\r\n" } 0 .. 1100),
    'a line of each length, then a dot');
same($head . join('', map { 'x' x $_ . ".y\r\n" } 0 .. 1100),
    'a dot at each place of a line');
same($head . join('', map { '.' x $_ . "\r\n" } 2 .. 1100),
    'lines of dots, each length');
same($head . join('', map { 'x' x $_ . "\n.\r.\r\n" } 0 .. 1100),
    'the same with bare LF and CR');
same($head . ".\n" x 20000, 'nothing but dots and bare LF');

# Whatever: a fixed seed.
srand 3;
for my $n (1 .. 10) {
	my @letters = ("\r", "\n", '.', "\r\n", "\r\n.", "x", ' ', "\xff",
	    'QUIT');
	my $mess = join '', map { $letters[rand @letters] } 1 .. 20_000;
	same(stuffed("$head$mess") . 'x', "20,000 random pieces, $n");
}

like($c->cmd('QUIT'), qr/^221/, 'all of that was one session');
stopped($_) for $first, $last;
my @mails = audit($last, $trips);
is(scalar @mails, $trips, 'the far end has seen as many mails as were sent');
unlike($last->log, qr/refused|deferred/, 'and nothing that it refused');
unlike($last->log, qr/from=<smuggled/, 'no smuggled envelope');
done_testing();
