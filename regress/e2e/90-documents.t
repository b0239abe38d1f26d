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

my (undef, $help) = run($t->bin, '--help');
my %help = map { $_ => 1 } $help =~ /--([a-z][a-z-]*)/g;
delete $help{'name'};	# the usage line's --name=value

my $man = slurp("$top/man/msmtpd.1");
my %man = map { $_ => 1 } $man =~ /^\.It Fl -([a-z][a-z-]*)/mg;
is_deeply([sort keys %man], [sort keys %help],
    'the manual tells of the options that --help tells of');

# What else looks like an option is another program's.
my $readme = slurp("$top/README");
my %foreign = map { $_ => 1 } qw(start pidfile make-pidfile chuid background
    exec now user system group no-create-home create-home home-dir shell
    user-group reuid regid clear-groups inh-caps ambient-caps name create
    host from starttls pass);
for my $o (sort { $a cmp $b } keys %{{ map { $_ => 1 }
    $readme =~ /(?<![\w-])--([a-z][a-z-]*)/g }}) {
	next if $foreign{$o} && !$help{$o};
	ok($help{$o}, "README: --$o is an option");
}
like($readme, qr/\bmake $_\b/, "README tells of make $_")
    for qw(demo regress install);

SKIP: {
	skip 'mandoc is not installed', 1 unless which('mandoc');
	# Below that level it speaks of the manuals of others that are not
	# installed; regress/lint knows better.
	my ($status, $out, $err) = run('mandoc', '-Tlint', '-Wwarning',
	    "$top/man/msmtpd.1");
	is("$out$err", '', 'mandoc -Tlint says nothing');
	is(status_of($status), 'exit 0', 'mandoc -Tlint: 0');
}

my ($version) = slurp("$top/Makefile") =~ /^VERSION\s*=\s*(\S+)/m;
my (undef, $out) = run($t->bin, '--version');
is($out, "msmtpd $version\n", 'the version is the Makefile\'s');

done_testing();
