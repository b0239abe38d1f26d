#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Non-ASCII domains: each character that Perl's tables of Unicode have, in a
# domain or refused there, as msmtpd/mail/idna.c says.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(stopped talk);
use Msmtpd::Test;
use Test::More;

# Only characters of a Unicode version that both Perl and the daemon know.
my $known = eval { my $re = qr/\p{Present_In: 13.0}/; "x" =~ $re; $re };
plan skip_all => "this Perl's Unicode is older than 13.0" unless $known;

my $t = Msmtpd::Test->new;
$t->start('--command=' . $t->filer, '--max-errors=1000000',
    '--max-noops=1000000');
my $c = $t->client;
$c->cmd('EHLO domains.example');

# RFC 5892, 2.6 and 2.8: allowed, if in some contexts only.
my %exception = map { $_ => 1 } 0xb7, 0x375, 0x5f3, 0x5f4, 0x6fd, 0x6fe, 0xf0b,
    0x30fb, 0x200c, 0x200d;

my (@good, @bad);
for my $code (0x80 .. 0x10ffff) {
	next if $code >= 0xd800 && $code <= 0xdfff;
	no warnings 'nonchar';
	my $char = chr $code;
	if ($exception{$code}) {
		push @good, $code;
	} elsif ($char =~ /[\p{NChar}\p{DI}]/) {
		push @bad, $code;
	} elsif ($char =~ /\p{Co}/) {
		# There are 137,468 of them.
		push @bad, $code if $code % 101 == 0 ||
		    chr($code - 1) !~ /\p{Co}/ ||
		    ($code < 0x10ffff && chr($code + 1) !~ /\p{Co}/);
	} elsif ($char !~ /$known/) {
		next;
	} elsif ($char =~ /[\p{Cc}\p{Cf}\p{Z}\p{S}\p{P}]/) {
		push @bad, $code;
	} elsif ($char =~ /[\p{L}\p{M}\p{Nd}]/) {
		push @good, $code;
	}
}
cmp_ok(scalar @bad, '>', 8000, @bad . ' characters that no domain has');
cmp_ok(scalar @good, '>', 100_000, @good . ' characters that some have');

# refused: of these domains those that are.
sub refused {
	my @domains = @_;
	my @refused;
	while (my @some = splice @domains, 0, 200) {
		$c->put(join '', map { "MAIL FROM:<u\@$_> SMTPUTF8\r\n" .
		    "RSET\r\n" } @some);
		for my $domain (@some) {
			my $reply = $c->reply;
			push @refused, $domain if $reply =~ /^553 5\.1\.7 /;
			$t->trouble($reply) if $reply !~ /^(?:250|553) /;
			$c->reply;
		}
	}
	return @refused;
}

sub encoded {
	no warnings 'nonchar';
	my $s = join '', map { chr } @_;
	utf8::encode($s);
	return $s;
}

sub codes {
	my @codes = map { my $s = $_; utf8::decode($s);
	    map { sprintf 'U+%04X', ord } grep { ord >= 0x80 }
	    split //, $s } @_;
	return join ' ', @codes > 20 ? (@codes[0 .. 19], '...') : @codes;
}

my %wrong = map { encoded($_) . '.example' => 1 } @bad;
delete @wrong{refused(sort keys %wrong)};
is(codes(sort keys %wrong), '', 'each of the former is refused');

# As many of the latter as a domain takes, and one by one where that is refused.
my @domains;
for (my @rest = @good; my @some = splice @rest, 0, 60; ) {
	push @domains, encoded(@some);
}
my @single = map { my $s = $_; utf8::decode($s);
    map { encoded(ord) } split //, $s } refused(@domains);
is(codes(refused(@single)), '', 'all of the latter are taken');
is(scalar @single, 0, 'together as well');

talk($c, 'QUIT' => qr/^221 /);
stopped($t);
done_testing();
