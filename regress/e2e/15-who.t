#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Who a client is: user= in the audit line and in Received, over TCP and UNIX
# sockets, bound, passed and with --inetd; and what --socket may replace.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::UNIX;
use Msmtpd::Clients qw(audit);
use Msmtpd::Test qw(have_ipv6 is_root own_netns reap run slurp spew status_of
    which);
use POSIX ();
use Socket;
use Test::More;

# As root in a network namespace of its own, which has another one as neighbour.
own_netns() if is_root();

my $NOBODY = $Msmtpd::Test::NOBODY;
my $t = Msmtpd::Test->new;
my $command = '--command=' . $t->filer;
my $path = $t->dir . '/socket';

# Users here, and how the log calls them: the one who runs this test, and as
# root two others, one without a name.
my $nameless = 54321;
$nameless++ while getpwuid $nameless;
my @users = is_root() ? (0, $NOBODY, $nameless) : ($>);
sub called {
	my ($uid) = @_;
	my $name = getpwuid $uid;
	return defined $name ? "user=$name" : "uid=$uid";
}

# as: code in a process of that user.
sub as {
	my ($uid, $code) = @_;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		$SIG{__DIE__} = sub { warn @_; POSIX::_exit(1) };
		if ($uid != $>) {
			POSIX::setuid($uid);
			die "setuid: $!\n" if $> != $uid;
		}
		$code->();
		POSIX::_exit(0);
	}
	is(reap($pid), 0, "a client of uid $uid");
}

sub unix {
	return Msmtpd::Test::Client->new(test => $t, fh =>
	    IO::Socket::UNIX->new(Peer => $_[0] // $path) || die "$path: $!\n");
}

sub one_mail {
	my ($c) = @_;
	$c->cmd('EHLO client.example');
	my $reply = $c->mail(data => "Subject: x\n\nx\n");
	die "$reply\n" unless $reply =~ /^250/;
	$c->cmd('QUIT');
}

# told: what the audit line of the next mail says of its client.
my $seen = 0;
sub told {
	my ($what, $want, $client) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $line = (audit($t, ++$seen))[-1]{line};
	like($line, qr/ client=$client \Q$want\E reply=250 /, "$what: $want");
	my ($mail) = $t->mails;
	my $shown = $want =~ /\?/ ? '' : " ($want)";
	like($mail->{mail}, qr/\AReceived: from client\.example\S*(?: \(\[\S+\]\))?(?#
	    )\s*\Q$shown\E\s+by /, "$what: and in Received");
	$t->forget_mails;
}

# TCP and a UNIX socket beside it.
my %host = (IPv4 => '127.0.0.1', have_ipv6() ? (IPv6 => '::1') : ());
$t->start($command, "--socket=$path", map { "--interface=$host{$_}" }
    sort keys %host);
for my $uid (@users) {
	for my $family (sort keys %host) {
		my ($port) = map { $_->[1] } grep { $_->[0] eq $host{$family} }
		    @{$t->{ports}};
		as($uid, sub {
			one_mail($t->client(host => $host{$family},
			    port => $port));
		});
		told("$family, uid $uid", called($uid),
		    qr/\[\Q$host{$family}\E\]:\d+/);
	}
	as($uid, sub { one_mail(unix()) });
	told("UNIX, uid $uid", called($uid), 'unix');
}
like($t->log, qr/listening on \Q$path\E$/m, 'the log has the path');
is((stat $path)[2] & 07777, 0666, 'anybody may connect');

# Lines of a session have the user, too.
{
	my $c = unix();
	$c->cmd('RCPT TO:<a@b>');
	$c->cmd('QUIT');
	my $who = called($>);
	$t->wait_log(qr/(session id=\S+ client=unix \Q$who\E: )/);
	pass("a session's line: $who");
}

# The kernel is asked by parent: while that is stopped, the greeting comes at
# once, and after a second the session goes on without a user.
{
	my $c;
	kill 'STOP', $t->pid;
	$c = $t->client;
	like($c->greeting, qr/^220 /, 'parent is stopped: greeted');
	like($c->cmd('EHLO client.example'), qr/^250/, 'and later answered');
	like($c->mail(data => "Subject: x\n\nx\n"), qr/^250/, 'a mail');
	kill 'CONT', $t->pid;
	told('parent was stopped', 'user=?', qr/\[\S+\]:\d+/);
	$c->cmd('QUIT');
}

is(status_of($t->stop), 'exit 0', 'stopped');
ok(-S $path, 'the socket stays');

# The next start replaces it, with other permissions, whatever the umask.
{
	my $before = (stat $path)[1];
	my $umask = umask 0;
	$t->start({ bare => 1 }, $t->root_options, $command,
	    "--socket=$path", '--socket-mode=0600');
	umask $umask;
	is((stat $path)[2] & 07777, 0600, '--socket-mode=0600');
	unlike($t->log, qr/ port /, '--socket alone: no TCP');
	unlike($t->log, qr/sock_diag/, 'and no question to the kernel');
	$seen = 0;
	one_mail(unix());
	told('the socket left over is replaced', called($>), 'unix');
	SKIP: {
		skip 'not root: there is no other user', 1 unless is_root();
		as($NOBODY, sub {
			IO::Socket::UNIX->new(Peer => $path) and die "let in\n";
			$!{EACCES} or die "$!\n";
		});
	}
}

# What is not left over stays.
sub refused {
	my ($what, $where, $re) = @_;
	my @was = lstat $where;
	my ($status, $out, $err) = run($t->bin, $t->root_options, $command,
	    "--socket=$where");
	is(status_of($status), 'exit 78', "$what: 78");
	like($err, qr/^msmtpd: --socket=\Q$where\E: $re/m, "$what: said why");
	is("@{[(lstat $where)[0 .. 2]]}", "@was[0 .. 2]", "$what: it stays");
}
refused('a daemon listens there', $path, qr/another server.*give another path/);
one_mail(unix());
told('the daemon there goes on', called($>), 'unix');
is(status_of($t->stop), 'exit 0', 'stopped');
spew($t->dir . '/file', '');
mkdir $t->dir . '/folder' or die $!;
symlink $path, $t->dir . '/link' or die $!;
symlink '/nowhere', $t->dir . '/dangling' or die $!;
refused("a $_", $t->dir . "/$_", qr/it exists and is no socket; remove it/)
    for qw(file folder link dangling);
my $datagrams = IO::Socket::UNIX->new(Local => $t->dir . '/datagrams',
    Type => SOCK_DGRAM) or die $!;
refused('a datagram socket in use', $t->dir . '/datagrams',
    qr/another server/);
{
	my ($status, $out, $err) = run($t->bin, $t->root_options, $command,
	    '--socket=' . $t->dir . '/no/socket');
	is(status_of($status), 'exit 78', 'no directory: 78');
	like($err, qr/directory must exist/, 'no directory: said why');
}

# Passed by a service manager; accepted by inetd.
unlink $path or die $!;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 8) or die $!;
chmod 0666, $path or die $!;
$t->start({ bare => 1, before => sub {
	POSIX::dup2(fileno $listener, 100) // die $!;
	POSIX::dup2(100, 3) // die $!;
	@ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, 1);
} }, $t->root_options, $command);
like($t->log, qr/listening on \Q$path\E$/m, 'passed: the log has the path');
$seen = 0;
for my $uid (@users) {
	as($uid, sub { one_mail(unix()) });
	told("passed, uid $uid", called($uid), 'unix');
}
is(status_of($t->stop), 'exit 0', 'stopped');
$listener->blocking(1);
for my $uid (@users) {
	my $log = $t->dir . '/inetd.log';
	my $pid = fork // die $!;
	if ($pid == 0) {
		my $c = $listener->accept or POSIX::_exit(126);
		POSIX::dup2(fileno $c, $_) // POSIX::_exit(126) for 0, 1;
		exec $t->bin, '--inetd', $t->root_options, $command,
		    "--log=$log" or POSIX::_exit(127);
	}
	as($uid, sub { one_mail(unix()) });
	is(reap($pid), 0, 'inetd: ended');
	my $who = called($uid);
	like(slurp($log), qr/ client=unix \Q$who\E reply=250 /,
	    "inetd, uid $uid: $who");
	unlink $log;
}
$t->forget_mails;

