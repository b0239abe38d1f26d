#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Whatever one user does, another one is served: two users of this machine,
# each with an address of their own, whom msmtpd tells apart by the one or the
# other.  All is told by counts: what the first one has still waits when the
# other one's mail is delivered.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP;
use Msmtpd::Clients qw(audit stopped talk);
use Msmtpd::Test qw(eventually is_root proc_status reap slurp spew);
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => 'two users need root' unless is_root();

my $t = Msmtpd::Test->new;
my $filer = '--command=' . $t->filer;
my $sanitized = slurp($t->bin) =~ /__(?:asan|ubsan|tsan)_/;
my %who = (a => 1, b => 2, c => 3);
my $owner_a = qr/(?:uid=60001|127\.0\.1\.1)/;

# as: a client of that user.
sub as {
	my ($who, %opt) = @_;
	my $c = $t->client(owner => $who{$who}, %opt);
	$c->cmd('EHLO ' . $who) if !$opt{quiet} && $c->greeting =~ /^220/;
	return $c;
}

# in: a client that has gone so far in a mail.
sub in {
	my ($who, $stage) = @_;
	my $c = as($who);
	$c->cmd('MAIL FROM:<a@example.org>');
	$c->cmd('RCPT TO:<b@example.org>');
	$c->cmd('DATA') if $stage eq 'data';
	return $c;
}

# served: a mail of b's, from the first octet to the audit line.
my $nserved = 0;
sub served {
	my ($name, %m) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $c = as('b');
	my $reply = $c->mail(from => 'b' . ++$nserved . '@example.org', %m);
	like($reply, qr/^250 /, "$name: the other one's mail is delivered");
	my ($id) = $reply =~ /id=(\S+)$/;
	ok($id && $t->wait_log(qr/mail id=\Q$id\E client=\S+ .*reply=250 /),
	    'and has its line');
	$c->cmd('QUIT');
	$c->close;
}

