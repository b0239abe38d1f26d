#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# No memory: the account of messages is full, the address space is small, a
# client sends without end and does not read.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use Msmtpd::Chaos qw(kin limit memfds);
use Msmtpd::Test qw(eventually is_root proc_status slurp status_of which);
use Test::More;
use Time::HiRes qw(sleep);

my $t = Msmtpd::Test->new;
my $sanitized = slurp($t->bin) =~ /__(?:asan|ubsan|tsan)_/;
my $half = join '', map { 'x' x 98 . "\r\n" } 1 .. 9000;	# 900,000

sub begin_data {
	my ($c) = @_;
	$c->cmd('EHLO x');
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<c@d>');
	return $c->cmd('DATA');
}

# Mails half sent fill the account, whoever sends them.
$t->start('--command=' . $t->filer, '--max-size=1M', '--max-memory=4M',
    '--max-noops=1000000', '--max-errors=1000000');
my @kin = kin($t->pid);
{
	my $worker = $t->client;
	$worker->cmd('EHLO worker.example');
	for my $round (1 .. 3) {
		my @half = map { $t->client } 1 .. 4;
		for my $c (@half) {
			like(begin_data($c), qr/^354/, 'a mail begins');
			$c->put($half);
		}
		# 3.6 MB of 4 MB, once front has read all of it.
		ok(eventually {
			my $r = $worker->cmd('MAIL FROM:<a@b> SIZE=700000');
			$worker->cmd('RSET') if $r =~ /^250/;
			$r =~ /^452 4\.3\.1/;
		} , "round $round: the account is full: 452");
		like($worker->mail, qr/^250/, 'a small mail still fits');
		$_->put($half) for @half[0 .. 1];
		$half[0]->put("\r\n.\r\n");
		like($half[0]->reply, qr/^(?:452|552)/,
		    'one mail more than fits: refused at its end');
		# One by one, in all ways.
		$half[0]->cmd('QUIT');
		$_->close for @half;
		ok(eventually {
			$worker->cmd('RSET');
			$worker->cmd('MAIL FROM:<a@b> SIZE=1048576') =~ /^250/;
		}, "round $round: when they have gone there is room");
		like($worker->cmd('RSET'), qr/^250/, 'RSET');
		last if $round == 3;
		$worker = $t->client;
		$worker->cmd('EHLO worker.example');
	}
	SKIP: {
		skip 'not root: descriptors of others are not shown', 1
		    unless is_root();
		ok(eventually { !memfds($kin[1]) }, 'no message is left');
	}
}

# One who pipelines and never reads: his output is bounded, then his input.
sub vmdata { return (proc_status($_[0])->{VmData} =~ /^(\d+)/)[0] }
{
	my $c = $t->client;
	$c->cmd('EHLO glutton.example');
	my $before = vmdata($kin[1]);
	my $other = $t->client;
	$other->cmd('EHLO other.example');
	$c->fh->blocking(0);
	my ($sent, $stuck) = (0, 0);
	# What the kernel keeps for both ends, and no more.
	while ($stuck < 50) {
		my $n = syswrite $c->fh, "NOOP\r\nRSET\r\nMAIL FROM:<a\@b>\r\n" x
		    1000;
		$stuck = $n ? 0 : $stuck + 1;
		$sent += $n || 0;
		last if $sent > 100_000_000;
		sleep 0.01 unless $n;
	}
	like($other->cmd('NOOP'), qr/^250/, 'a glutton: others are served');
	SKIP: {
		skip 'a sanitizer keeps memory of its own', 1 if $sanitized;
		cmp_ok(vmdata($kin[1]), '<=', $before + 256,
		    'a glutton: he costs next to nothing');
	}
	cmp_ok($sent, '<', 100_000_000, 'a glutton: he has to wait');
	diag("after $sent octets it does not read on");
}
is(status_of($t->stop), 'exit 0', 'stopped');

SKIP: {
	skip 'a sanitizer needs all of the address space', 1 if $sanitized;

	# At start: it runs, or says what is missing and leaves nothing.
	my %how;
	for my $kb (map { 500 * $_ } 6 .. 16, 20, 24, 32) {
		my $limit = "ulimit -v $kb && exec \"\$\@\"";
		if (eval { $t->start({ as => ['sh', '-c', $limit, 'sh'],
		    bare => 1 }, $t->root_options, '--port=0',
		    '--max-sessions=10', '--command=' . $t->filer); 1 }) {
			my $reply = $t->send;
			$how{'starts, a mail gets ' . substr $reply, 0, 3}++;
			# Not closed without a word: a session costs little.
			# 554 only from a command that had too little itself.
			like($reply, qr/^(?:250|4\d\d|554 5\.3\.0) /,
			    "$kb KB: a mail gets a verdict");
			$t->wait_log(qr/ reply=554 command=exit:[1-9]/)
			    if $reply =~ /^554/;
			is(status_of($t->stop), 'exit 0', "$kb KB: stopped");
		} else {
			my $status = status_of($t->wait_exit);
			$how{$status}++;
			like($status, qr/^exit [1-9]/, "$kb KB: refuses");
		}
		is(scalar $t->left, 0, "$kb KB: no process is left");
	}
	diag('RLIMIT_AS at start: ', join ', ', map { "$_: $how{$_}" }
	    sort keys %how);

	skip 'prlimit is not installed', 1 unless which('prlimit');
	$t->start('--command=' . $t->filer, '--max-recipients=20000',
	    '--max-sessions=5000');
	@kin = kin($t->pid);
	my $kb = sub { (proc_status($_[0])->{VmSize} =~ /^(\d+)/)[0] };
	my $c = $t->client;
	$c->cmd('EHLO x');
	like($c->mail, qr/^250/, 'a mail');
	my %answers;
	for my $who (1, 2, 0) {
		limit($kin[$who], 'as', 1024 * $kb->($kin[$who]));
		# Many sessions, each with as much as it may: a long line, many
		# recipients, more than the socket to deliver takes.
		my @clients = map { $t->client(quiet => 1) } 1 .. 60;
		my $rcpts = join '', map { "RCPT TO:<r$_\@" . 'l.' x 30 .
		    "example>\r\n" } 1 .. 1500;
		for my $k (@clients[0 .. 9]) {
			$k->put("EHLO x\r\nMAIL FROM:<a\@b>\r\n");
		}
		for my $k (@clients[0 .. 3]) {
			$k->put($rcpts);
			$k->put("DATA\r\n");
		}
		for my $k (@clients[0 .. 3]) {
			my $reply;
			do {
				$reply = $k->reply;
				$answers{substr $reply, 0, 3}++;
			} until $reply =~ /^(?:354|4|5|$)/;
			next if $reply !~ /^354/;
			$reply = $k->content("Subject: x\n\nx\n");
			$answers{substr $reply, 0, 3}++;
			like($reply, qr/^(?:250|4|$)/,
			    'a mail gets a verdict that is no loss');
		}
		$_->put('X' x 2000) for @clients;
		$_->close for @clients;
		limit($kin[$who], 'as', 1 << 34);
		like($c->mail, qr/^250/, 'when there is memory all goes on');
	}
	diag('replies: ', join ', ', map { "$_: $answers{$_}" }
	    sort keys %answers);
	like($t->send, qr/^250/, 'a new session, too');
	is(join(' ', kin($t->pid)), "@kin", 'no process has ended');
	is(status_of($t->stop), 'exit 0', 'stopped');
}
done_testing();
