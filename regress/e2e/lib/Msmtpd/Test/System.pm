# SPDX-License-Identifier: ISC

# Functions for files, programs, processes and namespaces, which need no daemon.
# Msmtpd::Test exports all of them.

package Msmtpd::Test::System;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use IO::Socket::IP;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(all_gone children eventually exec_with free_port have_ipv6
    is_root leaks lo_up memcheck mount_of own_mounts own_netns proc_status
    python reap run slurp spew status_of unprivileged which);

sub is_root { return $> == 0 }

# memcheck: whether a script runs the daemon under memcheck, without filters
# (regress/valgrind).  leaks: whether the daemon is built with LeakSanitizer
# (regress/leaks).
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

# unprivileged: the command, before a program's name, that runs the program as
# an ordinary user, with these options of setpriv(1); empty where an ordinary
# user runs the test.
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

# lo_up: bring up the loopback interface, as "ip link set lo up" does.
sub lo_up {
	socket my $s, Socket::AF_INET(), Socket::SOCK_DGRAM(), 0 or die $!;
	my $ifreq = pack 'a16 s x22', 'lo', 0;
	ioctl $s, 0x8913, $ifreq or die "SIOCGIFFLAGS: $!\n";
	my (undef, $flags) = unpack 'a16 s', $ifreq;
	$ifreq = pack 'a16 s x22', 'lo', $flags | 1;
	ioctl $s, 0x8914, $ifreq or die "SIOCSIFFLAGS: $!\n";
}

# free_port: a port on which nobody listens.  It is below the ports that the
# kernel gives to other programs, so that none of them takes it meanwhile.
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

# own_netns: start the test anew in a network namespace of its own, where every
# port is free.  Only root can.
sub own_netns {
	if (!$ENV{MSMTPD_TEST_NETNS}) {
		$ENV{MSMTPD_TEST_NETNS} = 1;
		exec 'unshare', '-n', '--', $^X, $0, @ARGV;
		die "unshare: $!\n";
	}
	delete $ENV{MSMTPD_TEST_NETNS};
	lo_up();
}

# own_mounts: as root, start the test anew in a mount namespace of its own, and
# in the namespaces of these options of unshare(1); returns whether the test is
# in one.
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

# all_gone: whether none of these processes runs.  A zombie does not run; it may
# stay where PID 1 reaps no others' children.
sub all_gone {
	return !grep {
		my $s = proc_status($_);
		$s && $s->{State} !~ /^Z/;
	} @_;
}

# run: run a program and wait for its end; returns its wait status, standard
# output and standard error.  A first argument that is a hash has the options of
# exec_with().
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

# python: the path of a Python that has the modules, which python3-minimal has
# not got; undef without one.
sub python {
	my (@modules) = @_;
	my $path = '/usr/bin/python3';
	return undef unless -x $path;
	my ($status) = run($path, '-I', '-c', 'import ' . join ', ', @modules);
	return $status == 0 ? $path : undef;
}

# mount_of: the mount point of the file system that holds a file.
sub mount_of {
	my ($file) = @_;
	my ($dev) = stat $file or die "$file: $!\n";
	while ((my $up = $file =~ s{/[^/]*\z}{}r || '/') ne $file) {
		last if (stat $up)[0] != $dev;
		$file = $up;
	}
	return $file;
}

# exec_with: in a child, execute a program.  Options: stdin, a descriptor; env,
# added to the environment; only_env, in its place; cwd; before, a function to
# call.
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
