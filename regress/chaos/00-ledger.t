#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The ledger: clients send mails, the command writes down what it gets, and
# meanwhile all that can die is killed or stopped.  In the end each mail that
# was answered with 250 must be in the ledger, complete; nothing may be there
# that was not sent whole, nor more often than it was sent; and nothing may be
# left of it all.
#
# MSMTPD_CHAOS_SECONDS is how long (20), MSMTPD_CHAOS_SEED repeats a run's
# choices; what comes of them depends on the scheduler, too.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use Digest::MD5 qw(md5_hex);
use Errno qw(ECONNREFUSED);
use Fcntl;
use IO::Socket::IP;
use Msmtpd::Chaos qw(child_of daemon events fd_calm fd_count kids kin memfds
    processes_in supervised);
use Msmtpd::Test qw(children eventually is_root proc_status slurp status_of);
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = $ENV{MSMTPD_CHAOS_SECONDS} || 20;
my $seed = $ENV{MSMTPD_CHAOS_SEED} || int(time * 1000) % 1_000_000_000;
my $NCLIENTS = 10;
my $ATTEMPTS = 3;		# of one mail

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $ledger = "$dir/out/ledger";
my $sanitized = slurp($t->bin) =~ /__(?:asan|ubsan|tsan)_/;

diag("seed $seed, $seconds s");

# The command.  Its first recipient says how it ends, and the mail's name.
my $command = $t->script(<<'END', "$dir/ledger-command");
use Digest::MD5 qw(md5_hex);
my ($how, $id) = $ARGV[1] =~ /^(\w+)\.([\w-]+)@/ or exit 64;
sub enter {
	my ($sum) = @_;
	sysopen my $fh, "$DIR/out/ledger", O_WRONLY | O_APPEND | O_CREAT
	    or exit 75;
	my $line = "$id $how $sum\n";
	exit 75 unless syswrite($fh, $line) == length $line;
}
if ($how eq 'noread' || $how eq 'close') {
	close STDIN if $how eq 'close';
	enter('-');
	exit 0;
}
my $in = input();
if ($how eq 'hang') { sleep 600 }
if ($how eq 'deaf') { $SIG{TERM} = 'IGNORE'; sleep 600 }
# Ours begins after the Received field.
enter($in =~ /^(X-Id: .*)\z/ms ? md5_hex($1) : 'garbled');
if ($how eq 'late') { sleep 600 }
if ($how eq 'die') { kill 'KILL', $$ }
my $mib = $how eq 'print' ? 10 : $how eq 'gigabyte' ? 1024 : 0;
while ($mib--) { print 'x' x 65536 for 1 .. 16 }
exit($how eq 'temp' ? 75 : $how eq 'fail' ? 1 : 0);
END

# The books: who sent what, and what came of it.  "M id how sum" is a mail,
# "S style" what its client does, "A id" an attempt whose end of data is about
# to be sent, "V id code" its reply.

# How a mail's command behaves, how a client does, and what the chaos does:
# weights.
my %HOW = (ok => 60, noread => 3, close => 3, print => 2, gigabyte => 0.3,
    temp => 6, fail => 4, die => 4, hang => 1, deaf => 1, late => 1);
my %CLIENT = (plain => 50, pipelined => 20, cut_command => 5, cut_data => 8,
    cut_reply => 8, half_close => 5, dribble => 4);
my %CHAOS = (kill_parent => 2, kill_front => 2, kill_deliver => 3,
    kill_command => 8, stop_parent => 3, stop_front => 3, stop_deliver => 4,
    stop_command => 3, term => 3, term_twice => 1, two_deaths => 1);
my %CALM = (kill_command => 8, stop_parent => 3, stop_front => 3,
    stop_deliver => 4, stop_command => 3, nothing => 10);
# What may be answered with 250.
my %SUCCEEDS = map { $_ => 1 } qw(ok noread close print gigabyte);

