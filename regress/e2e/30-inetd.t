#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# --inetd: one session on standard input and output, a socket or two pipes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use Msmtpd::Test qw(memcheck reap slurp spew status_of);
use Socket;
use Test::More;

my $t = Msmtpd::Test->new;
my $noisy = $t->script('file(input(), @ARGV); print "SECRET\n";' .
    'print STDERR "SECRET\n";');

# inetd: start it on these descriptors; returns its pid.  Before the options
# there may be code for the child to run.
sub inetd {
	my ($in, $out, $err, @options) = @_;
	my $before = ref $options[0] ? shift @options : sub { };
	my $pid = fork // die $!;
	return $pid if $pid;
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
	# The descriptors are passed with the access mode that they have.
	my $n = 0;
	for my $fd (map { ref $_ ? fileno $_ : $_ } $in, $out, $err) {
		POSIX::dup2($fd, 100 + $n++) or POSIX::_exit(126);
	}
	POSIX::dup2(100 + $_, $_) // POSIX::_exit(126) for 0 .. 2;
	POSIX::close(100 + $_) for 0 .. 2;
	$before->();
	exec { $t->bin } $t->bin, '--inetd', $t->root_options,
	    "--command=$noisy", @options or POSIX::_exit(127);
}

sub ended {
	my ($pid) = @_;
	my $status = reap($pid, $Msmtpd::Test::DEADLINE);
	return status_of($status) if defined $status;
	kill 'KILL', $pid;
	waitpid $pid, 0;
	return 'never';
}

# A session on these; all that the client saw is returned.
sub session {
	my ($c, $name) = @_;
	like($c->greeting, qr/^220 /, "$name: greeting");
	my $seen = $c->cmd('EHLO inetd.example');
	my $verdict = $c->mail(from => 'a@example.org',
	    to => ['b@example.net'], data => "Subject: $name\n\nx\n");
	like($verdict, qr/\A250 2\.\S+ [^\n]*\z/, "$name: delivered");
	my $bye = $c->cmd('QUIT');
	like($bye, qr/\A221 [^\n]*\z/, "$name: QUIT");
	ok($c->at_end, "$name: then it is closed");
	unlike("$seen$verdict$bye", qr/SECRET/,
	    "$name: what the command prints is not the client's");
	my @mails = $t->mails;
	is(scalar @mails, 1, "$name: one mail");
	like($mails[0]{mail}, qr/Subject: $name\n/, "$name: the mail");
	$t->forget_mails;
}

my $log = $t->dir . '/inetd.log';

# A TCP socket, standard error the same, as inetd has it.
my $listener = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
    Listen => 5) or die "listen: $@\n";
for my $options (["--log=$log"], ['--log=none'], ['--log=syslog'], []) {
	my $name = "TCP socket @$options";
	my $peer = IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $listener->sockport) or die $@;
	my $s = $listener->accept;
	my $pid = inetd($s, $s, $s, @$options);
	close $s;
	session(Msmtpd::Test::Client->new(fh => $peer), $name);
	is(ended($pid), 'exit 0', "$name: exit 0 after QUIT");
}
like(slurp($log), qr/SECRET/, 'the log has what the command printed');
like(slurp($log), qr/127\.0\.0\.1/, 'and the client');

# A UNIX socket pair.
{
	socketpair my $peer, my $s, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
	my $pid = inetd($s, $s, $s, '--log=none');
	close $s;
	session(Msmtpd::Test::Client->new(fh => $peer), 'socket pair');
	is(ended($pid), 'exit 0', 'socket pair: exit 0 after QUIT');
}

# Two pipes; standard error elsewhere.
{
	pipe my $in, my $to or die $!;
	pipe my $from, my $out or die $!;
	open my $err, '>', $t->dir . '/err' or die $!;
	my $pid = inetd($in, $out, $err, '--log=stderr');
	close $_ for $in, $out, $err;
	session(Msmtpd::Test::Client->new(fh => $from, out => $to), 'pipes');
	is(ended($pid), 'exit 0', 'pipes: exit 0 after QUIT');
	like(slurp($t->dir . '/err'), qr/SECRET/, 'pipes: --log=stderr');
}

# A session in a file, read to its end: what a shell script does.
{
	spew($t->dir . '/session', join "\r\n", 'EHLO file', 'MAIL FROM:<a@b>',
	    'RCPT TO:<c@d>', 'DATA', 'Subject: file', '', 'x', '.', 'QUIT', '');
	open my $cat, '-|', 'cat', $t->dir . '/session' or die $!;
	pipe my $from, my $out or die $!;
	my $pid = inetd($cat, $out, $out, '--log=none');
	close $out;
	my $all = do { local $/; <$from> };
	is(ended($pid), 'exit 0', 'cat session | msmtpd --inetd: exit 0');
	like($all, qr/^354.*^250 2.*^221 /ms, 'all its replies');
	is(scalar(my @m = $t->mails), 1, 'and the mail');
	$t->forget_mails;
}

