#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What each process is once the daemon is ready, read from /proc and compared
# with a table, for each way of starting it; and what the command is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use IO::Select;
use IO::Socket::IP;
use IO::Socket::UNIX;
use MIME::Base64 qw(encode_base64);
use Msmtpd::Test qw(children eventually exec_with is_root own_mounts
    proc_status run slurp spew status_of unprivileged which);
use POSIX ();
use Socket;
use Test::More;

# With a mount namespace of its own this test can make /dev/log, as root, and
# read what the daemon sends to syslogd.
my $mounts = own_mounts();

my $NOBODY = $Msmtpd::Test::NOBODY;
my $abi = syscall(444, 0, 0, 1);
$abi = 0 if $abi < 0;

# A sanitizer makes further system calls, and a process that it watches keeps
# standard error open for its reports.
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

# descriptors: the kinds of the process's open descriptors.
sub descriptors {
	my ($pid) = @_;
	my %kinds;
	for my $to (map { readlink // () } glob "/proc/$pid/fd/*") {
		$to = $to =~ /^anon_inode:\[?([\w-]+)\]?/ ? $1 :
		    $to =~ /^(socket|pipe):/ ? $1 :
		    $to eq '/dev/null' ? 'null' :
		    $to =~ m{/log\z} ? 'log' : $to;
		$kinds{$to} = 1;
	}
	return join ' ', sort keys %kinds;
}

# listening: how many of the process's descriptors are TCP sockets that listen.
sub listening {
	my ($pid) = @_;
	my %listens;
	for (map { split /\n/, slurp($_) } glob "/proc/$pid/net/tcp*") {
		my @f = split;
		$listens{"socket:[$f[9]]"} = 1 if $f[3] eq '0A';
	}
	return scalar grep { $listens{readlink // ''} }
	    glob "/proc/$pid/fd/*";
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

# sandboxed: what holds for every process, however the daemon was started.
sub sandboxed {
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

# state: compare one process with its row.
sub state {
	my ($way, $w, $pid) = @_;
	my $what = "$way: $w->{name}";
	my $s = proc_status($pid) or return fail("$what: there is none");
	is($s->{Uid}, join("\t", ($w->{uid}) x 4), "$what: uids $w->{uid}");
	is($s->{Gid}, join("\t", ($w->{gid}) x 4), "$what: gids $w->{gid}");
	is($s->{Groups}, $w->{groups}, "$what: groups $w->{groups}")
	    if defined $w->{groups};
	sandboxed($what, $s, $w->{filters});
	is($s->{CapBnd}, '0' x 16, "$what: the bounding set is empty")
	    if $w->{bounding};
	my $limits = limits($pid);
	is($limits->{'core file size'}, '0 0', "$what: no core file");
	my $oom = slurp("/proc/$pid/oom_score_adj") -
	    slurp("/proc/$$/oom_score_adj");
	is($oom, $w->{oom} // 0, "$what: ends first where memory lacks: $oom");
	is($limits->{$_}, $w->{limits}{$_}, "$what: limit of $_")
	    for sort keys %{$w->{limits} || {}};
	SKIP: {
		skip 'only root sees these', 3 unless is_root();
		is((stat "/proc/$pid/mem")[4], 0, "$what: not dumpable");
		is(readlink("/proc/$pid/root"), $w->{root},
		    "$what: root $w->{root}");
		skip 'a sanitizer has its own', 1 if $sanitized;
		# The descriptors of a mail and of a session are closed after
		# the last reply.
		my $more;
		eventually {
			$more = join ' ', grep { !$w->{fds}{$_} }
			    split / /, descriptors($pid);
			$more eq '';
		};
		is($more, '', "$what: no descriptor of another kind");
		cmp_ok(scalar(grep { (readlink // '') =~ /^socket:/ }
		    glob "/proc/$pid/fd/*"), '<=', $w->{sockets},
		    "$what: no socket but its own") if $w->{sockets};
		is(listening($pid), $w->{listens} // 0, "$what: listens");
	}
}

my $MAX = 1 << 20;
my $SESSIONS = 100;
# Of front and parent; a command has fewer, see chaos/28-in-flight.t.
my ($files) = map { "$_ $_" } grep { $_ <= 4096 }
    limits($$)->{'open files'} =~ / (\d+)/, 4096;
my $DELIVERIES = 5;
sub kinds { return fds => { map { $_ => 1 } @_ } }
my %front = (name => 'front', filters => 1,
    kinds(qw(eventpoll null socket)), listens => 1,
    oom => 500, sockets => 3,	# to parent, to deliver, the listener or session
    limits => { processes => '0 0', 'file size' => join(' ',
    ($MAX + 65536) x 2), 'open files' => $files });
my %deliver = (name => 'deliver', filters => 2, root => '/',
    kinds(qw(eventpoll null pipe socket), $abi >= 4 ? 'landlock-ruleset' : ()),
    sockets => 2);	# to parent, to front
my %parent = (name => 'parent', filters => 1, root => '/',
    limits => { 'open files' => $files },
    kinds(qw(eventpoll log null pidfd pipe signalfd socket)));

sub states {
	my ($way, $t, @rows) = @_;
	my %pid = (parent => $t->pid, map { $_ => $t->proc($_) }
	    qw(front deliver));
	is(scalar(my @two = children($t->pid)), 2, "$way: two children");
	state($way, $_, $pid{$_->{name}}) for @rows;
}

# command_state: send a mail, with the function send if there is one, and
# compare what the command has filed of its own state.
sub command_state {
	my ($way, $t, %w) = @_;
	like($w{send} ? $w{send}->() : $t->send, qr/^250/, "$way: a mail");
	my ($mail) = $t->mails;
	my %s = map { /^(\w+):\s*(.*?)\s*$/ ? ($1 => $2) : () }
	    split /\n/, $mail->{mail};
	my $what = "$way: the command";
	is($s{Uid}, join("\t", ($w{uid}) x 4), "$what: uids $w{uid}");
	is($s{Groups}, $w{groups}, "$what: groups $w{groups}")
	    if defined $w{groups};
	delete $s{Threads};
	sandboxed($what, \%s, 2);
}

# A command that files its own state.  What else a command is given is tested by
# e2e/21-command.t.
my $teller = <<'END';
input();
open my $fh, '<', '/proc/self/status' or die $!;
local $/;
file(scalar <$fh>, @ARGV);
END

# heard: the datagrams that have come when one of them matches, or when none has
# come for the time of the deadline.
sub heard {
	my ($s, $re) = @_;
	my $all = '';
	while ($all !~ $re && IO::Select->new($s)->can_read(
	    $Msmtpd::Test::DEADLINE)) {
		recv $s, my $text, 8192, 0;
		$all .= "$text\n";
	}
	return $all;
}

# own_dev_log: make syslogd's socket, in a /dev that only this test's mount
# namespace has.
sub own_dev_log {
	my $dev = '/mnt/dev';
	system('mount', '-t', 'tmpfs', 'none', '/mnt') == 0 or die "mount\n";
	mkdir $dev or die $!;
	for my $device (qw(null zero full random urandom)) {
		spew("$dev/$device", '');
		system('mount', '--bind', "/dev/$device",
		    "$dev/$device") == 0 or die "mount\n";
	}
	system('mount', '--rbind', $dev, '/dev') == 0 or die "mount\n";
	my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM,
	    Local => '/dev/log') or die "/dev/log: $!\n";
	chmod 0666, '/dev/log' or die $!;
	return $s;
}

my @options = ("--max-size=$MAX", "--max-sessions=$SESSIONS",
    "--max-deliveries=$DELIVERIES");

# close_others: close the descriptors that this test has inherited, so that what
# the daemon has open is its own.
sub close_others { POSIX::close($_) for $_[0] // 3 .. 1023 }

# root_rows, user_rows: the rows of the three processes when root or an ordinary
# user has started the daemon.  For an ordinary user all processes have that
# user and the root directory /; all else is the same.
sub root_rows {
	my ($t) = @_;
	my ($front_uid, $front_gid) = user_of($Msmtpd::Test::PRIVSEP_USER);
	my ($uid, $gid, $groups) = user_of($Msmtpd::Test::USER);
	return ({ %parent, uid => 0, gid => 0, bounding => 1 },
	    { %front, uid => $front_uid, gid => $front_gid, bounding => 1,
		groups => $front_gid, root => $t->dir . '/empty' },
	    { %deliver, uid => $uid, gid => $gid, bounding => 1,
		groups => $groups });
}

sub user_rows {
	my ($uid, $gid) = @_;
	return ({ %parent, uid => $uid, gid => $gid },
	    { %front, uid => $uid, gid => $gid, root => '/' },
	    { %deliver, uid => $uid, gid => $gid });
}

# nss_library: whether nsswitch.conf(5) names a library for users.  The daemon
# looks users up in a process of its own, so that parent never runs that
# library's code.
sub nss_library {
	return -e '/etc/nsswitch.conf' && slurp('/etc/nsswitch.conf') =~
	    /^passwd:\s*(?!files\s*$)(?:files\s+)?(\w+)/m &&
	    glob "/lib/*/libnss_$1.so.2 /usr/lib/*/libnss_$1.so.2";
}

# command_user: the user and the groups that the command runs with.
sub command_user {
	my ($uid, undef, $groups) = user_of($Msmtpd::Test::USER);
	return (uid => $uid, groups => $groups);
}

SKIP: {
	skip 'not root', 1 unless is_root();
	my $t = Msmtpd::Test->new;
	$t->start({ before => \&close_others }, @options,
	    '--command=' . $t->script($teller));
	states('root', $t, root_rows($t));
	is(scalar(() = glob $t->dir . '/empty/{*,.??*}'), 0,
	    'root: the root directory is empty');
	for (root_rows($t)) {
		like($t->log,
		    qr/^msmtpd: $_->{name}: uid $_->{uid}, .*\bseccomp/m,
		    "root: $_->{name}: the log says what is in force");
	}
	SKIP: {
		skip 'nsswitch.conf names no library for passwd', 1
		    unless nss_library();
		unlike(slurp('/proc/' . $t->pid . '/maps'), qr/libnss_/,
		    'root: parent: no library of nsswitch.conf is in it');
	}
	command_state('root', $t, command_user());
	is(status_of($t->stop), 'exit 0', 'root: stopped');
}

# Started by an ordinary user.
my $me = is_root() ? $NOBODY : $>;
my $my_gid = is_root() ? $NOBODY : $) + 0;
my @plain = user_rows($me, $my_gid);
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

# Started by a user with CAP_NET_BIND_SERVICE, which no process has any more
# when the port is bound.
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

# way: for a way of starting that root and an ordinary user have: its name, the
# options of start(), the log's file, the rows, and the command's user.  An
# ordinary user's daemon files and logs where that user may.
sub way {
	my ($name, $user, $t) = @_;
	my $log = $t->dir . '/out/log';
	if (!$user) {
		return ("$name, root", { log => $log }, $log,
		    [root_rows($t)], { command_user() });
	}
	chown $NOBODY, $NOBODY, $t->dir . '/out' if is_root();
	return ("$name, user", { log => $log, as => [unprivileged()] }, $log,
	    [user_rows($me, $my_gid)], { uid => $me });
}

# inetd_calls: how many calls front may make with --inetd, by --print-sandbox.
sub inetd_calls {
	my (undef, $out) = run($_[0], '--print-sandbox');
	my ($front) = $out =~ /^front: .*\n((?: .*\n)+)/m or die $out;
	my %call = map { $_ => 1 } $front =~
	    /^  (\w+) (?!.*\(not with --inetd\)$).*$/mg;
	return scalar keys %call;
}

my @users = is_root() ? (0, 1) : 1;

# --inetd: one session on a socket that is given; no listener.
for my $user (@users) {
	my $t = Msmtpd::Test->new;
	my ($name, $opt, $log, $rows) = way('--inetd', $user, $t);
	$rows->[1]{listens} = 0;
	socketpair my $client, my $server, AF_UNIX, SOCK_STREAM, 0 or die;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open STDIN, '<&', $server or die $!;
		open STDOUT, '>&', $server or die $!;
		open STDERR, '>&', $server or die $!;
		close_others();
		{ no warnings 'exec'; exec @{$opt->{as} || []}, $t->bin,
		    '--inetd', @options, $user ? () : $t->root_options,
		    "--log=$log", '--command=' . $t->filer; }
		POSIX::_exit(127);
	}
	close $server;
	$t->{pid} = $pid;
	$t->{log} = '';
	$t->{file} = $log;
	$t->{started} = $name;
	my $c = $t->client(fh => $client);
	like($c->greeting, qr/^220/, "$name: greeted");
	states($name, $t, @$rows);
	my $calls = $sanitized ? qr/\d+/ : inetd_calls($t->bin);
	like($t->log, qr/front: .*seccomp $calls calls/,
	    "$name: the calls that --print-sandbox has for it");
	like($c->cmd('QUIT'), qr/^221/, "$name: QUIT");
	is(status_of($t->wait_exit), 'exit 0', "$name: ended");
}

# Socket activation, with NOTIFY_SOCKET: parent keeps the socket by which it
# tells the service manager, and only front has the listening socket.
for my $user (@users) {
	my $t = Msmtpd::Test->new;
	my ($name, $opt, $log, $rows, $command) = way('activation', $user, $t);
	my $listener = IO::Socket::IP->new(LocalHost => '127.0.0.1',
	    LocalPort => 0, Listen => 16) or die $@;
	my $path = $t->dir . '/notify';
	my $manager = IO::Socket::UNIX->new(Type => SOCK_DGRAM,
	    Local => $path) or die "$path: $!\n";
	chmod 0666, $path or die $!;
	$t->start({ %$opt, bare => 1, env => { NOTIFY_SOCKET => $path },
	    before => sub {
		# dup2(2) of a descriptor to itself would leave close-on-exec
		# set, so copy it to another one first.
		POSIX::dup2(fileno $listener, 200) // die $!;
		POSIX::dup2(200, 3) // die $!;
		close_others(4);
		@ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, 1);
	    } }, $user ? () : $t->root_options, @options, "--log=$log",
	    '--command=' . $t->script($teller));
	is($t->port, $listener->sockport, "$name: the socket it was passed");
	like(heard($manager, qr/READY/), qr/^READY=1$/m,
	    "$name: the manager is told");
	states($name, $t, @$rows);
	command_state($name, $t, %$command);
	is(status_of($t->stop), 'exit 0', "$name: stopped");
}

# --auth: nothing is left of the program that has printed the password.
for my $user (@users) {
	my $t = Msmtpd::Test->new;
	my ($name, $opt, $log, $rows, $command) = way('--auth', $user, $t);
	$t->start({ %$opt, before => \&close_others }, @options,
	    "--log=$log", '--auth=user,echo password',
	    '--command=' . $t->script($teller));
	# Before anyone has authenticated, and after.
	states($name, $t, @$rows);
	like($t->send, qr/^530/, "$name: not without");
	command_state($name, $t, %$command, send => sub {
		my $c = $t->client;
		$c->cmd('EHLO client.example');
		like($c->cmd('AUTH PLAIN ' .
		    encode_base64("\0user\0password", '')), qr/^235/,
		    "$name: authenticated");
		my $reply = $c->mail;
		$c->cmd('QUIT');
		return $reply;
	});
	states("$name, after AUTH", $t, @$rows);
	is(status_of($t->stop), 'exit 0', "$name: stopped");
}

# --log=syslog: only parent has the socket to syslogd.
SKIP: {
	skip 'not root, or no mount namespace: /dev/log is not ours', 1
	    unless $mounts;
	my $t = Msmtpd::Test->new;
	my $syslogd = own_dev_log();
	# The daemon's log, which has the port, comes as datagrams, and start()
	# cannot read these.
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open my $null, '>', '/dev/null' or POSIX::_exit(126);
		exec_with({ before => \&close_others }, $null,
		    $null, $t->bin, $t->root_options, '--port=0', @options,
		    '--log=syslog', '--command=' . $t->script($teller));
	}
	@$t{qw(pid log started)} = ($pid, '', '--log=syslog');
	my $log = heard($syslogd, qr/is ready/);
	like($log, qr/is ready/, '--log=syslog: it is ready, says syslogd');
	($t->{port}) = $log =~ / port (\d+)/;
	states('--log=syslog', $t, root_rows($t));
	command_state('--log=syslog', $t, command_user());
	is(status_of($t->stop), 'exit 0', '--log=syslog: stopped');
	close $syslogd;
	system('umount', '-R', '/dev');
}

done_testing();
