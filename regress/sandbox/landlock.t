#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The daemon on kernels whose Landlock is older than this one's, or that have
# none, which landlock_abi emulates.  With each ABI the daemon starts, delivers,
# says in its log what is in force, and opens its log anew.  The command is
# refused what that ABI can refuse, is allowed what a later ABI would refuse,
# and can do nothing to the daemon with any ABI.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use Errno;
use IO::Socket::INET;
use Msmtpd::Clients qw(untrace);
use Msmtpd::Test qw(all_gone children eventually is_root proc_status run slurp
    spew status_of);
use Socket;
use Test::More;

my $objdir = $ENV{OBJDIR} || '.obj';
my ($built, $attacked, @proofs) = map { "$objdir/regress/sandbox/$_" }
    qw(landlock_abi attacked layers_test command_test);
plan skip_all => 'needs root: processes make themselves unreadable'
    unless is_root();
for ($built, $attacked, @proofs) {
	plan skip_all => "$_ is not built" unless -x;
}

my $t = Msmtpd::Test->new;
my $emulator = $t->dir . '/landlock_abi';
File::Copy::copy($built, $emulator) or die "$built: $!\n";
chmod 0755, $emulator or die $!;
{
	my ($status, undef, $err) = run($emulator, 0, 'true');
	my ($why) = split /\n/, $err;
	plan skip_all => "no other kernel can be emulated here: $why"
	    if $status == 69 << 8;
}

# This kernel's own ABI; no later one can be emulated.
my $own = syscall(444, 0, 0, 1);
plan skip_all => 'whoever started this test filters its system calls, and ' .
    'Landlock\'s are refused' if $own < 0 && proc_status($$)->{Seccomp};
$own = 0 if $own < 0;
my $newest = 7;
my @abis = ('off', 0, grep { $_ <= $own } 1 .. $newest);

