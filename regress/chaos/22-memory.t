#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# No memory: the address space is small, a client sends without end and does
# not read.  e2e/73-limits.t has a full account of messages.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use Msmtpd::Chaos qw(kin limit);
use Msmtpd::Test qw(proc_status slurp status_of which);
use Test::More;
use Time::HiRes qw(sleep);

my $t = Msmtpd::Test->new;
my $sanitized = slurp($t->bin) =~ /__(?:asan|ubsan|tsan)_/;
$t->start('--command=' . $t->filer, '--max-size=1M', '--max-memory=4M',
    '--max-noops=1000000', '--max-errors=1000000');
my @kin = kin($t->pid);

# A client that pipelines and never reads: its output is bounded, then its
# input.
sub vmdata { return (proc_status($_[0])->{VmData} =~ /^(\d+)/)[0] }
{
	my $c = $t->client;
	$c->cmd('EHLO glutton.example');
	my $before = vmdata($kin[1]);
	my $other = $t->client;
	$other->cmd('EHLO other.example');
	$c->fh->blocking(0);
	my ($sent, $stuck) = (0, 0);
	# The octets that the kernel keeps for both ends, and no more.
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
