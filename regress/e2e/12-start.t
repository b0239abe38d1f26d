#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What keeps the daemon from starting, with the exit status and the message of
# each.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(is_root run slurp spew status_of unprivileged);
use POSIX ();
use Test::More;

my $t = Msmtpd::Test->new;
my $cmd = '--command=' . $t->filer;
my $dir = $t->dir;

# refused: status and message of a start, and of --check where it must agree.
sub refused {
	my ($name, $want, $re, @words) = @_;
	my ($status, $out, $err) = run(@words);
	is(status_of($status), "exit $want", "$name: $want");
	like($err, $re, "$name: said why") or diag($err);
	unlike($err, qr/is ready/, "$name: it did not start");
}

# refused_both: of a start, and of --check before it.
sub refused_both {
	my ($name, $want, $re, @words) = @_;
	refused($name, $want, $re, @words);
	refused("$name, --check", 78, $re, @words, '--check');
}

SKIP: {
	skip 'not root', 1 unless is_root();
	my @base = ($t->bin, '--port=0', $cmd);
	my $empty = "--chroot=$dir/empty";
	for my $check ([], ['--check']) {
		my $nouser = @$check ? 78 : 67;
		refused("no such user @$check", $nouser,
		    qr/nouser1.*useradd .*nouser1/, @base, $empty, @$check,
		    '--user=nouser1', '--privsep-user=nobody');
		refused("no such privsep user @$check", $nouser,
		    qr/nouser2.*useradd .*nouser2/, @base, $empty, @$check,
		    '--user=games', '--privsep-user=nouser2');
		refused("root as user @$check", $nouser, qr/root/, @base, $empty,
		    @$check, '--user=root', '--privsep-user=nobody');
		refused("root as privsep user @$check", $nouser, qr/root/, @base,
		    $empty, @$check, '--user=games', '--privsep-user=root');
		my ($status, $out, $err) = run(@base, $empty, @$check,
		    '--user=games', '--privsep-user=games');
		isnt($status, 0, "one user for both is refused @$check");
		like($err, qr/games/, "one user for both: named @$check");
	}

	# A wrong root directory: front says so, and the daemon ends.
	my @users = ('--user=games', '--privsep-user=nobody');
	refused_both('no root directory', 72,
	    qr{chroot $dir/none.*install -d}, @base, @users,
	    "--chroot=$dir/none");
	spew("$dir/nodir", '');
	refused_both('a file as root directory', 72,
	    qr{chroot $dir/nodir.*must be a directory}, @base, @users,
	    "--chroot=$dir/nodir");
	mkdir "$dir/others", 0755 or die $!;
	chown((getpwnam 'games')[2], 0, "$dir/others") or die $!;
	refused_both("a root directory that is not root's", 78,
	    qr{chroot $dir/others.*install -d}, @base, @users,
	    "--chroot=$dir/others");
	mkdir "$dir/full" or die $!;
	spew("$dir/full/file", '');
	refused_both('a root directory with a file in it', 78,
	    qr{chroot $dir/full.*empty}, @base, @users,
	    "--chroot=$dir/full");
	mkdir "$dir/all" or die $!;
	chmod 0775, "$dir/all" or die $!;
	refused_both('a root directory that others can write', 78,
	    qr{chroot $dir/all.*write}, @base, @users,
	    "--chroot=$dir/all");
	symlink "$dir/empty", "$dir/link" or die $!;
	refused_both('a root directory by a symbolic link', 72,
	    qr{chroot $dir/link.*symbolic}, @base, @users,
	    "--chroot=$dir/link");

	# A command that root may execute, but the command's user may not.
	mkdir "$dir/private" or die $!;
	chmod 0700, "$dir/private" or die $!;
	spew("$dir/private/command", "#!/bin/sh\n");
	chmod 0755, "$dir/private/command" or die $!;
	refused_both('a command that its user may not run', 78,
	    qr{--command: $dir/private/command.*cannot execute.*directories},
	    $t->bin, '--port=0', @users, $empty,
	    "--command=$dir/private/command");
}

# The log.
my @base = ($t->bin, '--port=0', $t->root_options, $cmd);
refused_both('a log in no directory', 73, qr{$dir/none/log.*must exist},
    @base, "--log=$dir/none/log");
refused_both('a directory as log', 73, qr{$dir/out}, @base,
    "--log=$dir/out");
symlink "$dir/elsewhere", "$dir/loglink" or die $!;
refused_both('a symbolic link as log', 73, qr{$dir/loglink.*symbolic}, @base,
    "--log=$dir/loglink");
ok(!-e "$dir/elsewhere", 'and it was not followed');
# What others could have put there, to have the daemon write where they may not.
{
	POSIX::mkfifo("$dir/fifo", 0600) or die $!;
	open my $reader, '+<', "$dir/fifo" or die $!;
	refused_both('a FIFO as log', 78, qr{$dir/fifo.*not a FIFO}, @base,
	    "--log=$dir/fifo");
	spew("$dir/theirs", '');
	link "$dir/theirs", "$dir/linked" or die $!;
	refused_both('a file with another name as log', 78,
	    qr{$dir/linked.*no other name}, @base, "--log=$dir/linked");
	mkdir "$dir/shared" or die $!;
	chmod 0777, "$dir/shared" or die $!;
	refused_both('a log where everybody may write', 78,
	    qr{$dir/shared/log.*chmod o-w}, @base, "--log=$dir/shared/log");
	chmod 01777, "$dir/shared" or die $!;
	SKIP: {
		skip 'not root: no file is another user\'s', 6 unless is_root();
		spew("$dir/shared/log", '');
		chown 12345, -1, "$dir/shared/log" or die $!;
		refused_both('a log of another user, where all may write', 78,
		    qr{$dir/shared/log.*own the file},
		    @base, "--log=$dir/shared/log");
		unlink "$dir/shared/log" or die $!;
	}
	is((run(@base, '--check', "--log=$_"))[0] >> 8, 0, "but $_ may be it")
	    for "$dir/shared/log", '/dev/null', "$dir/new";
}
{
	spew("$dir/ours", '');
	chmod 0600, "$dir/ours" or die $!;
	chmod 0400, "$dir/ours" or die $! unless is_root();
	refused_both('a log without permission', 73, qr{$dir/ours.*denied},
	    unprivileged(), $t->bin, '--port=0', $cmd, "--log=$dir/ours");
}

# A process of another program may end between the list and the look at it.
is(scalar(grep { (eval { slurp($_) } // '') =~ /\Q$dir\E/ }
    glob '/proc/[0-9]*/cmdline'), 0, 'no process is left');
done_testing();