sub choose {
	my ($weights) = @_;
	my $sum = 0;
	$sum += $_ for values %$weights;
	my $at = rand $sum;
	for my $what (sort keys %$weights) {
		return $what if ($at -= $weights->{$what}) < 0;
	}
	die;
}

# Text with all that a content converter may trip over.
srand $seed;
my $text = '';
while (length $text < 300_000) {
	my $kind = int rand 12;
	$text .= $kind == 0 ? ".\n" : $kind == 1 ? "..\n" : $kind == 2 ?
	    "\n" : $kind == 3 ? '.' . 'd' x rand 40 . "\n" : $kind == 4 ?
	    'l' x (rand 5000) . "\n" : $kind == 5 ?
	    join('', map { chr(128 + rand 128) } 1 .. 50) . "\n" :
	    join('', map { chr(33 + rand 94) } 1 .. 70) . "\n";
}

sub content {
	my ($id) = @_;
	# Small ones mostly.
	my $size = int(2 ** (4 + rand 14));
	my $body = substr $text, int rand(length($text) - $size), $size;
	return "X-Id: $id\n\n$body\nX-End: $id\n";
}

# One client process: sessions until the time is over.
my ($journal, $until, $hows, $count, $kind, @again);

sub note_down {
	my ($line) = @_;
	syswrite $journal, "$line\n" or die "journal: $!\n";
}

sub next_mail {
	my ($n) = @_;
	return shift @again if @again && rand() < 0.3;
	my $m = { id => "c$n-" . $count++, how => $kind // choose($hows),
	    tries => 0 };
	$m->{data} = content($m->{id});
	$m->{sum} = $m->{how} =~ /^(?:noread|close)$/ ? '-' :
	    md5_hex($m->{data});
	note_down("M $m->{id} $m->{how} $m->{sum}");
	return $m;
}

sub retry {
	my ($m) = @_;
	push @again, $m if ++$m->{tries} < $ATTEMPTS && rand() < 0.5;
}

# reset: the connection is gone at once.
sub reset_connection {
	my ($c) = @_;
	setsockopt $c->fh, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)
	    if rand() < 0.5;
	$c->close;
}

