#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The manual's list of what the sandbox allows is what the daemon prints from
# the tables that it loads.

use strict;
use warnings;

use FindBin;
use POSIX qw(uname);
use Test::More;

my $msmtpd = $ENV{MSMTPD} || "$FindBin::Bin/../../msmtpd/msmtpd";
my $manual = "$FindBin::Bin/../../man/msmtpd.1";

# Other machines have other names for a few of the calls.
plan skip_all => 'the manual lists x86_64, this is ' . (uname())[4]
    if (uname())[4] ne 'x86_64';

my $printed = qx('$msmtpd' --print-sandbox);
my $printed_status = $?;
plan skip_all => 'a sanitizer adds calls of its own'
    if $printed =~ /sanitizer: /;
is($printed_status, 0, '--print-sandbox');
like($printed, qr/^front: .*^parent: .*^deliver and the command: /ms,
    'it names the three processes');

my $mdoc = qx('$msmtpd' --print-sandbox | '$^X' '$FindBin::Bin/manlist');
is($?, 0, 'manlist');
for my $name ($printed =~ /^  (\w+)/mg) {
	next if $mdoc =~ /^\.(?:It )?Cm \Q$name\E(?: ,)?$/m;
	fail("$name is in manlist's output");
}

open my $fh, '<', $manual or die "$manual: $!\n";
my $text = do { local $/; <$fh> };
my ($listed) = $text =~
    /^\.\\" sandbox: begin\n(.*?)^\.\\" sandbox: end\n/ms;
ok(defined $listed, 'the manual has a place for it');
is($listed, $mdoc, 'the manual lists what is in force') or
    diag('to bring it up to date: msmtpd --print-sandbox | ' .
    'regress/sandbox/manlist -u man/msmtpd.1');

done_testing();
