#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# e2e.pl DIR JOBS [TEST...]: run end-to-end and chaos tests, or these
# (e2e/20-mail), with the daemon under LeakSanitizer, JOBS of them at a time,
# then look at what it says of each process.  In DIR are the programs, see
# leaks.c.  TAP.

use strict;
use warnings;

use File::Basename qw(basename);
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Batch qw(batch files gone place scratch);
use Msmtpd::Test qw(is_root own_mounts slurp spew);
use Test::More;

# Of regress/chaos and regress/e2e, those that are not run.  regress/sandbox is
# about filters that this build has not, and bench/memory.t counts memory that
# a sanitizer adds to.
my %not = (
	'e2e/80-units' => 'starts no daemon',
	'e2e/84-deb' => 'starts no daemon but the one that it builds',
);
# Those that kill processes, of which nothing can be said then:
my %kills = map { $_ => 1 } qw(chaos/00-ledger chaos/10-death chaos/11-stop
    chaos/27-words e2e/42-death e2e/43-notify e2e/44-start-signals
    e2e/93-manual);
# What is said of a process that is killed while it is looked at.
my $killed =
    qr/\A(?:==\d+==Unable to get registers from thread \d+\.\n)+\z/;
my @roles = (qw(parent front deliver), is_root() ? 'forked' : ());
my ($built, $jobs, @tests) = @ARGV;

scratch('msmtpd-leaks', own_mounts());
@tests = grep { !$not{$_} } files('chaos', 'e2e') unless @tests;

# install: the programs, which will report to "log" for this test; returns
# where they are.
sub install {
	my ($name) = @_;
	my ($to, $log) = map { place($_, $name) } qw(bin log);
	my %place = ('msmtpd-leaks' => '.', 'msmtpd-hurried' => 'regress/e2e',
	    map { $_ => 'regress/chaos' }
	    qw(msmtpd-clock msmtpd-patient msmtpd-watch));
	my $mark = 'msmtpd-leaks: the directory';
	die "$log: too long\n" if length $log > 200;
	make_path($log, "$to/regress/e2e", "$to/regress/chaos");
	for my $program (keys %place) {
		my $image = slurp("$built/$program");
		$image =~ s/\Q$mark\E\0{200}/pack 'a227', $log/e or
		    die "$program: no place for a directory\n";
		spew("$to/$place{$program}/$program", $image);
		chmod 0755, "$to/$place{$program}/$program" or die $!;
	}
	# What a command of chaos/28-in-flight runs.
	copy("$built/../chaos/inflight", "$to/regress/chaos/inflight") or
	    die "inflight: $!\n";
	spew("$log/processes", '');
	chmod 0666, "$log/processes" or die $!;
	chmod 01777, $log or die $!;
	return ($to, $log);
}

# processes: what it says in that directory: role => state => how many, and
# the files of reports.
sub processes {
	my ($log) = @_;
	my (%state, %n);
	for (split /\n/, slurp("$log/processes")) {
		my ($id, $role, $state) = /^(\S+) (\w+) (\w+)$/ or die $_;
		$state{"$role $id"} = $state;
	}
	$n{(split)[0]}{$state{$_}}++ for keys %state;
	return (\%n, glob "$log/report.*");
}

# LeakSanitizer would see it, in each role alone; "none" leaks nowhere.  What
# is forked has its parent's memory, too.
for my $role ('none', @roles) {
	my ($to, $log) = install("leak-$role");
	spew("$log/leak", $role);
	my $t = Msmtpd::Test->new("$to/msmtpd-leaks");
	my $status = eval {
		$t->start('--command=' . $t->filer);
		$t->send;
		$t->stop;
	} // -1;
	undef $t;
	my ($n, @reports) = processes($log);
	my @leaks = sort grep { $n->{$_}{leaks} } keys %$n;
	my %want = (none => '', map({ $_ => $_ } @roles),
	    is_root() ? (parent => 'forked parent') : ());
	is("@leaks", $want{$role}, $role eq 'none' ? 'no leak: none is seen' :
	    "a leak in $role: it is seen") or
	    diag(map { slurp($_) } @reports);
	if ($role eq 'none') {
		is($status, 0, 'the daemon ends with 0');
		is(scalar @reports, 0, 'and there is no report');
	} else {
		isnt($status, 0, 'the daemon does not end with 0');
		like(join('', map { slurp($_) }
		    grep { /report\.$role\./ } @reports),
		    qr/\b100 byte\(s\) in 1 object.*\bleak\b/s,
		    'and there is a report');
	}
}

my @ran = batch(jobs => $jobs, kind => 'with LeakSanitizer',
    tests => \@tests, env => sub {
	my ($to) = install($_[0]);
	return (MSMTPD => "$to/msmtpd-leaks", OBJDIR => $to,
	    MSMTPD_TEST_UNDER => 'leaks');
    }, done => sub { remove_tree(place('bin', $_[0])) });
gone();

# Each process that was started has been looked at, and is clean.
my (%clean, @unchecked, @without, @reports);
for my $name (@ran) {
	my ($n, @found) = processes(place('log', $name));
	@found = grep { slurp($_) !~ $killed } @found if $kills{$name};
	push @reports, map { "$name, " . basename($_) . ":\n" . slurp($_) }
	    @found;
	push @without, $name unless grep { $_->{clean} } values %$n;
	for my $role (sort keys %$n) {
		$clean{$role} += $n->{$role}{clean} // 0;
		push @unchecked, "$name: $role"
		    if $n->{$role}{started} && !$kills{$name};
		push @reports, "$name: $role leaks\n" if $n->{$role}{leaks};
	}
}
cmp_ok($clean{$_} // 0, '>', 0, "$_: " . ($clean{$_} // 0) .
    ' processes were checked at their end') for @roles;
is("@without", '', 'in each test');
is("@unchecked", '', 'and none ended in another way');
is(scalar @reports, 0, 'nothing leaks') or
    diag(@reports[0 .. ($#reports < 9 ? $#reports : 9)]);

done_testing();
