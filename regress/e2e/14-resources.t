#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# A start that lacks descriptors, devices or memory that can be locked: the
# message names the remedy, and the exit status the kind of failure.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(is_root memcheck run status_of unprivileged);
use Test::More;

my $t = Msmtpd::Test->new;
my $cmd = '--command=' . $t->filer;
my @base = ($t->bin, '--port=0', $t->root_options, $cmd);

# refused: it does not start, with that status and these words.
sub refused {
	my ($name, $want, $re, @words) = @_;
	my ($status, $out, $err) = run(@words);
	is(status_of($status), "exit $want", "$name: $want");
	like($err, $re, "$name: said why");
	unlike($err, qr/is ready/, "$name: it did not start");
}

# with: the words that run a program below a limit of sh(1)'s ulimit.
sub with {
	my ($limit) = @_;
	return ('sh', '-c', "ulimit $limit && exec \"\$@\"", 'sh');
}

# Few descriptors: the daemon says so before it tries anything else.  valgrind
# takes twelve for itself from a hard limit.
my $files = memcheck() ? '-S -n' : '-n';
for my $n (4, 8, 16, 24) {
	SKIP: {
		# A shell holds its script as descriptor 10.
		skip "memcheck: $n are too few to start it", 6
		    if memcheck() && $n <= 10;
		my $re = qr/limit of open files is $n, the start needs 25: raise/;
		refused("ulimit -n $n", 71, $re, with("$files $n"), @base);
		refused("ulimit -n $n, --check", 78, $re,
		    with("$files $n"), @base, '--check');
	}
}
refused('ulimit -n 25, two addresses', 71, qr/limit of open files is 25, /,
    with("$files 25"), @base, map { "--interface=127.0.0.$_" } 1 .. 2);
$t->start({ as => [with("$files 25")] }, $t->root_options, $cmd);
like($t->send, qr/^250/, 'ulimit -n 25: it runs');
is($t->stop, 0, 'and stops');

# Enough to start and for a mail, but not for all that the settings allow: each
# of the two says what that means.
SKIP: {
	skip 'memcheck: valgrind needs more descriptors', 5 if memcheck();
	chmod 0777, $t->dir . '/out' or die $! if is_root();
	$t->start({ as => [unprivileged(), with('-n 60')] }, $cmd);
	for my $name (qw(front deliver)) {
		like($t->log, qr/$name: the limit of open files is 60, full use of /,
		    "ulimit -n 60: $name warns");
	}
	like($t->log, qr/deliver: if deliver is killed, its commands end with it, /,
	    'deliver: of commands that it does not hold, too');
	like($t->send, qr/^250/, 'ulimit -n 60: it runs');
	is($t->stop, 0, 'and stops');
}

# A /dev that has nothing.
SKIP: {
	my @bare = ('unshare', '-m', '--', 'sh', '-c',
	    'mount -t tmpfs none /dev && exec "$@"', 'sh');
	skip 'mounting over /dev needs root', 3 unless is_root();
	skip 'no mount namespaces here', 3 if (run(@bare, 'true'))[0] != 0;
	refused('no /dev/null', 71,
	    qr{^msmtpd: /dev/null: No such file or directory$}m, @bare, @base);
}

# A password that cannot be locked: each cause has its own remedy.
SKIP: {
	my @auth = ($t->bin, '--port=0', $cmd, '--auth=user,echo x');
	skip "a sanitizer's mlock(2) does nothing", 6
	    if qx('@{[$t->bin]}' --print-sandbox) =~ /sanitizer: /;
	refused('ulimit -l 0', 78,
	    qr/--auth: .*: Operation not permitted; allow mlock\(2\)/,
	    unprivileged(), with('-l 0'), @auth);
	refused('ulimit -l 1', 78,
	    qr/--auth: .*: Cannot allocate memory; raise the limit/,
	    unprivileged(), with('-l 1'), @auth);
}

done_testing();
