#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Memory, in figures that do not depend on the machine's speed: what an idle
# session costs front, and that no process grows with the mails it has seen.

package Msmtpd::Test;

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use File::Copy ();
use IPC::Open2;
use Msmtpd::Test qw(proc_status run slurp status_of);
use Test::More;

my $SESSIONS = 4000;
my $NOFILE = 2 * $SESSIONS + 2000;	# a session and its mail have one each
my $SESSION_MAX = 512;		# octets of an idle one

my $tools = ($ENV{OBJDIR} || "$FindBin::Bin/../../.obj") . '/regress/bench';
plan skip_all => "$tools/load is not built (make tests)"
    unless -x "$tools/load" && -x "$tools/sink";

my $t = Msmtpd::Test->new;
plan skip_all => 'a sanitizer keeps memory of its own'
    if slurp($t->bin) =~ /__(?:asan|ubsan|tsan)_/;
my $sink = $t->dir . '/sink';
File::Copy::copy("$tools/sink", $sink) or die "$tools/sink: $!\n";
chmod 0755, $sink or die $!;

# Octets of writable memory of its own that a process has mapped, its stack
# left out: it grows by what brk(2) and mmap(2) add, wherever malloc(3) puts
# it, and does not depend on what the kernel has paged in or out.
sub data {
	my ($pid) = @_;
	proc_status($pid)->{VmData} =~ /^(\d+) kB$/ or die "no VmData\n";
	return 1024 * $1;
}

sub daemon {
	my (@options) = @_;
	my $log = $t->dir . '/log';
	unlink $log;
	$t->start({ log => $log,
	    as => ['sh', '-c', "ulimit -n $NOFILE; exec \"\$@\"", 'sh'] },
	    $t->root_options, "--command=$sink %F",
	    "--log=$log", '--max-sessions=' . ($SESSIONS + 500), @options);
}

sub load {
	local $Msmtpd::Test::DEADLINE = 300;
	my ($status, undef, $err) = run("$tools/load", '--port=' . $t->port,
	    '--sessions=1', '--timeout=300', @_);
	die 'load: ', status_of($status), "\n$err" if $status;
}

# What one of n idle sessions adds to front, in octets.
sub idle {
	my ($n, @how) = @_;
	my $front = $t->proc('front');
	my $before = data($front);
	my $pid = open2(my $from, my $to, "$tools/load", '--idle',
	    '--port=' . $t->port, "--sessions=$n", '--timeout=300', @how);
	my $ready = <$from> // '';
	my $after = data($front);
	close $to;
	waitpid $pid, 0;
	is($ready, "ready\n", join ' ', $n, 'idle sessions', @how);
	return ($after - $before) / $n;
}

SKIP: {
	my ($status) = run('sh', '-c', "ulimit -n $NOFILE");
	skip "RLIMIT_NOFILE cannot be $NOFILE", 6 if $status;
	for (['idle'], ['idle after a mail', '--mails=1']) {
		my ($what, @how) = @$_;
		daemon();
		load('--mails=50');
		my $octets = idle($SESSIONS, @how);
		cmp_ok($octets, '<=', $SESSION_MAX,
		    "$what: $SESSION_MAX octets a session or less");
		diag(sprintf '%s: %.0f octets a session', $what, $octets);
		is(status_of($t->stop), 'exit 0', 'the daemon stops');
	}
}

# One session at a time, so that the number of mails alone can matter.
for my $how ('', '--reconnect') {
	daemon();
	my @procs = ([parent => $t->pid],
	    map { [$_ => $t->proc($_)] } qw(front deliver));
	load('--mails=100', grep { $_ } $how);
	my @before = map { data($_->[1]) } @procs;
	load('--mails=1000', grep { $_ } $how);
	for my $i (0 .. $#procs) {
		is(data($procs[$i][1]), $before[$i], "1000 mails" .
		    ($how ? ', a session each' : '') .
		    ": $procs[$i][0] has not grown");
	}
	is(status_of($t->stop), 'exit 0', 'the daemon stops');
}

done_testing();
