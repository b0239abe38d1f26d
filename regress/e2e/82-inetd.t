#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# --inetd below a real inetd, OpenBSD's as Debian has it: the line for
# inetd.conf that the package's README gives.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP;
use Msmtpd::Test qw(children eventually is_root own_netns slurp spew which);
use POSIX ();
use Test::More;

plan skip_all => 'needs root: inetd changes users' unless is_root();
my $inetd = $ENV{INETD} || which('inetd');
plan skip_all => 'inetd (openbsd-inetd) is not installed' unless $inetd;

# Where that port is free.
own_netns();
my $port = 2525;

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $filer = $t->filer;

# The port, the user and the program are those of this test.
my ($line) = slurp("$FindBin::Bin/../../msmtpd/service/debian/README.Debian")
    =~ /^ *(127\.0\.0\.1:smtp stream .*)$/m;
ok($line, 'README.Debian has a line for inetd.conf');
$line =~ s/:smtp /:$port /;
$line =~ s{nowait msmtpd /usr/bin/msmtpd}
    {nowait $Msmtpd::Test::USER $dir/msmtpd};
spew("$dir/inetd.conf", "$line --command=$filer --log=$dir/out/log\n");

my $pid = fork // die "fork: $!\n";
if ($pid == 0) {
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', "$dir/inetd.out";
	open STDERR, '>&', \*STDOUT;
	# inetd runs in a mount namespace of its own, so that its pid file does
	# not replace one of this machine.
	exec 'unshare', '-m', '--propagation', 'private', 'sh', '-c',
	    'mount -t tmpfs none /run && exec "$0" -i "$1"', $inetd,
	    "$dir/inetd.conf" or POSIX::_exit(127);
}
END {
	local $?;
	if ($pid) {
		kill 'TERM', $pid;
		waitpid $pid, 0;
	}
}

sub connected {
	return IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $port);
}

my $s = eventually { connected() };
ok($s, 'inetd listens') or die slurp("$dir/inetd.out");

for my $n (1 .. 3) {
	$s = connected() if $n > 1;
	my $c = Msmtpd::Test::Client->new(fh => $s);
	like($c->greeting, qr/^220 /, "$n: greeting");
	$c->cmd('EHLO client.example');
	like($c->mail(data => "Subject: inetd $n\n\nx\n"), qr/^250/,
	    "$n: a mail is delivered");
	like($c->cmd('QUIT'), qr/^221 /, "$n: QUIT");
	ok($c->at_end, "$n: the connection ends");
	$c->close;
}
my @mails = $t->mails;
is(scalar @mails, 3, 'three mails');
like($mails[$_ - 1]{mail}, qr/^Subject: inetd $_$/m, "the $_. mail")
    for 1 .. 3;
my @owners = map { (stat $_)[4] } glob "$dir/out/*.mail";
is_deeply(\@owners, [(scalar getpwnam $Msmtpd::Test::USER) x 3],
    'as the user that inetd.conf names');
ok(eventually { my @c = children($pid); !@c }, 'no process is left');

done_testing();
