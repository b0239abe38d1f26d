#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# front, taken over: in a build for this test only a client's name makes front
# do what an attacker would.  Each attempt ends front by its filter; the daemon
# names the cause in its log and ends with status 1, and nothing is left.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Msmtpd::Test qw(is_root slurp status_of);
use POSIX qw(uname);
use Test::More;

my $objdir = $ENV{OBJDIR} || '.obj';
my $attacked = "$objdir/regress/sandbox/attacked";
plan skip_all => "$attacked is not built" unless -x $attacked;

# The attacks are in the binary for tests (else the check of the product proves
# nothing), and not in the product.
my $product = Msmtpd::Test->new;
for my $word ('__wrap_smtp_input', 'attack.', ' survived with ') {
	ok(index(slurp($attacked), $word) >= 0,
	    "\"$word\" is in the test binary");
	ok(index(slurp($product->bin), $word) == -1,
	    "\"$word\" is not in the product binary");
}

# The daemon, attacked; returns the log and the wait status.
sub attack {
	my ($name, $whom) = @_;
	my $t = Msmtpd::Test->new;
	File::Copy::copy($attacked, $t->bin) or die "$attacked: $!\n";
	$t->start('--command=' . $t->filer);
	my $pid = !$whom ? 0 : $whom eq 'parent' ? $t->pid :
	    $t->proc($whom);
	my $c = $t->client;
	$c->put("EHLO attack.$name.$pid\r\n");
	return ($t, $c) if $name =~ /^(?:nothing|rights)$/;
	my $status = $t->wait_exit;
	return ($t, $status);
}

# What survives is seen.
{
	my ($t, $c) = attack('nothing');
	like($c->reply, qr/^250/, 'a harmless attack: front goes on');
	$t->wait_log(qr/attack nothing survived with 0/);
	pass('a survivor is in the log');
	is(status_of($t->stop), 'exit 0', 'and the daemon stops as usual');
}

# The kernel refuses a descriptor to parent, or parent does.
SKIP: {
	my ($major, $minor) = (uname())[2] =~ /^(\d+)\.(\d+)/;
	skip 'SO_PASSRIGHTS is in Linux 6.16', 2
	    if $major < 6 || ($major == 6 && $minor < 16);
	my ($t) = attack('rights');
	$t->wait_log(qr/attack rights survived with -1: Operation not perm/);
	pass('a descriptor for parent: EPERM');
	is(status_of($t->stop), 'exit 0', 'and the daemon stops as usual');
}

my @attacks = ('open', 'getdents', 'socket', 'connect', 'fork', 'clone3',
    'execve', 'exec-memfd', ['kill', 'parent'], ['kill', 'deliver'],
    ['ptrace', 'deliver'], ['readv', 'deliver'], 'mmap-exec',
    'mprotect-exec', 'proc', 'fchdir', 'chroot', 'setuid', 'prctl', 'dup',
    'io_uring', 'listen');
push @attacks, 'x32' if (uname())[4] eq 'x86_64';

for my $attack (@attacks) {
	my ($name, $whom) = ref $attack ? @$attack : ($attack);
	my ($t, $status) = attack($name, $whom);
	my $what = $name . ($whom ? " $whom" : '');
	like($t->log, qr/front \(pid \d+\) was stopped by its sandbox.*SIGSYS/,
	    "$what: SIGSYS, and the log says so");
	unlike($t->log, qr/survived/, "$what: no survivor");
	unlike($t->log, qr/deliver \(pid \d+\) (?:was|exited with status [^0])/,
	    "$what: deliver ends by itself");
	is(status_of($status), 'exit 1', "$what: the daemon ends with 1");
	is(scalar $t->left, 0, "$what: no process is left");
	is(scalar $t->mails, 0, "$what: no command has run");
}

# Where the kernel does not know int 0x80 the signal is SIGSEGV, as it is after
# the attempt to run data as code.
for my $name ((uname())[4] eq 'x86_64' ? 'int80' : (), 'run-data') {
	my ($t, $status) = attack($name);
	like($t->log, qr/front \(pid \d+\) was (?:stopped by its sandbox|killed by signal 11)/,
	    "$name: the log says that front was killed");
	unlike($t->log, qr/survived/, "$name: no survivor");
	is(status_of($status), 'exit 1', "$name: the daemon ends with 1");
}

done_testing();
