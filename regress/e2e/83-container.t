#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# As in a container: an unprivileged uid that has no name, no capability, a
# root file system that cannot be written, namespaces of its own, port 2525,
# and below the daemon's own filters one such as container runtimes load.  The
# commands are those of msmtpd/service/Containerfile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Msmtpd::Test qw(children is_root memcheck mount_of own_netns proc_status
    run slurp status_of which);
use POSIX ();
use Test::More;

plan skip_all => 'needs root: namespaces, mounts' unless is_root();
for my $program (qw(unshare setpriv mount)) {
	plan skip_all => "$program is not installed" unless which($program);
}
# A network namespace in which no other program uses port 2525.
own_netns();

my $recipe = slurp("$FindBin::Bin/../../msmtpd/service/Containerfile");
my ($uid) = $recipe =~ /^USER (\d+):\1$/m;
my @health = map { @{decode_json($_)} } $recipe =~ /^HEALTHCHECK CMD (.*)$/m;
my (undef, @options) = map { @{decode_json($_)} }
    $recipe =~ /^ENTRYPOINT (.*)$/m;
ok($uid && @health && @options, 'Containerfile: user, health check, options');

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
chown $uid, $uid, "$dir/out" or die $!;

# filter: load a filter that refuses Landlock's calls with this errno, as
# runtimes do that are older than Landlock; everything else is allowed.
sub filter {
	my ($errno) = @_;
	my $arch = (POSIX::uname())[4];
	my $prctl = $arch eq 'x86_64' ? 157 : $arch eq 'aarch64' ? 167 :
	    die "no number of prctl(2) for $arch\n";
	my @program = (
	    [0x20, 0, 0, 0],			# A = number of the call
	    [0x35, 0, 2, 444],			# A >= 444 (create_ruleset)
	    [0x25, 1, 0, 446],			# A > 446 (restrict_self)
	    [0x06, 0, 0, 0x00050000 | $errno],	# errno
	    [0x06, 0, 0, 0x7fff0000]);		# allow
	my $code = join '', map { pack 'S C C L', @$_ } @program;
	my $prog = pack 'S x![P] P', scalar @program, $code;
	syscall($prctl, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!\n";
	syscall($prctl, 22, 2, $prog, 0, 0) == 0 or die "seccomp: $!\n";
}

# container: the words before a program that put it into one.
sub container {
	my @fixed = (mount_of('/tmp'), mount_of($dir), '/');
	return ('unshare', '--mount', '--pid', '--ipc', '--uts', '--fork',
	    '--kill-child=TERM', '--propagation', 'private', 'sh', '-ec', "
		mount -t proc proc /proc
		mount --bind '$dir/out' '$dir/out'
		for m in @fixed; do mount -o remount,bind,ro \$m; done
		hostname container
		exec setpriv --reuid=$uid --regid=$uid --clear-groups \\
		    --inh-caps=-all --bounding-set=-all --no-new-privs \\
		    -- \"\$@\"", 'container');
}

push @options, '--command=' . $t->filer;

my ($status) = run(container(), 'sh', '-c', 'for f do ' .
    '! touch "$f" 2>/dev/null || exit 1; done; test -w "$0"', "$dir/out",
    "$dir/x", '/etc/x', '/tmp/x');
is(status_of($status), 'exit 0',
    "of all, the mails' directory can be written");

# A health check, as an image has it.
sub healthy {
	my ($name, $want) = @_;
	SKIP: {
		skip("$health[0] is not installed", 1)
		    unless which($health[0]);
		my ($status) = run(container(), @health);
		is($status == 0 ? 'healthy' : 'not healthy', $want,
		    "$name: @health[0, 1]: $want");
	}
}

for my $case (['no filter of the runtime', undef],
    ['a runtime that refuses Landlock with EPERM', 1],
    ['a runtime that refuses Landlock with ENOSYS', 38]) {
	my ($name, $errno) = @$case;
	my %before = defined $errno ? (before => sub { filter($errno) }) : ();
	my $started = eval {
		$t->start({ bare => 1, as => [container()], %before },
		    @options);
	};
	if (!$started) {
		fail("$name: it starts");
		diag($@);
		$t->wait_exit if $t->pid;
		next;
	}
	pass("$name: it starts");
	like($t->send(data => "Subject: x\n\nx\n"), qr/^250/,
	    "$name: a mail is delivered");
	healthy($name, 'healthy');
	is(scalar(my @mails = $t->mails), 1, "$name: one mail");
	is((stat +(glob "$dir/out/*.mail")[0])[4], $uid,
	    "$name: by the container's user");
	$t->forget_mails;
	if (defined $errno) {
		like($t->log, qr/Landlock/,
		    "$name: the log says that there is no Landlock");
	}
	# The container's first process.
	my ($init) = children($t->pid);
	my $s = proc_status($init);
	is("$s->{CapEff} $s->{CapBnd}", join(' ', ('0' x 16) x 2),
	    "$name: no capability");
	SKIP: {
		skip 'memcheck: no filter of its own', 1
		    if memcheck() && !defined $errno;
		is("$s->{NoNewPrivs} $s->{Seccomp}", '1 2', "$name: confined");
	}
	kill 'TERM', $init;
	is(status_of($t->wait_exit), 'exit 0',
	    "$name: SIGTERM to the first process ends it well");
	is(scalar $t->left, 0, "$name: no process is left");
	healthy("$name, stopped", 'not healthy');
}

# The check of the settings alone.
is(status_of((run(container(), $t->bin, '--check', @options))[0]), 'exit 0',
    '--check: the settings are right');
is(status_of((run(container(), $t->bin, '--check', @options[0, 1],
    '--command=/no/program'))[0]), 'exit 78', '--check: and are not');

done_testing();
