# SPDX-License-Identifier: ISC

# Files, programs, processes and namespaces: what a test asks of the system,
# without a daemon.  Msmtpd::Test exports all of it.

package Msmtpd::Test::System;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use IO::Socket::IP;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(all_gone children eventually exec_with free_port have_ipv6
    is_root leaks lo_up memcheck own_mounts own_netns proc_status reap run
    slurp spew status_of unprivileged which);

sub is_root { return $> == 0 }

# memcheck: whether the daemon runs under memcheck, without filters and by a
# script: regress/valgrind.  leaks: whether it is the one that LeakSanitizer
# looks at: regress/leaks.
sub memcheck { return ($ENV{MSMTPD_TEST_UNDER} // '') eq 'memcheck' }
sub leaks { return ($ENV{MSMTPD_TEST_UNDER} // '') eq 'leaks' }

sub which {
	my ($prog) = @_;
	return -x $prog ? $prog : undef if $prog =~ m{/};
	for my $dir (split(/:/, $ENV{PATH}), '/usr/sbin', '/sbin') {
		return "$dir/$prog" if -x "$dir/$prog" && !-d _;
	}
	return undef;
}

sub slurp {
	my ($file) = @_;
	open my $fh, '<:raw', $file or die "$file: $!\n";
	local $/;
	my $text = <$fh>;
	return defined $text ? $text : '';
}

sub spew {
	my ($file, $text) = @_;
	open my $fh, '>:raw', $file or die "$file: $!\n";
	print $fh $text;
	close $fh or die "$file: $!\n";
}

# eventually: call code until it returns true, and return that; '' when the
# deadline passes.
sub eventually(&;$) {
	my ($code, $seconds) = @_;
	my $end = time + ($seconds || $Msmtpd::Test::DEADLINE);
	while (1) {
		my $got = $code->();
		return $got if $got;
		return '' if time > $end;
		select undef, undef, undef, 0.01;
	}
}

# status_of: a wait status in words: "exit 75", "signal 9".
sub status_of {
	my ($status) = @_;
	return $status & 127 ? 'signal ' . ($status & 127) :
	    'exit ' . ($status >> 8);
}

# unprivileged: the words that run a program as an ordinary user; none where
# the test is run by one.
sub unprivileged {
	my (@setpriv) = @_;
	return () unless is_root();
	return ('setpriv', "--reuid=$Msmtpd::Test::NOBODY", "--regid=$Msmtpd::Test::NOBODY",
	    '--clear-groups', @setpriv, '--');
}

sub have_ipv6 {
	return IO::Socket::IP->new(LocalHost => '::1', Listen => 1,
	    LocalPort => 0) ? 1 : 0;
}

# lo_up: what "ip link set lo up" does, without ip.
sub lo_up {
	socket my $s, Socket::AF_INET(), Socket::SOCK_DGRAM(), 0 or die $!;
	my $ifreq = pack 'a16 s x22', 'lo', 0;
	ioctl $s, 0x8913, $ifreq or die "SIOCGIFFLAGS: $!\n";
	my (undef, $flags) = unpack 'a16 s', $ifreq;
	$ifreq = pack 'a16 s x22', 'lo', $flags | 1;
	ioctl $s, 0x8914, $ifreq or die "SIOCSIFFLAGS: $!\n";
}

# free_port: one that nobody listens on; and below those that the kernel picks
# for others, so that it still is free when it is used.
sub free_port {
	for (1 .. 100) {
		my $port = 10000 + int rand 20000;
		my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1',
		    LocalPort => $port, Listen => 1) or next;
		close $s;
		return $port;
	}
	die "no port is free: $@\n";
}

# own_netns: start the test anew in a network namespace of its own, where
# every port is free.  As root only.
sub own_netns {
	if (!$ENV{MSMTPD_TEST_NETNS}) {
		$ENV{MSMTPD_TEST_NETNS} = 1;
		exec 'unshare', '-n', '--', $^X, $0, @ARGV;
		die "unshare: $!\n";
	}
	delete $ENV{MSMTPD_TEST_NETNS};
	lo_up();
}

# own_mounts: as root, start the program anew in a mount namespace of its own,
# and in what more namespaces these options of unshare(1) are; returns whether
# it is in one.
sub own_mounts {
	my (@more) = @_;
	my $has = delete $ENV{MSMTPD_TEST_MOUNTS};
	return 0 unless is_root();
	return 1 if $has;
	return 0 unless which('unshare') &&
	    system('unshare', '-m', @more, 'true') == 0;
	$ENV{MSMTPD_TEST_MOUNTS} = 1;
	exec 'unshare', '-m', @more, '--', $^X, $0, @ARGV;
	die "unshare: $!\n";
}

# proc_status: /proc/PID/status as a hash.
sub proc_status {
	my ($pid) = @_;
	open my $fh, '<', "/proc/$pid/status" or return undef;
	my %h = map { /^(\w+):\s*(.*?)\s*$/ ? ($1 => $2) : () } <$fh>;
	return \%h;
}

# children: the processes whose parent is pid.
sub children {
	my ($pid) = @_;
	my @found;
	for my $dir (glob '/proc/[0-9]*') {
		open my $fh, '<', "$dir/stat" or next;
		my $line = <$fh>;
		next unless defined $line && $line =~ /^(\d+) .*\) . (\d+)/s;
		push @found, $1 if $2 == $pid;
	}
	return sort { $a <=> $b } @found;
}

# all_gone: whether none of these processes runs; a zombie, which nobody may
# wait for where PID 1 does not, runs no more.
sub all_gone {
	return !grep {
		my $s = proc_status($_);
		$s && $s->{State} !~ /^Z/;
	} @_;
}

# run: a program to its end; returns its wait status, standard output and
# standard error.  A first argument that is a hash: stdin, env, cwd, close.
sub run {
	my $opt = ref $_[0] ? shift : {};
	my @cmd = @_;
	my ($out, $err) = map { File::Temp->new } 1 .. 2;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		exec_with($opt, $out, $err, @cmd);
	}
	my $status = reap($pid, $Msmtpd::Test::DEADLINE);
	if (!defined $status) {
		kill 'KILL', $pid;
		waitpid $pid, 0;
		die "@cmd: still runs after $Msmtpd::Test::DEADLINE s; standard error:\n" .
		    slurp("$err");
	}
	return ($status, slurp("$out"), slurp("$err"));
}

sub exec_with {
	my ($opt, $out, $err, @cmd) = @_;
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
	if ($opt->{stdin}) {
		open STDIN, '<&', $opt->{stdin} or POSIX::_exit(126);
	} else {
		open STDIN, '<', '/dev/null' or POSIX::_exit(126);
	}
	open STDOUT, '>&', $out or POSIX::_exit(126);
	open STDERR, '>&', $err or POSIX::_exit(126);
	%ENV = (%ENV, %{$opt->{env}}) if $opt->{env};
	%ENV = %{$opt->{only_env}} if $opt->{only_env};
	chdir $opt->{cwd} or POSIX::_exit(126) if $opt->{cwd};
	$opt->{before}->() if $opt->{before};
	{ no warnings 'exec'; exec { $cmd[0] } @cmd; }
	print STDERR "$cmd[0]: $!\n";
	POSIX::_exit(127);
}

sub reap {
	my ($pid, $seconds) = @_;
	my $status;
	eventually {
		my $got = waitpid $pid, WNOHANG;
		die "waitpid: $!\n" if $got == -1;
		$status = $? if $got == $pid;
		$got == $pid;
	} $seconds;
	return $status;
}

1;
