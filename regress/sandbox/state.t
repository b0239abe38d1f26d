#!/usr/bin/perl
#
# Copyright (c) 2026 The msmtpd authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

# What each process is once the daemon is ready, read from /proc and compared
# with a table, for each way of starting it; and what the command is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Test qw(children is_root proc_status run slurp status_of
    unprivileged which);
use POSIX ();
use Socket;
use Test::More;

my $NOBODY = $Msmtpd::Test::NOBODY;
my $abi = syscall(444, 0, 0, 1);
$abi = 0 if $abi < 0;

# A sanitizer has its own calls, and children keep standard error for it.
my $product = $ENV{MSMTPD} || "$FindBin::Bin/../../msmtpd/msmtpd";
my $sanitized = qx('$product' --print-sandbox) =~ /sanitizer: /;

sub user_of {
	my ($name) = @_;
	my ($uid, $gid) = (getpwnam $name)[2, 3] or die "no user $name\n";
	my @groups = ($gid);
	setgrent;
	while (my (undef, undef, $g, $members) = getgrent) {
		push @groups, $g if grep { $_ eq $name } split / /, $members;
	}
	my %seen;
	return ($uid, $gid, join ' ', sort { $a <=> $b }
	    grep { !$seen{$_}++ } @groups);
}

# The kinds of open descriptors, counted: "eventpoll 1, null 3".
sub descriptors {
	my ($pid) = @_;
	my %kinds;
	for my $link (glob "/proc/$pid/fd/*") {
		my $to = readlink $link;
		next unless defined $to;
		$to = $to =~ /^anon_inode:\[?([\w-]+)\]?/ ? $1 :
		    $to =~ /^(socket|pipe):/ ? $1 :
		    $to eq '/dev/null' ? 'null' :
		    $to =~ m{/log\z} ? 'log' : $to;
		$kinds{$to}++;
	}
	return join ', ', map { "$_ $kinds{$_}" } sort keys %kinds;
}

sub limits {
	my ($pid) = @_;
	my %limit;
	for (split /\n/, slurp("/proc/$pid/limits")) {
		$limit{$1} = "$2 $3"
		    if /^Max (\w[\w ]*?\w)\s{2,}(\S+)\s+(\S+)/;
	}
	return \%limit;
}

# What holds of every process in every way of starting.
sub confined {
	my ($what, $s, $filters) = @_;
	is($s->{"Cap$_"}, '0' x 16, "$what: Cap$_ is empty")
	    for qw(Inh Prm Eff Amb);
	is($s->{NoNewPrivs}, 1, "$what: no_new_privs");
	is($s->{Seccomp}, 2, "$what: filtered by seccomp");
	SKIP: {
		skip 'this kernel does not count filters', 1
		    unless defined $s->{Seccomp_filters};
		is($s->{Seccomp_filters}, $filters,
		    "$what: $filters filters");
	}
	is($s->{Threads}, 1, "$what: one thread") if defined $s->{Threads};
}

# One process against its row.
sub state {
	my ($way, $w, $pid) = @_;
	my $what = "$way: $w->{name}";
	my $s = proc_status($pid) or return fail("$what: there is none");
	is($s->{Uid}, join("\t", ($w->{uid}) x 4), "$what: uids $w->{uid}");
	is($s->{Gid}, join("\t", ($w->{gid}) x 4), "$what: gids $w->{gid}");
	is($s->{Groups}, $w->{groups}, "$what: groups $w->{groups}")
	    if defined $w->{groups};
	confined($what, $s, $w->{filters});
	is($s->{CapBnd}, '0' x 16, "$what: the bounding set is empty")
	    if $w->{bounding};
	my $limits = limits($pid);
	is($limits->{'core file size'}, '0 0', "$what: no core file");
	is($limits->{$_}, $w->{limits}{$_}, "$what: limit of $_")
	    for sort keys %{$w->{limits} || {}};
	SKIP: {
		skip 'only root sees these', 3 unless is_root();
		is((stat "/proc/$pid/mem")[4], 0, "$what: not dumpable");
		is(readlink("/proc/$pid/root"), $w->{root},
		    "$what: root $w->{root}");
		skip 'a sanitizer has its own', 1 if $sanitized;
		is(descriptors($pid), $w->{fds}, "$what: descriptors");
	}
}

