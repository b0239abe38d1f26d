#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Each limit by its option, with its reply, and that the session, the other
# clients and the daemon go on after it.  What counts towards a limit, and what
# resets the count, is smtp_limits_test's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(audit hurried stopped talk untrace);
use Msmtpd::Test qw(children eventually proc_status slurp spew);
use POSIX ();
use Test::More;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $t = Msmtpd::Test->new;
my $filer = '--command=' . $t->filer . ' -f %F --';

sub now { return clock_gettime(CLOCK_MONOTONIC) }

# feed: a process that writes to a client's connection, one piece in so many
# seconds, until it is closed or there is no more.
my @feeders;
END {
	local $?;
	kill 'TERM', @feeders;
	waitpid $_, 0 for @feeders;
}
sub feed {
	my ($c, $seconds, @pieces) = @_;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
		alarm 2 * $Msmtpd::Test::DEADLINE;
		for my $piece (@pieces) {
			$c->put($piece);
			select undef, undef, undef, $seconds;
		}
		POSIX::_exit(0);
	}
	push @feeders, $pid;
}

# readable: a process that writes down when a client's connection has something
# to read.
sub readable {
	my ($c, $file) = @_;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
		alarm 2 * $Msmtpd::Test::DEADLINE;
		IO::Select->new($c->fh)->can_read;
		eval { spew($file, now()) };
		POSIX::_exit(0);
	}
	push @feeders, $pid;
	return $pid;
}

sub in_data {
	my ($c) = @_;
	$c->cmd('EHLO client.example');
	$c->cmd('MAIL FROM:<a@example.org>');
	$c->cmd('RCPT TO:<b@example.org>');
	like($c->cmd('DATA'), qr/^354 /, 'DATA');
	return $c;
}

# --min-rate: more than five minutes, by a clock that runs faster.  Begun here,
# looked at last.
my $slow = Msmtpd::Test->new;
my ($enough, $pauses, $dribble, $silent);
if (hurried($slow)) {
	# The defaults: 100 octets a second, 300 s without a command.
	$slow->start('--command=' . $slow->filer);
	($enough, $pauses, $dribble, $silent) =
	    map { in_data($slow->client) } 1 .. 4;
	my $piece = '';
	$piece .= 'x' x 78 . "\r\n" for 1 .. 100;
	feed($enough, 0.2, ($piece) x (5.5 * 60 / $Msmtpd::Clients::HURRY /
	    0.2), ".\r\n");
	feed($pauses, 2 * 60 / $Msmtpd::Clients::HURRY, "Subject: x\r\n",
	    "\r\nafter two minutes\r\n.\r\n");
	feed($dribble, 0.1, ('x') x 1000);
}

# --timeout: from the last complete command.
my $idle = Msmtpd::Test->new;
$idle->start('--command=' . $idle->filer, '--timeout=10', '--min-rate=0',
    '--auth=u,echo p', '--max-noops=1000000');
# It never reads: what it is told fills what the kernel keeps for it.
my $deaf = $idle->client;
$deaf->fh->blocking(0);
{
	my $w = IO::Select->new($deaf->fh);
	my $ehlo = "EHLO deaf.example\r\n" x 1000;
	while ($w->can_write(0.5)) {
		defined syswrite $deaf->fh, $ehlo or last;
	}
}
my %idler = map { $_ => $idle->client } 'after the greeting',
    'octets one by one', 'after a command', 'within AUTH';
$idler{'within AUTH'}->cmd('EHLO client.example');
$idler{'within AUTH'}->cmd('AUTH LOGIN');
feed($idler{'octets one by one'}, 0.2, ('x') x 1000);
select undef, undef, undef, 0.5;
my $last_command = now();
like($idler{'after a command'}->cmd('NOOP'), qr/^250 /, 'NOOP, in time');
my $closed = readable($idler{'after a command'}, $idle->dir . '/closed');