# supervisors: the processes that run the emulator, which the daemon's processes
# do not.
sub supervisors {
	return grep { (readlink("/proc/$_/exe") // '') eq $emulator }
	    map { m{(\d+)\z} } glob '/proc/[0-9]*';
}

# raw: a program that makes the system calls that it is given, each a number and
# arguments, and prints each call's result, or the name of its errno.
my $raw = <<'END';
use Errno;
for (@ARGV) {
	my ($nr, @arg) = split / /;
	@arg = map { /^x(.*)/ ? pack('H*', $1) : $_ + 0 } @arg;
	my $got = syscall $nr, @arg;
	my ($name) = grep { $!{$_} } qw(EINVAL E2BIG EFAULT EBADF ENOMSG
	    ENOSYS EOPNOTSUPP EPERM);
	print $got >= 0 ? ($nr == 444 && $arg[2] ? $got : 'works') : $name,
	    "\n";
}
END

sub attr { return 'x' . unpack('H*', pack 'Q*', @_) . ' ' . 8 * @_ . ' 0' }

# What a kernel of each ABI answers, which the emulator must answer, too.  With
# an emulator that does nothing the tests below would prove nothing.
my @sayings = (
    # The ABI knows the newest of its rights over files, and no later one.
    (map { [$_->[0], 'the newest of files', '444 ' .
	attr(1 << ($_->[1] - 1)), 'works'],
	[$_->[0], 'a later one of files', '444 ' . attr(1 << $_->[1]),
	'EINVAL'] } [1, 13], [2, 14], [3, 15], [4, 15], [5, 16], [6, 16],
	[7, 16]),
    [1, 'TCP', '444 ' . attr(1, 1), 'E2BIG'],
    [3, 'TCP', '444 ' . attr(1, 1), 'E2BIG'],
    [3, 'a longer attribute of zeros', '444 ' . attr(1, 0, 0, 0), 'works'],
    [4, 'TCP', '444 ' . attr(0, 3), 'works'],
    [4, 'more of TCP', '444 ' . attr(0, 4), 'EINVAL'],
    [5, 'scopes', '444 ' . attr(1, 3, 1), 'E2BIG'],
    [6, 'scopes', '444 ' . attr(1, 3, 3), 'works'],
    [6, 'more scopes', '444 ' . attr(1, 3, 4), 'EINVAL'],
    [7, 'a fourth field', '444 ' . attr(1, 3, 3, 1), 'E2BIG'],
    [3, 'nothing', '444 ' . attr(0), 'ENOMSG'],
    [3, 'no attribute', '444 0 8 0', 'EFAULT'],
    [3, 'a short attribute', '444 x00000000 4 0', 'EINVAL'],
    [3, 'another flag', '444 0 0 128', 'EINVAL'],
    [3, 'the version, with an attribute', '444 ' .
	(attr(1) =~ s/0\z/1/r), 'EINVAL'],
    [3, 'a rule for a port', '445 -1 2 0 0', 'EINVAL'],
    [6, 'a flag of restrict_self', '446 -1 1', 'EINVAL'],
    [7, 'a flag of restrict_self', '446 -1 1', 'EBADF'],
    [1, 'no flag of restrict_self', '446 -1 0', 'EBADF'],
    (map { [0, $_, $_, 'ENOSYS'], ['off', $_, $_, 'EOPNOTSUPP'] }
	'444 0 0 1', '444 ' . attr(1), '445 -1 1 0 0', '446 -1 0'),
    map { [$_, 'its version', '444 0 0 1', $_] } 1 .. $newest);

for my $abi (@abis) {
	my @here = grep { $_->[0] eq $abi } @sayings;
	my ($status, $out, $err) = run($emulator, $abi, $^X, '-e', $raw,
	    map { $_->[2] } @here);
	my @got = split /\n/, $out;
	is($got[$_], $here[$_][3], "ABI $abi: $here[$_][1]")
	    for 0 .. $#here;
	is(status_of($status), 'exit 0', "ABI $abi: emulated") or diag($err);
}
{
	my ($status, $out) = run($emulator, 0, $^X, '-e',
	    '$| = 1; print getppid; kill 9, $$');
	is("$out " . status_of($status), "$$ signal 9",
	    'the program has the emulator\'s place');
	($status) = run($emulator, $newest + 1, 'true');
	is(status_of($status), 'exit 64', 'an ABI that is not known');
}

# proofs: run the other tests of the sandbox with that ABI.
sub proofs {
	my ($abi) = @_;
	# The programs that people run as a command work without Landlock, too.
	for my $proof (@proofs, $abi eq '0' ? "$FindBin::Bin/commands.t" : ()) {
		my ($status, $out, $err) = run($emulator, $abi,
		    $proof =~ /\.t\z/ ? $^X : (), $proof);
		my ($name) = $proof =~ m{([^/]+)\z};
		is(status_of($status), 'exit 0', "ABI $abi: $name") or
		    diag($err, grep { /^not ok|^#/ } $out =~ /.*\n/g);
	}
}

# The command: it makes each attempt with the names and numbers that the mail
# has, and files the results.  A mail that says "wait" makes it write its pid to
# a file and wait.
my $command = $t->script(<<'END');
use Errno;
use Socket;
my $mail = input();
if ($mail =~ /^wait$/m) {
	open my $fh, '>', "$DIR/out/pid" or die $!;
	print $fh "$$.";
	close $fh;
	alarm 60;
	select undef, undef, undef, 0.01 while !-e "$DIR/out/go";
}
my %of = $mail =~ /^(\w+) (\w+)$/mg;
exit if !%of;
my @found;
sub attempt {
	my ($what, $done) = @_;
	my ($name) = grep { $!{$_} } qw(EPERM EACCES ECONNREFUSED ESRCH);
	push @found, "$what: " . ($done ? 'works' : $name // $! + 0);
}
sub stream {
	socket my $s, $_[0], SOCK_STREAM, 0 or die $!;
	return $s;
}
attempt('bind on TCP', bind stream(AF_INET),
    pack_sockaddr_in(0, INADDR_LOOPBACK));
attempt('connect by TCP', connect stream(AF_INET),
    pack_sockaddr_in($of{port}, INADDR_LOOPBACK));
attempt('an abstract socket', connect stream(AF_UNIX),
    pack_sockaddr_un("\0$of{abstract}"));
my $child = fork // die $!;
if ($child == 0) {
	sleep 60;
	POSIX::_exit(0);
}
attempt('kill its child', kill 'KILL', $child);
attempt('signal another command', kill 0, $of{command});
attempt('memory of another command',
    open my $other, '+<', "/proc/$of{command}/mem");
my ($ptrace, $tgkill) = $of{machine} eq 'x86_64' ? (101, 234) : (117, 131);
my $PTRACE_ATTACH = 16;
for my $whom (qw(deliver front parent)) {
	my $pid = $of{$whom} + 0;
	attempt("ptrace $whom",
	    syscall($ptrace, $PTRACE_ATTACH, $pid, 0, 0) == 0);
	attempt("memory of $whom", open my $fh, '+<', "/proc/$pid/mem");
	attempt("kill -9 $whom", kill 'KILL', $pid);
	attempt("kill -9 a thread of $whom",
	    syscall($tgkill, $pid, $pid, 9) == 0);
}
file($mail, @found);
END

# Where Yama restricts ptrace(2), the error is Yama's and not Landlock's.
my $yama = eval { slurp('/proc/sys/kernel/yama/ptrace_scope') } || 0;

# Each attempt, the error with which it fails, and the first ABI with which it
# does: 0 is without Landlock, 8 is none.
my @refused = (['bind on TCP', 'EACCES', 4], ['connect by TCP', '', 8],
    ['an abstract socket', 'EPERM', 6], ['kill its child', '', 8],
    ['signal another command', 'EPERM', 6],
    $yama ? () : ['memory of another command', 'EACCES', 4],
    map { (["ptrace $_", 'EPERM', 0], ["memory of $_", 'EACCES', 0],
    ["kill -9 $_", 'EPERM', 0], ["kill -9 a thread of $_", 'EPERM', 0]) }
    qw(deliver front parent));

# told: compare each process's line in the log, and whether there is a warning,
# with the ABI.
sub told {
	my ($name, $n, $log) = @_;
	my %want = map { $_ => $n ? "landlock abi $n" : 'no landlock' }
	    qw(parent front deliver);
	$want{deliver} .= ' (too old to help)' if $n >= 1 && $n <= 3;
	for my $proc (sort keys %want) {
		my ($line) = $log =~ /: $proc: (uid .*)/;
		like($line // '', qr/, seccomp [^,]+, \Q$want{$proc}\E\z/,
		    "$name: $proc: $want{$proc}");
		my @warned = $log =~ /: $proc: (this kernel has no Landlock)/g;
		is(scalar @warned, $n ? 0 : 1, "$name: $proc: " .
		    ($n ? 'no warning' : 'a warning'));
	}
}

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64)
    or die "listen: $!\n";
my $name = "msmtpd_landlock_$$";
socket my $abstract, AF_UNIX, SOCK_STREAM, 0 or die $!;
bind $abstract, pack_sockaddr_un("\0$name") or die $!;
listen $abstract, 64 or die $!;
my ($machine) = (POSIX::uname())[4];

# mail: send a mail whose command makes the attempts, while another command
# waits; returns the results.
sub mail {
	my ($abi, %pid) = @_;
	my $out = $t->dir . '/out';
	my $other = $t->client;
	$other->cmd('EHLO client.example');
	$other->mail(data => "\nwait\n", no_wait => 1);
	($pid{command}) = eventually { -e "$out/pid" && slurp("$out/pid") } =~
	    /(\d+)\./ or $t->trouble('the command does not wait');
	my %say = (%pid, port => $listener->sockport, abstract => $name,
	    machine => $machine);
	my $data = "Subject: x\n\n" . join '', map { "$_ $say{$_}\n" }
	    sort keys %say;
	like($t->send(data => $data), qr/^250/, "ABI $abi: a mail: 250");
	spew("$out/go", '');
	like($other->reply, qr/^250/, "ABI $abi: a mail meanwhile: 250");
	my ($mail, @more) = $t->mails;
	is(scalar @more, 0, "ABI $abi: the command ran once");
	is((untrace($mail->{mail} // ''))[0], $data,
	    "ABI $abi: it got all of it");
	my %found = map { /(.*): (\w+)\z/ ? ($1 => $2) : () }
	    @{$mail->{args} || []};
	$t->forget_mails;
	return \%found;
}

# rotate: move the log's file away; after SIGHUP there is a new one.
sub rotate {
	my ($abi, $log) = @_;
	rename $log, "$log.1" or die $!;
	$t->signal('HUP');
	ok(eventually { -e $log }, "ABI $abi: SIGHUP: the log is made anew");
	like($t->send(from => 'after@example.org'), qr/^250/,
	    "ABI $abi: a mail after that");
	ok(eventually { slurp($log) =~ /after\@example/ },
	    "ABI $abi: it is in the new log");
	unlike(slurp("$log.1"), qr/after\@|cannot/,
	    "ABI $abi: and not in the old one");
	unlink "$log.1" or die $!;
	$t->forget_mails;
}

sub daemon {
	my ($abi) = @_;
	my $n = $abi eq 'off' ? 0 : $abi;
	my $log = $t->dir . '/log';
	$t->start({ as => [$emulator, $abi], log => $log }, $t->root_options,
	    "--log=$log", "--command=$command");
	told("ABI $abi", $n, $t->log);
	my %pid = (parent => $t->pid, map { $_ => $t->proc($_) }
	    qw(front deliver));
	is(scalar(my @two = children($t->pid)), 2,
	    "ABI $abi: the daemon sees nothing of the emulator");
	my $found = mail($abi, %pid);
	for (@refused) {
		my ($what, $error, $from) = @$_;
		my $want = $n >= $from ? $error : 'works';
		is($found->{$what}, $want, "ABI $abi: $what: $want");
	}
	rotate($abi, $log);
	is(join(' ', map { $t->proc($_) } qw(front deliver)),
	    "$pid{front} $pid{deliver}", "ABI $abi: all live");
	is(status_of($t->stop), 'exit 0', "ABI $abi: stopped");
	is(scalar $t->left, 0, "ABI $abi: no process is left");
	unlink $log or die $!;
}

# front: a front that an attacker has taken over cannot open a file, whatever
# the ABI, since its filter has no call for that.
sub front {
	my ($abi) = @_;
	my $a = Msmtpd::Test->new($attacked);
	$a->start({ as => [$emulator, $abi] }, $a->root_options,
	    '--command=' . $a->filer);
	$a->client->put("EHLO attack.open.0\r\n");
	is(status_of($a->wait_exit), 'exit 1',
	    "ABI $abi: front opens a file: the daemon ends");
	like($a->log, qr/front \(pid \d+\) was stopped by its sandbox/,
	    "ABI $abi: the sandbox has stopped front");
}

sub check {
	my ($abi) = @_;
	my $want = $abi eq 'off' || $abi == 0 ? 'no' : "abi $abi";
	my ($status, $out, $err) = run($emulator, $abi, $t->bin, '--check',
	    $t->root_options, "--command=$command");
	is(status_of($status), 'exit 0', "ABI $abi: --check") or diag($err);
	like($out, qr/^landlock +\Q$want\E$/m, "ABI $abi: --check: $want");
}

for my $abi (@abis) {
	check($abi);
	proofs($abi);
	daemon($abi);
	front($abi);
}
SKIP: {
	my @missing = $own + 1 .. $newest;
	skip "this kernel has ABI $own itself", scalar @missing if @missing;
}
ok(eventually { all_gone(supervisors()) }, 'no supervisor is left');

done_testing();
