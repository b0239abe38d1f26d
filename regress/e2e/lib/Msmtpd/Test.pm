# SPDX-License-Identifier: ISC

package Msmtpd::Test;

# What the end-to-end tests share: a daemon on a port of its own and in a
# directory of its own, clients, and commands that file what they get.  Every
# wait has a deadline; what does not come by then dies with the daemon's log.

use strict;
use warnings;

use Cwd qw(abs_path);
use Errno qw(EAGAIN EINTR);
use Exporter qw(import);
use Fcntl;
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Temp ();
use IO::Select;
use IO::Socket::IP;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(all_gone children eventually free_port have_ipv6 is_root
    leaks lo_up
    memcheck own_mounts own_netns proc_status run slurp spew split_trace
    status_of unprivileged which);

our $DEADLINE = $ENV{MSMTPD_TEST_DEADLINE} || 30;

# Users of every Debian: who runs the command, and who front is.
our $USER = 'games';
our $PRIVSEP_USER = 'nobody';

# uid and gid of what is started as an ordinary user.
our $NOBODY = 65534;

my $top = abs_path(dirname(__FILE__) . '/../../../..');
my $binary = $ENV{MSMTPD} || "$top/msmtpd/msmtpd";

# A test that is interrupted still ends its daemons and removes its files.
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
$SIG{PIPE} = 'IGNORE';

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
	my $end = time + ($seconds || $DEADLINE);
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

# split_trace: a mail's Received fields, and the rest of it.
sub split_trace {
	my ($mail) = @_;
	my $trace = '';
	$trace .= $1
	    while $mail =~ s/\A(Received: [^\n]*\n(?:[ \t][^\n]*\n)*)//;
	return ($trace, $mail);
}

