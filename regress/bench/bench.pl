#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# make bench: what msmtpd adds to running the command, in figures; README in
# this directory explains them.  usage: bench.pl [--check] [--json]
# [--rounds=n] [row ...].  OBJDIR is the build's directory, MSMTPD the daemon,
# MSMTPD_MSMTPD the msmtpd of msmtp (else the one in PATH).

package Msmtpd::Test;

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use File::Copy qw(copy);
use Getopt::Long;
use IO::Socket::IP;
use JSON::PP;
use List::Util qw(min);
use Msmtpd::Test qw(children eventually is_root run slurp status_of
    unprivileged which);
use POSIX ();

my $IDLE = 10000;		# sessions that do nothing, at most
my $SESSIONS = 16;		# and as many deliveries
my $TIMEOUT = 60;		# s of one run
my $MIB = 1024 * 1024;

# The goals.  A row is measured by the sub named in its run; "least" and
# "most" say which way its value misses.
my @rows = (
	{ id => 'kept', text => '4 KiB mails, sessions kept open, of the limit',
	    unit => '', least => 0.80 },
	{ id => 'kept-msmtp', text => '  of the msmtpd of msmtp', unit => '',
	    least => 1.5 },
	{ id => 'cpu', text => '  CPU of the three processes a mail',
	    unit => 'us', most => 200 },
	{ id => 'reconnect', text => '4 KiB mails, one connection each, of ' .
	    'the limit', unit => '', least => 0.70 },
	{ id => 'reconnect-msmtp', text => '  of the msmtpd of msmtp',
	    unit => '', least => 3 },
	{ id => 'pipeline', text => '4 KiB mails, kept open, pipelined, of ' .
	    'the limit', unit => '' },
	{ id => 'latency', text => 'one mail at a time, added to ' .
	    'spawn-to-exit', unit => 'us', most => 150 },
	{ id => 'latency-pipeline', text => '  pipelined', unit => 'us' },
	{ id => 'mib', text => '1 MiB mails, sessions kept open, of the limit',
	    unit => '', least => 0.60 },
	{ id => 'large', text => '20 MiB mails, 4 sessions, octets/s of a ' .
	    'bare loop', unit => '', least => 0.80 },
	{ id => 'pss', text => 'PSS of all three processes, idle',
	    unit => 'MiB', most => 2.0 },
	{ id => 'session', text => "front's memory per idle session",
	    unit => 'octets', most => 512 },
	{ id => 'idle', text => "new mail's latency with them, of that without",
	    unit => '', most => 1.1 },
	{ id => 'inetd', text => '--inetd, start until 220', unit => 'ms',
	    most => 8 },
);
my %row = map { $_->{id} => $_ } @rows;

my ($check, $as_json, $rounds) = (0, 0, 5);
GetOptions('check' => \$check, 'json' => \$as_json, 'rounds=i' => \$rounds)
    && $rounds >= 1 or die "usage: bench.pl [--check] [--json] " .
    "[--rounds=n] [row ...]\n";
my %wanted = map { $_ => 1 } @ARGV;
$row{$_} or die "$_: no such row: " . join(' ', map { $_->{id} } @rows) . "\n"
    for keys %wanted;

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $obj = ($ENV{OBJDIR} || '.obj') . '/regress/bench';
for my $prog (qw(load limit memfd_loop start sink)) {
	copy("$obj/$prog", "$dir/$prog") or die "$obj/$prog: $!\n";
	chmod 0755, "$dir/$prog" or die $!;
}
my $msmtp = $ENV{MSMTPD_MSMTPD} || msmtp_in_path();
my $sink = "$dir/sink";
my $nofile = nofile();

$| = 1;
head() unless $as_json;
bench_kept();
bench_reconnect();
bench_pipeline();
bench_latency();
bench_mib();
bench_large();
bench_pss();
bench_idle();
bench_inetd();
exit finish();

# Whether one of these rows is asked for.
sub wanted { return !%wanted || grep { $wanted{$_} } @_ }