# Lines.
$t->start($filer, '--max-line=512', '--max-auth-line=1024', '--auth=u,echo p',
    '--max-errors=1000');
{
	my $front = $t->proc('front');
	my $c = $t->client;
	talk($c,
	    'EHLO client.example' => qr/^250/,
	    'NOOP ' . 'x' x 505 => qr/^250 /,
	    'NOOP ' . 'x' x 506 => qr/^500 5\.5\.2 /,
	    'NOOP' => qr/^250 /,
	    'AUTH PLAIN ' . '!' x 1011 => qr/^501 5\.5\.2 /,
	    'AUTH PLAIN ' . '!' x 1012 => qr/^500 5\.5\.2 /,
	    'AUTH LOGIN' => qr/^334 /,
	    '!' x 1022 => qr/^501 5\.5\.2 /,
	    'AUTH LOGIN' => qr/^334 /,
	    '!' x 1023 => qr/^500 5\.5\.2 /,
	    'NOOP' => qr/^250 /);
	my $before = (proc_status($front) || {})->{VmHWM} || 0;
	$c->put('x' x 65536) for 1 .. 512;
	like($c->cmd('x'), qr/^500 5\.5\.2 /, 'a line of 32 MiB: 500');
	like($c->cmd('NOOP'), qr/^250 /, 'one reply, and the session goes on');
	my $after = (proc_status($front) || {})->{VmHWM} || 0;
	# Both are "N kB".
	$_ =~ s/\D//g for $before, $after;
	cmp_ok($before, '>', 0, 'the memory of front is known');
	cmp_ok($after - $before, '<', 4096, 'it was not stored');
	talk($c, 'QUIT' => qr/^221 /);
}
stopped($t);

# The size of a message; recipients; errors; commands that do nothing.
$t->start($filer, '--max-size=100K', '--max-recipients=5', '--max-errors=4',
    '--max-noops=5');
{
	my $c = $t->client;
	my $fits = 'A: ' . 'x' x 1020 . "\n";
	talk($c, 'EHLO client.example' => qr/^250-SIZE 102400\r$/m,
	    'MAIL FROM:<a@example.org> SIZE=102401' => qr/^552 5\.3\.4 /,
	    'MAIL FROM:<a@example.org> SIZE=99999999999999999999' =>
	    qr/^552 5\.3\.4 /);
	like($c->mail(data => $fits x 100, param => ' SIZE=102400'),
	    qr/^250 2\.0\.0 /, '--max-size octets');
	my ($mail) = $t->mails;
	is(length((untrace($mail->{mail}))[0]), 102400, 'all of them arrive');
	$t->forget_mails;
	like($c->mail(data => $fits x 99 . 'x' x 1024 . "\n"),
	    qr/^552 5\.3\.4 /, 'one more: 552');
	like($c->mail(data => $fits x 10_000), qr/^552 5\.3\.4 /,
	    'a hundred times as many: 552');
	is(scalar $t->mails, 0, 'the command was not run for them');
	my @to = map { "r$_\@example.org" } 1 .. 5;
	talk($c, 'MAIL FROM:<a@example.org>' => qr/^250/,
	    (map { ("RCPT TO:<$_>" => qr/^250 2\.1\.5 /) } @to),
	    'RCPT TO:<r6@example.org>' => qr/^452 4\.5\.3 /,
	    'RCPT TO:<r7@example.org>' => qr/^452 4\.5\.3 /,
	    'DATA' => qr/^354 /);
	like($c->content("x\n"), qr/^250 /, 'the mail goes to those before');
	is_deeply([$t->mails]->[0]{args}, ['-f', 'a@example.org', '--', @to],
	    'and to them only');
	$t->forget_mails;
	$t->wait_log(qr/: (deferred: 452 4\.5\.3 .*\(2 recipients\))/);
	# Errors are counted from that mail on; replies 4yz and refused mails
	# do not count.
	talk($c, 'FOO' => qr/^500 5\.5\.1 /, 'FOO' => qr/^500 5\.5\.1 /);
	like($c->mail(data => $fits x 101), qr/^552 5\.3\.4 /,
	    'a refused mail between');
	talk($c, 'FOO' => qr/^500 5\.5\.1 /, 'BAR' => qr/^421 4\.7\.0 /);
	ok($c->at_end, '--max-errors ends the session');
	$t->wait_log(qr/ended: (too many errors)/);

	$c = $t->client;
	talk($c, 'EHLO client.example' => qr/^250/, 'NOOP' => qr/^250 /,
	    'RSET' => qr/^250 /, 'VRFY root' => qr/^252 /,
	    'HELP' => qr/^214 /);
	like($c->mail, qr/^250 /, 'a mail between');
	talk($c, 'NOOP' => qr/^250 /, 'RSET' => qr/^250 /,
	    'VRFY root' => qr/^252 /, 'HELP' => qr/^214 /,
	    'NOOP' => qr/^421 4\.7\.0 /);
	ok($c->at_end, '--max-noops ends the session');
	$t->wait_log(qr/ended: (too many commands without a mail)/);
	$t->forget_mails;
}
stopped($t);

