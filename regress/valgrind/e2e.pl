#!/usr/bin/perl
#
# Copyright (c) 2026 The msmtpd authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

# e2e.pl PROGRAM JOBS: run end-to-end tests with each of the daemon's
# processes under memcheck, JOBS of them at a time, then look at what memcheck
# says of each process.  PROGRAM is msmtpd-memcheck, see memcheck.c.  TAP.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp ();
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

# All that need no more than a daemon and a port, the longest first, but for
#   10-options	starts it some 800 times, mostly to be refused
#   21-command	looks at what the command inherits: valgrind adds to that
#   22-root	looks for the filters, of which there are none here
#   42-death	kills processes: those of which memcheck can say nothing
my @tests = qw(40-signals 41-grace 73-limits 12-start 11-listen 72-auth
    71-mixtures 30-inetd 20-mail 70-clients 74-log 60-roundtrip 75-replies);
my @roles = qw(parent front deliver);
my $limit = 600;	# seconds for one test, on a machine that is busy

my ($program, $jobs) = @ARGV;
my ($valgrind) = grep { -x } map { "$_/valgrind" } split /:/, $ENV{PATH};
plan skip_all => 'valgrind is not installed' unless $valgrind;

# Where any user can execute it, and write a log.
my $tmp = File::Temp->newdir('msmtpd-memcheck-XXXXXXXX', TMPDIR => 1);
my $dir = "$tmp";
chmod 0755, $dir or die $!;
mkdir "$dir/$_" or die $! for qw(log out);
chmod 01777, "$dir/log" or die $!;
copy($program, "$dir/msmtpd-memcheck") or die "$program: $!\n";

# What the tests start.  The process stays the same, so a log's name has its
# pid twice, and that of a child which it forks, to exec the command, has not.
open my $fh, '>', "$dir/msmtpd" or die $!;
print $fh <<"END";
#!/bin/sh
case \$1 in
*': front') role=front ;;
*': deliver') role=deliver ;;
*) role=parent ;;
esac
exec $valgrind --leak-check=full --errors-for-leak-kinds=definite \\
    --show-leak-kinds=definite --error-exitcode=99 --vgdb=no \\
    --log-file=$dir/log/\$role.\$\$.%p $dir/msmtpd-memcheck "\$@"
END
close $fh or die $!;
chmod 0755, "$dir/msmtpd", "$dir/msmtpd-memcheck" or die $!;

my %running;	# pid => test
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
END {
	local $?;
	kill 'TERM', keys %running;
	waitpid $_, 0 for keys %running;
}

sub slurp {
	my ($file) = @_;
	open my $in, '<:raw', $file or die "$file: $!\n";
	local $/;
	return scalar(<$in>) // '';
}

sub start {
	my ($name) = @_;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		%running = ();
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		open STDIN, '<', '/dev/null' or POSIX::_exit(126);
		open STDOUT, '>', "$dir/out/$name" or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
		$ENV{MSMTPD} = "$dir/msmtpd";
		$ENV{MSMTPD_TEST_DEADLINE} = 120;
		# Without the daemon whose clock runs faster than memcheck.
		$ENV{OBJDIR} = "$dir/none";
		exec 'timeout', '--foreground', '-k', 30, $limit, $^X,
		    "regress/e2e/$name.t" or POSIX::_exit(127);
	}
	$running{$pid} = $name;
}

# One has ended: its failed checks are shown, and what it said last where it
# had none.
sub finish {
	my ($pid) = @_;
	my $status = $?;
	my $name = delete $running{$pid} // return;
	my $out = slurp("$dir/out/$name");
	my @checks = grep { !/# skip/i } $out =~ /^(ok \d+.*)/mg;
	ok($status == 0 && @checks > 0, sprintf 'e2e %s under memcheck: %d ' .
	    'checks', $name, scalar @checks) or diag("wait status $status\n",
	    $out =~ /^not ok/m ? $out =~ /^((?:not ok|#).*\n)/mg :
	    substr $out, -2000);
}

# errors: how many memcheck counted when the process ended; none where it did
# not end, or not under memcheck.
sub errors {
	my ($text) = @_;
	return $text =~ /^==\d+== ERROR SUMMARY: (\d+) errors /mg;
}

# memcheck would see it.
{
	system "$dir/msmtpd", 'memcheck-fault';
	is($? >> 8, 99, 'memcheck sees a fault');
	my ($log) = glob "$dir/log/*";
	my $text = slurp($log);
	like($text, qr/uninitialised value/, 'a value that was never written');
	like($text, qr/definitely lost in/, 'memory that was lost');
	unlink $log or die $!;
}

for my $name (@tests) {
	finish(wait) while keys %running >= $jobs;
	start($name);
}
finish(wait) while %running;

# The daemon's own processes, each to its end; and those that they forked.
my (%ended, @forked, @faulty, @silent);
for my $log (sort glob "$dir/log/*") {
	my ($role, $self, $pid) = $log =~ m{/(\w+)\.(\d+)\.(\d+)$} or die $log;
	my $text = slurp($log);
	my @errors = errors($text);
	# That it knows no Landlock, it says at length.
	$text =~ s/^--\d+-- .*\n//mg;
	# One that goes on to exec has no summary, but what it did is told.
	push @faulty, $text
	    if $text =~ /^==\d+==    at 0x/m || grep { $_ > 0 } @errors;
	if ($self != $pid) {
		push @forked, $pid;
	} elsif (@errors) {
		$ended{$role}++;
	} else {
		push @silent, "$role $pid";
	}
}
cmp_ok($ended{$_} // 0, '>=', @tests, "$_: memcheck followed " .
    ($ended{$_} // 0) . ' processes to their end') for @roles;
is(join(', ', @silent), '', 'none of them ended in another way');
cmp_ok(scalar @forked, '>', 0, 'and ' . @forked . ' that they forked');
is(scalar @faulty, 0, 'no error, and nothing definitely lost') or
    diag(@faulty[0 .. ($#faulty < 9 ? $#faulty : 9)]);

# They have been waited for, or were killed with their parent: a moment.
my $end = time + 10;
my @left;
do {
	@left = grep { (eval { slurp("$_/cmdline") } // '') =~ /\Q$dir\E/ }
	    glob '/proc/[0-9]*';
	select undef, undef, undef, 0.1 if @left;
} while (@left && time < $end);
is("@left", '', 'no process is left');

done_testing();
