#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Listening sockets that a service manager passes: LISTEN_PID, LISTEN_FDS and
# LISTEN_FDNAMES, as sd_listen_fds(3) has them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP;
use IO::Socket::UNIX;
use Msmtpd::Test qw(have_ipv6 run status_of);
use POSIX ();
use Socket qw(SOCK_DGRAM);
use Test::More;

my $t = Msmtpd::Test->new;
my @base = ($t->root_options, '--command=' . $t->filer);

# passing: in the child: these sockets from descriptor 3 on.
sub passing {
	my ($sockets, %env) = @_;
	return sub {
		# Move the sockets to higher numbers first, so that no dup2(2)
		# closes one.
		my @high = map { POSIX::dup2(fileno $sockets->[$_], 100 + $_) }
		    0 .. $#$sockets;
		POSIX::dup2($high[$_], 3 + $_) for 0 .. $#high;
		@ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, scalar @$sockets);
		$ENV{$_} = $env{$_} for keys %env;
	};
}

sub tcp {
	my ($host) = @_;
	return IO::Socket::IP->new(LocalHost => $host, LocalPort => 0,
	    Listen => 16) || die "$host: $@\n";
}

# Several, IPv4 and IPv6, with names.
{
	my @hosts = ('127.0.0.1', '127.0.0.2', have_ipv6() ? '::1' : ());
	my @sockets = map { tcp($_) } @hosts;
	$t->start({ bare => 1, before => passing(\@sockets,
	    LISTEN_FDNAMES => 'first.socket::third') }, @base);
	my @name = (' (first.socket)', '', ' (third)');
	for my $i (0 .. $#hosts) {
		my $port = $sockets[$i]->sockport;
		my $line = "listening on $hosts[$i] port $port$name[$i]";
		like($t->log, qr/: \Q$line\E$/m, "$line, says the log");
		my $c = Msmtpd::Test::Client->new(host => $hosts[$i],
		    port => $port);
		$c->cmd('EHLO x');
		like($c->mail, qr/^250/, "$hosts[$i]: a mail");
		$c->cmd('QUIT');
	}
	is($t->stop, 0, 'it stops');

	# The process that passes the sockets still holds them, so that no
	# connection is refused between two daemons.
	my $waits = IO::Socket::IP->new(PeerHost => $hosts[0],
	    PeerPort => $sockets[0]->sockport);
	ok($waits, 'stopped: a client may connect');
	$t->start({ bare => 1, before => passing(\@sockets) }, @base);
	my $c = Msmtpd::Test::Client->new(fh => $waits);
	like($c->greeting, qr/^220 /, 'and is greeted by the next daemon');
	$c->cmd('QUIT');
	is($t->stop, 0, 'which stops');
}

# refused: status and words of a start with these sockets.
sub refused {
	my ($name, $want, $re, $sockets, $env, @options) = @_;
	my ($status, $out, $err) = run({ before => passing($sockets, %$env) },
	    $t->bin, @base, @options);
	is(status_of($status), "exit $want", "$name: $want");
	like($err, $re, "$name: said why");
	unlike($err, qr/is ready/, "$name: it did not start");
}

my $good = tcp('127.0.0.1');
refused("$_ beside them", 64, qr/--interface, --port and --socket:.*passed 1 .*unit/,
    [$good], {}, $_) for '--port=2525', '--interface=127.0.0.1',
    '--socket=/nowhere';
my $connected = IO::Socket::IP->new(PeerHost => '127.0.0.1',
    PeerPort => $good->sockport) or die $@;
my $udp = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
    Proto => 'udp') or die $@;
open my $file, '<', '/dev/null' or die $!;
my $no = qr/passed descriptor 3 is not a listening TCP or UNIX .*--inetd/;
my $datagrams = IO::Socket::UNIX->new(Local => $t->dir . '/datagrams',
    Type => SOCK_DGRAM) or die $!;
refused('a connection (Accept=yes)', 78, $no, [$connected], {});
refused('a UNIX datagram socket', 78, $no, [$datagrams], {});
refused('a UDP socket', 78, $no, [$udp], {});
refused('no socket', 78, qr/passed descriptor 3: /, [$file], {});
refused('the second is none', 78,
    qr/passed descriptor 4 \(b\.socket\) is not a listening/, [$good, $udp],
    { LISTEN_FDNAMES => 'a.socket:b.socket' });
refused("LISTEN_FDS=$_", 78, qr/LISTEN_FDS=\Q$_\E is /, [$good],
    { LISTEN_FDS => $_ }) for '0', '-1', 'x', '65';

# LISTEN_PID names another process: the sockets are not for this one.
{
	$t->start({ before => passing([$good], LISTEN_PID => 1) },
	    '--command=' . $t->filer);
	isnt($t->port, $good->sockport, 'for another process: not taken');
	is($t->stop, 0, 'it stops');
}

done_testing();
