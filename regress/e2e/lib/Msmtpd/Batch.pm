# SPDX-License-Identifier: ISC

# End-to-end tests of a daemon of another kind (under memcheck, with
# LeakSanitizer), several at a time, each file of them one check.

package Msmtpd::Batch;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use Msmtpd::Test qw(eventually slurp);
use POSIX ();
use Test::More;

our @EXPORT_OK = qw(batch files gone place scratch);

my $limit = 600;	# seconds for one test, on a machine that is busy

my %running;	# pid => test
my ($tmp, $mounts);
END {
	local $?;
	kill 'TERM', keys %running;
	waitpid $_, 0 for keys %running;
	system 'umount', "$tmp/log" if $tmp && $mounts;
	undef $tmp;
}

# scratch: a directory where any user can execute what is there; in it "log"
# and "tmp", where any user can write, and "out" for what the tests print.  To
# "log" each process reports, even in a container that can write nowhere else:
# with mounts of our own it is one.
sub scratch {
	(my $name, $mounts) = @_;
	$tmp = File::Temp->newdir("$name-XXXXXXXX", TMPDIR => 1);
	chmod 0755, $tmp or die $!;
	mkdir "$tmp/$_" or die $! for qw(log out tmp);
	chmod 01777, "$tmp/$_" or die $! for qw(log tmp);
	if ($mounts && system('mount', '-t', 'tmpfs', '-o', 'mode=1777',
	    'none', "$tmp/log") != 0) {
		undef $mounts;
		die "mount\n";
	}
	return "$tmp";
}

# place: what is this test's below "log" or another directory there.
sub place {
	my ($below, $name) = @_;
	return "$tmp/$below/" . $name =~ tr{/}{-}r;
}

# files: the tests in these directories of regress: "e2e/20-mail".
sub files {
	return map { m{^regress/(.*)\.t$} } map { glob "regress/$_/*.t" } @_;
}

# _start: one test, "e2e/20-mail", that finds its daemon by env.
sub _start {
	my ($opt, $name) = @_;
	my %env = $opt->{env}->($name);
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		%running = ();
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
		open STDIN, '<', '/dev/null' or POSIX::_exit(126);
		open STDOUT, '>', place('out', $name) or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
		@ENV{keys %env} = values %env;
		$ENV{TMPDIR} = "$tmp/tmp";
		exec 'timeout', '--foreground', '-k', 30, $limit, $^X,
		    "regress/$name.t" or POSIX::_exit(127);
	}
	$running{$pid} = $name;
}

# _finish: one has ended: its failed checks are shown, and what it said last
# where it had none.
sub _finish {
	my ($opt, $pid) = @_;
	my $status = $?;
	my $name = delete $running{$pid} // return;
	my $out = slurp(place('out', $name));
	my @checks = grep { !/# skip/i } $out =~ /^(ok \d+.*)/mg;
	SKIP: {
		skip "$name: $1", 1 if $out =~ /^1\.\.0 # SKIP (.*)/m;
		push @{$opt->{ran}}, $name;
		ok($status == 0 && @checks > 0, sprintf '%s %s: %d checks',
		    $name, $opt->{kind}, scalar @checks) or
		    diag("wait status $status\n", $out =~ /^not ok/m ?
		    $out =~ /^((?:not ok|#).*\n)/mg : substr $out, -2000);
	}
	$opt->{done}->($name) if $opt->{done};
}

# batch: run tests, jobs of them at a time, after scratch(); kind says how.
# env gives what a test's environment has, by the test's name; done is called
# at its end.  Returns those that were not skipped.
sub batch {
	my (%opt) = (@_, ran => []);
	for my $name (@{$opt{tests}}) {
		_finish(\%opt, wait) while keys %running >= $opt{jobs};
		_start(\%opt, $name);
	}
	_finish(\%opt, wait) while %running;
	return @{$opt{ran}};
}

# gone: no process has to do with that directory; they have been waited for,
# or were killed with their parent: a moment.
sub gone {
	my @left;
	eventually {
		@left = grep { index((eval { slurp("$_/cmdline") } // '') .
		    (readlink "$_/exe" // ''), "$tmp/") >= 0 }
		    glob '/proc/[0-9]*';
		!@left;
	};
	is("@left", '', 'no process is left');
}

1;
