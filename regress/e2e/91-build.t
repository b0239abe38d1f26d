#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What the Makefile promises: hardening of the program, install and uninstall.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Cwd qw(abs_path);
use File::Find;
use Msmtpd::Test qw(memcheck run slurp status_of which);
use Test::More;

my $top = abs_path("$FindBin::Bin/../..");
my $t = Msmtpd::Test->new;
my $bin = $t->bin;

SKIP: {
	skip 'memcheck: the program is a script', 1 if memcheck();
	skip 'readelf is not installed', 1 unless which('readelf');
	my (undef, $elf) = run('readelf', '-hldnW', $bin);
	my (undef, $symbols) = run('readelf', '--dyn-syms', '-W', $bin);
	like($elf, qr/Type:\s+DYN/, 'position-independent');
	like($elf, qr/GNU_RELRO/, 'relocations read-only');
	like($elf, qr/BIND_NOW|Flags:.*NOW/, 'all of them, at start');
	like($elf, qr/GNU_STACK.* RW /, 'no executable stack');
	unlike($elf, qr/ RWE /, 'nothing both writable and executable');
	unlike($elf, qr/R(?:UN)?PATH/, 'no search path for libraries');
	my @libs = $elf =~ /Shared library: \[(.*?)\]/g;
	skip 'the rest is not so in a sanitizer build', 1
	    if $symbols =~ /__asan|__ubsan/;
	like($symbols, qr/__stack_chk_fail/, 'stack protector');
	like($symbols, qr/__\w+_chk\b/, 'fortified functions');
	is_deeply([grep { !/^(?:lib(?:c|bsd|md|seccomp)|ld-.*)\.so/ } @libs],
	    [], 'libc, libbsd and libseccomp, no other library');
}

# The trees that make install leaves, by name and mode.
sub tree {
	my ($dir) = @_;
	my %found;
	return {} unless -d $dir;
	find({ no_chdir => 1, wanted => sub {
		return if -d $_;
		(my $name = $_) =~ s/^\Q$dir\E//;
		$found{$name} = sprintf '%o', (lstat $_)[2] & 07777;
	} }, $dir);
	return \%found;
}

# The program is as it is; nothing is built here.
sub make {
	my ($status, $out, $err) = run({ cwd => $top, env => {
	    MAKEFLAGS => '', MAKELEVEL => '' } }, 'make',
	    "BIN=$bin", '-o', $bin, @_);
	is(status_of($status), 'exit 0', "make @_") or diag("$out$err");
}

for my $prefix ([], ['PREFIX=/opt/msmtpd', 'SYSCONFDIR=/opt/etc']) {
	my $dir = $t->dir . '/dest';
	my $p = @$prefix ? '/opt/msmtpd' : '/usr/local';
	make("DESTDIR=$dir", @$prefix, 'install');
	my $tree = tree($dir);
	is($tree->{"$p/bin/msmtpd"}, '755', "$p/bin/msmtpd");
	is($tree->{"$p/share/man/man5/msmtpd.rules.5"}, '644',
	    'man5/msmtpd.rules.5');
	my $etc = @$prefix ? '/opt/etc' : '/etc';
	for my $page ('man1/msmtpd.1', 'man7/msmtpd-examples.7') {
		is($tree->{"$p/share/man/$page"}, '644', $page);
		my $text = slurp("$dir$p/share/man/$page");
		is(join(' ', sort keys %{{ map { $_ => 1 }
		    $text =~ m{(\S+)/(?:default|init\.d)/msmtpd}g }}), $etc,
		    'which names files in SYSCONFDIR');
	}
	my ($status) = run("$dir$p/bin/msmtpd", '--version');
	is(status_of($status), 'exit 0', 'it runs');
	if (@$prefix) {
		is_deeply([grep { m{^/(?:usr/local|etc)/} } keys %$tree], [],
		    'PREFIX and SYSCONFDIR are honoured');
	}
	make("DESTDIR=$dir", @$prefix, 'uninstall');
	is_deeply(tree($dir), {}, 'uninstall leaves nothing');
}

done_testing();
