#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# SIGTERM waits 30 s for a command, then ends it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw(time);
use Msmtpd::Test qw(eventually slurp status_of);
use Test::More;

my $t = Msmtpd::Test->new;
my $command = $t->script(<<'END');
input();
$SIG{TERM} = sub {
	open my $fh, '>', "$DIR/out/term" or die;
	syswrite $fh, Time::HiRes::time();
	$SIG{TERM} = 'DEFAULT';
	kill 'TERM', $$;
};
open my $fh, '>', "$DIR/out/runs" or die;
syswrite $fh, $$;
sleep 600;
END

$t->start("--command=$command");
my $c = $t->client;
$c->cmd('EHLO x');
$c->mail(no_wait => 1);
eventually { -s $t->dir . '/out/runs' } or $t->trouble('no command runs');
my $asked = time;
$t->signal('TERM');
is(status_of($t->wait_exit(30 + $Msmtpd::Test::DEADLINE)), 'exit 0', 'exit 0');
like($c->reply, qr/^451 4/, 'the client has got 451');
# A clock that is read in two processes, and a loop that rounds to ms.
cmp_ok(slurp($t->dir . '/out/term') - $asked, '>=', 29.5,
    'the command got SIGTERM, not before 30 s had gone');
is(scalar $t->left, 0, 'no process is left');
done_testing();
