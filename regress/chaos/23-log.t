#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The log never makes the daemon wait: a reader that is stopped, or gone; a
# disk that is full and has room again; a syslogd that is not there, comes,
# goes and comes back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use IO::Socket::UNIX;
use Msmtpd::Test qw(eventually exec_with is_root lo_up own_mounts run spew
    status_of);
use Socket qw(SOCK_DGRAM);
use Test::More;

# In a mount namespace of its own, root can fill a disk and be syslogd; in a
# network of its own, any port is free.
my $mounts = own_mounts('-n');

my $t = Msmtpd::Test->new;
# Of what is mounted below it nothing has to be cleaned up: it goes with us.
my $mnt = '/mnt';
if ($mounts) {
	lo_up();
	system('mount', '-t', 'tmpfs', 'none', $mnt) == 0 or die "mount\n";
}

# A mail each, and what fills the log beside it: refused commands, of as many
# owners as it takes where each has 200 lines at once.
sub burst {
	my ($name, $lines) = @_;
	my $c;
	my $line = 'NOSUCHVERB ' . 'x' x 200 . "\r\n";
	for my $n (1 .. $lines / 200) {
		$c = $t->client(owner => $n);
		$c->cmd('EHLO x');
		$c->put($line x 200);
		$c->reply for 1 .. 200;
	}
	like($c->mail, qr/^250/, "$name: a mail is delivered meanwhile");
	$c->close;
}

# Its reader does not read, and then does.
$t->start('--command=' . $t->filer, '--max-errors=1000000');
burst('a reader that is stopped', 5000);
# A part is what the pipe and the buffer have held, then is the gap; there may
# be several.
SKIP: {
	skip 'not root: all clients are one owner, of whom few lines are ' .
	    'logged', 1 unless is_root();
	my $lost;
	ok(eventually {
		my $log = $t->log;
		$lost = 0;
		$lost += $1 while $log =~
		    /(\d+) log lines? (?:was|were) lost/g;
		$lost > 1000;
	}, 'a reader that is stopped: more than 1,000 lines are lost');
	diag("$lost lines are lost");
}
is(scalar(() = $t->log =~ /^(?!msmtpd: )/gm), 0,
    'a reader that is stopped: no line is torn');
like($t->send(from => 'again@example.org'), qr/^250/, 'a mail');
$t->wait_log(qr/from=<again\@example\.org>/);

# Its reader is gone.
close delete $t->{fd};
burst('a reader that is gone', 1000);
like($t->send, qr/^250/, 'a reader that is gone: and another');
is(status_of($t->stop), 'exit 0', 'stopped');

SKIP: {
	skip 'not root, or no mount namespace: no disk to fill', 6
	    unless $mounts;
	mkdir "$mnt/disk" or die $!;
	system('mount', '-t', 'tmpfs', '-o', 'size=64k', 'none',
	    "$mnt/disk") == 0 or die "mount\n";
	$t->start({ log => "$mnt/disk/log" }, "--log=$mnt/disk/log",
	    '--command=' . $t->filer, '--max-errors=1000000');
	burst('a full disk', 2000);
	# The last of the burst may be on its way.
	ok(eventually { (run('dd', 'if=/dev/zero', "of=$mnt/disk/more",
	    'bs=4096', 'count=1'))[0] != 0 }, 'a full disk: it is full');
	like($t->send, qr/^250/, 'a full disk: a mail more');
	system('mount', '-o', 'remount,size=16m', "$mnt/disk") == 0 or
	    die "remount\n";
	$t->wait_log(qr/log lines? (?:was|were) lost/);
	like($t->send(from => 'later@example.org'), qr/^250/,
	    'there is room again: a mail');
	$t->wait_log(qr/later\@example/);
	is(scalar(() = $t->log =~ /^(?!\d{4}-\d\d-\d\dT)/gm), 0,
	    'there is room again: no line is torn');
	is(status_of($t->stop), 'exit 0', 'stopped');
	system('umount', "$mnt/disk");
}

# This test is syslogd, at a /dev/log of its own.
sub syslogd {
	my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM,
	    Local => '/dev/log') or die "/dev/log: $!\n";
	chmod 0666, '/dev/log' or die $!;
	return $s;
}

# said: until syslogd has heard it.
sub said {
	my ($s, $re) = @_;
	my $all = '';
	return eventually {
		while (IO::Select->new($s)->can_read(0)) {
			recv $s, my $line, 8192, 0;
			$all .= "$line\n";
		}
		$all =~ $re;
	};
}

SKIP: {
	skip 'not root, or no mount namespace: /dev/log is not ours', 9
	    unless $mounts;
	mkdir "$mnt/dev" or die $!;
	for my $device (qw(null zero full random urandom)) {
		spew("$mnt/dev/$device", '');
		system('mount', '--bind', "/dev/$device",
		    "$mnt/dev/$device") == 0 or die "mount\n";
	}
	system('mount', '--rbind', "$mnt/dev", '/dev') == 0 or die "mount\n";
	ok(!-e '/dev/log', 'there is no syslogd');
	# start() would read the port from the log, which goes to syslogd here,
	# so that the port is a fixed one.
	my $port = 2525;
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open my $null, '>', '/dev/null' or POSIX::_exit(126);
		exec_with({}, $null, $null, $t->bin,
		    $t->root_options, "--port=$port", '--log=syslog',
		    '--command=' . $t->filer);
	}
	@$t{qw(pid port log file started)} = ($pid, $port, '', undef, '');
	ok(eventually { IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $port) }, 'no syslogd: it starts');
	like($t->send(from => 'nobody-listens@example.org'), qr/^250/,
	    'no syslogd: a mail');
	for my $time (qw(first second)) {
		my $s = syslogd();
		# It looks for one at each line, once a second at most.
		ok(eventually {
			$t->send(from => "$time\@example.org");
			IO::Select->new($s)->can_read(0.3);
		}, "a $time syslogd hears of it");
		ok(said($s, qr/^<2[0-9]>.* msmtpd\[\d+\]: front: mail .*from=<$time/m),
		    "a $time syslogd hears of a mail");
		close $s;
		unlink '/dev/log' or die $!;
		like($t->send(from => 'between@example.org'), qr/^250/,
		    'it has gone: a mail');
	}
	is(status_of($t->stop), 'exit 0', 'stopped');
	system('umount', '-R', '/dev');
}
done_testing();