# unprivileged: the words that run a program as an ordinary user; none where
# the test is run by one.
sub unprivileged {
	my (@setpriv) = @_;
	return () unless is_root();
	return ('setpriv', "--reuid=$NOBODY", "--regid=$NOBODY",
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

# run: a program to its end; returns its wait status, standard output and
# standard error.  A first argument that is a hash: stdin, env, cwd, close.
sub run {
	my $opt = ref $_[0] ? shift : {};
	my @cmd = @_;
	my ($out, $err) = map { File::Temp->new } 1 .. 2;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		_exec($opt, $out, $err, @cmd);
	}
	my $status = _reap($pid, $DEADLINE);
	if (!defined $status) {
		CORE::kill 'KILL', $pid;
		waitpid $pid, 0;
		die "@cmd: still runs after $DEADLINE s; standard error:\n" .
		    slurp("$err");
	}
	return ($status, slurp("$out"), slurp("$err"));
}

sub _exec {
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

sub _reap {
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

# new: a directory that all may search, with what a daemon needs: "empty" for
# --chroot, "out" where the command's user writes, a copy of the binary (or of
# the program given) that any user can execute.
sub new {
	my ($class, $program) = @_;
	my $dir = File::Temp->newdir('msmtpd-XXXXXXXX', TMPDIR => 1);
	my $self = bless { tmp => $dir, dir => "$dir", log => '', n => 0 },
	    $class;
	chmod 0755, "$dir" or die $!;
	mkdir "$dir/$_", 0755 or die $! for qw(empty out);
	if (is_root()) {
		my ($uid, $gid) = (getpwnam $USER)[2, 3];
		die "there is no user $USER\n" unless defined $uid;
		chown $uid, $gid, "$dir/out" or die $!;
	}
	$program //= $binary;
	copy($program, "$dir/msmtpd") or die "$program: $!\n";
	chmod 0755, "$dir/msmtpd" or die $!;
	$self->{bin} = "$dir/msmtpd";
	return $self;
}

sub dir { return $_[0]{dir} }
sub bin { return $_[0]{bin} }
sub pid { return $_[0]{pid} }
sub port { return $_[0]{port} }

# root_options: what a daemon that is started as root needs here.
sub root_options {
	my ($self) = @_;
	return () unless is_root();
	return ("--user=$USER", "--privsep-user=$PRIVSEP_USER",
	    "--chroot=$self->{dir}/empty");
}

# script: an executable Perl program; returns its path.  $DIR in it is the
# test's directory, $IN its standard input when it calls input().
sub script {
	my ($self, $code, $name) = @_;
	$name = sprintf '%s/command-%d', $self->{dir}, ++$self->{n}
	    unless $name;
	spew($name, <<"END" . $code);
#!/usr/bin/perl
use strict;
use warnings;
use Fcntl;
use Time::HiRes;
our \$DIR = '$self->{dir}';
sub input { local \$/; binmode STDIN; my \$in = <STDIN>; \$in // '' }
sub file {
	my (\$text, \@args) = \@_;
	my \$name = sprintf '%017.6f-%d', Time::HiRes::time(), \$\$;
	for ([args => join '', map { "\$_\\0" } \@args], [mail => \$text]) {
		open my \$fh, '>:raw', "\$DIR/out/.\$name" or die \$!;
		print \$fh \$_->[1];
		close \$fh or die \$!;
		rename "\$DIR/out/.\$name", "\$DIR/out/\$name.\$_->[0]"
		    or die \$!;
	}
}
END
	chmod 0755, $name or die $!;
	return $name;
}

# filer: a command that files its arguments and its standard input.
sub filer {
	my ($self) = @_;
	return $self->{filer} ||= $self->script('file(input(), @ARGV);');
}

# mails: what has been filed, in order: hashes of args (a list) and mail.
sub mails {
	my ($self) = @_;
	my @mails;
	for my $file (sort glob "$self->{dir}/out/*.mail") {
		(my $base = $file) =~ s/\.mail$//;
		push @mails, { mail => slurp($file),
		    args => [ split /\0/, slurp("$base.args"), -1 ] };
		pop @{$mails[-1]{args}};
	}
	return @mails;
}

sub forget_mails {
	my ($self) = @_;
	unlink glob "$self->{dir}/out/*";
}

# start: the daemon with these options (and --port=0, and as root users and a
# root directory), until it is ready; the first argument may be a hash: as
# (words before the program), env, only_env, cwd, before (code to run in the
# child), bare (no option but those given), log (a file to read it from, where
# --log=FILE is among the options).
sub start {
	my $self = shift;
	my $opt = ref $_[0] ? shift : {};
	my @options = @_;

	die "it runs already\n" if $self->{pid};
	if (!$opt->{bare}) {
		unshift @options, '--port=0';
		unshift @options, $self->root_options unless $opt->{as};
	}
	pipe my $r, my $w or die $!;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open my $null, '>', '/dev/null' or POSIX::_exit(126);
		_exec($opt, $null, $w, @{$opt->{as} || []}, $self->{bin},
		    @options);
	}
	close $w;
	$r->blocking(0);
	@$self{qw(pid fd log file started)} = ($pid, $r, '', $opt->{log},
	    "@options");
	$self->{ports} = [];
	$self->{children} = {};
	# All listeners are told of before that.
	$self->wait_log(qr/is ready/);
	while ($self->{log} =~ /listening on (\S+) port (\d+)/g) {
		push @{$self->{ports}}, [$1, $2];
	}
	$self->trouble('it listens nowhere') unless @{$self->{ports}};
	$self->{port} = $self->{ports}[0][1];
	$self->_note_children;
	return $self;
}

# _read_log: take what has come; undef at its end.
sub _read_log {
	my ($self) = @_;
	if ($self->{file}) {
		$self->{log} = slurp($self->{file}) if -e $self->{file};
		return 0;
	}
	return undef unless $self->{fd};
	my $got = sysread $self->{fd}, $self->{log}, 65536,
	    length $self->{log};
	return $got if $got;
	return 0 if !defined $got && ($! == EAGAIN || $! == EINTR);
	close delete $self->{fd};
	return undef;
}

# log: all lines so far.
sub log {
	my ($self) = @_;
	while ($self->_read_log) { }
	return $self->{log};
}

# wait_log: until the log matches; returns what $1 is, or 1.
sub wait_log {
	my ($self, $re) = @_;
	my $end = time + $DEADLINE;
	while (1) {
		my $got = $self->_read_log;
		if ($self->{log} =~ $re) {
			return defined $1 ? $1 : 1;
		}
		$self->trouble("no $re in the log; the daemon has gone")
		    if !defined $got;
		$self->trouble("no $re in the log after $DEADLINE s")
		    if time > $end;
		if ($self->{fd}) {
			IO::Select->new($self->{fd})->can_read(
			    $self->{file} ? 0.02 : 1);
		} else {
			select undef, undef, undef, 0.02;
		}
	}
}

# trouble: die with the log.
sub trouble {
	my ($self, $what) = @_;
	my $log = $self->{log};
	$log =~ s/^/    /gm;
	my ($file, $line) = (caller 1)[1, 2];
	die "$what ($file line $line)\nmsmtpd $self->{started}\n$log\n";
}

# _born: when a process was started, which tells it from a later one of that
# pid; undef where it is no more, or dead and not yet waited for.
sub _born {
	my ($pid) = @_;
	my $stat = eval { slurp("/proc/$pid/stat") } // return undef;
	my ($state, @fields) = split ' ', $stat =~ s/^.*\) //sr;
	return defined $state && $state !~ /[ZX]/ ? $fields[18] : undef;
}

# _note_children: what the daemon has for children now.  Once it is dead they
# have another parent.
sub _note_children {
	my ($self) = @_;
	for my $pid ($self->{pid} ? children($self->{pid}) : ()) {
		my $born = _born($pid);
		$self->{children}{$pid} = $born if defined $born;
	}
}

# _left: those of them that still are.
sub _left {
	my ($self) = @_;
	my $had = $self->{children};
	return grep { (_born($_) // '') eq $had->{$_} }
	    sort { $a <=> $b } keys %$had;
}

sub signal {
	my ($self, $signal) = @_;
	$self->_note_children;
	return CORE::kill $signal, $self->{pid};
}

# wait_exit: until the daemon has ended; returns its wait status.
sub wait_exit {
	my ($self, $seconds) = @_;
	$self->_note_children;
	my $end = time + ($seconds || $DEADLINE);
	my $status;
	# The log is read meanwhile, or a full pipe would keep it from ending.
	while (!defined $status) {
		$self->_read_log;
		my $got = waitpid $self->{pid}, WNOHANG;
		$status = $? if $got == $self->{pid};
		$self->trouble('it has not ended')
		    if !defined $status && time > $end;
		select undef, undef, undef, 0.01 if !defined $status;
	}
	delete $self->{pid};
	$self->log;
	return $status;
}

# all_gone: whether none of these processes runs; a zombie, which nobody may
# wait for where PID 1 does not, runs no more.
sub all_gone {
	return !grep {
		my $s = proc_status($_);
		$s && $s->{State} !~ /^Z/;
	} @_;
}

# left: those of its children that outlived the daemon; they have a moment.
sub left {
	my ($self) = @_;
	my @left;
	eventually { !(@left = $self->_left) };
	return @left;
}

# stop: SIGTERM; returns the wait status.
sub stop {
	my ($self) = @_;
	$self->signal('TERM');
	return $self->wait_exit;
}

# proc: the pid of "front" or "deliver", by the name in its arguments.
sub proc {
	my ($self, $name) = @_;
	my $found;
	eventually {
		for my $pid (children($self->{pid})) {
			my $args = eval { slurp("/proc/$pid/cmdline") } // '';
			$found = $pid if $args =~ /\b\Q$name\E\b/;
		}
		$found;
	};
	$self->trouble("there is no process $name") unless $found;
	return $found;
}

# client: a connection to the daemon, greeting read unless quiet is set.
sub client {
	my ($self, %opt) = @_;
	my $c = Msmtpd::Test::Client->new(host => '127.0.0.1',
	    port => $self->{port}, test => $self, %opt);
	return $c;
}

# send: one mail; returns the last reply.  from, to (a list), data (without
# the final dot, any line end).
sub send {
	my ($self, %m) = @_;
	my $c = $self->client;
	$c->cmd('EHLO client.example');
	my $reply = $c->mail(%m);
	$c->cmd('QUIT');
	return $reply;
}

sub DESTROY {
	my ($self) = @_;
	local ($@, $?, $!);
	return unless $self->{pid};
	my @pids = ($self->{pid}, children($self->{pid}));
	push @pids, map { children($_) } @pids[1 .. $#pids];
	CORE::kill 'CONT', $self->{pid};
	CORE::kill 'TERM', $self->{pid};
	if (!defined _reap($self->{pid}, 3)) {
		CORE::kill 'KILL', @pids;
		_reap($self->{pid}, 3);
	}
}

package Msmtpd::Test::Client;

use IO::Select;
use IO::Socket::IP;
use Time::HiRes qw(time);

# new: by host and port, or with fh (and out, where it is another) given.
sub new {
	my ($class, %opt) = @_;
	my $fh = $opt{fh} || IO::Socket::IP->new(PeerHost => $opt{host},
	    PeerPort => $opt{port}, Timeout => $Msmtpd::Test::DEADLINE) ||
	    die "connect to $opt{host} port $opt{port}: $@\n";
	my $self = bless { fh => $fh, out => $opt{out} || $fh, buf => '',
	    test => $opt{test} }, $class;
	$self->{out}->autoflush(1);
	$self->{greeting} = $self->reply unless $opt{quiet};
	return $self;
}

sub greeting { return $_[0]{greeting} }
sub fh { return $_[0]{fh} }

sub _fail {
	my ($self, $what) = @_;
	$self->{test}->log if $self->{test};
	$self->{test} ? $self->{test}->trouble($what) : die "$what\n";
}

# _fill: read more; false at the end.
sub _fill {
	my ($self) = @_;
	my $s = IO::Select->new($self->{fh});
	$s->can_read($Msmtpd::Test::DEADLINE) or
	    $self->_fail("no reply in $Msmtpd::Test::DEADLINE s");
	my $got = sysread $self->{fh}, $self->{buf}, 65536,
	    length $self->{buf};
	return $got;
}

# reply: one reply, all its lines, without the last line end; '' where the
# connection ends before.
sub reply {
	my ($self) = @_;
	my $reply = '';
	while (1) {
		if ($self->{buf} =~ s/\A([^\n]*\n)//) {
			my $line = $1;
			$reply .= $line;
			next if $line =~ /^\d{3}-/;
			$reply =~ s/\r\n\z//;
			return $reply;
		}
		return '' unless $self->_fill;
	}
}

sub put {
	my ($self, $octets) = @_;
	my $off = 0;
	while ($off < length $octets) {
		my $n = syswrite $self->{out}, $octets, length($octets) - $off,
		    $off;
		return unless defined $n;
		$off += $n;
	}
}

sub cmd {
	my ($self, $line) = @_;
	$self->put("$line\r\n");
	return $self->reply;
}

# mail: a transaction; stops at the first refusal and returns it.
sub mail {
	my ($self, %m) = @_;
	my $from = defined $m{from} ? $m{from} : 'sender@example.org';
	my $to = $m{to} || ['rcpt@example.net'];
	my $reply = $self->cmd("MAIL FROM:<$from>" . ($m{param} || ''));
	return $reply if $reply !~ /^2/;
	for my $rcpt (@$to) {
		$reply = $self->cmd("RCPT TO:<$rcpt>");
		return $reply if $reply !~ /^2/;
	}
	$reply = $self->cmd('DATA');
	return $reply if $reply !~ /^354/;
	return $self->content(defined $m{data} ? $m{data} :
	    "Subject: test\n\nbody\n", $m{no_wait});
}

# content: the message after 354, dot-stuffed; returns the verdict.
sub content {
	my ($self, $data, $no_wait) = @_;
	$data =~ s/\r?\n/\r\n/g;
	$data .= "\r\n" if length $data && $data !~ /\r\n\z/;
	$data =~ s/^\./../gm;
	$self->put("$data.\r\n");
	return $no_wait ? undef : $self->reply;
}

# at_end: true where the server closes and has sent nothing more.
sub at_end {
	my ($self) = @_;
	return $self->{buf} eq '' && !$self->_fill;
}

sub close {
	my ($self) = @_;
	CORE::close($self->{out}) if $self->{out} != $self->{fh};
	CORE::close($self->{fh});
}

1;