sub median {
	my @s = sort { $a <=> $b } @_;
	return @s % 2 ? $s[$#s / 2] : ($s[@s / 2 - 1] + $s[@s / 2]) / 2;
}

# The msmtpd in PATH may be ours.
sub msmtp_in_path {
	my $prog = which('msmtpd') or return undef;
	my ($status, $out) = run($prog, '--version');
	return $out =~ /^msmtpd version/ ? $prog : undef;
}

# tool: run one of our programs; returns what it measured.
sub tool {
	my ($name, @args) = @_;
	local $Msmtpd::Test::DEADLINE = $TIMEOUT + 10;
	my ($status, $out, $err) = run("$dir/$name", '--json', @args);
	die "$name @args: ", status_of($status), "\n$err" if $status;
	return decode_json($out);
}

sub load { return tool('load', "--timeout=$TIMEOUT", @_) }

sub limit {
	my ($sessions, $mails, $size) = @_;
	return tool('limit', "--sessions=$sessions", "--mails=$mails",
	    "--size=$size", '--', $sink);
}

# ours: with msmtpd just started, what code, which gets its port, returns.
sub ours {
	my ($code, @options) = @_;
	my $log = "$dir/ours.log";
	my @as = ('sh', '-c', "ulimit -n $nofile && exec \"\$@\"", 'sh');
	unlink $log;
	$t->start({ as => \@as, log => $log }, $t->root_options,
	    "--command=$sink %F", "--log=$log",
	    "--max-deliveries=$SESSIONS", '--max-sessions=' . ($IDLE + 500),
	    @options);
	my $got = $code->($t->port);
	my $status = $t->stop;
	die 'msmtpd: ', status_of($status), "\n", $t->log if $status;
	return $got;
}

# theirs: the same with the msmtpd of msmtp, as the ordinary user that its
# service runs it as.
sub theirs {
	my ($code) = @_;
	my $port = IO::Socket::IP->new(LocalHost => '127.0.0.1',
	    LocalPort => 0, Listen => 1)->sockport;
	my $log = "$dir/theirs.log";
	open my $fh, '>', $log or die "$log: $!\n";
	chown $Msmtpd::Test::NOBODY, -1, $log if is_root();
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open STDOUT, '>&', $fh;
		open STDERR, '>&', $fh;
		{ no warnings 'exec'; exec unprivileged(), $msmtp,
		    "--port=$port", "--log=$log", "--command=$sink %F"; }
		POSIX::_exit(127);
	}
	my $got = eval {
		eventually { listens($port) } or die "$msmtp: does not listen\n";
		$code->($port);
	};
	my $error = $@;
	kill 'TERM', children($pid), $pid;
	waitpid $pid, 0;
	# Its failure is not ours: its rows are left out.
	warn "$msmtp: $error" if $error;
	return $got;
}

# Whether a socket listens on port, without a connection to it.
sub listens {
	my $hex = sprintf ':%04X', $_[0];
	return slurp('/proc/net/tcp') =~ /^\s*\d+: \w+$hex \w+:0000 0A /m;
}

# Descriptors for as many idle sessions, each of which may have a mail, as
# are wanted, or for as many as the limit allows.
sub nofile {
	my $want = 2 * $IDLE + 1000;
	my ($status) = run('sh', '-c', "ulimit -n $want");
	return $want if $status == 0;
	my (undef, $hard) = run('sh', '-c', 'ulimit -Hn');
	chomp $hard;
	return $hard;
}

