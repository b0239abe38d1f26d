#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# deliver is stopped, and goes on later: who waits gets 451 in time, the rest
# is served, nothing that deliver still holds is forgotten in the account of
# memory, and no mail that was never handed over comes out of it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Msmtpd::Chaos qw(child_of kin memfds);
use Msmtpd::Clients qw(hurried);
use Msmtpd::Test qw(eventually is_root slurp status_of);
use Test::More;

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
# Two at once; more wait.  To answer takes front the command's 5 s and 15.
$t->start('--command=' . $t->filer, '--command-timeout=5',
    '--max-deliveries=2', '--max-size=1M', '--max-memory=2M',
    '--max-recipients=50000', '--max-noops=100000');
my @kin = kin($t->pid);
like($t->send, qr/^250 /, 'a mail');
$t->forget_mails;

# And another daemon, whose parent is stopped: nobody answers AUTH, for 315 s
# of a clock that runs faster.
my $u = Msmtpd::Test->new;
my $login;
sub plain { return 'AUTH PLAIN ' . encode_base64("\0user\0$_[0]", '') }
if (hurried($u)) {
	$u->start('--command=' . $u->filer, '--auth=user,echo secret',
	    '--timeout=300');
	$login = $u->client;
	$login->cmd('EHLO x');
	kill 'STOP', $u->pid;
	$login->put(plain('guess') . "\r\n");
}

kill 'STOP', $kin[2];
my (%c, %port);
sub begun {
	my ($name, $size, @more) = @_;
	my $c = $t->client;
	$c->cmd("EHLO $name.example");
	is($c->mail(from => "$name\@example.org", no_wait => 1,
	    data => "Subject: $name\n\n" . ("x" x 77 . "\n") x ($size / 78),
	    @more), undef, "$name is sent");
	$port{$name} = $c->fh->sockport;
	return $c;
}
# The second one's recipients do not fit into one message to deliver, nor into
# its socket with all that is there: some 80 octets each.
my ($wmem) = slurp('/proc/sys/net/core/wmem_default') =~ /(\d+)/;
my $many = int(1.5 * $wmem / 80);
$many = 4000 if $many < 4000;
my @waiting = $many <= 20_000 ? qw(one two three) : qw(one three);
$c{one} = begun('one', 600_000);
SKIP: {
	skip "a socket's buffer of $wmem octets takes more recipients than " .
	    'a mail may have', 1 if @waiting == 2;
	$c{two} = begun('two', 300_000, to => [map { "recipient-$_\@" .
	    'long.' x 12 . 'example' } 1 .. $many]);
}
$c{three} = begun('three', 1000);
$c{four} = begun('four', 1000);
$c{four}->close;
my $idle = $t->client;
like($idle->cmd('EHLO idle.example'), qr/^250/, 'another session: EHLO');
like($idle->cmd('NOOP'), qr/^250/, 'another session: NOOP');

# Meanwhile the other daemon: a second question of the session that has given
# up the first.
SKIP: {
	skip 'the daemon with the fast clock is not built: make tests', 6
	    unless $login;
	like($login->reply, qr/^454 /, 'parent is stopped, AUTH: 454');
	$login->put(plain('guess again') . "\r\n");
	like($u->client->cmd('EHLO y'), qr/^250/,
	    'parent is stopped: the rest goes on');
	kill 'CONT', $u->pid;
	like($login->reply, qr/^535 5\.7\.8 /,
	    'continued, parent refuses the second');
	my $c = $u->client;
	$c->cmd('EHLO x');
	like($c->cmd(plain('guess')), qr/^535 /, 'it refuses a wrong one');
	like($c->cmd(plain('secret')), qr/^235 /, 'and takes the right one');
	is(status_of($u->stop), 'exit 0', 'stopped');
}

like($c{$_}->reply, qr/^451 4/, "$_: 451 without deliver") for @waiting;
like($idle->cmd('NOOP'), qr/^250/, 'the other session goes on');
like($c{one}->cmd('NOOP'), qr/^250/, 'that of the mail, too');
# What it holds is still in memory: 600,000 octets of 2 MB at least.
like($idle->cmd('MAIL FROM:<a@b> SIZE=1048576'), qr/^250/,
    'there is memory for one mail more');
ok($t->wait_log(qr/no result from deliver in time; it may still deliver/),
    'the log tells what may happen');
{
	my $big = $t->client;
	$big->cmd('EHLO big.example');
	$big->cmd('MAIL FROM:<a@b> SIZE=1048576');
	$big->cmd('RCPT TO:<c@d>');
	like($big->cmd('DATA'), qr/^354/, 'a second large mail begins');
	$big->put(join '', map { 'y' x 78 . "\r\n" } 1 .. 12_800);
	# 12,800 lines of 79 octets as kept: 1,011,200.  With it, and what
	# deliver has, no 600,000 are left.
	eventually {
		$idle->cmd('RSET');
		$idle->cmd('MAIL FROM:<a@b> SIZE=600000') =~ /^452/;
	};
	like($idle->cmd('RSET'), qr/^250/, 'RSET');
	like($idle->cmd('MAIL FROM:<a@b> SIZE=600000'), qr/^452 4\.3\.1/,
	    'what deliver still has is counted');
	$big->close;
}
kill 'CONT', $kin[2];
ok(eventually { grep { $_->{mail} =~ /^Subject: one/m } $t->mails },
    'continued, deliver delivers what it has');
like($t->send(from => 'after@example.org'), qr/^250 /,
    'and then what comes');
# Two places for deliveries are taken at a time, in the order in which front
# has read the ends of these mails.  One that was cut gives its place to the
# next, which deliver then has; from then on its time is counted anew, and it
# may be delivered in that.  Either way the log names it.
my %delivered = map { $_ => 1 } map { $_->{mail} =~ /^Subject: (\w+)/m }
    $t->mails;
ok(delete $delivered{$_}, "$_ is delivered") for qw(one test);
ok(!$delivered{two}, 'the one that was cut is not');
my $named = 'no result from deliver in time; it may still deliver the mail';
my @unnamed;
eventually {
	my $log = $t->log;
	@unnamed = grep { $log !~ /client=\[127\.0\.0\.1\]:$port{$_}\ \S+(?::\ \Q$named\E|
	    \ reply=250\ command=exit:0\ )/x } sort keys %delivered;
	!@unnamed;
};
is("@unnamed", '', 'nor any that the log does not name');
like($idle->cmd('RSET'), qr/^250/, 'RSET');
ok(eventually {
	$idle->cmd('RSET');
	$idle->cmd('MAIL FROM:<a@b> SIZE=1048576') =~ /^250/;
}, 'the memory is free again');
SKIP: {
	skip 'not root: descriptors of others are not shown', 1 unless
	    is_root();
	ok(eventually { memfds($kin[1]) + memfds($kin[2]) == 0 },
	    'no message is left open');
}
# All places for deliveries are free again: more mails than there are.
like($t->send, qr/^250 /, "delivery $_") for 1 .. 3;
is(status_of($t->stop), 'exit 0', 'stopped');

done_testing();
