#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The systemd units, sysusers.d and tmpfiles.d: what systemd says of them
# without booting anything.  "make boot-test" runs them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Find;
use File::Temp qw(tempdir);
use Msmtpd::Test qw(is_root run slurp spew which);
use Test::More;

plan skip_all => 'systemd-analyze is not installed'
    unless which('systemd-analyze');

my $service = "$FindBin::Bin/../../msmtpd/service";
my $binary = $ENV{MSMTPD} || "$FindBin::Bin/../../msmtpd/msmtpd";
my @services = qw(msmtpd.service msmtpd-privsep.service
    msmtpd@.service);
my @others = qw(msmtpd.socket msmtpd-inetd.socket system-msmtpd.slice);

# With the program where it is here, or systemd says that there is none.
my $dir = tempdir('msmtpd-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
my %unit;
for my $name (@services, @others) {
	my $text = slurp("$service/$name");
	$unit{$name} = $text;
	my $n = ($text =~ s{/usr/bin/msmtpd}{$binary}g) || 0;
	is($n, $name =~ /service$/ ? 1 : 0, "$name runs /usr/bin/msmtpd");
	spew("$dir/$name", $text);
}

symlink 'msmtpd@.service', "$dir/msmtpd-inetd\@.service" or die $!;

for my $name (@services, @others) {
	my ($status, $out, $err) = run({ env => { SYSTEMD_UNIT_PATH =>
	    "$dir:" } }, 'systemd-analyze', 'verify', '--man=no',
	    "$dir/$name");
	# What systemd says of other units of this machine does not count.
	my $ours = join '', grep { /msmtpd/ } map { "$_\n" }
	    split /\n/, "$out$err";
	is($ours, '', "$name: verify has nothing to say");
	is($status, 0, "$name: and ends well");
}

# exposure: what systemd-analyze security makes of a unit's text.
my ($status, undef, $err) = run('systemd-analyze', 'security',
    '--offline=true', "$dir/msmtpd.service");
my $offline = $status == 0;

sub exposure {
	my ($name, $text) = @_;
	my $d = tempdir('msmtpd-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
	spew("$d/$name", $text);
	my ($status, $out, $err) = run('systemd-analyze', 'security',
	    '--offline=true', "$d/$name");
	return $1 if $out =~ /Overall exposure level.*: ([0-9.]+) /;
	diag("$name: $err");
	return 'nothing';
}

SKIP: {
	skip("systemd-analyze security --offline: $err", 5) unless $offline;
	my %most = ('msmtpd.service' => 1.3, 'msmtpd@.service' => 1.3,
	    'msmtpd-privsep.service' => 2.1);
	for my $name (sort keys %most) {
		my $e = exposure($name, $unit{$name});
		ok($e =~ /^\d/ && $e <= $most{$name},
		    "$name: exposure $e, at most $most{$name}");
	}
	# Its comment says what the figure would be without User=.
	(my $root = $unit{'msmtpd-privsep.service'}) =~ s/^User=.*\n//m;
	$root =~ s/^Group=.*\n//m;
	my ($said) = $unit{'msmtpd-privsep.service'} =~
	    /without User= it would\s+#?\s*say (\d+\.\d+)/;
	my (undef, $systemd) = run('systemd-analyze', '--version');
	skip('the comment is about systemd 252', 2)
	    unless $systemd =~ /^systemd 252 /;
	is(exposure('msmtpd-privsep.service', $root), $said,
	    'msmtpd-privsep.service: as root, as its comment says');
	($said) = $unit{'msmtpd-privsep.service'} =~
	    /It would say (\d+\.\d+) with the sockets/;
	is(exposure('msmtpd-privsep.service', "$root\n[Service]\n" .
	    "CapabilityBoundingSet=~CAP_NET_BIND_SERVICE\n" .
	    "SocketBindDeny=any\nIPAddressDeny=any\n" .
	    "IPAddressAllow=localhost 192.0.2.1\n"), $said,
	    'msmtpd-privsep.service: as root, tightened by its own advice');
}

# What the daemon's way of stopping and starting asks of a unit.
for my $name (@services) {
	my %set = $unit{$name} =~ /^(\w+)=(.*)$/mg;
	is($set{KillMode}, 'mixed', "$name: SIGTERM is for the parent only");
	like($set{TimeoutStopSec}, qr/^(?:4[0-9]|[5-9][0-9])s$/,
	    "$name: commands may finish, 30 s + 5 s");
	is($set{EnvironmentFile}, '-/etc/default/msmtpd', "$name: options");
	like($set{ExecStart}, qr/ \$MSMTPD_OPTS$/, "$name: split into words");
	my %allowed = map { $_ => 1 } map { split ' ' }
	    $unit{$name} =~ /^SystemCallFilter=([^~].*)$/mg;
	my @refused = grep { !$allowed{$_} } qw(landlock_create_ruleset
	    landlock_add_rule landlock_restrict_self seccomp);
	is("@refused", '', "$name: the daemon's own filters are not refused");
}
for my $name ('msmtpd.service', 'msmtpd-privsep.service') {
	my %set = $unit{$name} =~ /^(\w+)=(.*)$/mg;
	is($set{Type}, 'notify', "$name: Type");
	is($set{Restart}, 'on-failure', "$name: Restart");
	is($set{RestartSec}, '100ms', "$name: within 100 ms");
	my $seconds = ($set{StartLimitIntervalSec} // 0) =~ s/s$//r;
	ok($set{StartLimitBurst} && $seconds, "$name: with a start limit");
	# That of wrong options while a client waits.
	my ($pause) = ($set{ExecStopPost} // '') =~ /\bsleep (\d+);/;
	cmp_ok($seconds / ($pause || 0.1), '<', $set{StartLimitBurst} / 2,
	    "$name: which wrong options do not reach");
	for my $status (0, 1, 64, 67, 78, 203, 'KILL', '') {
		my ($sh) = ($set{ExecStopPost} // '') =~ /-c "(.*)"$/;
		my (undef, $out) = run('sh', '-c',
		    "sleep() { echo pause; }; EXIT_STATUS=$status; " .
		    ($sh // '') =~ s/\$\$/\$/gr);
		is($out, $status =~ /../ && $status ne 'KILL' ? "pause\n" : '',
		    "$name: status '$status'");
	}
}
# What memory files of front may fill.
my %max = map { $_ => ($unit{$_} =~ /^MemoryMax=(\d+)[MG]$/m)[0] } @services,
    'system-msmtpd.slice';
is_deeply(\%max, { 'msmtpd.service' => 1, 'msmtpd-privsep.service' => 1,
    'msmtpd@.service' => 256, 'system-msmtpd.slice' => 1 }, 'MemoryMax');
like($unit{'msmtpd@.service'}, qr/^Slice=system-msmtpd\.slice$/m,
    'sessions have a slice of their own');
# No burst of connections shall close the socket.
like($unit{'msmtpd-inetd.socket'}, qr/^TriggerLimitIntervalSec=0$/m,
    'msmtpd-inetd.socket: no limit of triggers');
# The command that resets the start limit is the same in all units.
for my $file ("$service/msmtpd.service", "$service/msmtpd.default",
    "$service/debian/README.Debian", "$service/../../man/msmtpd.1") {
	like(slurp($file) =~ s/\\-/-/gr,
	    qr/^\W*systemctl\ reset-failed\ msmtpd\.service\ msmtpd\.socket\n
	    \W*systemctl\ restart\ msmtpd\.socket$/mx,
	    ($file =~ s{.*/}{}r) . ': the remedy');
}
# The same protections in all, save those that its comments give reasons for.
my %protect;
for my $name (@services) {
	$protect{$name} = { map { $_ => 1 } grep { /^(?:Protect|Private(?!Users)|
	    Restrict(?:[A-Z])|Lock|MemoryD|Keyring|NoNew|Proc|UMask|Device|
	    SystemCallA|SystemCallE)/x } $unit{$name} =~ /^(\w+=.*)$/mg };
}
delete $protect{$_}{'RestartPreventExitStatus=64 67 72 73 77 78'} for @services;
is_deeply($protect{$_}, $protect{'msmtpd.service'},
    "$_: protected as msmtpd.service") for @services[1, 2];

# The default file is one for a shell, and for systemd.
{
	my $text = slurp("$service/msmtpd.default");
	is(scalar(my @assign = $text =~ /^\w+=.*$/mg), 1,
	    'the options are one variable');
	my ($example) = $text =~ /^#\t(MSMTPD_OPTS=.*)$/m;
	spew("$dir/default", "$example\n");
	my (undef, $out) = run('sh', '-c', ". $dir/default; " .
	    'eval "set -- $MSMTPD_OPTS"; printf "%s|" "$@"');
	is($out, '--max-size=10485760|--command=msmtp -a work -f %F --|',
	    'the example in it gives a shell the words meant');
}

# make install-service, for each init, below another prefix.
SKIP: {
	skip('make is not installed', 52) unless which('make');
	delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
	for my $etc ('/etc', '/opt/x/etc') {
		installs($etc, 'systemd', '/u/msmtpd.service',
		    "$etc/default/msmtpd");
		installs($etc, 'sysvinit', "$etc/init.d/msmtpd",
		    "$etc/default/msmtpd");
		installs($etc, 'openrc', "$etc/init.d/msmtpd",
		    "$etc/conf.d/msmtpd");
	}
}

SKIP: {
	skip('needs root: users and owners', 6) unless is_root();
	skip('systemd-sysusers or systemd-tmpfiles is not installed', 6)
	    unless which('systemd-sysusers') && which('systemd-tmpfiles');
	my $root = "$dir/root";
	mkdir $_ for $root, "$root/etc", "$root/var", "$root/var/lib";
	spew("$root/etc/$_", '') for qw(passwd group);
	my ($s, $o, $e) = run('systemd-sysusers', "--root=$root",
	    "$service/msmtpd.sysusers");
	is($s, 0, 'sysusers.d') or diag($e);
	my $passwd = slurp("$root/etc/passwd");
	my $shell = '/usr/sbin/nologin';
	like($passwd, qr{^msmtpd:[^:]*:(\d+):\1:[^:]*:/var/lib/msmtpd:$shell$}m,
	    'user msmtpd');
	my ($uid) = $passwd =~ /^msmtpd:[^:]*:(\d+)/m;
	like($passwd,
	    qr{^_msmtpd:[^:]*:(\d+):\1:[^:]*:/var/empty/msmtpd:$shell$}m,
	    'user _msmtpd');
	($s, $o, $e) = run('systemd-tmpfiles', "--root=$root", '--create',
	    "$service/msmtpd.tmpfiles");
	is($s, 0, 'tmpfiles.d') or diag($e);
	my @empty = stat "$root/var/empty/msmtpd";
	is(sprintf('%d %o', $empty[4] // -1, ($empty[2] // 0) & 07777),
	    '0 755', "the empty directory is root's");
	my @home = stat "$root/var/lib/msmtpd";
	is(sprintf('%d %o', $home[4] // -1, ($home[2] // 0) & 07777),
	    "$uid 700", "the command's home is its own");
}

done_testing();

# installs: the files of one init, with SYSCONFDIR, a program and options.
sub installs {
	my ($etc, $init, $program, $options) = @_;
	my $what = "$init, $etc";
	my $dest = tempdir('msmtpd-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
	my @args = ('-C', "$service/../..", "DESTDIR=$dest", "INIT=$init",
	    'UNITDIR=/u', 'PREFIX=/opt/x', "SYSCONFDIR=$etc");
	my ($s, $o, $e) = run('make', @args, 'install-service');
	is($s, 0, "$what: make install-service") or diag($e);
	like(slurp("$dest$program"), qr{^(?:\w+=)"?/opt/x/bin/msmtpd\b}m,
	    "$what: the program is where it was installed");
	ok(-e "$dest$options", "$what: and there are options");
	is(sprintf('%o', (stat _)[2] & 0777), '644', "$what: to be read");
	# Each file that reads the options or mentions them names that file.
	my (%names, @readers);
	find({ no_chdir => 1, wanted => sub {
		return if !-f || -l;
		my @in = slurp($_) =~ m{(/\S*(?:default|conf\.d)/msmtpd)\b}g;
		$names{$_} = 1 for @in;
		push @readers, $_ if @in;
	} }, $dest);
	is_deeply([keys %names], [$options], "$what: all know where");
	cmp_ok(scalar @readers, '>=', $init eq 'systemd' ? 5 : 2,
	    "$what: " . @readers . ' files name them');
	is(readlink "$dest/u/msmtpd-inetd\@.service", 'msmtpd@.service',
	    "$what: the socket finds its service") if $init eq 'systemd';
	# Options stay as the administrator made them.
	spew("$dest$options", "mine\n");
	run('make', @args, 'install-service');
	is(slurp("$dest$options"), "mine\n", "$what: and stay");
	run('make', @args, 'uninstall-service');
	ok(!-e "$dest$program", "$what: uninstalled");
	is_deeply([glob "$dest/u/*"], [], "$what: and no unit left")
	    if $init eq 'systemd';
}
