#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# e2e.pl DIR JOBS [TEST...]: run the end-to-end tests, or these (e2e/20-mail),
# with each of the daemon's processes under memcheck, JOBS of them at a time,
# then look at what memcheck says of each process.  In DIR are the programs,
# see memcheck.c.  TAP.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Batch qw(batch files gone place scratch);
use Msmtpd::Test qw(is_root own_mounts slurp spew which);
use Test::More;

# Those that are not run.  In the others, what asks Msmtpd::Test::memcheck() is
# left out or done another way: it says why.
my %not = (
	'e2e/80-units' => 'starts no daemon',
	'e2e/84-deb' => 'starts no daemon but the one that it builds',
);
# The first to be started: they take longest.
my @long = map { "e2e/$_" } qw(10-options 43-notify 40-signals 73-limits
    41-grace 92-examples 42-death);
# Those that never come to a daemon that runs: --help, refusals.
my %parent = map { $_ => 1 } qw(e2e/10-options e2e/90-documents e2e/91-build),
    is_root() ? () : qw(e2e/12-start e2e/81-init);
# Those that end processes by signals, and which ones by SIGKILL: of these
# memcheck can say nothing but what it has said before.
my %kills = (
	'e2e/42-death' => 'deliver front parent',
	'e2e/43-notify' => 'front',
	'e2e/44-start-signals' => '',
	'e2e/93-manual' => 'deliver',
);
my @roles = qw(parent front deliver);

my ($built, $jobs, @tests) = @ARGV;
my $valgrind = which('valgrind');
plan skip_all => 'valgrind is not installed' unless $valgrind;

scratch('msmtpd-memcheck', own_mounts());
my %long = map { $_ => 1 } @long;
@tests = (@long, grep { !$long{$_} && !$not{$_} } files('e2e')) unless @tests;

# run_by: what the tests start: a script with the program's name.  A log's name
# is ROLE.ID.PID.OF: the process of that pid, started anew or forked by that
# other one; ID tells it from those of other PID namespaces.  valgrind's own
# files are there, too.
sub run_by {
	my ($script, $log) = @_;
	spew($script, <<"END");
#!/bin/sh
case \$1 in
*': front') role=front ;;
*': deliver') role=deliver ;;
*) role=parent ;;
esac
read -r id </proc/sys/kernel/random/uuid || exit
TMPDIR=$log exec $valgrind --leak-check=full \\
    --errors-for-leak-kinds=definite --show-leak-kinds=definite \\
    --error-exitcode=99 --vgdb=no --log-file=$log/\$role.\$id.%p.\$\$ \\
    $script-memcheck "\$@"
END
	chmod 0755, $script or die $!;
}

# install: the programs, for this test; returns where they are, and its logs.
sub install {
	my ($name) = @_;
	my ($to, $log) = map { place($_, $name) } qw(bin log);
	make_path($log, "$to/regress/e2e");
	chmod 01777, $log or die $!;
	for my $program ('msmtpd', 'regress/e2e/msmtpd-hurried') {
		my ($from) = $program =~ m{([^/]+)$};
		copy("$built/$from-memcheck", "$to/$program-memcheck") or
		    die "$built/$from-memcheck: $!\n";
		chmod 0755, "$to/$program-memcheck" or die $!;
		run_by("$to/$program", $log);
	}
	return ($to, $log);
}

# memcheck would see it.
{
	my ($to, $log) = install('fault');
	system "$to/msmtpd", 'memcheck-fault';
	is($? >> 8, 99, 'memcheck sees a fault');
	my $text = slurp(glob "$log/parent.*");
	like($text, qr/uninitialised value/, 'a value that was never written');
	like($text, qr/definitely lost in/, 'memory that was lost');
}

my @ran = batch(jobs => $jobs, kind => 'under memcheck', tests => \@tests,
    env => sub {
	my ($to) = install($_[0]);
	return (MSMTPD => "$to/msmtpd", OBJDIR => $to,
	    MSMTPD_TEST_UNDER => 'memcheck', MSMTPD_TEST_DEADLINE => 120);
    }, done => sub { remove_tree(place('bin', $_[0])) });
gone();

# words: what memcheck says of one process, without what is no fault: that it
# knows no Landlock, at length; where a signal has ended it that the test sent,
# which SIGABRT from within is not.
sub words {
	my ($name, $log) = @_;
	my $text = slurp($log);
	$text =~ s/^--\d+-- .*\n//mg;
	$text =~ s{^==\d+==\ Process\ terminating\ .*
	    \ \(SIG(?:INT|ABRT|TERM)\)\n((?:==\d+==\ \ .*\n)+)}
	    {$1 =~ /: abort \(/ ? $& : ''}mex if defined $kills{$name};
	return $text;
}

# The daemon's own processes, each to its end; and those that they forked.
my (%ended, @without, @silent, @forked, @faulty);
my $killed = 0;
for my $name (@ran) {
	my (%n, %mute);
	for my $log (glob place('log', $name) . '/*') {
		my ($role, $pid, $of) =
		    $log =~ m{/(\w+)\.[^./]+\.(\d+)\.(\d+)$} or die $log;
		my $text = words($name, $log);
		# How many errors it counted when the process ended; none where
		# it did not end, or not under memcheck.  One that goes on to
		# exec has no summary, but what it did is told.
		my @errors = $text =~ /^==\d+== ERROR SUMMARY: (\d+) errors /mg;
		push @faulty, "$name: $role\n$text"
		    if $text =~ /^==\d+==    at 0x/m || grep { $_ } @errors;
		if ($pid != $of) {
			push @forked, $pid;
		} elsif (@errors) {
			$n{$role}++;
		} else {
			$mute{$role}++;
			$killed++;
		}
	}
	$ended{$_} += $n{$_} for keys %n;
	push @without, map { "$name: $_" } grep { !$n{$_} }
	    $parent{$name} ? 'parent' : @roles;
	my $mute = join ' ', sort keys %mute;
	push @silent, "$name: $mute" if $mute ne ($kills{$name} // '');
}
cmp_ok($ended{$_} // 0, '>', 0, "$_: memcheck followed " .
    ($ended{$_} // 0) . ' processes to their end') for @roles;
is("@without", '', 'in each test');
is(join(', ', @silent), '', "none ended in another way but the $killed that " .
    'tests kill');
cmp_ok(scalar @forked, '>', 0, 'and ' . @forked . ' that they forked');
is(scalar @faulty, 0, 'no error, and nothing definitely lost') or
    diag(@faulty[0 .. ($#faulty < 9 ? $#faulty : 9)]);

done_testing();
