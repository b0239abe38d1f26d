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
use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Batch qw(batch gone scratch);
use Msmtpd::Test qw(slurp which);
use Test::More;

# The longest first.  With LeakSanitizer (regress/leaks) instead of memcheck:
#   10-options	starts it some 800 times, mostly to be refused
#   21-command	looks at what the command inherits: valgrind adds to that
#   42-death	kills processes: those of which memcheck can say nothing
#   13, 14, 43, 44, 5x, 8x, 9x
#		start it again and again, under limits and in namespaces that
#		valgrind does not fit into; at work it is the same there
# Not at all: 22-root, which looks for the filters that are not there.
my @tests = qw(40-signals 41-grace 73-limits 12-start 11-listen 72-auth
    71-mixtures 30-inetd 20-mail 70-clients 74-log 60-roundtrip 75-replies);
my @roles = qw(parent front deliver);

my ($program, $jobs) = @ARGV;
my $valgrind = which('valgrind');
plan skip_all => 'valgrind is not installed' unless $valgrind;

my $tmp = scratch('msmtpd-memcheck');
my $dir = "$tmp";
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

# Without the daemon whose clock runs faster than memcheck.
my %env = (MSMTPD => "$dir/msmtpd", MSMTPD_TEST_DEADLINE => 120,
    OBJDIR => "$dir/none");
batch(dir => $dir, jobs => $jobs, kind => 'under memcheck',
    env => sub { %env }, tests => [map { "e2e/$_" } @tests]);
gone($dir);

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

done_testing();
