# SPDX-License-Identifier: ISC

# What the tests of faults share: a daemon under a supervisor that holds its
# socket, and what is known of processes from /proc.

package Msmtpd::Chaos;

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(dirname);
use Msmtpd::Test qw(children eventually proc_status slurp spew);

our @EXPORT_OK = qw(child_of daemon events fd_calm fd_count kids kin limit
    memfds processes_in supervised);

# Read now: a test may mount something over it.
my $supervise = slurp(dirname(__FILE__) . '/../../supervise');

# supervised: start test's daemon under regress/chaos/supervise, a copy of which
# $t->pid is then.
sub supervised {
	my ($t, @options) = @_;
	my $dir = $t->dir;
	spew("$dir/supervise", $supervise);
	$t->start({ bare => 1, log => "$dir/log",
	    as => [$^X, "$dir/supervise", "$dir/events"] },
	    $t->root_options, "--log=$dir/log", @options);
}

# events: what the supervisor has written, as lists of words.
sub events {
	my ($t) = @_;
	return map { [split] } split /\n/, slurp($t->dir . '/events');
}

# daemon: the pid of the daemon's parent, undef between two runs.
sub daemon {
	my ($t) = @_;
	my $last = (events($t))[-1];
	return $last->[0] eq 'start' ? $last->[1] : undef;
}

# child_of: the pid of parent's child with that word in its arguments, undef
# where there is none (now).
sub child_of {
	my ($parent, $name) = @_;
	for my $pid (children($parent)) {
		my $args = eval { slurp("/proc/$pid/cmdline") } // '';
		return $pid if $args =~ /\b\Q$name\E\b/;
	}
	return undef;
}

# kin: parent, front and deliver of a daemon that runs.
sub kin {
	my ($parent) = @_;
	my @pids;
	eventually {
		@pids = ($parent, map { child_of($parent, $_) // () }
		    qw(front deliver));
		@pids == 3;
	} or die "daemon $parent has not all its processes\n";
	return @pids;
}

# kids: how many children a process has, dead ones that it has not reaped
# included.
sub kids {
	my ($pid) = @_;
	my @pids = children($pid);
	return scalar @pids;
}

sub fd_count {
	my ($pid) = @_;
	return scalar(() = glob "/proc/$pid/fd/*");
}

# fd_calm: the same, when it has not changed for a while: what a mail has taken
# is given back after its reply.
sub fd_calm {
	my ($pid) = @_;
	my ($n, $same) = (-1, 0);
	eventually {
		my $now = fd_count($pid);
		$same = $now == $n ? $same + 1 : 0;
		$n = $now;
		$same >= 20;
	} or die "process $pid: the descriptors come and go\n";
	return $n;
}

# memfds: how many descriptors of a process are messages.
sub memfds {
	my ($pid) = @_;
	return scalar grep { (readlink // '') =~ m{^/memfd:message} }
	    glob "/proc/$pid/fd/*";
}

# processes_in: those that have the test's directory in their arguments, or
# were deleted with it; but us.
sub processes_in {
	my ($t) = @_;
	my $dir = $t->dir;
	my @found;
	for my $proc (glob '/proc/[0-9]*') {
		my ($pid) = $proc =~ /(\d+)$/;
		next if $pid == $$;
		my $args = eval { slurp("$proc/cmdline") } // '';
		my $exe = readlink("$proc/exe") // '';
		push @found, $pid if index($args, $dir) >= 0 ||
		    index($exe, $dir) >= 0;
	}
	return @found;
}

# limit: set a resource limit of a process that runs, as prlimit(1) says it;
# soft only, so that it can be lifted again.  By its own user, who may: even
# root needs a capability for that which it has not everywhere.
sub limit {
	my ($pid, $what, $soft) = @_;
	my $s = proc_status($pid);
	my ($uid) = $s->{Uid} =~ /^(\d+)/;
	my ($gid) = $s->{Gid} =~ /^(\d+)/;
	my @as = $uid == $> ? () : ('setpriv', "--reuid=$uid", "--regid=$gid",
	    '--clear-groups', '--');
	system(@as, 'prlimit', "--pid=$pid", "--$what=$soft:") == 0
	    or die "prlimit --$what=$soft: failed\n";
}

1;
