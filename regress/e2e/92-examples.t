#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The examples of both manual pages are run as they stand, in namespaces for
# mounts, network and processes.  There port 25 is free, /etc is a copy, /var is
# empty, and "msmtp" is a program that files what it gets.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Cwd qw(abs_path);
use Fcntl;
use File::Copy qw(copy);
use IO::Socket::IP;
use IO::Socket::UNIX;
use MIME::Base64;
use Msmtpd::Test qw(children eventually have_ipv6 is_root lo_up mount_of
    proc_status run slurp spew status_of which);
use POSIX qw(WNOHANG);
use Test::More;

my $top = abs_path("$FindBin::Bin/../..");
my %example = examples("$top/man/msmtpd.1", "$top/man/msmtpd-examples.7");

# The first examples make users and files that later ones need.
my @checks = (
	users => \&users,
	check => \&check,
	root => \&root,
	user => \&user,
	capability => \&capability,
	'start-stop-daemon' => \&start_stop_daemon,
	systemd => \&systemd,
	'systemd-privsep' => sub { booted($_[0], 'systemd-privsep') },
	'systemd-accept' => sub { booted($_[0], 'systemd-accept') },
	'init-script' => \&init_script,
	'socket-activation' => \&socket_activation,
	inetd => \&inetd,
	pipe => \&by_pipe,
	auth => \&auth,
	accounts => \&accounts,
	'which-account' => \&which_account,
	'copy-to-address' => \&copy_to_address,
	'archive-script' => \&archive_script,
	archive => \&archive,
	queue => \&queue,
	'queue-run' => \&queue_run,
	pipeline => \&pipeline,
	container => \&container,
);
my %check = @checks;

plan skip_all => 'not root' unless is_root();
if (!$ENV{MSMTPD_TEST_NS}) {
	plan skip_all => 'no namespace can be made here' if
	    system('unshare', '-m', '-n', '-p', '--fork', 'true') != 0;
	$ENV{MSMTPD_TEST_NS} = 1;
	exec 'unshare', '-m', '-n', '-p', '--fork', '--kill-child',
	    '--mount-proc', '--', $^X, $0;
	die "unshare: $!\n";
}
delete $ENV{MSMTPD_TEST_NS};

is_deeply([sort keys %example], [sort keys %check],
    'each example of the manual has a check here');

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my ($syslog, $daemon, $log, $real_msmtp);
prepare();
while (my ($name, $code) = splice @checks, 0, 2) {
	next unless defined $example{$name};
	subtest $name => sub { $code->($example{$name}) };
	stop() if $daemon;
}
done_testing();