# gives_way: hears of it, and is at its end.
sub gives_way {
	my ($c, $re, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($c->reply, $re, "$name: gives way");
	ok($c->at_end, 'and is closed');
}

# rest: all the octets that a client is sent until it is closed.
sub rest {
	my ($c) = @_;
	my $all = '';
	while ((my $line = $c->reply) ne '') {
		$all .= "$line\n";
	}
	return $all;
}

# Sessions: who is outside a transaction gives way first, of those the one that
# is idle longest; then who is in an envelope; then who is in content.
$t->start($filer, '--max-sessions=6');
{
	my $envelope = in('a', 'envelope');
	my @idle = map { as('a') } 1 .. 5;
	my $longest = pop @idle;
	# A clock that counts milliseconds must show who was later.
	sleep 0.01;
	like($_->cmd('NOOP'), qr/^250 /, 'one of six sessions') for @idle;
	my @b = as('b');
	like($b[0]->greeting, qr/^220 /, 'another user has a place');
	gives_way($longest, qr/^421 4\.7\.0 /, 'idle longest');
	like(as('a')->greeting, qr/^421 4\.7\.0 /,
	    'who has most has no more');
	push @b, as('b'), as('b');
	is(scalar(grep { $_->greeting =~ /^220/ } @b), 3, 'half of them');
	like(as('b')->greeting, qr/^421 4\.7\.0 /, 'but no more');
	like($envelope->cmd('NOOP'), qr/^250 /, 'who has a mail begun stays');
	my $c = as('c');
	like($c->mail, qr/^250 /, 'a third one is served');
	$t->forget_mails;
}
stopped($t);

$t->start($filer, '--max-sessions=3');
{
	my @a = (in('a', 'data'), in('a', 'envelope'));
	sleep 0.01;
	push @a, in('a', 'data');
	my $b = as('b');
	gives_way($a[1], qr/^421 4\.7\.0 /, 'in an envelope');
	my $c = as('c');
	gives_way($a[0], qr/^421 4\.7\.0 .*, id=\S+$/, 'in content');
	my ($cut) = audit($t, 1);
	is($cut->{reply}, 421, 'whose mail has its line');
	like($cut->{why}, qr/others need a place/, 'which tells why');
	like($_->mail, qr/^250 /, 'those have their mails') for $b, $c;
	$a[2]->put(".\r\n");
	like($a[2]->reply, qr/^250 /, 'and who was left, too');
	$t->forget_mails;
}
stopped($t);

# Deliveries: slow commands, and all sessions wait for them.
my $gate = $t->script(<<'END');
my $in = input();
if ($ARGV[0] =~ /^a/) {
	Time::HiRes::sleep(0.01) until -e "$DIR/gate";
}
file($in, @ARGV);
END
$t->start("--command=$gate %F", '--max-deliveries=4', '--max-sessions=40',
    '--debug');
{
	my @a;
	for my $n (1 .. 40) {
		push @a, as('a');
		$a[-1]->mail(from => "a$n\@example.org", no_wait => 1);
	}
	served('40 mails wait for slow commands');
	is(scalar $t->mails, 1, 'and it is the only one that was delivered');
	my @gone = grep { IO::Select->new($_->fh)->can_read(0) } @a;
	is(scalar @gone, 1, 'one session has given way');
	like(rest($gone[0]), qr/\A451 4\.7\.0 .*\n421 4\.7\.0 .*\n\z/,
	    'its mail is not delivered, and it hears that');
	served('and again');
	# Who goes away before the mail's turn comes has no mail.
	my @stay = grep { $_ != $gone[0] } @a;
	my $reset = pop @stay;
	setsockopt $reset->fh, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
	$reset->close;
	$t->wait_log(qr/reply=- command=none .* why="the client went away/);
	spew($t->dir . '/gate', '');
	is(scalar(grep { $_->reply =~ /^250 / } @stay), @stay,
	    'all who have waited are served at last');
	is(scalar $t->mails, 2 + @stay, 'no mail of who had gone');
	is(scalar(audit($t, 2 + @a)), 2 + @a, 'a line for each of them');
	$t->forget_mails;
	unlink $t->dir . '/gate';
}
stopped($t);

# Memory: half mails.
$t->start($filer, '--max-size=4M', '--max-memory=4M');
{
	my $line = 'x' x 1023 . "\r\n";
	my $half = $line x 512;
	my @a = map { in('a', 'data') } 1 .. 7;
	$_->put($half) for @a;
	ok(eventually {
		my $probe = as('a');
		my $reply = $probe->cmd('MAIL FROM:<a@example.org> ' .
		    'SIZE=500000');
		$probe->close;
		$reply =~ /^452 4\.3\.1 /;
	}, 'half mails fill the memory');
	my $b = as('b');
	like($b->cmd('MAIL FROM:<b@example.org> SIZE=1600000'), qr/^250 /,
	    'there is room for another one');
	$b->close;
	served('half mails', data => $line x 1300);
	my @gone = grep { IO::Select->new($_->fh)->can_read(0) } @a;
	is(scalar @gone, 2, 'as much gives way as is needed');
	like(rest($_), qr/\A421 4\.3\.1 .*id=\S+\n\z/, 'and hears it')
	    for @gone;
}
stopped($t);

# Memory: recipients, and replies that nobody reads.
$t->start($filer, '--max-size=1M', '--max-memory=1M', '--max-sessions=400',
    '--max-recipients=100000', '--max-noops=1000000');
{
	my $front = $t->proc('front');
	my ($before) = proc_status($front)->{VmData} =~ /^(\d+) kB/;
	my $rcpt = join '', map { sprintf "RCPT TO:<%s%03d\@example.org>\r\n",
	    'r' x 400, $_ } 1 .. 18;
	my ($taken, @a) = (0);
	for (1 .. 300) {
		push @a, in('a', 'envelope');
		$a[-1]->put($rcpt);
		$taken += grep { $a[-1]->reply =~ /^250/ } 1 .. 18;
	}
	my ($after) = proc_status($front)->{VmData} =~ /^(\d+) kB/;
	cmp_ok($taken, '<', 300 * 18, "$taken recipients are taken");
	SKIP: {
		skip 'a sanitizer keeps memory of its own', 1 if $sanitized;
		cmp_ok($after - $before, '<', 4096,
		    'they are in the account: ' . ($after - $before) . ' KiB');
	}
	served('recipients');
	$_->close for @a;
	my $deaf = as('a');
	$deaf->fh->blocking(0);
	my $w = IO::Select->new($deaf->fh);
	while ($w->can_write(0.5)) {
		defined syswrite $deaf->fh, "HELP\r\n" x 1000 or last;
	}
	served('one who does not read');
}
stopped($t);

# The log: refused recipients.
$t->start($filer, '--max-recipients=100000');
{
	my $n = 5000;
	my $a = in('a', 'envelope');
	$a->put("RCPT TO:<r\@>\r\n" x 50) , map { $a->reply } 1 .. 50
	    for 1 .. $n / 50;
	served('a flood of refused recipients');
	my ($lines, $counted) = (0, 0);
	ok(eventually {
		my $log = $t->log;
		$lines = () = $log =~ /: refused: 553 5\.1\.3 /g;
		$counted = 0;
		$counted += $1 while
		    $log =~ /: (\d+) lines about $owner_a were left out/g;
		$lines + $counted == $n;
	}, "$n refusals: $lines lines, and a number for $counted");
	cmp_ok($lines, '<', $n / 2, 'not a line for each');
}
stopped($t);

# What waits for the log: lines of many fill the queue to parent, who is stopped,
# but not what is kept for audit lines.
$t->start($filer, '--max-errors=1000');
{
	kill 'STOP', $t->pid;
	my $line = 'NOSUCHVERB ' . 'x' x 400 . "\r\n";
	for my $n (11 .. 18) {
		my $c = $t->client(owner => $n);
		$c->cmd('EHLO x');
		$c->put($line x 200);
		$c->reply for 1 .. 200;
	}
	my $c = as('b');
	my ($id) = $c->mail =~ /^250 .*id=(\S+)$/;
	ok($id, 'a mail while the log waits');
	kill 'CONT', $t->pid;
	ok($t->wait_log(qr/front: (\d+) log lines were lost/),
	    'lines were lost');
	ok($t->wait_log(qr/mail id=\Q$id\E client=/), 'but not the mail\'s');
	$t->forget_mails;
}
stopped($t);

# Connections, made and reset by a process of its own, with a full table.
$t->start($filer, '--max-sessions=20');
{
	my @a = map { as('a') } 1 .. 20;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		POSIX::setuid(60000 + $who{a});
		alarm 4 * $Msmtpd::Test::DEADLINE;
		while (getppid() != 1) {
			my $fh = IO::Socket::IP->new(
			    LocalHost => '127.0.1.1', PeerHost => '127.0.0.1',
			    PeerPort => $t->port) or next;
			setsockopt $fh, SOL_SOCKET, SO_LINGER,
			    pack('ii', 1, 0);
		}
		POSIX::_exit(0);
	}
	served("connections and resets, $_") for 1 .. 10;
	kill 'KILL', $pid;
	reap($pid, 10);
	cmp_ok(scalar(grep { $_->cmd('NOOP') =~ /^250 / } @a), '>=', 10,
	    'no more than one place for each of the ten was taken');
}
stopped($t);

done_testing();
