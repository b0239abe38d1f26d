#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Started as root: who each process is, where, and with what rights.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(children is_root leaks memcheck proc_status slurp
    status_of);
use Test::More;

plan skip_all => 'not root' unless is_root();

my $t = Msmtpd::Test->new;
$t->start('--command=' . $t->filer);
like($t->send, qr/^250/, 'a mail is delivered');

my @pids = ($t->pid, $t->proc('front'), $t->proc('deliver'));
is_deeply([sort { $a <=> $b } @pids[1, 2]], [children($t->pid)],
    'two children, front and deliver');

my ($front_uid, $front_gid) = (getpwnam $Msmtpd::Test::PRIVSEP_USER)[2, 3];
my ($uid, $gid) = (getpwnam $Msmtpd::Test::USER)[2, 3];
my @want = (
	{ name => 'parent', uid => 0, gid => 0, root => '/' },
	{ name => 'front', uid => $front_uid, gid => $front_gid,
	    root => $t->dir . '/empty' },
	{ name => 'deliver', uid => $uid, gid => $gid, root => '/' },
);
for my $w (@want) {
	my $pid = shift @pids;
	my $s = proc_status($pid);
	my $name = $w->{name};
	is($s->{Uid}, join("\t", ($w->{uid}) x 4), "$name: uid $w->{uid}");
	is($s->{Gid}, join("\t", ($w->{gid}) x 4), "$name: gid $w->{gid}");
	is($s->{Groups}, $w->{gid}, "$name: groups") if $w->{uid};
	is($s->{"Cap$_"}, '0' x 16, "$name: Cap$_")
	    for qw(Inh Prm Eff Bnd Amb);
	is($s->{NoNewPrivs}, 1, "$name: no_new_privs");
	SKIP: {
		skip 'memcheck: no filter', 1 if memcheck();
		is($s->{Seccomp}, 2, "$name: a seccomp filter");
	}
	is($s->{CoreDumping}, 0, "$name: no core dump");
	SKIP: {
		skip 'LeakSanitizer: no other root directory', 1 if leaks();
		is(readlink "/proc/$pid/root", $w->{root},
		    "$name: root $w->{root}");
	}
	is((stat "/proc/$pid/mem")[4], 0,
	    "$name: not dumpable, so not its user's to trace");
	like($t->log, qr/^msmtpd: $name: uid $w->{uid}, .*\bseccomp/m,
	    "$name: the log says what is in force");
}
# A process of its own looks up the users: what nsswitch.conf(5) names is
# others' code, which has no business in the parent.
SKIP: {
	skip 'nsswitch.conf names no library for passwd', 1 unless
	    -e '/etc/nsswitch.conf' && slurp('/etc/nsswitch.conf') =~
	    /^passwd:\s*(?!files\s*$)(?:files\s+)?(\w+)/m &&
	    glob "/lib/*/libnss_$1.so.2 /usr/lib/*/libnss_$1.so.2";
	unlike(slurp('/proc/' . $t->pid . '/maps'), qr/libnss_/,
	    'parent: no library of nsswitch.conf is left in it');
}

opendir my $dh, $t->dir . '/empty' or die $!;
is_deeply([grep { !/^\.\.?$/ } readdir $dh], [], 'the root directory is empty');

is(status_of($t->stop), 'exit 0', 'stopped');
is(scalar $t->left, 0, 'no process is left');
done_testing();