my $MAX = 1 << 20;
my $SESSIONS = 100;
my %front = (name => 'front', filters => 1,
    limits => { processes => '0 0', 'file size' => join(' ',
    ($MAX + 65536) x 2), 'open files' => join(' ',
    (2 * $SESSIONS + 128) x 2) });
my %deliver = (name => 'deliver', filters => 2, root => '/',
    fds => 'eventpoll 1, ' . ($abi >= 4 ? 'landlock-ruleset 1, ' : '') .
    'null 3, socket 2');
my %parent = (name => 'parent', filters => 1, root => '/');

sub states {
	my ($way, $t, @rows) = @_;
	my %pid = (parent => $t->pid, map { $_ => $t->proc($_) }
	    qw(front deliver));
	is(scalar(my @two = children($t->pid)), 2, "$way: two children");
	state($way, $_, $pid{$_->{name}}) for @rows;
}

# The command tells of itself.
sub command_state {
	my ($way, $t, %w) = @_;
	like($t->send, qr/^250/, "$way: a mail");
	my ($mail) = $t->mails;
	my %s = map { /^(\w+):\s*(.*?)\s*$/ ? ($1 => $2) : () }
	    split /\n/, $mail->{mail};
	my $what = "$way: the command";
	is($s{Uid}, join("\t", ($w{uid}) x 4), "$what: uids $w{uid}");
	is($s{Groups}, $w{groups}, "$what: groups $w{groups}")
	    if defined $w{groups};
	delete $s{Threads};
	confined($what, \%s, 2);
	is($s{Descriptors}, '0 1 2', "$what: descriptors 0, 1, 2");
	is($s{Leader}, 'yes', "$what: leads its session");
	is($s{Core}, '0 0', "$what: no core file");
	# Perl itself ignores SIGFPE.
	is(hex($s{SigIgn}) & ~0x80, 0, "$what: no signal is ignored");
	is($s{SigBlk}, '0' x 16, "$what: no signal is blocked");
}

my $teller = <<'END';
input();
my $text = '';
for my $file (qw(status limits)) {
	open my $fh, '<', "/proc/self/$file" or die $!;
	local $/;
	my $part = <$fh>;
	$part = $part =~ /^Max core file size\s+(\S+)\s+(\S+)/m ?
	    "Core: $1 $2\n" : '' if $file eq 'limits';
	$text .= $part;
}
opendir my $dh, '/proc/self/fd' or die $!;
my $own = fileno($dh) // -1;
my @fds = sort { $a <=> $b } grep { /^\d+$/ && readlink("/proc/self/fd/$_") &&
    readlink("/proc/self/fd/$_") !~ m{^/proc/|command-} } readdir $dh;
my $sid = (split / /, do { open my $fh, '<', '/proc/self/stat'; <$fh> })[5];
file($text . "Descriptors: @fds\nLeader: " .
    ($sid == $$ ? 'yes' : 'no') . "\n", @ARGV);
END

my @options = ("--max-size=$MAX", "--max-sessions=$SESSIONS");

# What this test was started with is not the daemon's to close.
sub close_others { POSIX::close($_) for 3 .. 1023 }

SKIP: {
	skip 'not root', 1 unless is_root();
	my ($front_uid, $front_gid) = user_of($Msmtpd::Test::PRIVSEP_USER);
	my ($uid, $gid, $groups) = user_of($Msmtpd::Test::USER);
	my $t = Msmtpd::Test->new;
	# Its standard error is opened anew, so it is there twice.
	my @rows = (
	    { %parent, uid => 0, gid => 0, bounding => 1,
		fds => 'eventpoll 1, null 2, pidfd 2, pipe 2, signalfd 1, ' .
		'socket 2' },
	    { %front, uid => $front_uid, gid => $front_gid, bounding => 1,
		groups => $front_gid, root => $t->dir . '/empty',
		fds => 'eventpoll 1, null 3, socket 3' },
	    { %deliver, uid => $uid, gid => $gid, bounding => 1,
		groups => $groups });
	$t->start({ before => \&close_others }, @options, '--command=' . $t->script($teller));
	states('root', $t, @rows);
	command_state('root', $t, uid => $uid, groups => $groups);
	is(status_of($t->stop), 'exit 0', 'root: stopped');

	$t = Msmtpd::Test->new;
	$rows[0]{fds} = 'eventpoll 1, log 1, null 2, pidfd 2, pipe 1, ' .
	    'signalfd 1, socket 2';
	$rows[1]{root} = $t->dir . '/empty';
	my $log = $t->dir . '/log';
	$t->start({ before => \&close_others, log => $log },
	    @options, "--log=$log",
	    '--command=' . $t->filer);
	states('--log=FILE', $t, @rows);
	is(status_of($t->stop), 'exit 0', '--log=FILE: stopped');
}

