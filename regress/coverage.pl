#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# coverage.pl DIR MIN: run the unit tests and the fuzz targets over their
# corpus, all built below DIR with clang's coverage mapping, print each source
# file's line coverage, and check that the SMTP engine has MIN percent.  TAP.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use JSON::PP;
use Test::More;

# The engine: what sees a client's octets.
my $engine = qr{^msmtpd/(?:smtp/.*|mail/mailbox|front/received)\.c$};

my ($dir, $min) = @ARGV;
my $prof = "$dir/prof";
remove_tree($prof);
make_path($prof);

# Debian calls them by version where only that version is installed.
sub tool {
	my ($name) = @_;
	for my $t ($name, map { "$name-$_" } reverse 14 .. 30) {
		return $t if grep { -x "$_/$t" } split /:/, $ENV{PATH};
	}
	plan skip_all => "$name is not installed";
}

my ($profdata, $cov) = (tool('llvm-profdata'), tool('llvm-cov'));
my @bins;
for my $src (sort glob('regress/*/*_test.c regress/fuzz/*_fuzz.c')) {
	my ($name, $what) = $src =~ m{^(.*?([^/]+))\.c$};
	my $bin = "$dir/$name";
	my @args = ();
	if ($what =~ s/_fuzz$//) {
		my $corpus = "regress/fuzz/corpus/$what";
		@args = ('-runs=0', $corpus);
		next unless -d $corpus;
	}
	local $ENV{LLVM_PROFILE_FILE} = "$prof/$what-%p.profraw";
	open my $saved, '>&', \*STDOUT or die $!;
	open STDOUT, '>', "$prof/$what.out" or die $!;
	open my $savederr, '>&', \*STDERR or die $!;
	open STDERR, '>&', \*STDOUT or die $!;
	my $status = system $bin, @args;
	open STDOUT, '>&', $saved or die $!;
	open STDERR, '>&', $savederr or die $!;
	is($status, 0, "$what runs");
	push @bins, $bin;
}
plan skip_all => 'there is nothing to run' unless @bins;

my @raw = glob("$prof/*.profraw");
is(system($profdata, 'merge', '-sparse', '-o', "$prof/all", @raw), 0,
    'profiles merge');
my @objects = map { ('-object', $_) } @bins[1 .. $#bins];
open my $fh, '-|', $cov, 'export', '-summary-only',
    "-instr-profile=$prof/all", $bins[0], @objects or die "$cov: $!\n";
my $json = decode_json(do { local $/; <$fh> });
close $fh or die "$cov failed\n";

my ($count, $covered) = (0, 0);
for my $f (sort { $a->{filename} cmp $b->{filename} }
    @{$json->{data}[0]{files}}) {
	(my $name = $f->{filename}) =~ s{^.*/((?:common|msmtpd)/)}{$1};
	next unless $name =~ m{^(?:common|msmtpd)/.*\.c$};
	my $l = $f->{summary}{lines};
	diag(sprintf('%-28s %5d lines %6.2f %%', $name, $l->{count},
	    $l->{percent}));
	next unless $name =~ $engine;
	$count += $l->{count};
	$covered += $l->{covered};
}
my $percent = $count ? 100 * $covered / $count : 0;
cmp_ok($percent, '>=', $min, sprintf('the engine: %.2f %% of %d lines',
    $percent, $count));
done_testing();
