#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# No descriptors left: at start (RLIMIT_NOFILE 64, 200 clients), and in each
# process while it works.  The mail or the client that meets it gets 4xx or
# has to wait; when there are some again, all goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use IO::Socket::IP;
use Msmtpd::Chaos qw(fd_calm fd_count kids kin limit);
use Msmtpd::Test qw(eventually is_root slurp spew status_of unprivileged
    which);
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => 'prlimit is not installed' unless which('prlimit');

my $t = Msmtpd::Test->new;
chmod 0777, $t->dir . '/out' or die $!;		# as nobody, too

# Root could raise the limit.
$t->start({ as => ['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh',
    unprivileged()] }, '--command=' . $t->filer);
{
	my @waiting = 1 .. 200;
	my ($turned_away, $delivered, $refused, $other) = (0) x 4;
	my $all = eventually {
		my @clients = map { [$_, $t->client] } splice @waiting, 0, 200;
		my (@inside, @again);
		# All clients are connected before the first of them sends
		# anything.
		for my $c (@clients) {
			if ($c->[1]->greeting =~ /^220/) {
				push @inside, $c;
			} elsif ($c->[1]->greeting =~ /^421/) {
				$turned_away++;
				push @again, $c->[0];
			} else {
				$refused++;
			}
		}
		for my $c (@inside) {
			$c->[1]->cmd('EHLO x');
			my $reply = $c->[1]->mail(from => "n$c->[0]\@x");
			if ($reply =~ /^250/) {
				$delivered++;
			} else {
				$other++;
				diag($reply);
				push @again, $c->[0];
			}
			$c->[1]->close;
		}
		@waiting = (@again, @waiting);
		sleep 0.05;
		!@waiting;
	} 300;
	ok($all, '64 descriptors, 200 clients: all have been served in turn');
	is($delivered, 200, '64 descriptors: each mail is accepted');
	is(scalar(my @m = $t->mails), 200, '64 descriptors: and delivered');
	is($other, 0, '64 descriptors: who is let in can send');
	is($refused, 0, '64 descriptors: nobody is left without an answer');
	diag("$turned_away times a client was turned away with 421");
}
ok($t->wait_log(qr/limit of open files is 64\b/), 'the log tells the limit');
is(status_of($t->stop), 'exit 0', '64 descriptors: stopped');

SKIP: {
	skip 'not root: descriptors of others are not shown', 1 unless
	    is_root();
	$t->forget_mails;
	$t->start('--command=' . $t->filer);
	my @kin = kin($t->pid);
	my $c = $t->client;
	$c->cmd('EHLO x');
	like($c->mail, qr/^250/, 'a mail');
	eventually { !kids($kin[2]) };

	# front: none for a message, none for a client.
	limit($kin[1], 'nofile', fd_count($kin[1]));
	like($c->mail, qr/^452 4\.3\.1/, 'front, none for a message: 452');
	$c->cmd('RSET');
	my $next = $t->client(quiet => 1);
	$t->wait_log(qr/accept: pausing.*Too many open files/);
	like($c->cmd('NOOP'), qr/^250/, 'front, none for a client: the rest ' .
	    'goes on');
	limit($kin[1], 'nofile', 1000);
	like($next->reply, qr/^220 /, 'front: the client is greeted then');
	like($c->mail, qr/^250/, 'front: the mail is taken then');

	# deliver: none for the message itself, one for it and no more.
	eventually { !kids($kin[2]) };
	my $used = fd_calm($kin[2]);
	for my $more (0, 1, 2, 3) {
		limit($kin[2], 'nofile', $used + $more);
		like($c->mail, qr/^451 4\.3\.0/,
		    "deliver, $more descriptors left: 451");
	}
	limit($kin[2], 'nofile', 1000);
	like($c->mail, qr/^250/, 'deliver: the mail is delivered then');
	is(fd_calm($kin[2]), $used, 'deliver: none has leaked by that');
	$t->wait_log(qr/cannot run the command: Too many open files/);
	is(scalar(my @m = $t->mails), 3, 'none was delivered that got 4xx');

	# parent: it needs none.
	limit($kin[0], 'nofile', fd_count($kin[0]));
	like($c->mail, qr/^250/, 'parent: does not need any');
	is(status_of($t->stop), 'exit 0', 'stopped');

	# A command that has done its work in a millisecond, however few are
	# left: 4xx means that it was not started.
	my $quick = $t->dir . '/quick';
	my $ran = $t->dir . '/out/ran';
	spew($quick, "#!/bin/sh\necho \"\$1\" >>$ran\n");
	chmod 0755, $quick or die $!;
	$t->start("--command=$quick %F", '--max-noops=1000');
	@kin = kin($t->pid);
	$c = $t->client;
	$c->cmd('EHLO x');
	like($c->mail(from => 'first@x'), qr/^250/, 'a quick command: a mail');
	eventually { !kids($kin[2]) };
	$used = fd_calm($kin[2]);
	my @accepted = 'first@x';
	my $refused = 0;
	for my $more (map { ($_) x 20 } 0 .. 5) {
		limit($kin[2], 'nofile', $used + $more);
		my $from = "n$more-" . ++$refused . '@x';
		my $reply = $c->mail(from => $from);
		if ($reply =~ /^250/) {
			push @accepted, $from;
		} elsif ($reply !~ /^451 4\.3\.0/) {
			fail("a quick command, $more descriptors: $reply");
		}
	}
	cmp_ok(scalar @accepted, '<=', 61,
	    'a quick command: refused where there are none');
	cmp_ok(scalar @accepted, '>', 1,
	    'a quick command: run where there are');
	my %accepted = map { $_ => 1 } @accepted;
	my @ran = split /\n/, slurp($ran);
	is(join(' ', grep { !$accepted{$_} } @ran), '',
	    'a quick command: never run where the reply is 4xx');
	is(scalar @ran, @accepted, 'a quick command: run once where it is 250');
	is(status_of($t->stop), 'exit 0', 'stopped');
}
done_testing();