# Seconds that a process has run itself, without its children.
sub cpu {
	my ($pid) = @_;
	my @f = split ' ', slurp("/proc/$pid/stat") =~ s/.*\) //sr;
	return ($f[11] + $f[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

sub procs { return ($t->pid, $t->proc('front'), $t->proc('deliver')) }

# A field of smaps_rollup, in octets.
sub smaps {
	my ($pid, $field) = @_;
	slurp("/proc/$pid/smaps_rollup") =~ /^\Q$field\E:\s+(\d+) kB$/m or
	    die "/proc/$pid/smaps_rollup: no $field\n";
	return 1024 * $1;
}

# in_turn: the contestants, name => code, one after the other, five rounds;
# returns for each a list of what the code returned.  One that has failed
# once is left out.
sub in_turn {
	my @contestants = @_;
	my %got;
	for my $round (1 .. $rounds) {
		for (my $i = 0; $i < @contestants; $i += 2) {
			my ($name, $code) = @contestants[$i, $i + 1];
			next if @{$got{$name} || []} < $round - 1;
			my $result = $code->();
			push @{$got{$name}}, $result if defined $result;
		}
	}
	return \%got;
}

# The median of all rounds' figures of one contestant.
sub figure {
	my ($got, $name, $key) = @_;
	return median(map { $_->{$key} } @{$got->{$name}});
}

# The median over the rounds of a's figure over b's in the same round.
sub ratio {
	my ($got, $a, $b, $key) = @_;
	return median(map {
	    $got->{$a}[$_]{$key} / $got->{$b}[$_]{$key} } 0 .. $rounds - 1);
}

sub difference {
	my ($got, $a, $b, $key) = @_;
	return median(map {
	    $got->{$a}[$_]{$key} - $got->{$b}[$_]{$key} } 0 .. $rounds - 1);
}

# Mails a second of 4 KiB or 1 MiB mails.
sub contest {
	my ($mails, $size, $others, @how) = @_;
	my @args = ("--sessions=$SESSIONS", "--mails=$mails", "--size=$size",
	    @how);
	my $mine = sub {
		my ($port) = @_;
		my @pids = procs();
		my @before = map { cpu($_) } @pids;
		my $got = load("--port=$port", @args);
		my @after = map { cpu($_) } @pids;
		$got->{(qw(parent front deliver))[$_]} =
		    1e6 * ($after[$_] - $before[$_]) / $mails for 0 .. 2;
		return $got;
	};
	my @c = (limit => sub { limit($SESSIONS, $mails, $size) },
	    msmtpd => sub { ours($mine) });
	push @c, msmtp => sub { theirs(sub { load("--port=$_[0]", @args) }) }
	    if $others && $msmtp;
	return in_turn(@c);
}

sub rates {
	my ($got) = @_;
	return { map { $_ => figure($got, $_, 'mails_per_s') } keys %$got };
}

sub bench_kept {
	wanted(qw(kept kept-msmtp cpu)) or return;
	my $got = contest(3000, 4096, 1);
	result('kept', ratio($got, 'msmtpd', 'limit', 'mails_per_s'),
	    rates($got));
	against_msmtp('kept-msmtp', $got);
	my %cpu = map { $_ => figure($got, 'msmtpd', $_) }
	    qw(parent front deliver);
	result('cpu', $cpu{parent} + $cpu{front} + $cpu{deliver},
	    { %cpu, client => figure($got, 'msmtpd', 'own_cpu_us') });
}

sub bench_reconnect {
	wanted(qw(reconnect reconnect-msmtp)) or return;
	my $got = contest(2000, 4096, 1, '--reconnect');
	result('reconnect', ratio($got, 'msmtpd', 'limit', 'mails_per_s'),
	    rates($got));
	against_msmtp('reconnect-msmtp', $got);
}

sub against_msmtp {
	my ($id, $got) = @_;
	return skipped($id, 'no msmtpd of msmtp (Debian: msmtp-mta)')
	    unless $msmtp;
	return skipped($id, 'the msmtpd of msmtp has failed')
	    if @{$got->{msmtp} || []} < $rounds;
	result($id, ratio($got, 'msmtpd', 'msmtp', 'mails_per_s'), {});
}

sub bench_pipeline {
	wanted('pipeline') or return;
	my $got = contest(3000, 4096, 0, '--pipeline');
	result('pipeline', ratio($got, 'msmtpd', 'limit', 'mails_per_s'),
	    rates($got));
}

# Medians in us: with a lock-step client, and with one that sends MAIL, RCPT
# and DATA at once.
sub bench_latency {
	wanted(qw(latency latency-pipeline)) or return;
	my @args = ('--sessions=1', '--mails=1000', '--size=4096');
	my $client = sub { load("--port=$_[0]", @args) };
	my $pipeline = sub { load("--port=$_[0]", '--pipeline', @args) };
	my @c = (limit => sub { limit(1, 1000, 4096) },
	    msmtpd => sub { ours($client) },
	    pipelined => sub { ours($pipeline) });
	push @c, msmtp => sub { theirs($client) } if $msmtp;
	my $got = in_turn(@c);
	my %p50 = map { $_ => figure($got, $_, 'p50_us') } keys %$got;
	delete $p50{pipelined};
	result('latency', difference($got, 'msmtpd', 'limit', 'p50_us'),
	    \%p50);
	result('latency-pipeline', difference($got, 'pipelined', 'limit',
	    'p50_us'), {});
}

sub bench_mib {
	wanted('mib') or return;
	my $got = contest(500, $MIB, 1);
	result('mib', ratio($got, 'msmtpd', 'limit', 'mails_per_s'),
	    rates($got));
}

sub bench_large {
	wanted('large') or return;
	my @args = ('--mails=40', '--size=' . 20 * $MIB);
	my $got = in_turn(loop => sub { tool('memfd_loop', @args) },
	    msmtpd => sub { ours(sub { load("--port=$_[0]", '--sessions=4',
	    @args) }) });
	result('large', ratio($got, 'msmtpd', 'loop', 'mb_per_s'),
	    { map { $_ => figure($got, $_, 'mb_per_s') } keys %$got });
}

# The processes are not dumpable, so an ordinary user may not look.
sub may_look {
	return 1 if is_root();
	skipped($_, 'only root may read smaps_rollup') for @_;
	return 0;
}

sub bench_pss {
	wanted('pss') && may_look('pss') or return;
	my $pss = ours(sub {
		select undef, undef, undef, 0.2;
		my @pss = map { smaps($_, 'Pss') / $MIB } procs();
		return { parent => $pss[0], front => $pss[1],
		    deliver => $pss[2] };
	}, '--max-sessions=1000');
	result('pss', $pss->{parent} + $pss->{front} + $pss->{deliver}, $pss);
}

# with_idle: call code while n sessions of the server on port do nothing.
sub with_idle {
	my ($port, $n, $code) = @_;
	pipe my $in, my $hold or die $!;
	pipe my $ready, my $out or die $!;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open STDIN, '<&', $in or POSIX::_exit(126);
		open STDOUT, '>&', $out or POSIX::_exit(126);
		close $hold;
		{ no warnings 'exec'; exec "$dir/load", '--idle',
		    "--port=$port", "--sessions=$n", "--timeout=$TIMEOUT"; }
		POSIX::_exit(127);
	}
	close $in;
	close $out;
	my $line = <$ready>;
	my $got = defined $line ? eval { $code->() } : undef;
	my $error = defined $line ? $@ : "idle sessions: load has failed\n";
	close $hold;
	waitpid $pid, 0;
	die $error if $error;
	return $got;
}

sub bench_idle {
	wanted(qw(session idle)) or return;
	my $n = min($IDLE, int(($nofile - 200) / 2));
	if ($n < 1000) {
		skipped($_, "RLIMIT_NOFILE is $nofile") for qw(session idle);
		return;
	}
	my @args = ('--sessions=1', '--mails=500', '--size=4096',
	    '--reconnect');
	my $look = is_root();
	my (@octets, @alone, @crowd);
	for (1 .. $rounds) {
		ours(sub {
			my ($port) = @_;
			my $front = $t->proc('front');
			push @alone, load("--port=$port", @args)->{p50_us};
			my $before = $look && smaps($front, 'Anonymous');
			with_idle($port, $n, sub {
				push @octets, (smaps($front, 'Anonymous') -
				    $before) / $n if $look;
				push @crowd,
				    load("--port=$port", @args)->{p50_us};
			});
		});
	}
	result('session', median(@octets), { sessions => $n })
	    if may_look('session');
	result('idle', median(map { $crowd[$_] / $alone[$_] }
	    0 .. $rounds - 1), { none => median(@alone),
	    "with $n" => median(@crowd) });
}

sub bench_inetd {
	wanted('inetd') or return;
	my @c = (msmtpd => sub { tool('start', '--runs=20', '--', $t->bin,
	    '--inetd', $t->root_options, "--log=$dir/inetd.log",
	    "--command=$sink %F") });
	push @c, msmtp => sub { tool('start', '--runs=20', '--', $msmtp,
	    '--inetd', "--command=$sink %F") } if $msmtp;
	my $got = in_turn(@c);
	result('inetd', figure($got, 'msmtpd', 'p50_us') / 1000,
	    { map { $_ => figure($got, $_, 'p50_us') / 1000 } keys %$got });
}

sub head {
	printf "%-50s %9s %-7s %-9s  %s\n", 'figure', 'median', '', 'goal',
	    'measured';
}

sub number {
	my ($v) = @_;
	return sprintf abs $v >= 100 ? '%.0f' : abs $v >= 10 ? '%.1f' :
	    '%.3f', $v;
}

sub show {
	my ($id, $value, $goal, $rest) = @_;
	return if $as_json || !wanted($id);
	printf "%-50s %9s %-7s %-9s  %s\n", $row{$id}{text}, $value,
	    $row{$id}{unit}, $goal, $rest;
}

sub result {
	my ($id, $value, $measured) = @_;
	my $r = $row{$id};
	@$r{qw(value measured)} = ($value + 0, $measured);
	my $goal = defined $r->{least} ? ">= $r->{least}" :
	    defined $r->{most} ? "<= $r->{most}" : '';
	$r->{falls_short} = JSON::PP::true if
	    defined $r->{least} && $value < $r->{least} ||
	    defined $r->{most} && $value > $r->{most};
	show($id, number($value), $goal, join ', ',
	    ($r->{falls_short} ? 'falls short' : ()),
	    map { "$_ " . number($measured->{$_}) } sort keys %$measured);
}

sub skipped {
	my ($id, $why) = @_;
	$row{$id}{skipped} = $why;
	show($id, '-', '', "skipped: $why");
}

sub finish {
	my @shown = grep { wanted($_->{id}) } @rows;
	my @short = grep { $_->{falls_short} } @shown;
	my ($sys, undef, $release, undef, $machine) = POSIX::uname();
	$_->{text} =~ s/^\s+// for @shown;
	if ($as_json) {
		print JSON::PP->new->canonical->pretty->encode({
		    rounds => $rounds, system => "$sys $release $machine",
		    processors => scalar(() =
		    slurp('/proc/cpuinfo') =~ /^processor/mg),
		    rows => \@shown });
	} elsif (@short) {
		printf "%d of %d fall short\n", scalar @short, scalar @shown;
	}
	return $check && @short ? 1 : 0;
}
