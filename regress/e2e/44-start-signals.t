#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Signals that come while it starts, before it can take them from a descriptor.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(all_gone eventually exec_with reap slurp spew status_of);
use Test::More;

my $t = Msmtpd::Test->new;
my $dir = $t->dir;

# starting: a daemon that waits for its password; returns its pid, and the one
# of what prints it.
sub starting {
	unlink "$dir/out/go", "$dir/out/eval", "$dir/err";
	my $eval = "grep ^Sig /proc/self/status >$dir/out/signals; " .
	    "echo \$\$ >$dir/out/eval; until [ -e $dir/out/go ]; " .
	    'do sleep 0.05; done; echo secret';
	open my $err, '>', "$dir/err" or die $!;
	my $pid = fork // die $!;
	exec_with({}, $err, $err, $t->bin, '--port=0',
	    $t->root_options, '--command=' . $t->filer, "--auth=user,$eval")
	    if $pid == 0;
	eventually { -s "$dir/out/eval" } or
	    die "no password is asked for\n" . slurp("$dir/err");
	chomp(my $child = slurp("$dir/out/eval"));
	return ($pid, $child);
}

# These end it, and what it has started.
for my $signal (qw(TERM INT)) {
	my ($pid, $child) = starting();
	kill $signal, $pid;
	my $status = reap($pid, $Msmtpd::Test::DEADLINE);
	is(status_of($status // 0), 'signal ' . ($signal eq 'INT' ? 2 : 15),
	    "SIG$signal while it starts: that is its end");
	ok(eventually { all_gone($child) },
	    "SIG$signal while it starts: what prints the password ends, too");
	kill 'KILL', $child;
}

# This one waits.
{
	my ($pid, $child) = starting();
	my %signals = slurp("$dir/out/signals") =~ /^Sig(\w+):\s*(\w+)/mg;
	is($signals{$_}, '0' x 16, "the password's command: no Sig$_")
	    for qw(Blk Ign);
	kill 'HUP', $pid;
	spew("$dir/out/go", '');
	ok(eventually { slurp("$dir/err") =~ /is ready/ },
	    'SIGHUP while it starts: it goes on');
	like(slurp("$dir/err"), qr/SIGHUP/, 'and the signal is seen to');
	kill 'TERM', $pid;
	is(status_of(reap($pid, $Msmtpd::Test::DEADLINE) // -1),
	    'exit 0', 'stopped');
}

done_testing();