# Memory, of all together.  In pages: the account is full, and one page over,
# as the last one that is begun may be.
sub pages { return ('x' x 1023 . "\r\n") x 4 x ($_[0] - 1) . 'x' x 1024 }
$t->start($filer, '--max-size=1M', '--max-memory=1M', '--max-noops=100000');
{
	my ($one, $two) = map { in_data($t->client) } 1, 2;
	my ($late, $probe) = map { $t->client } 1, 2;
	talk($late, 'EHLO client.example' => qr/^250/,
	    'MAIL FROM:<a@example.org>' => qr/^250/,
	    'RCPT TO:<b@example.org>' => qr/^250/);
	$probe->cmd('EHLO client.example');
	$one->put(pages(100));
	$two->put(pages(157));
	my $reply = '';
	ok(eventually {
		$probe->cmd('RSET');
		$reply = $probe->cmd('MAIL FROM:<a@example.org>');
		$reply !~ /^250/;
	}, 'memory is used up');
	like($reply, qr/^452 4\.3\.1 /, 'MAIL: 452');
	my ($id) = $late->cmd('DATA') =~ /^452 4\.3\.1 .*, id=(\S+)\z/;
	ok($id, 'DATA: 452');
	$t->wait_log(qr/mail id=\Q$id\E client=\S+ \S+ reply=452 command=none/);
	$one->put("\r\n" . 'x' x 100_000 . "\r\n.\r\n");
	like($one->reply, qr/^452 4\.3\.1 /, 'more content: 452');
	$probe->cmd('RSET');
	like($probe->cmd('MAIL FROM:<a@example.org> SIZE=900000'),
	    qr/^452 4\.3\.1 /, 'what is left is less than this SIZE: 452');
	like($probe->cmd('MAIL FROM:<a@example.org> SIZE=300000'),
	    qr/^250 /, 'but enough for this one');
	$two->put("\r\n.\r\n");
	like($two->reply, qr/^250 /, 'the mail that had its place: 250');
	like($late->cmd('DATA'), qr/^354 /,
	    'all the same transaction, after that: DATA');
	like($late->content(pages(250)), qr/^250 /, 'a megabyte: 250');
	is(scalar $t->mails, 2, 'two mails, whole');
	$t->forget_mails;

	# A client that goes away gives back what it had.
	my $gone = in_data($t->client);
	$gone->put(pages(200));
	ok(eventually {
		$probe->cmd('RSET');
		$probe->cmd('MAIL FROM:<a@example.org> SIZE=300000') =~
		    /^452/;
	}, 'most of it is used again');
	$gone->close;
	ok(eventually {
		$probe->cmd('RSET');
		$probe->cmd('MAIL FROM:<a@example.org> SIZE=1048576') =~
		    /^250/;
	}, 'and given back by a client that goes away');
}
stopped($t);

