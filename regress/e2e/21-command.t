#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What the command finds: environment, descriptors, directory, session, signals, umask.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Cwd qw(realpath);
use File::Temp ();
use Msmtpd::Test qw(is_root memcheck slurp status_of unprivileged);
use Test::More;

# As root, in a mount namespace where the command's user has more groups.
if (is_root() && !$ENV{MSMTPD_TEST_GROUPS}) {
	my $file = File::Temp->new;
	print $file slurp('/etc/group'), "msmtpdtest:x:64999:games\n";
	close $file or die $!;
	chmod 0644, "$file" or die $!;
	$ENV{MSMTPD_TEST_GROUPS} = "$file";
	my $status = system 'unshare', '-m', '--', 'sh', '-c',
	    'mount --bind "$MSMTPD_TEST_GROUPS" /etc/group && exec "$@"',
	    'sh', $^X, $0;
	exit($status & 127 ? 1 : $status >> 8);
}
delete $ENV{MSMTPD_TEST_GROUPS};

my $t = Msmtpd::Test->new;

# One line for each fact.
my $dump = $t->script(<<'END');
my %facts;
my $env = do { local $/; open my $fh, '<', '/proc/self/environ' or die; <$fh> };
$facts{"env $1"} = $2 while $env =~ /([^=\0]+)=([^\0]*)\0/g;
opendir my $dh, '/proc/self/fd' or die;
for my $fd (sort { $a <=> $b } grep { /^\d/ && $_ != fileno $dh } readdir $dh) {
	my $to = readlink "/proc/self/fd/$fd";
	# perl has the script open.
	next if $to eq $0;
	$to =~ s/:\[\d+\]//;
	$facts{"fd $fd"} = $to;
}
open my $fh, '<', '/proc/self/status' or die;
while (<$fh>) {
	$facts{"status $1"} = $2 if /^(\w+):\s*(.*?)\s*$/;
}
$facts{cwd} = readlink '/proc/self/cwd';
$facts{root} = readlink '/proc/self/root';
open my $sh, '<', '/proc/self/stat' or die;
my $stat = <$sh>;
$stat =~ s/^.*\) //s;
my @stat = split ' ', $stat;
@facts{qw(pid ppid pgrp session tty)} = ($$, @stat[1 .. 4]);
$facts{umask} = sprintf '%03o', umask;
$facts{seek} = sysseek(STDIN, 0, 0) ? 'yes' : 'no';
open my $lh, '<', '/proc/self/limits' or die;
while (<$lh>) {
	$facts{"limit $1"} = $2 if /^Max (.*?)  +(\S+)/;
}
my $wh;
$facts{write} = open($wh, '+<', '/proc/self/fd/0') && syswrite($wh, 'x') ?
    'yes' : 'no';
file(join('', map { "$_=$facts{$_}\n" } sort keys %facts));
END

# valgrind, and the shell that starts it, add these variables and the
# descriptor of a log.
my @added = memcheck() ? qw(GLIBCPP_FORCE_NEW GLIBCXX_FORCE_NEW
    LD_LIBRARY_PATH LD_PRELOAD PWD TMPDIR) : ();
my $opened = memcheck() ? qr{/log/[^/]+/deliver\.[^/]+$} : qr/(?!)/;

# facts: of a daemon started so.
sub facts {
	$t->start(@_);
	like($t->send, qr/^250/, 'a mail is delivered') or diag($t->log);
	my ($m) = $t->mails;
	$t->forget_mails;
	return { map { /^(.*?)=(.*)$/ ? ($1 => $2) : () }
	    split /\n/, $m->{mail} };
}

# What holds for both ways.
sub common {
	my ($f) = @_;
	is($f->{seek}, 'yes', 'standard input is seekable');
	is($f->{write}, 'no', 'and cannot be written');
	like($f->{'fd 0'}, qr{^/memfd:}, 'it is a memfd');
	is_deeply([grep { /^fd/ && $f->{$_} !~ $opened } sort keys %$f],
	    ['fd 0', 'fd 1', 'fd 2'], 'no descriptor above 2') or
	    diag(explain($f));
	like($f->{"fd $_"}, qr/^pipe/, "descriptor $_ is a pipe") for 1, 2;
	is($f->{session}, $f->{pid}, 'a session of its own');
	is($f->{pgrp}, $f->{pid}, 'a process group of its own');
	is($f->{tty}, 0, 'no terminal');
	is($f->{ppid}, $t->proc('deliver'), 'its parent is deliver');
	is($f->{umask}, '077', 'umask 077');
	like($f->{"status $_"}, qr/^0+$/, "$_: none")
	    for qw(SigBlk CapInh CapPrm CapEff CapAmb);
	# Bit 7: perl itself ignores SIGFPE.
	my ($high, $low) = map { hex } $f->{'status SigIgn'} =~ /(.{8})/g;
	is($low & ~(1 << 7) | $high, 0, 'default signal dispositions')
	    or diag($f->{'status SigIgn'});
	is($f->{'status NoNewPrivs'}, 1, 'no_new_privs');
	SKIP: {
		skip 'memcheck: no filter', 1 if memcheck();
		is($f->{'status Seccomp'}, 2, 'a seccomp filter');
	}
}