# The sockets of another network namespace are nobody's here.
SKIP: {
	my $unshare = { x86_64 => 272, aarch64 => 97 }->{(POSIX::uname())[4]};
	skip 'not root: no other network namespace', 1 unless is_root();
	skip 'needs ip(8)', 1 unless which('ip') && $unshare;
	my $ip = sub { (run('ip', split / /, $_[0]))[0] == 0 };
	skip 'no veth here', 1
	    unless $ip->('link add here type veth peer name there');
	$ip->('addr add 198.51.100.1/24 dev here') &&
	    $ip->('link set here up') or die "ip\n";
	$t->start($command, '--interface=198.51.100.1');
	$seen = 0;
	as($NOBODY, sub { one_mail($t->client(host => '198.51.100.1')) });
	told('another address of this machine', called($NOBODY),
	    qr/\[198\.51\.100\.1\]:\d+/);
	pipe my $r, my $w or die $!;
	pipe my $moved, my $move or die $!;
	my $pid = fork // die $!;
	if ($pid == 0) {
		close $move;
		syscall($unshare, 0x40000000) == 0 or POSIX::_exit(2);
		syswrite $w, 'x';
		sysread $moved, my $x, 1;
		$ip->('addr add 198.51.100.2/24 dev there') &&
		    $ip->('link set there up') or POSIX::_exit(3);
		one_mail($t->client(host => '198.51.100.1'));
		POSIX::_exit(0);
	}
	sysread $r, my $x, 1;
	$ip->("link set there netns $pid") or die "ip\n";
	syswrite $move, 'x';
	is(reap($pid), 0, 'a client in another network namespace');
	told('it', 'user=?', qr/\[198\.51\.100\.2\]:\d+/);
	is(status_of($t->stop), 'exit 0', 'stopped');
}

done_testing();
