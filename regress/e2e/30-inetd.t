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

# --inetd: one session on standard input and output, a socket or two pipes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use Msmtpd::Test qw(slurp spew status_of);
use Socket;
use Test::More;

my $t = Msmtpd::Test->new;
my $noisy = $t->script('file(input(), @ARGV); print "SECRET\n";' .
    'print STDERR "SECRET\n";');

# inetd: start it on these descriptors; returns its pid.
sub inetd {
	my ($in, $out, $err, @options) = @_;
	my $pid = fork // die $!;
	return $pid if $pid;
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
	open STDIN, '<&', $in or POSIX::_exit(126);
	open STDOUT, '>&', $out or POSIX::_exit(126);
	open STDERR, '>&', $err or POSIX::_exit(126);
	exec { $t->bin } $t->bin, '--inetd', $t->root_options,
	    "--command=$noisy", @options or POSIX::_exit(127);
}

sub ended {
	my ($pid) = @_;
	my $status = Msmtpd::Test::_reap($pid, $Msmtpd::Test::DEADLINE);
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

# An error of the administrator's is not told to the client.
{
	socketpair my $peer, my $s, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
	my $pid = inetd($s, $s, $s, '--log=none', '--command=/no/program');
	close $s;
	is(ended($pid), 'exit 78', 'no command: 78');
	my $all = do { local $/; <$peer> } // '';
	unlike($all, qr{/no/program}, 'and the client is not told which');
}

done_testing();