# A client that goes away: the daemon ends, and hands nothing on.
{
	socketpair my $peer, my $s, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
	my $pid = inetd($s, $s, $s, '--log=none');
	close $s;
	my $c = Msmtpd::Test::Client->new(fh => $peer);
	$c->cmd('EHLO x');
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<c@d>');
	$c->cmd('DATA');
	$c->put("half\r\n");
	$c->close;
	like(ended($pid), qr/^exit/, 'a client that goes away: it ends');
	is(scalar(my @m = $t->mails), 0, 'and half a mail goes nowhere');
}

# The client does not hear of a mistake in the configuration.
{
	socketpair my $peer, my $s, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
	my $pid = inetd($s, $s, $s, '--log=none', '--command=/no/program');
	close $s;
	is(ended($pid), 'exit 78', 'no command: 78');
	my $all = do { local $/; <$peer> } // '';
	unlike($all, qr{/no/program}, 'and the client is not told which');
}

# Descriptors that cannot be a session are refused: an exit status of 0 would
# look like a short session.
{
	my $err = $t->dir . '/err';
	my ($unused, $ours);
	socketpair $ours, my $udp, AF_UNIX, SOCK_DGRAM, PF_UNSPEC or die $!;
	socketpair $unused, my $packets, AF_UNIX, SOCK_SEQPACKET, PF_UNSPEC or
	    die $!;
	pipe my $r, my $w or die $!;
	open my $null, '+<', '/dev/null' or die $!;
	open my $for_writing, '>', $t->dir . '/written' or die $!;
	open my $for_reading, '<', $t->dir . '/session' or die $!;
	my $dir = POSIX::open($t->dir, POSIX::O_RDONLY()) // die $!;
	my $path = POSIX::open($t->dir . '/session', 010000000) // die $!;
	my $closed = sub { POSIX::close(0) };
	for (['a listening socket', 'input is a listening socket.*nowait.*' .
	    'Accept=yes', $listener, $listener],
	    ['a datagram socket', 'input is not a stream', $udp, $udp],
	    ['a packet socket', 'input is not a stream', $packets, $packets],
	    ['a directory', 'input is a directory', $dir, $w],
	    ['/dev/null', 'input is /dev/null', $null, $null],
	    ['nothing', 'input is /dev/null, or closed', $r, $w, $closed],
	    ["a pipe's end for writing", 'input is opened the wrong way',
	    $w, $w],
	    ['a file for writing', 'input is opened the wrong way',
	    $for_writing, $w],
	    ['a path', 'input is opened the wrong way', $path, $w],
	    ["a pipe's end for reading", 'output is opened the wrong way',
	    $r, $r],
	    ['a file for reading', 'output is opened the wrong way',
	    $for_reading, $for_reading],
	    ['output to a listening socket', 'output is a listening socket',
	    $r, $listener],
	    ['output to a directory', 'output is a directory', $r, $dir]) {
		my ($name, $re, $in, $out, @before) = @$_;
		SKIP: {
			skip "memcheck: $name: its script takes 0 itself", 2
			    if memcheck() && @before;
			open my $fh, '>', $err or die $!;
			my $pid = inetd($in, $out, $fh, @before,
			    '--log=none');
			is(ended($pid), 'exit 78', "$name: 78");
			like(slurp($err), qr/^msmtpd: --inetd: standard $re/,
			    "$name: said why");
		}
	}
}

# A session in a file, its replies of no interest.
{
	open my $in, '<', $t->dir . '/session' or die $!;
	open my $null, '>', '/dev/null' or die $!;
	my $pid = inetd($in, $null, $null, '--log=none');
	is(ended($pid), 'exit 0', 'from a file to /dev/null: exit 0');
	is(scalar(my @m = $t->mails), 1, 'and the mail');
	$t->forget_mails;
}

# What a service manager passes besides is not kept.
for my $options (['--log=none'], ['--log=syslog'], ["--log=$log"]) {
	socketpair my $peer, my $s, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
	pipe my $r, my $w or die $!;
	my $pid = inetd($s, $s, $s, sub {
		POSIX::dup2(fileno $w, 50);
		POSIX::dup2(50, $_) for 3, 4;
		@ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, 2);
	}, @$options);
	close $_ for $s, $w;
	my $c = Msmtpd::Test::Client->new(fh => $peer);
	ok(IO::Select->new($r)->can_read($Msmtpd::Test::DEADLINE) &&
	    sysread($r, my $buf, 1) == 0, "descriptors passed: closed @$options");
	like($c->cmd('EHLO x'), qr/^250/, 'while the session goes on');
	like($c->mail, qr/^250/, 'with a mail');
	$t->forget_mails;
	$c->cmd('QUIT');
	is(ended($pid), 'exit 0', 'to its end');
}

done_testing();