sub env_of {
	my ($f) = @_;
	my %env = map { /^env (.*)/ ? ($1 => $f->{$_}) : () } keys %$f;
	delete @env{@added};
	return \%env;
}

my %env = (PATH => $ENV{PATH}, TZ => 'Europe/Berlin', LANG => 'C.UTF-8');
# What msmtp prints is searched for the smarthost's reply, in English.
my %set = (LANGUAGE => 'en');
my %more = (SECRET => 'x', LD_LIBRARY_PATH => '/nowhere', HOME => '/elsewhere',
    USER => 'someone', LC_ALL => 'C', LANGUAGE => 'de', PERL_HASH_SEED => 0,
    LISTEN_FDNAMES => 'x', NOTIFY_SOCKET => '/nowhere/notify');

SKIP: {
	skip 'not root', 1 unless is_root();
	my (undef, undef, $uid, $gid, undef, undef, undef, $home, $shell) =
	    getpwnam $Msmtpd::Test::USER;
	my $f = facts({ only_env => { %env, %more }, cwd => '/tmp' },
	    "--command=$dump");
	common($f);
	is_deeply(env_of($f), { %env, %set, HOME => $home, SHELL => $shell,
	    USER => $Msmtpd::Test::USER, LOGNAME => $Msmtpd::Test::USER },
	    'root: a fresh environment');
	is($f->{cwd}, '/', 'root: cwd /');
	is($f->{root}, '/', 'root: the real root directory');
	is($f->{'status Uid'}, join("\t", ($uid) x 4), 'root: the uid');
	is($f->{'status Gid'}, join("\t", ($gid) x 4), 'root: the gid');
	is_deeply([sort { $a <=> $b } split ' ', $f->{'status Groups'}],
	    [$gid, 64999], "root: the user's groups, and no other");
	like($f->{'status CapBnd'}, qr/^0+$/, 'root: no capability to gain');
	is(status_of($t->stop), 'exit 0', 'stopped');
}

{
	chmod 0777, $t->dir . '/out' or die $! if is_root();
	my %all = (%env, %more);
	my $before = sub {
		umask 022;
		$SIG{$_} = 'IGNORE' for qw(HUP USR1 CHLD);
	};
	my $f = facts({ only_env => \%all, cwd => $t->dir . '/out',
	    before => $before, as => [unprivileged()] }, "--command=$dump");
	common($f);
	delete @all{qw(LISTEN_FDNAMES NOTIFY_SOCKET), @added};
	%all = (%all, %set);
	is_deeply(env_of($f), \%all, 'ordinary user: the environment passes, ' .
	    "save what is the service manager's");
	is($f->{cwd}, realpath($t->dir . '/out'), 'ordinary user: the cwd, too');
	my $uid = is_root() ? $Msmtpd::Test::NOBODY : $>;
	is($f->{'status Uid'}, join("\t", ($uid) x 4),
	    'ordinary user: the uid');
	my $limit = slurp('/proc/self/limits');
	my ($files) = $limit =~ /^Max open files +\d+ +(\d+)/m;
	SKIP: {
		skip 'memcheck keeps setrlimit(2) for itself', 1 if memcheck();
		is($f->{'limit open files'},
		    $files < 2048 ? int $files / 2 : 1024,
		    'ordinary user: no more than 1,024 open files');
	}
	is($f->{"limit $_"}, $limit =~ /^Max \Q$_\E +(\S+)/m ? $1 : undef,
	    "ordinary user: limit of $_ as before")
	    for 'processes', 'file size', 'core file size';
	is(status_of($t->stop), 'exit 0', 'stopped');
}

done_testing();
