# SPDX-License-Identifier: ISC

# A daemon under test: a port and a directory of its own, the commands that it
# runs and what they have filed, its log, its processes, its end.  Clients are
# in Msmtpd::Test::Client; what Msmtpd::Test::System has is exported from here.
# Every wait has a deadline; what does not come by then dies with the log.

package Msmtpd::Test;

use strict;
use warnings;

use Cwd qw(abs_path);
use Errno qw(EAGAIN EINTR);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Temp ();
use IO::Select;
use IO::Socket::IP;
use Msmtpd::Test::Client;
use Msmtpd::Test::System;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);

our @EXPORT_OK = @Msmtpd::Test::System::EXPORT_OK;
BEGIN { Msmtpd::Test::System->import(@Msmtpd::Test::System::EXPORT_OK) }

# Seconds.  The modules below this one look at it here.
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
		exec_with($opt, $null, $w, @{$opt->{as} || []}, $self->{bin},
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
	$self->trouble('it listens nowhere')
	    unless $self->{log} =~ /listening on /;
	$self->{port} = $self->{ports}[0][1] if @{$self->{ports}};
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

# client: a connection to the daemon, greeting read unless quiet is set; host
# and port, or fh, where they are others; owner => N: of another address, and
# for root of another user, for each N.
sub client {
	my ($self, %opt) = @_;
	$opt{fh} //= $self->_owned($opt{owner}) if $opt{owner};
	return Msmtpd::Test::Client->new(host => '127.0.0.1',
	    port => $self->{port}, test => $self, %opt);
}

# The socket is the user's who makes it.
sub _owned {
	my ($self, $n) = @_;
	my $root = is_root();
	$> = 60000 + $n if $root;
	my $fh = IO::Socket::IP->new(LocalHost => "127.0.1.$n",
	    PeerHost => '127.0.0.1', PeerPort => $self->{port},
	    Timeout => $DEADLINE);
	my $why = $@;
	$> = 0 if $root;
	return $fh || die "connect as owner $n: $why\n";
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
	if (!defined reap($self->{pid}, 3)) {
		CORE::kill 'KILL', @pids;
		reap($self->{pid}, 3);
	}
}

1;