# examples: for each comment "example: NAME" in the section EXAMPLES of these
# pages, the display after it, as a reader sees that.
sub examples {
	my %text;
	my %char = (e => '\\', '-' => '-', '(aq' => "'", '(dq' => '"',
	    '(ga' => '`', '&' => '');
	my $displays = 0;
	for my $page (@_) {
		my ($section) = slurp($page) =~
		    /^\.Sh EXAMPLES\n(.*?)^\.Sh /ms;
		$displays += () = $section =~ /^\.Bd -literal/mg;
		while ($section =~
		    /^\.\\" example: (\S+)\n\.Bd -literal.*\n((?s:.*?))^\.Ed/mg) {
			my ($name, $text) = ($1, $2);
			die "$name: two examples\n" if defined $text{$name};
			$text{$name} = $text =~ s{\\(\(..|.)}{
			    $char{$1} // die "$name: what is \\$1\n"}ger;
		}
	}
	die "a display in EXAMPLES has no name\n" if $displays != keys %text;
	return %text;
}

sub mount {
	system('mount', @_) == 0 or BAIL_OUT("mount @_");
}

sub prepare {
	$real_msmtp = which('msmtp');
	lo_up();
	mount('--make-rprivate', '/');
	# The mount points below are made in a file system that ends with the
	# namespace.
	mount('-t', 'tmpfs', 'tmpfs', '/run');
	my $run = '/run/example';
	mkdir $_ or die $! for $run, "$run/etc", "$run/dev", "$dir/bin";
	system('cp', '-a', '/etc/.', "$run/etc") == 0 or die;
	for my $file (qw(passwd shadow group gshadow subuid subgid)) {
		next unless -e "$run/etc/$file";
		my $text = slurp("$run/etc/$file");
		$text =~ s/^_?msmtpd:.*\n//mg;
		spew("$run/etc/$file", $text);
	}
	unlink "$run/etc/msmtprc";
	mount('--bind', "$run/etc", '/etc');
	for my $node (qw(null zero full random urandom tty)) {
		spew("$run/dev/$node", '');
		mount('--bind', "/dev/$node", "$run/dev/$node");
	}
	mount('--rbind', "$run/dev", '/dev');
	mount('-t', 'tmpfs', 'tmpfs', '/var');
	mkdir "/var/$_" or die $! for qw(lib log mail tmp);
	symlink '/run', '/var/run';
	chmod 01777, '/var/tmp', "$dir/out" or die $!;
	copy($t->bin, "$dir/bin/msmtpd") or die $!;
	chmod 0755, "$dir/bin/msmtpd" or die $!;
	$t->script(<<'END', "$dir/bin/msmtp");
exit 0 if "@ARGV" eq '--version';
exit 75 if -e "$DIR/broken";
file("uid=$<\n" . input(), @ARGV);
END
	mount('--bind', "$dir/bin", '/usr/local/bin');
	$ENV{PATH} = '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
	$syslog = IO::Socket::UNIX->new(Type => Socket::SOCK_DGRAM(),
	    Local => '/dev/log') or die "/dev/log: $!\n";
	chmod 0666, '/dev/log' or die $!;
	$syslog->blocking(0);
}

# commands: the commands of an example, each of one or more lines.
sub commands {
	my ($text) = @_;
	my @commands;
	for my $line (split /(?<!\\)\n/, $text) {
		# A command goes on while a quote is open.
		if (@commands && ($commands[-1] =~ tr/'//) % 2) {
			$commands[-1] .= "\n$line";
		} else {
			push @commands, $line;
		}
	}
	return @commands;
}

# start: run the commands of an example, the last one in the background, and
# wait until the port answers.
sub start {
	my ($text, $port, %opt) = @_;
	my @commands = commands($text);
	my $last = pop @commands;
	for (@commands) {
		is(system('sh', '-c', $_), 0, $_) or return 0;
	}
	$log = "$dir/log";
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $log;
		open STDERR, '>&', \*STDOUT;
		$opt{before}->() if $opt{before};
		{ no warnings 'exec'; exec 'sh', '-c', "exec $last"; }
		POSIX::_exit(127);
	}
	$daemon = $pid;
	my $up = eventually {
		if (waitpid($pid, WNOHANG) == $pid) {
			undef $daemon;
			return 'gone';
		}
		connect_to('127.0.0.1', $port) ? 'up' : '';
	};
	return is($up, 'up', "it listens on port $port") || said();
}

# become_msmtpd: become the user msmtpd, in a child that then executes a
# program.
sub become_msmtpd {
	(my ($uid, $gid), $ENV{HOME}) = (getpwnam 'msmtpd')[2, 3, 7];
	$( = $gid;
	$) = "$gid $gid";
	POSIX::setuid($uid);
}

# said: show what the daemon has logged; returns false.
sub said {
	diag(slurp($log)) if $log && -e $log;
	return 0;
}

sub connect_to {
	my ($host, $port) = @_;
	return IO::Socket::IP->new(PeerHost => $host, PeerPort => $port);
}

# stop: end the daemon by SIGTERM, to this pid where the daemon's is not known
# here; no process of it is left.
sub stop {
	my ($pid) = @_;
	my $signalled = $pid // $daemon;
	my @was = ($daemon, children($daemon));
	kill 'TERM', $signalled;
	my $status;
	eventually {
		$status = $? if waitpid($daemon, WNOHANG) == $daemon;
		defined $status;
	};
	is(defined $status ? status_of($status) : 'it runs', 'exit 0',
	    'SIGTERM ends it') or said();
	kill 'KILL', @was if !defined $status;
	undef $daemon;
	ok(eventually { !grep { proc_status($_) &&
	    proc_status($_)->{State} !~ /^Z/ } @was }, 'no process is left');
}

# converse: send one mail to a port; returns the final reply without the id.
sub converse {
	my ($port, %mail) = @_;
	my $fh = connect_to(delete $mail{host} // '127.0.0.1', $port) or
	    return "no connection: $@";
	my $c = Msmtpd::Test::Client->new(fh => $fh);
	$c->cmd('EHLO client.example');
	my $reply = $c->mail(from => 'alice@example.org',
	    to => ['bob@example.net'], %mail);
	$c->cmd('QUIT');
	return $reply =~ s/, id=[0-9a-z]+(?:\.[0-9a-z]+){2}\z//r;
}

# arrives: send a mail to a port; the command gets it, with these arguments, as
# this user.
sub arrives {
	my ($what, $port, $user, %opt) = @_;
	my $args = $opt{args} || [qw(-f alice@example.org --
	    bob@example.net)];
	$t->forget_mails;
	is(converse($port, host => $opt{host}), '250 2.0.0 Ok: delivered',
	    "$what: accepted") or return said();
	return filed($what, $user, $args);
}

sub filed {
	my ($what, $user, $args) = @_;
	my @mails = $t->mails;
	is(scalar @mails, 1, "$what: one mail") or return said();
	is_deeply($mails[0]{args}, $args, "$what: its arguments");
	my $uid = defined $user ? getpwnam($user) // $user : 0;
	like($mails[0]{mail}, qr/\Auid=$uid\n/, "$what: the command's user");
	return $mails[0]{mail} =~ s/\A.*\n//r;
}

sub syslog_has {
	my ($re, $what) = @_;
	my $text = '';
	ok(eventually {
		my $line;
		while (defined recv $syslog, $line, 65536, 0) {
			$text .= "$line\n";
		}
		$text =~ $re;
	}, $what) or diag($text);
}

sub users {
	my ($text) = @_;
	for my $command (commands($text)) {
		my ($status, $out, $err) = run('sh', '-c', $command);
		is(status_of($status), 'exit 0', $command) or diag("$out$err");
	}
	ok(defined getpwnam($_), "user $_") for qw(msmtpd _msmtpd);
	my @st = stat '/var/empty/msmtpd';
	is("$st[4] " . ($st[2] & 07777), '0 ' . 0755, 'front\'s directory');
}

sub check {
	my ($text) = @_;
	my ($status, $out, $err) = run('sh', '-c', $text);
	is(status_of($status), 'exit 0', 'it is content') or diag($err);
	like($out, qr{^command +\[/usr/local/bin/msmtp\]}m, 'and prints');
	is($err, '', 'with nothing to complain');
}

# root: this example uses the default command.
sub root {
	my ($text) = @_;
	SKIP: {
		skip 'no IPv6 here: --interface=::1 left out', 1 if have_ipv6();
		$text =~ s/ --interface=::1//;
		pass('an example without IPv6');
	}
	start($text, 25) or return;
	arrives('IPv4', 25, 'msmtpd');
	arrives('IPv6', 25, 'msmtpd', host => '::1') if have_ipv6();
	my %user = map { proc_status($_)->{Name} =>
	    scalar getpwuid((split ' ', proc_status($_)->{Uid})[0]) }
	    children($daemon);
	is_deeply([sort values %user], [qw(_msmtpd msmtpd)],
	    'two processes of two users');
	syslog_has(qr/^<22>.* msmtpd\[\d+\]: front: mail id=\S+ .*reply=250/m,
	    'the audit line is in syslog');
}

sub user {
	my ($text) = @_;
	start($text, 2525, before => \&become_msmtpd) or return;
	arrives('mail', 2525, 'msmtpd');
}

sub capability {
	my ($text) = @_;
	return plan skip_all => 'setpriv is not installed'
	    unless which('setpriv');
	start($text, 25) or return;
	arrives('mail', 25, 'msmtpd');
	my $uid = getpwnam('msmtpd');
	for my $pid ($daemon, children($daemon)) {
		my $s = proc_status($pid);
		is("$s->{Uid} $s->{CapPrm} $s->{CapAmb}", join("\t",
		    ($uid) x 4) . ' ' . '0' x 16 . ' ' . '0' x 16,
		    'a process of msmtpd, without a capability');
	}
}

sub start_stop_daemon {
	my ($text) = @_;
	return plan skip_all => 'start-stop-daemon is not installed'
	    unless which('start-stop-daemon');
	my ($start, $stop) = commands($text);
	is(system('sh', '-c', $start), 0, 'started') or return;
	arrives('at once', 25, 'msmtpd');
	my ($pid) = slurp('/run/msmtpd.pid') =~ /(\d+)/;
	# start-stop-daemon waits until the daemon is gone, and as process 1 of
	# the namespace this test has to reap the daemon.
	my $stopper = fork // die "fork: $!\n";
	if ($stopper == 0) {
		{ no warnings 'exec'; exec 'sh', '-c', $stop; }
		POSIX::_exit(127);
	}
	my $got;
	do { $got = wait } until $got == $stopper || $got == -1;
	is(status_of($?), 'exit 0', 'stopped');
	ok(!proc_status($pid), 'gone');
	ok(!-e '/run/msmtpd.pid', 'its file, too');
}

# systemd: the boot test runs this example.
sub systemd {
	my ($text) = @_;
	my ($unit) = $text =~ /^systemctl enable --now (\S+)$/;
	ok($unit && -e "$top/msmtpd/service/$unit", 'the unit exists');
	my $boot = slurp("$top/regress/boot/inside");
	like($boot, qr/\Qprop('$unit', 'UnitFileState'), 'enabled'\E/,
	    'the boot test has it enabled');
}

# booted: the boot test runs this example, as the installed manual has it.
sub booted {
	my ($text, $name) = @_;
	my ($unit) = $text =~ /^systemctl enable --now (\S+)$/m;
	ok($unit && -e "$top/msmtpd/service/$unit", 'the unit exists');
	like($text, qr/\Asystemctl disable --now msmtpd\.socket\n/,
	    'what holds the port, as the package has it, goes before');
	like(slurp("$top/regress/boot/inside"), qr/\bsh\(example\('$name'\)/,
	    'the boot test does it');
}

sub init_script {
	my ($text) = @_;
	my ($script) = $text =~ m{^(/etc/init\.d/\S+) start$};
	ok($script, 'a script is started');
	like(slurp("$top/regress/boot/inside"),
	    qr/^script\('sysvinit', '\Q$script\E'/m, 'the boot test does it');
}

sub socket_activation {
	my ($text) = @_;
	return plan skip_all => 'systemd-socket-activate is not installed'
	    unless which('systemd-socket-activate');
	$text =~ s/-l \[::1\]:25 // unless have_ipv6();
	start($text, 25) or return;
	arrives('IPv4', 25, 'msmtpd');
	arrives('IPv6', 25, 'msmtpd', host => '::1') if have_ipv6();
}

# inetd: do what inetd(8) does with such a line of its file.
sub inetd {
	my ($text) = @_;
	chomp $text;
	my ($where, $type, $proto, $wait, $user, $program, @args) =
	    split ' ', $text;
	my ($host, $service) = $where =~ /^(\S+):(\w+)$/;
	is("$type $proto $wait $user", 'stream tcp nowait msmtpd',
	    'words of inetd');
	my $port = getservbyname $service, 'tcp';
	SKIP: {
		skip "no service $service in /etc/services (netbase)", 1
		    unless defined $port;
		is($port, 25, 'the port');
	}
	return unless defined $port;
	my $l = IO::Socket::IP->new(LocalHost => $host, LocalPort => $port,
	    Listen => 1, ReuseAddr => 1) or die $!;
	my $pid = fork // die $!;
	if ($pid == 0) {
		alarm 60;
		my $c = $l->accept;
		close $l;
		become_msmtpd();
		POSIX::dup2(fileno $c, $_) for 0 .. 2;
		{ no warnings 'exec'; exec { $program } @args; }
		POSIX::_exit(127);
	}
	close $l;
	arrives('mail', 25, 'msmtpd');
	waitpid $pid, 0;
	is(status_of($?), 'exit 0', 'and ends after QUIT');
	syslog_has(qr/mail id=\S+ client=\[127\.0\.0\.1\].*reply=250/,
	    'the audit line is in syslog');
}

sub by_pipe {
	my ($text) = @_;
	$t->forget_mails;
	my ($status, $out, $err) = run('sh', '-c', $text);
	is(status_of($status), 'exit 0', 'it ends') or diag($err);
	is(join(' ', $out =~ /^(\d{3}) /mg), '220 250 250 250 354 250 221',
	    'the replies');
	my $mail = filed('mail', 'msmtpd', [qw(-f root -- bob@example.net)]);
	like($mail, qr/\nSubject: test\n\nHello\.\n\z/, 'the mail');
	like($err, qr/^msmtpd: front: mail id=\S+ client=stdin user=\? reply=250/m,
	    'and its line');
}

# auth: run as an ordinary user, here msmtpd, with its password file.
sub auth {
	my ($text) = @_;
	my ($uid, $gid, $home) = (getpwnam 'msmtpd')[2, 3, 7];
	spew("$home/.msmtpd-password", "secret\n");
	chown $uid, $gid, "$home/.msmtpd-password" or die $!;
	chmod 0600, "$home/.msmtpd-password" or die $!;
	start($text, 2500, before => \&become_msmtpd) or return;
	$t->forget_mails;
	my $c = Msmtpd::Test::Client->new(fh => connect_to('127.0.0.1', 2500));
	like($c->cmd('EHLO client'), qr/^250-AUTH PLAIN LOGIN\r?$/m, 'AUTH');
	like($c->mail, qr/^530 5\.7\.0 /, 'no mail before it');
	like($c->cmd('AUTH PLAIN ' . encode_base64("\0me\0wrong", '')),
	    qr/^535 5\.7\.8 /, 'a wrong password');
	like($c->cmd('AUTH PLAIN ' . encode_base64("\0me\0secret", '')),
	    qr/^235 /, 'the right one');
	like($c->mail(from => 'alice@example.org',
	    to => ['bob@example.net']), qr/^250 /, 'a mail');
	$c->cmd('QUIT');
	filed('mail', 'msmtpd', [qw(-f alice@example.org --
	    bob@example.net)]);
}

sub accounts {
	my ($text) = @_;
	spew('/etc/msmtprc', $text);
	mkdir '/etc/msmtp';
	spew("/etc/msmtp/$_", "secret\n") for qw(org net);
	return plan skip_all => 'msmtp is not installed' unless $real_msmtp;
	start("msmtpd --log=stderr --command='$real_msmtp --pretend " .
	    "-f %F --'", 25) or return;
	for (['alice@example.org', 'smtp.example.org'],
	    ['carol@example.net', 'smtp.example.net'],
	    ['', 'smtp.example.org']) {
		my ($from, $host) = @$_;
		spew($log, '');
		is(converse(25, from => $from), '250 2.0.0 Ok: delivered',
		    "from <$from>") or said();
		# parent writes the log, maybe after the reply.
		ok(eventually {
			slurp($log) =~ /: command: host = \Q$host\E$/m
		}, "goes to $host") or said();
	}
}

sub which_account {
	my ($text) = @_;
	return plan skip_all => 'msmtp is not installed' unless $real_msmtp;
	my ($status, $out, $err) = run('sh', '-c',
	    $text =~ s/^msmtp /$real_msmtp /r);
	is(status_of($status), 'exit 0', 'msmtp says it') or diag($err);
	like($out, qr/^host = smtp\.example\.net$/m, 'which one it is');
}

sub copy_to_address {
	my ($text) = @_;
	start($text, 25) or return;
	arrives('mail', 25, 'msmtpd', args => [qw(-f alice@example.org --
	    archive@example.org bob@example.net)]);
}

sub archive_script {
	my ($text) = @_;
	spew("$dir/bin/msmtpd-archive", $text);
	ok(chmod(0755, "$dir/bin/msmtpd-archive"), 'it is there');
	is(system('sh', '-n', "$dir/bin/msmtpd-archive"), 0, 'it is a script');
}

sub archive {
	my ($text) = @_;
	start($text, 25) or return;
	my $mail = arrives('mail', 25, 'msmtpd');
	my @copies = glob '/var/lib/msmtpd/archive/*';
	is(scalar @copies, 1, 'one copy');
	is(slurp($copies[0]), $mail, 'which is the mail') if @copies;
	unlink @copies;
	rmdir '/var/lib/msmtpd/archive' or die $!;
	$t->forget_mails;
	like(converse(25), qr/^451 /, 'no copy, no mail');
	is(scalar(() = $t->mails), 0, 'none at all');
}

sub queue {
	my ($text) = @_;
	my ($script) = $text =~ m{(/\S+/msmtpq) };
	return plan skip_all => "there is no $script" unless -x $script;
	start($text, 25) or return;
	arrives('mail', 25, 'msmtpd');
	is(scalar(() = glob '/var/lib/msmtpd/queue/*'), 0, 'none in the queue');
	spew("$dir/broken", '');
	$t->forget_mails;
	is(converse(25), '250 2.0.0 Ok: delivered', 'msmtp fails: accepted');
	is(scalar(() = $t->mails), 0, 'not sent');
	is(scalar(() = glob '/var/lib/msmtpd/queue/*.mail'), 1,
	    'but in the queue');
	unlink "$dir/broken" or die $!;
}

sub queue_run {
	my ($text) = @_;
	my ($script) = $text =~ m{(/\S+/msmtpq) };
	return plan skip_all => "there is no $script" unless -x $script;
	my ($status, $out, $err) = run('setpriv', '--reuid=msmtpd',
	    '--regid=msmtpd', '--clear-groups', '--', 'env', 'HOME=/',
	    'sh', '-c', $text);
	is(status_of($status), 'exit 0', 'the queue is run') or
	    diag("$out$err");
	filed('mail', 'msmtpd', [qw(-f alice@example.org --
	    bob@example.net)]);
	is(scalar(() = glob '/var/lib/msmtpd/queue/*'), 0, 'it is empty');
}

sub pipeline {
	my ($text) = @_;
	start($text, 25) or return;
	my $mail = arrives('mail', 25, 'msmtpd', args => [qw(-f
	    alice@example.org -- bob@example.net)]);
	like($mail, qr/\AX-Site: office\nReceived: /, 'with its new field');
	$t->forget_mails;
	is(converse(25, from => '"$(id);`id`"@example.org',
	    to => ['"a b;*"@example.net', "x'y\@example.net"]),
	    '250 2.0.0 Ok: delivered', 'addresses that a shell could mind');
	filed('mail', 'msmtpd', ['-f', '"$(id);`id`"@example.org', '--',
	    '"a b;*"@example.net', "x'y\@example.net"]);
}

# container: do what a container's runtime does with such a file: the daemon is
# process 1, without a capability, on a read-only root file system.
sub container {
	# A line that ends in a backslash goes on in the next one.
	my $text = $_[0] =~ s/\\\n\s*/ /gr;
	my ($uid, $gid) = $text =~ /^USER (\d+):(\d+)$/m or
	    return fail('USER');
	my ($health) = $text =~ /^HEALTHCHECK CMD (.*)$/m or
	    return fail('HEALTHCHECK');
	my ($list) = $text =~ /^ENTRYPOINT \[(.*)\]$/m or
	    return fail('ENTRYPOINT');
	my @entry = $list =~ /"([^"]*)"/g;
	mount('--bind', "$dir/out", "$dir/out");
	my $cmd = join ' ', 'unshare -m -p --fork --kill-child --mount-proc',
	    "sh -c 'mount -o remount,bind,ro " . mount_of($dir) .
	    " && mount -o remount,bind,ro / && exec setpriv --reuid=$uid",
	    "--regid=$gid --clear-groups --bounding-set=-all",
	    "--inh-caps=-all --no-new-privs -- @entry'";
	start($cmd, 2525) or return;
	my ($name) = $list =~ /--hostname=([^"]+)/;
	like(Msmtpd::Test::Client->new(host => '127.0.0.1', port => 2525)
	    ->greeting, qr/^220 \Q$name\E /, 'it greets by its name');
	arrives('mail', 2525, $uid);
	ok(!spew_as_daemon("$dir/x"), 'the file system is read-only');
	SKIP: {
		skip 'msmtp is not installed', 3 unless $real_msmtp;
		my $before = slurp($log);
		my ($status, $out) = run('sh', '-c',
		    $health =~ s/^msmtp /$real_msmtp /r);
		is(status_of($status), 'exit 0', 'it is healthy');
		is(slurp($log), $before, 'which is not in the log');
		my ($first) = children($daemon);
		stop($first);
		($status) = run('sh', '-c',
		    $health =~ s/^msmtp /$real_msmtp /r);
		isnt(status_of($status), 'exit 0', 'when it is gone it is not');
	}
	stop((children($daemon))[0]) if $daemon;
	system('umount', "$dir/out");
}

# spew_as_daemon: whether a file can be made in the daemon's mount namespace.
sub spew_as_daemon {
	my ($file) = @_;
	my ($first) = children($daemon);
	my ($status) = run('nsenter', "--mount=/proc/$first/ns/mnt", 'touch',
	    $file);
	return $status == 0;
}