# Returns whether the session goes on.
sub one_mail {
	my ($c, $m) = @_;
	my $style = choose(\%CLIENT);
	note_down("S $style");
	my $data = $m->{data};
	$data =~ s/^\./../gm;
	$data =~ s/\n/\r\n/g;
	my @commands = ('MAIL FROM:<s@example.org>',
	    "RCPT TO:<$m->{how}.$m->{id}\@example.net>", 'DATA');
	if ($style eq 'cut_command') {
		$c->put(substr join("\r\n", @commands), 0, 1 + rand 60);
		reset_connection($c);
		return 0;
	}
	if ($style eq 'pipelined') {
		$c->put(join("\r\n", @commands) . "\r\n");
		for my $want (250, 250, 354) {
			my $reply = $c->reply;
			return retry($m), 0 if $reply !~ /^$want/;
		}
	} else {
		for my $command (@commands) {
			my $reply = $c->cmd($command);
			return retry($m), 0 if $reply !~ /^[23]5/;
		}
	}
	if ($style eq 'cut_data') {
		# All but the last octet, the end of the end, at most.
		$c->put(substr "$data.\r\n", 0, rand(length($data) + 3));
		reset_connection($c);
		retry($m);
		return 0;
	}
	if ($style eq 'dribble') {
		for (1 .. 5) {
			$c->put(substr $data, 0, rand length $data, '');
			sleep rand 0.05;
		}
	}
	note_down("A $m->{id}");
	undef $kind if defined $kind && $m->{how} eq $kind;
	$c->put("$data.\r\n");
	if ($style eq 'cut_reply') {
		sleep rand 0.03 if rand() < 0.7;
		reset_connection($c);
		retry($m);
		return 0;
	}
	shutdown $c->fh, 1 if $style eq 'half_close';
	my $reply = $c->reply;
	my ($code) = $reply =~ /^(\d{3}) /;
	note_down("V $m->{id} " . ($code // 'lost'));
	retry($m) if ($code // '') ne '250';
	return $code && $style ne 'half_close';
}

sub session {
	my ($n) = @_;
	my $fh = IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $t->port, Timeout => $Msmtpd::Test::DEADLINE);
	if (!$fh) {
		note_down($! == ECONNREFUSED ? 'refused' : "connect $!");
		return;
	}
	my $c = Msmtpd::Test::Client->new(fh => $fh);
	return if $c->greeting !~ /^220/;
	return if $c->cmd("EHLO c$n.example") !~ /^250/;
	for (0 .. rand 5) {
		last if time >= $until;
		return unless one_mail($c, next_mail($n));
	}
	$c->cmd('QUIT');
}

sub client {
	my ($n) = @_;
	srand $seed + $n;
	sysopen $journal, "$dir/journal-$n", O_WRONLY | O_APPEND | O_CREAT
	    or die "journal: $!\n";
	($count, @again) = (0);
	# One of each kind for certain: each client begins with another.
	my @kinds = sort keys %HOW;
	$kind = $kinds[$n % @kinds] if $hows == \%HOW;
	while (time < $until) {
		eval { session($n); 1 } or note_down("trouble $@");
	}
}

# clients: start them; returns their pids.
my $started = 0;
sub clients {
	my ($for, $commands) = @_;
	($until, $hows) = (time + $for, $commands);
	return map {
		my $n = ++$started;
		my $pid = fork // die "fork: $!\n";
		if (!$pid) {
			# Of the test's daemon nothing is ours.
			delete $t->{pid};
			$t->{tmp}->unlink_on_destroy(0);
			my $ok = eval { client($n); 1 };
			warn $@ unless $ok;
			POSIX::_exit($ok ? 0 : 1);
		}
		$pid;
	} 1 .. $NCLIENTS;
}

# The chaos, one deed each.
my %done;

sub pause_process {
	my ($pid, $most) = @_;
	return unless defined $pid && kill 'STOP', $pid;
	sleep 0.02 + rand $most;
	kill 'CONT', $pid;
}

sub a_command {
	my ($parent) = @_;
	my $deliver = child_of($parent, 'deliver') or return undef;
	my @commands = children($deliver) or return undef;
	return $commands[rand @commands];
}

sub kill_process {
	my ($signal, @pids) = @_;
	return scalar kill $signal, grep { defined } @pids;
}

# deed: returns false where there was nobody to do it to.
sub deed {
	my ($what) = @_;
	my $parent = daemon($t);
	return unless $parent;
	my ($verb, $whom) = split /_/, $what;
	my $pid = !$whom || $whom eq 'parent' ? $parent : $whom eq 'command' ?
	    a_command($parent) : child_of($parent, $whom);
	if ($verb eq 'kill') {
		return unless kill_process('KILL', $pid);
	} elsif ($verb eq 'stop') {
		return unless defined $pid;
		pause_process($pid, $whom eq 'command' ? 3 : 0.8);
	} elsif ($verb eq 'term') {
		return unless kill_process('TERM', $parent);
		sleep rand 0.3;
		kill_process('TERM', $parent) if $whom && daemon($t) &&
		    daemon($t) == $parent;
	} elsif ($verb eq 'two') {
		my @pair = map { child_of($parent, $_) } qw(front deliver);
		@pair = reverse @pair if rand() < 0.5;
		return unless kill_process('KILL', $pair[0]);
		sleep rand 0.02 if rand() < 0.5;
		my $still = child_of($parent,
		    'front') // child_of($parent, 'deliver');
		kill_process('KILL', $still);
	}
	return ++$done{$what};
}

sub chaos {
	my ($weights, $for) = @_;
	my $end = time + $for;
	my @clients = clients($for, \%HOW);
	# Each kind once, then as it comes.
	my @first = sort { $a->[1] <=> $b->[1] } map { [$_, rand] }
	    sort keys %$weights;
	while (time < $end) {
		sleep 0.05 + rand 0.6;
		my $what = @first ? (shift @first)->[0] : choose($weights);
		push @first, [$what] unless deed($what) || @first > 20;
	}
	my $bad = 0;
	for my $pid (@clients) {
		waitpid $pid, 0;
		$bad++ if $?;
	}
	is($bad, 0, 'the clients have ended well');
}

supervised($t, "--command=$command %F", '--command-timeout=2',
    '--timeout=10', '--max-deliveries=12', '--max-memory=3M',
    '--max-size=1M');
chaos(\%CHAOS, $seconds * 2 / 3);

# A new daemon, which no chaos ends; what it has when it has worked a while
# is what it may have in the end.
my $old = daemon($t);
kill_process('TERM', $old) if $old;
eventually { my $new = daemon($t); $new && $new != ($old // 0) } 60
    or $t->trouble('no new daemon');
my @kin = kin(daemon($t));
my @names = qw(parent front deliver);
# A command that a busy machine does not get done in its time is ended, which
# is in order: the only reply but 250.
for my $id (qw(first second)) {
	my ($reply, $start);
	eventually {
		$start = time;
		$reply = $t->send(to => ["ok.$id\@example.net"]);
		$reply !~ /^451 4\.3\.0 Not delivered in time/;
	};
	like($reply, qr/^250 /, "a new daemon serves the $id mail") or
	    $t->trouble('it does not serve');
	diag(sprintf 'a mail took %.3f s', time - $start);
}

# With all deliveries in use once, so that what is allocated once is.
{
	my @pids = clients(1.5, { ok => 1 });
	waitpid $_, 0 for @pids;
}
eventually { !kids($kin[2]) } or $t->trouble('commands still run');
my (@fds, @data);
SKIP: {
	skip 'not root: descriptors of others are not shown', 1 unless
	    is_root();
	@fds = map { fd_calm($_) } @kin;
	is(memfds($kin[1]) + memfds($kin[2]), 0, 'no message is open');
}
sub data { return (proc_status($_[0])->{VmData} // '0') =~ /^(\d+)/ ? $1 : 0 }
@data = map { data($_) } @kin;
my $runs = grep { $_->[0] eq 'start' } events($t);
chaos(\%CALM, $seconds / 3);
is(scalar(grep { $_->[0] eq 'start' } events($t)), $runs,
    'no daemon has ended that was not made to');
SKIP: {
	skip 'not root: descriptors of others are not shown', 4 unless
	    is_root();
	for my $i (0 .. 2) {
		my $now;
		ok(eventually { ($now = fd_count($kin[$i])) <= $fds[$i] },
		    "$names[$i]: no descriptor has leaked") or
		    diag("$now, $fds[$i] before");
	}
	is(memfds($kin[1]) + memfds($kin[2]), 0, 'no message has leaked');
}
ok(eventually { !kids($kin[2]) }, 'no command is left, dead or alive');
is(kids($kin[0]), 2, 'the parent has two children, dead ones included');
SKIP: {
	skip 'a sanitizer keeps memory of its own', 3 if $sanitized;
	for my $i (0 .. 2) {
		my $now = data($kin[$i]);
		cmp_ok($now, '<=', $data[$i] + 1024,
		    "$names[$i]: memory is where it was");
		diag("$names[$i]: VmData $data[$i] kB, then $now kB");
	}
}
# The account of messages is balanced: all of it can be had.
{
	my $c = $t->client;
	$c->cmd('EHLO last.example');
	like($c->cmd('MAIL FROM:<a@b> SIZE=1048576'), qr/^250/,
	    'memory for messages is free again');
	$c->close;
}
is(status_of($t->stop), 'exit 0', 'the supervisor and its daemon stop');
ok(eventually { !processes_in($t) }, 'no process is left') or
    diag(join ' ', processes_in($t));
ok(!IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $t->port),
    'the port is free');

# The books are opened.
my (%mail, %style, %attempts, %accepted, %entered, %verdicts);
my ($refused, $trouble, $garbled, $twice, $unknown, $missing, $unsent,
    $wrong) = (0) x 8;
for my $file (glob "$dir/journal-*") {
	for my $line (split /\n/, slurp($file)) {
		my ($what, $id, @rest) = split ' ', $line;
		if ($what eq 'M') {
			$mail{$id} = { how => $rest[0], sum => $rest[1] };
		} elsif ($what eq 'S') {
			$style{$id}++;
		} elsif ($what eq 'A') {
			$attempts{$id}++;
		} elsif ($what eq 'V') {
			$verdicts{$rest[0]}++;
			$accepted{$id}++ if $rest[0] eq '250';
			$wrong++ if $rest[0] eq '250' &&
			    !$SUCCEEDS{$mail{$id}{how}};
		} elsif ($what eq 'refused') {
			$refused++;
		} else {
			$trouble++;
			diag("$file: $line");
		}
	}
}
for my $line (split /\n/, slurp($ledger)) {
	my ($id, $how, $sum) = split ' ', $line;
	next if $id =~ /^(?:first|second)$/;
	if (!$mail{$id}) {
		$unknown++;
	} elsif ($sum ne $mail{$id}{sum}) {
		$garbled++;
		diag("garbled: $line, sent $mail{$id}{sum}");
	}
	$entered{$id}++;
}
for my $id (keys %entered) {
	$unsent++ unless $attempts{$id};
	$twice++ if $entered{$id} > ($attempts{$id} || 0);
}
for my $id (keys %accepted) {
	$missing++ unless $entered{$id};
	diag("missing: $id") unless $entered{$id};
}
cmp_ok(scalar keys %accepted, '>', 10, 'mails were accepted');
is($missing, 0, 'each mail answered with 250 is in the ledger');
is($garbled, 0, 'each entry has the checksum of what was sent');
is($unknown, 0, 'nothing else is there');
is($unsent, 0, 'nothing that was cut before its end is there');
is($twice, 0, 'nothing is there more often than it was sent');
is($wrong, 0, 'no 250 where the command has failed');
is($refused, 0, 'no connection was refused');
is($trouble, 0, 'no client has waited in vain');
is(scalar(grep { $_ > 1 } values %accepted), 0, 'no second 250');

# What was to happen has happened.
my %sent_how;
$sent_how{$mail{$_}{how}}++ for keys %attempts;
SKIP: {
	skip 'less than a minute: not all need have happened', 3
	    if $seconds < 60;
	is(join(' ', grep { !$done{$_} } sort keys %CHAOS), '',
	    'each deed was done');
	is(join(' ', grep { !$sent_how{$_} } sort keys %HOW), '',
	    'a mail was sent to each kind of command');
	is(join(' ', grep { !$style{$_} } sort keys %CLIENT), '',
	    'and by each kind of client');
}

my $sent = 0;
$sent += $_ for values %attempts;
diag(sprintf '%d mails, sent %d times; in the ledger %d times; replies: %s',
    scalar keys %mail, $sent, eval { my $n = 0; $n += $_ for values %entered;
    $n } || 0, join ', ', map { "$_: $verdicts{$_}" } sort keys %verdicts);
diag(sprintf '%d runs of the daemon; %s', scalar(grep { $_->[0] eq 'start' }
    events($t)), join ', ', map { "$_: $done{$_}" } sort keys %done);
if (grep { !$_ } Test::More->builder->summary) {
	diag("seed $seed");
	diag(join "\n", (split /\n/, slurp("$dir/log"))[-60 .. -1])
	    if $ENV{MSMTPD_CHAOS_LOG};
}
done_testing();