# Without root: no other user, no other root directory; all else holds.
my $me = is_root() ? $NOBODY : $>;
my $my_gid = is_root() ? $NOBODY : $) + 0;
my @plain = (
    { %parent, uid => $me, gid => $my_gid, fds => 'eventpoll 1, null 2, ' .
	'pidfd 2, pipe 1, signalfd 1, socket 2' },
    { %front, uid => $me, gid => $my_gid, root => '/',
	fds => 'eventpoll 1, null 3, socket 3' },
    { %deliver, uid => $me, gid => $my_gid });
{
	my $t = Msmtpd::Test->new;
	chown $NOBODY, $NOBODY, $t->dir . '/out' if is_root();
	$t->start({ before => \&close_others, as => [unprivileged()] },
	    @options,
	    '--command=' . $t->script($teller));
	states('user', $t, @plain);
	command_state('user', $t, uid => $me);
	is(status_of($t->stop), 'exit 0', 'user: stopped');
}

# A user with a capability that lets it bind port 25: gone once bound.
SKIP: {
	skip 'needs root and setpriv', 1
	    unless is_root() && which('setpriv');
	my @as = unprivileged('--inh-caps=+net_bind_service',
	    '--ambient-caps=+net_bind_service');
	my (undef, $before) = run(@as, $^X, '-ne', 'print if /^CapAmb/',
	    '/proc/self/status');
	like($before, qr/0400$/, 'capability: it is there before');
	my $t = Msmtpd::Test->new;
	chown $NOBODY, $NOBODY, $t->dir . '/out';
	$t->start({ before => \&close_others, as => \@as }, @options,
	    '--command=' . $t->script($teller));
	states('capability', $t, @plain);
	command_state('capability', $t, uid => $me);
	is(status_of($t->stop), 'exit 0', 'capability: stopped');
}

# --inetd: one session on a socket that is given; no listener.
SKIP: {
	skip 'not root', 1 unless is_root();
	my ($front_uid, $front_gid) = user_of($Msmtpd::Test::PRIVSEP_USER);
	my ($uid, $gid, $groups) = user_of($Msmtpd::Test::USER);
	my $t = Msmtpd::Test->new;
	my $log = $t->dir . '/log';
	socketpair my $client, my $server, AF_UNIX, SOCK_STREAM, 0 or die;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open STDIN, '<&', $server or die $!;
		open STDOUT, '>&', $server or die $!;
		open STDERR, '>&', $server or die $!;
		close_others();
		{ no warnings 'exec'; exec $t->bin, '--inetd', @options,
		    $t->root_options, "--log=$log",
		    '--command=' . $t->filer; }
		POSIX::_exit(127);
	}
	close $server;
	$t->{pid} = $pid;
	$t->{log} = '';
	$t->{file} = $log;
	$t->{started} = '--inetd';
	my $c = $t->client(fh => $client);
	like($c->greeting, qr/^220/, '--inetd: greeted');
	states('--inetd', $t,
	    { %parent, uid => 0, gid => 0, bounding => 1,
		fds => 'eventpoll 1, log 1, null 3, pidfd 2, signalfd 1, ' .
		'socket 2' },
	    { %front, uid => $front_uid, gid => $front_gid, bounding => 1,
		groups => $front_gid, root => $t->dir . '/empty',
		fds => 'eventpoll 1, null 3, socket 3' },
	    { %deliver, uid => $uid, gid => $gid, bounding => 1,
		groups => $groups });
	like($t->log, $sanitized ? qr/front: .*seccomp \d+ calls/ :
	    qr/front: .*seccomp 16 calls/, '--inetd: one call less, accept4');
	like($c->cmd('QUIT'), qr/^221/, '--inetd: QUIT');
	is(status_of($t->wait_exit), 'exit 0', '--inetd: ended');
}

done_testing();
