#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The init scripts without an init: sysvinit's with the real start-stop-daemon,
# OpenRC's by its functions.  "make boot-test" runs both in full.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(is_root memcheck own_netns run slurp spew status_of
    which);
use Test::More;

# Where port 2525 is free.
own_netns() if is_root();

my $service = "$FindBin::Bin/../../msmtpd/service";

for my $name ('msmtpd.init', 'msmtpd.openrc') {
	my ($status, undef, $err) = run('sh', '-n', "$service/$name");
	is(status_of($status) . $err, 'exit 0', "$name: sh -n");
}

# What OpenRC would run, from its variables and functions.
{
	my $t = Msmtpd::Test->new;
	my $dir = $t->dir;
	my $text = slurp("$service/msmtpd.openrc");
	is(scalar($text =~ s{/usr/bin/msmtpd}{$dir/msmtpd}g), 1,
	    'openrc: the program');
	my $options = join ' ', $t->root_options;
	spew("$dir/openrc", <<'EOF' . $text);
for f in checkpath ebegin eend need use after; do
	eval "$f() { :; }"
done
EOF
	my $try = sub {
		my ($opts, $code) = @_;
		return run({ env => { MSMTPD_OPTS => "$options $opts" } },
		    'sh', '-c', ". $dir/openrc; $code");
	};
	my ($status) = $try->("--command='/bin/cat \"a b\"'", 'start_pre');
	is(status_of($status), 'exit 0', 'openrc: start_pre is content');
	($status, undef, my $err) = $try->('--max-size=none', 'start_pre');
	isnt($status, 0, 'openrc: start_pre refuses a wrong option');
	like($err, qr/--max-size/, 'openrc: and names it');
	# It evaluates command_args, as openrc-run does.
	(undef, my $out) = $try->("--command='a  b'",
	    'eval "set -- $command_args"; for w do echo "[$w]"; done');
	like($out, qr/\A\[--log=syslog\]\n.*^\[--command=a  b\]\n\z/ms,
	    'openrc: quotes keep words together');
}

SKIP: {
	skip('needs root: it changes users', 1) unless is_root();
	skip('start-stop-daemon is not installed', 1)
	    unless which('start-stop-daemon');
	skip('/lib/lsb/init-functions is not there', 1)
	    unless -r '/lib/lsb/init-functions';

	my $t = Msmtpd::Test->new;
	my $dir = $t->dir;
	my $text = slurp("$service/msmtpd.init");
	my %here = ('/usr/bin/msmtpd' => "$dir/msmtpd",
	    '/run/msmtpd.pid' => "$dir/pid", '/var/empty/msmtpd' =>
	    "$dir/empty", '/var/lib/msmtpd' => "$dir/out",
	    '/etc/default/msmtpd' => "$dir/default");
	for my $path (sort keys %here) {
		ok($text =~ s/\Q$path\E/$here{$path}/g, "sysvinit: $path");
	}
	# Under memcheck the process is valgrind's: only the pid file names it.
	$text =~ s/--exec (?="\$DAEMON")/--startas /g if memcheck();
	spew("$dir/init", $text);
	my $options = sub {
		my ($more) = @_;
		spew("$dir/default", 'MSMTPD_OPTS="' . join(' ',
		    $t->root_options, "--port=2525 --command='" . $t->filer .
		    " \\\"two words\\\"'", $more) . "\"\n");
	};
	my $run = sub {
		my ($action) = @_;
		return run({ env => { SYSTEMCTL_SKIP_REDIRECT => 1 } }, 'sh',
		    "$dir/init", $action);
	};
	my $ok = sub {
		my ($action) = @_;
		my ($status, $out, $err) = $run->($action);
		is(status_of($status), 'exit 0', "sysvinit: $action") or
		    diag("$out$err");
	};
	my $pid = sub { return -e "$dir/pid" ? slurp("$dir/pid") + 0 : 0 };

	$options->('');
	isnt(($run->('status'))[0], 0, 'sysvinit: status, nothing runs');
	$ok->('start');
	# It is ready when the script ends, not a moment later.
	$t->{port} = 2525;
	like($t->send, qr/^250/, 'sysvinit: a mail is delivered');
	is(($t->mails)[0]{args}[0], 'two words', 'sysvinit: quoted words');
	my $first = $pid->();
	ok($first && kill(0, $first), 'sysvinit: the pid file');
	$ok->($_) for 'status', 'start', 'reload';
	is($pid->(), $first, 'sysvinit: the same process after these');
	like($t->send, qr/^250/, 'sysvinit: it takes mail');
	$ok->('restart');
	isnt($pid->(), $first, 'sysvinit: another process after restart');
	like($t->send, qr/^250/, 'sysvinit: it takes mail');

	# A wrong option ends nothing that runs.
	$first = $pid->();
	$options->('--max-size=none');
	my ($status, $out, $err) = $run->('restart');
	isnt($status, 0, 'sysvinit: restart with a wrong option fails');
	like("$out$err", qr/--max-size/, 'sysvinit: and names it');
	ok(kill(0, $first), 'sysvinit: what ran runs');
	$options->('');
	$ok->('stop');
	# The process that has to wait for the daemon may not have done so yet.
	ok(!defined readlink "/proc/$first/exe", 'sysvinit: it has ended');
	ok(!-e "$dir/pid", 'sysvinit: so has the pid file');
	$ok->('stop');
	$options->('--max-size=none');
	($status, $out, $err) = $run->('start');
	isnt($status, 0, 'sysvinit: start with a wrong option fails');
	like("$out$err", qr/--max-size/, 'sysvinit: and names it');
	is(status_of(($run->('nonsense'))[0]), 'exit 3',
	    'sysvinit: an unknown action');
	# If a check failed before "stop".
	kill 'TERM', $pid->() if $pid->();
}

done_testing();
