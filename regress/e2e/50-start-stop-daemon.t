#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The start-stop-daemon line in the manual of msmtp's own msmtpd starts this
# daemon unchanged.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(all_gone children eventually is_root lo_up memcheck
    proc_status slurp spew which);
use Test::More;

plan skip_all => 'not root' unless is_root();
plan skip_all => 'start-stop-daemon is not installed'
    unless which('start-stop-daemon');

# In namespaces of its own: network (port 25), and mounts, for /usr/local/bin,
# /run and a user msmtpd.
if (!$ENV{MSMTPD_TEST_NS}) {
	$ENV{MSMTPD_TEST_NS} = 1;
	exec 'unshare', '-n', '-m', '--', $^X, $0;
	die "unshare: $!\n";
}
delete $ENV{MSMTPD_TEST_NS};
lo_up();
my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my ($uid, $gid) = (64998, 64998);

sub mount {
	is(system('mount', @_), 0, "mount @_") or BAIL_OUT('mount');
}

mkdir "$dir/$_" or die $! for qw(bin run);
# In the place of one that this machine may have.
spew("$dir/passwd", slurp('/etc/passwd') =~ s/^msmtpd:.*\n//mgr .
    "msmtpd:x:$uid:${gid}::/nonexistent:/usr/sbin/nologin\n");
spew("$dir/group", slurp('/etc/group') =~ s/^msmtpd:.*\n//mgr .
    "msmtpd:x:$gid:\n");
chmod 0644, "$dir/passwd", "$dir/group" or die $!;
chown $uid, $gid, "$dir/out" or die $!;
File::Copy::copy($t->bin, "$dir/bin/msmtpd") or die $!;
# As the manual has it: who may execute the file may listen on any port.
chown 0, $gid, "$dir/bin/msmtpd" or die $!;
chmod 0750, "$dir/bin/msmtpd" or die $!;
# The daemon is not root: the file has the capability, or where files have
# none, as memcheck's script, this network gives to all what it would give.
my $capable = !memcheck() && which('setcap') && system('setcap',
    'cap_net_bind_service=ep', "$dir/bin/msmtpd") == 0;
note($capable ? 'by setcap' : 'without setcap');
spew('/proc/sys/net/ipv4/ip_unprivileged_port_start', $capable ? '1024' : '25');
$t->script('file(input(), @ARGV);', "$dir/bin/msmtp");
mount('--bind', "$dir/bin", '/usr/local/bin');
mount('-o', 'remount,bind,suid', '/usr/local/bin');
mount('--bind', "$dir/run", '/run');
mount('--bind', "$dir/passwd", '/etc/passwd');
mount('--bind', "$dir/group", '/etc/group');

isnt(system('start-stop-daemon', '--start', '--quiet', '--pidfile',
    '/run/none', '--chuid', 'nobody', '--exec', '/usr/local/bin/msmtpd', '--',
    '--version'), 0, 'another user cannot execute it');
my $line = <<'END';
start-stop-daemon --start --pidfile /var/run/msmtpd.pid --make-pidfile --chuid msmtpd --background --exec /usr/local/bin/msmtpd -- --command '/usr/local/bin/msmtp -f %F'
END
is(system('sh', '-c', $line), 0, 'the line starts it');
my $pid = eventually { -s '/run/msmtpd.pid' && slurp('/run/msmtpd.pid') };
($pid) = $pid =~ /(\d+)/ or BAIL_OUT('no pid');

my $fh = eventually { IO::Socket::IP->new(PeerHost => '127.0.0.1',
    PeerPort => 25) };
ok($fh, 'it listens on port 25') or BAIL_OUT('no connection');
my $c = Msmtpd::Test::Client->new(fh => $fh);
like($c->greeting, qr/^220 /, 'it greets');
$c->cmd('EHLO x');
like($c->mail(from => 'a@example.org', to => ['b@example.net']), qr/^250 2/,
    'it delivers');
$c->cmd('QUIT');
my ($m) = $t->mails;
is_deeply($m->{args}, [qw(-f a@example.org b@example.net)],
    'to the command that was given');
my @pids = ($pid, children($pid));
is(scalar @pids, 3, 'three processes');
for my $s (map { proc_status($_) } @pids) {
	is($s->{Uid}, join("\t", ($uid) x 4), 'as user msmtpd');
	is($s->{$_}, '0' x 16, "$_ is empty") for qw(CapPrm CapEff CapAmb);
	SKIP: {
		skip 'memcheck: no filter', 1 if memcheck();
		is("$s->{NoNewPrivs} $s->{Seccomp}", '1 2', 'confined');
	}
}
is(system('start-stop-daemon', '--stop', '--quiet', '--retry', '20',
    '--pidfile', '/var/run/msmtpd.pid', '--remove-pidfile'), 0,
    'and stops it');
ok(eventually { all_gone(@pids) }, 'no process is left');
done_testing();
