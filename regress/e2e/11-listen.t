#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The addresses and ports on which the daemon listens: interfaces, IPv6, port
# 0, port 25, and ports that are in use.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP;
use Msmtpd::Test qw(free_port have_ipv6 is_root own_netns run slurp status_of
    unprivileged);
use Test::More;

# As root the test runs in a network namespace of its own, where no other
# program uses port 25.
own_netns() if is_root();

my $t = Msmtpd::Test->new;
my $cmd = '--command=' . $t->filer;

# One mail to each listener.
sub each_listener {
	my ($want, @options) = @_;
	$t->start($cmd, @options);
	my @ports = @{$t->{ports}};
	is(scalar @ports, $want, "$want listeners: @options");
	for my $p (@ports) {
		my ($host, $port) = @$p;
		cmp_ok($port, '>', 0, "$host: the log tells the port");
		my $c = Msmtpd::Test::Client->new(host => $host,
		    port => $port, test => $t);
		like($c->greeting, qr/^220 /, "$host port $port greets");
		$c->cmd('EHLO x');
		like($c->mail, qr/^250 2/, "$host port $port takes a mail");
	}
	is(scalar $t->mails, $want, 'as many have been delivered');
	my ($mail) = $t->mails;
	is(status_of($t->stop), 'exit 0', 'stopped');
	$t->forget_mails;
	return $mail;
}

my $mail = each_listener(1);
like($mail->{mail}, qr/^Received: from x \(.*127\.0\.0\.1/, 'the client');
each_listener(3, map { "--interface=127.0.0.$_" } 1 .. 3);
each_listener(64, map { "--interface=127.0.0.$_" } 1 .. 64);
SKIP: {
	skip 'no IPv6 here', 1 unless have_ipv6();
	$mail = each_listener(1, '--interface=::1');
	like($mail->{mail}, qr/^Received: from x \(.*\[?IPv6:::1/,
	    'an IPv6 client');
	each_listener(2, '--interface=[::1]', '--interface=127.0.0.1');
	each_listener(2, '--interface=::', '--interface=0.0.0.0');
}
each_listener(2, '--interface=127.0.0.1', '--interface=127.0.0.1');
each_listener(1, '--interface=0.0.0.0');
like($t->{log}, qr/0\.0\.0\.0 is not a loopback address/,
    'a warning where others may reach it');
each_listener(1, '--interface=0.0.0.0', '--auth-any');
like($t->{log}, qr/0\.0\.0\.0 is not a loopback address/,
    'and with --auth-any, which keeps nobody out');

# A fixed port that another program uses; the port is free again afterwards.
{
	my $port = free_port();
	my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1',
	    LocalPort => $port, Listen => 1) or die "listen: $@\n";
	my @words = ($t->bin, $t->root_options, $cmd);
	my ($status, $out, $err) = run(@words, "--port=$port");
	is(status_of($status), 'exit 71', 'address in use: 71');
	like($err, qr/127\.0\.0\.1 port $port\b.*in use/,
	    'address in use: names address and port');
	# The second of two: nothing stays of the first.
	($status, $out, $err) = run(@words, "--port=$port",
	    '--interface=127.0.0.2', '--interface=127.0.0.1');
	is(status_of($status), 'exit 71', 'the second address in use: 71');
	ok(!IO::Socket::IP->new(PeerHost => '127.0.0.2', PeerPort => $port),
	    'and nobody listens on the first');
	close $s;

	for my $round (1, 2) {
		$t->start({ bare => 1 }, $t->root_options, $cmd,
		    "--port=$port");
		is($t->port, $port, "the port that was given, round $round");
		like($t->send, qr/^250/, 'a mail');
		is(status_of($t->stop), 'exit 0', 'stopped');
	}
	($status, $out, $err) = run(@words, '--interface=192.0.2.1',
	    '--port=0');
	is(status_of($status), 'exit 71', 'an address that is not ours: 71');
	like($err, qr/192\.0\.2\.1/, 'an address that is not ours: named');
}

# Port 25.
SKIP: {
	my $first = slurp('/proc/sys/net/ipv4/ip_unprivileged_port_start');
	skip 'here anyone may bind port 25', 1 if $first <= 25;
	my ($status, $out, $err) = run(unprivileged(), $t->bin, $cmd);
	is(status_of($status), 'exit 71', 'port 25 without a right to: 71');
	like($err, qr/127\.0\.0\.1 port 25\b.*CAP_NET_BIND_SERVICE/,
	    'port 25 without a right to: says what it needs');
	skip 'not root', 1 unless is_root();

	$t->start({ bare => 1 }, $t->root_options, $cmd);
	is($t->port, 25, 'root binds port 25');
	like($t->send, qr/^250/, 'and a mail comes by it');
	is(status_of($t->stop), 'exit 0', 'stopped');
	# With CAP_NET_BIND_SERVICE alone: sandbox/state.t and 92-examples.t.
}

done_testing();