# Recipients that execve(2) does not take are not taken.
{
	$t->start({ as => ['sh', '-c', 'ulimit -s 1024; exec "$@"', 'sh'] },
	    '--port=0', $t->root_options, $filer, '--max-recipients=100000');
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	$c->cmd('MAIL FROM:<a@example.org>');
	my (@to, $reply);
	for my $n (1 .. 2000) {
		my $to = sprintf '%s%04d@example.org', 'r' x 490, $n;
		$reply = $c->cmd("RCPT TO:<$to>");
		last unless $reply =~ /^250 /;
		push @to, $to;
	}
	like($reply, qr/^452 4\.5\.3 /, @to . ' long recipients, then 452');
	# The system takes a quarter of the stack, and nobody can use all.
	cmp_ok(scalar @to, '<', 256 * 1024 / 504, 'not more than fit');
	cmp_ok(scalar @to, '>', 128 * 1024 / 504, 'nor far less');
	like($c->cmd('DATA'), qr/^354 /, 'DATA');
	like($c->content("x\n"), qr/^250 /, 'execve(2) has taken them');
	my @args = @{[$t->mails]->[0]{args}};
	is_deeply([@args[3 .. $#args]], \@to, 'all of them');
	$t->forget_mails;
	stopped($t);
}

# Sessions.
$t->start($filer, '--max-sessions=3');
{
	my @c = map { $t->client } 1 .. 3;
	my $full = $t->client;
	like($full->greeting, qr/^421 4\.7\.0 /,
	    'one too many: 421 for a greeting');
	ok($full->at_end, 'and closed');
	$t->wait_log(qr/turned away.*--max-sessions/);
	talk($c[0], 'EHLO client.example' => qr/^250/);
	like($c[0]->mail, qr/^250 /, 'the others are served');
	talk($c[1], 'QUIT' => qr/^221 /);
	ok($c[1]->at_end, 'one leaves');
	like($t->client->greeting, qr/^220 /, 'and the next is let in');
	$t->forget_mails;
}
stopped($t);

# Deliveries: one at a time, first come first served, and nobody else waits.
my $gate = $t->script(<<'END');
open my $fh, '>>', "$DIR/out/order" or die;
syswrite $fh, "$ARGV[0]\n";
Time::HiRes::sleep(0.01) until -e "$DIR/gate";
input();
END
$t->start("--command=$gate", '--max-deliveries=1');
{
	my $other = $t->client;
	my @c;
	for my $n (1 .. 6) {
		push @c, $t->client;
		$c[-1]->cmd('EHLO client.example');
		$c[-1]->mail(to => ["r$n\@example.org"], no_wait => 1);
		# What was ready first is served first: after the answer to
		# this the mail is in the queue.
		like($other->cmd('NOOP'), qr/^250 /, 'another does not wait');
	}
	like($t->client->greeting, qr/^220 /, 'nor one that comes');
	ok(eventually { -s $t->dir . '/out/order' }, 'the command runs');
	is(slurp($t->dir . '/out/order'), "r1\@example.org\n", 'once');
	open my $fh, '>', $t->dir . '/gate' or die $!;
	like($_->reply, qr/^250 2\.0\.0 /, 'delivered') for @c;
	is(slurp($t->dir . '/out/order'),
	    join('', map { "r$_\@example.org\n" } 1 .. 6), 'in their order');
}
stopped($t);

# The command's time.
my $long = $t->script('sleep 1000;');
$t->start("--command=$long", '--command-timeout=1');
{
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	my $begin = now();
	like($c->mail, qr/^451 4\.3\.0 /, '--command-timeout: 451');
	cmp_ok(now() - $begin, '>=', 0.99, 'not earlier');
	$t->wait_log(qr/reply=451 command=timeout /);
	my $deliver = $t->proc('deliver');
	is_deeply([children($deliver)], [], 'the command is ended');
	talk($c, 'QUIT' => qr/^221 /);
}
stopped($t);

# A command that takes its time: what it has printed appears, and after a
# minute, by a clock that runs faster, that its client still waits.
SKIP: {
	my $t = Msmtpd::Test->new;
	skip 'msmtpd-hurried is not built', 4 unless hurried($t);
	my $gate = $t->dir . '/gate';
	$t->start('--command=' . $t->script('$| = 1; print "a word\n";' .
	    "Time::HiRes::sleep(0.01) until -e '$gate'; print \"another\\n\";" .
	    'exit 1;'));
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	$c->mail(no_wait => 1);
	ok($t->wait_log(qr/: command: a word$/m), 'a line before the end');
	ok($t->wait_log(qr/mail id=\S+: the command runs for 60 s$/m),
	    'that it takes long');
	spew($gate, '');
	like($c->reply, qr/^554 /, 'and the result');
	$t->wait_log(qr/: command: another$/m);
	is(scalar(() = $t->log =~ /: command: a word$/mg), 1,
	    'no line comes twice');
	$c->cmd('QUIT');
	stopped($t);
}

# --timeout, begun above.
my $deaf_told = $idle->wait_log(qr/ended: (client does not read), mails=0/);
is($deaf_told, 'client does not read', 'deaf: closed');
for my $name (sort keys %idler) {
	like($idler{$name}->reply, qr/^421 4\.4\.2 /, "$name: 421");
	ok($idler{$name}->at_end, 'and closed');
}
waitpid $closed, 0;
@feeders = grep { $_ != $closed } @feeders;
cmp_ok(slurp($idle->dir . '/closed') - $last_command, '>=', 9.99,
    'not earlier');
stopped($idle);

# Content without --min-rate: as long as an octet comes in time.
$idle->start('--command=' . $idle->filer, '--timeout=5', '--min-rate=0');
{
	my $c = in_data($idle->client);
	my $lf = in_data($idle->client);
	my $begin = now();
	$c->put("Subject: half\r\n");
	$lf->put("Subject: whole\n\nfor who ends lines so\n.\n");
	like($c->reply, qr/^421 4\.4\.2 /, 'DATA, nothing comes: 421');
	cmp_ok(now() - $begin, '>=', 4.99, 'not earlier');
	ok($c->at_end, 'and closed');
	my ($id) = $lf->reply =~ /^421 4\.4\.2 \S+ The message must end with (?#
	    )CR LF \. CR LF, id=(\S+)\z/;
	ok($id, 'LF . LF, and nothing comes: 421 says what is missing');
	$idle->wait_log(qr/mail id=\Q$id\E client=\S+ \S+ reply=421 (?#
	    )command=none .* why="The message must end/);
	ok($lf->at_end, 'and closed');
	$idle->wait_log(qr/ended: (message not ended with CR LF \. CR LF)/);
	is(scalar $idle->mails, 0, 'nothing is handed on');
}
stopped($idle);

# --min-rate, begun above.
SKIP: {
	skip 'the daemon with the fast clock is not built: make tests', 10
	    unless $enough;
	for ([$dribble, 'an octet now and then'], [$silent, 'nothing']) {
		my ($c, $name) = @$_;
		like($c->reply, qr/^421 4\.4\.2 /, "$name: 421");
		ok($c->at_end, 'and closed');
	}
	like($enough->reply, qr/^250 2\.0\.0 /,
	    'what comes fast enough is taken, more than five minutes later');
	like($pauses->reply, qr/^250 2\.0\.0 /, 'a pause of two minutes');
	is(scalar(grep { $_->{reply} == 250 } audit($slow, 2)), 2,
	    'and delivered');
	stopped($slow);
	is(scalar(() = $slow->log =~ /ended: data too slow, mails=0/g), 2,
	    'the log says why');
}

done_testing();
