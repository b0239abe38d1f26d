#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The documents agree with the program, and with each other.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(run slurp status_of which);
use Test::More;

my $top = "$FindBin::Bin/../..";
my $t = Msmtpd::Test->new;
my $readme = slurp("$top/README");

# README's options and targets of make.
my (undef, $help) = run($t->bin, '--help');
my @options = $readme =~ /\bmsmtpd (--[a-z-]+)/g;
ok(scalar @options, 'README names options of msmtpd');
like($help, qr/\Q$_\E\b(?!-)/, "README: $_ is an option") for @options;
like($readme, qr/\bmake $_\b/, "README tells of make $_")
    for qw(demo regress install);

# README's units and files.
for my $unit ($readme =~ /\b(msmtpd[\w@-]*\.(?:socket|service))\b/g) {
	ok(-e "$top/msmtpd/service/$unit", "README: $unit is a unit");
}
my ($source) = $readme =~ /^The source\n-+\n(.*?)^\S+\n-+\n/ms;
my @layout = ($source // '') =~ /^( {4}| {6})(\S+)  /mg;
cmp_ok(scalar @layout, '>=', 16, 'README: the layout of the source');
my $folder = '';
while (my ($indent, $name) = splice @layout, 0, 2) {
	$folder = '' if length $indent == 4;
	ok(scalar(grep { -e } glob "$top/$folder$name"),
	    "README: $folder$name exists");
	$folder = $name if length $indent == 4;
}

# The manual is read in terminals of 80 columns.
is_deeply([ grep { length > 78 } split /\n/, $readme ], [],
    'README: 78 columns');

my ($promise) = slurp("$top/man/msmtpd.1") =~
    /^\.Ss The promise\n(.*?)^\.Pp/ms;
like($readme =~ s/\s+/ /gr, qr/\Q@{[$promise =~ s{\s+}{ }gr]}\E/,
    'README and manual promise the same');

SKIP: {
	skip 'mandoc is not installed', 1 unless which('mandoc');
	# Below that level it speaks of the manuals of others that are not
	# installed; regress/lint knows better.
	for my $page (glob "$top/man/*.[1-9]") {
		my ($status, $out, $err) = run('mandoc', '-Tlint',
		    '-Wwarning', $page);
		is("$out$err", '', "$page: mandoc -Tlint says nothing");
		is(status_of($status), 'exit 0', 'mandoc -Tlint: 0');
	}
}

my ($version) = slurp("$top/Makefile") =~ /^VERSION\s*=\s*(\S+)/m;
my (undef, $out) = run($t->bin, '--version');
is($out, "msmtpd $version\n", 'the version is the Makefile\'s');

done_testing();
