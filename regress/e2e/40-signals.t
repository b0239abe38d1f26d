#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# SIGTERM, SIGINT, SIGHUP.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(all_gone eventually is_root slurp spew status_of);
use Test::More;

my $t = Msmtpd::Test->new;
my $dir = $t->dir;

# A command that tells that it runs, and ends when it is told to.
my $slow = $t->script(<<'END');
my $in = input();
open my $fh, '>', "$DIR/out/runs" or die;
print $fh $$;
close $fh;
until (-e "$DIR/out/go") { select undef, undef, undef, 0.02 }
unlink "$DIR/out/runs";
file($in, @ARGV);
END

# A command with a child of its own, that ends by SIGTERM only (or not even
# by that, where its sender says so).
my $stubborn = $t->script(<<'END');
input();
$SIG{TERM} = 'IGNORE' if $ARGV[0] =~ /^deaf/;
my $child = fork // die;
open my $fh, '>>', "$DIR/out/pids" or die;
syswrite $fh, "$$\n";
sleep 600;
END

# delivering: a client whose mail is with the command.
sub delivering {
	my ($file, %mail) = @_;
	my $c = $t->client;
	$c->cmd('EHLO slow.example');
	$c->mail(%mail, no_wait => 1);
	eventually { -s "$dir/out/$file" } or $t->trouble('no command runs');
	return $c;
}

# refused: nobody accepts there any more.
sub refused {
	my ($name) = @_;
	ok(eventually { !IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $t->port) }, $name);
}

for my $signal (qw(TERM INT)) {
	$t->start("--command=$slow");
	my $fresh = $t->client;
	my $idle = $t->client;
	$idle->cmd('EHLO idle.example');
	my $busy = delivering('runs');
	$t->signal($signal);
	like($_->reply, qr/^421 4\.\d\.\d /, "SIG$signal: an idle session: 421")
	    for $idle;
	like($fresh->reply, qr/^421 /, "SIG$signal: a new session: 421");
	ok($idle->at_end, "SIG$signal: and it is closed");
	refused("SIG$signal: no further connection");
	spew("$dir/out/go", '');
	like($busy->reply, qr/^250 2/, "SIG$signal: what runs finishes");
	like($busy->reply, qr/^(421 |$)/, "SIG$signal: then it is over");
	is(status_of($t->wait_exit), 'exit 0', "SIG$signal: exit 0");
	is(scalar $t->left, 0, "SIG$signal: no process is left");
	like($t->log, qr/SIG$signal/, "SIG$signal: in the log");
	is(scalar(my @m = $t->mails), 1, "SIG$signal: the mail was delivered");
	$t->forget_mails;
}

# A mail of which a part is missing does not count as a delivery that runs.
{
	$t->start('--command=' . $t->filer);
	my $c = $t->client;
	$c->cmd('EHLO x');
	$c->cmd('MAIL FROM:<a@b>');
	$c->cmd('RCPT TO:<c@d>');
	$c->cmd('DATA');
	$c->put("Subject: half\r\n\r\nhalf");
	is(status_of($t->stop), 'exit 0', 'SIGTERM during DATA: exit 0');
	like($c->reply, qr/^(421|$)/, 'SIGTERM during DATA: 421 or closed');
	is(scalar(my @m = $t->mails), 0, 'SIGTERM during DATA: no mail');
}

# To all of them at once, as a service manager or a terminal does.
for my $signal (qw(TERM INT)) {
	$t->forget_mails;
	$t->start({ before => sub { setpgrp } }, "--command=$slow");
	my $busy = delivering('runs');
	CORE::kill $signal, -$t->pid;
	refused("SIG$signal to the group: it stops");
	spew("$dir/out/go", '');
	like($busy->reply, qr/^250 2/,
	    "SIG$signal to the group: what runs finishes");
	is(status_of($t->wait_exit), 'exit 0', "SIG$signal to the group: exit 0");
}
$t->forget_mails;

# The second SIGTERM hurries: the command's group ends by SIGTERM, or 5 s
# later by SIGKILL.
for my $sender ('willing@example.org', 'deaf@example.org') {
	$t->start("--command=$stubborn %F");
	unlink "$dir/out/pids";
	my $busy = delivering('pids', from => $sender);
	my @pids;
	eventually {
		@pids = split /\n/, slurp("$dir/out/pids");
		@pids == 2;
	} or $t->trouble('the command has not forked');
	$t->signal('TERM');
	refused("$sender: stops");
	$t->signal('TERM');
	like($busy->reply, qr/^451 4/, "$sender: 451");
	is(status_of($t->wait_exit), 'exit 0', "$sender: exit 0");
	ok(eventually { all_gone(@pids) }, "$sender: the whole group has ended");
	$t->forget_mails;
}

# SIGHUP.
{
	my $log = is_root() ? "$dir/msmtpd.log" : "$dir/out/msmtpd.log";
	$t->start({ log => $log }, '--command=' . $t->filer, "--log=$log");
	is((stat $log)[2] & 0777, 0640, 'the log has mode 640');
	like($t->send(from => 'first@example.org'), qr/^250/, 'a mail');
	$t->wait_log(qr/first\@example/);
	rename $log, "$log.1" or die $!;
	like($t->send(from => 'second@example.org'), qr/^250/, 'a mail');
	ok(eventually { slurp("$log.1") =~ /second\@example/ },
	    'a log that was moved is still written');
	$t->signal('HUP');
	ok(eventually { -e $log }, 'SIGHUP: the log is there again');
	like($t->send(from => 'third@example.org'), qr/^250/, 'a mail');
	ok(eventually { slurp($log) =~ /third\@example/ },
	    'SIGHUP: and is written');
	unlike(slurp("$log.1"), qr/third/, 'SIGHUP: the old one is not');
	# Where it cannot be opened, the old one stays.
	rename $log, "$log.2" or die $!;
	mkdir $log or die $!;
	$t->signal('HUP');
	ok(eventually { slurp("$log.2") =~ /SIGHUP.*cannot/s },
	    'SIGHUP: a log that cannot be opened: told in the old one');
	rmdir $log or die $!;
	is(status_of($t->stop), 'exit 0', 'stopped');

	$t->start('--command=' . $t->filer);
	$t->signal('HUP');
	$t->wait_log(qr/SIGHUP/);
	like($t->send, qr/^250/, 'SIGHUP: harmless without a file');
	is(status_of($t->stop), 'exit 0', 'stopped');
}

done_testing();
