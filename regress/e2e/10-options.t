#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The command line: each option, and each way to get one wrong.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(is_root run spew status_of unprivileged);
use Test::More;

my $t = Msmtpd::Test->new;
my $cmd = $t->filer;
my @root = $t->root_options;

# usage: these words are refused with 64, and the message names one of them.
sub usage {
	my ($names, @words) = @_;
	my ($status, $out, $err) = run($t->bin, @words);
	my $shown = join ' ', map { length > 40 ? substr($_, 0, 40) . '...' :
	    "'$_'" } @words;
	is(status_of($status), 'exit 64', "$shown: 64");
	like($err, qr/\Q$names\E/, "$shown: the error names $names");
	is($err =~ tr/\n//, 1, "$shown: one line");
	is($out, '', "$shown: nothing on standard output");
}

my @arguments = qw(interface port socket socket-mode hostname command
    received log user privsep-user chroot auth rules as
    max-sessions max-deliveries max-recipients
    max-size max-memory max-line max-auth-line max-errors max-noops min-rate
    timeout command-timeout);
my @flags = qw(version help check print-sandbox inetd auth-any no-smtputf8
    debug);
my @numbers = grep { /^max|timeout|min-rate|port/ } @arguments;

usage('--nonsense', '--nonsense');
usage('--nonsense', '--nonsense=1');
usage('-x', '-x');
usage('stray', 'stray');
usage('stray', '--check', 'stray');
usage('stray', '--', 'stray');
for my $o (@arguments) {
	usage("--$o", "--$o=");
	usage("--$o", "--$o", '');
	usage("--$o", "--$o");
}
usage("--$_", "--$_=1") for @flags;
for my $o (@numbers) {
	usage("--$o", "--$o=$_") for '-1', '+1', ' 1', '1 ', '0x10', '1e3',
	    '1,5', 'many', '99999999999999999999999';
}
usage("--$_", "--$_=0") for grep { !/^(?:port|min-rate)$/ } @numbers;
usage('--port', '--port=65536');
usage('--max-size', '--max-size=1T');
usage('--max-size', '--max-size=1KK');
usage('--max-sessions', '--max-sessions=1K');
usage('--max-memory', '--max-memory=1M', '--max-size=2M');
# Forms that only inet_aton(3) takes are refused: 127.1, 1, octal.
my @ported = ('127.0.0.1:25', '[::1]:25', 'localhost:smtp', ':25', ':');
my @nowhere = ('localhost', '127.0.0.256', '[127.0.0.1]', '[]', '[::1', '::1]',
    '[[::1]]', '::1%none', '127.1', '1', '010.0.0.1', '0x7f.0.0.1',
    '127.0.0.1 ', '1.2.3.4.5', '::1' . '1' x 100, '[::1' . '1' x 100 . ']',
    @ported);
usage('--interface', "--interface=$_", '--port=0', "--command=$cmd", @root)
    for @nowhere;
usage('--interface', '--check', "--interface=$_", "--command=$cmd", @root)
    for @nowhere;
usage("'::ffff:127.0.0.1' is an IPv4 address; write it as 127.0.0.1",
    '--interface=::ffff:127.0.0.1', "--command=$cmd", @root);
usage('with --port', "--interface=$_", "--command=$cmd", @root) for @ported;
for my $twice (['127.0.0.1', '127.0.0.1'], ['127.0.0.1', '::1', '0:0::1'],
    ['::1', '[::1]']) {
	usage("'$twice->[-1]' is given twice", @$_, "--command=$cmd", @root,
	    '--port=2525', map { "--interface=$_" } @$twice)
	    for [], ['--check'];
}
usage('--user', '--check', $_, "--command=$cmd") for is_root() ? () :
    ('--user=x', '--privsep-user=x', '--chroot=/');
if (is_root()) {
	my ($status, $out, $err) = run(unprivileged(), $t->bin, '--check',
	    '--user=games', "--command=$cmd");
	is(status_of($status), 'exit 64', '--check --user, not as root: 64');
	like($err, qr/--user.*need root/, '--check --user: said why');
}
usage('--interface', map { "--interface=127.0.0.$_" } 1 .. 65);
usage('--chroot', '--chroot=relative');
usage("--log: '$_' is neither", "--log=$_") for qw(stdout - log sub/log ./log
    Stderr stderr| no err), 'stderr ';
usage('--auth', '--auth=,eval');
usage('--hostname', "--hostname=$_") for '-a', 'a_b', 'a..b', 'a.', "a\nb",
    'x' x 64, 'x.' x 128 . 'x', '[::1]', 'a b';
usage('not one of full|anonymous|none', "--received=$_")
    for qw(all FULL ful fully), 'full|none', 'none ', 'full|anonymous|none';
usage('--auth-any', '--auth=me,true', '--auth-any', @$_) for [], ['--check'];
usage('--inetd', '--inetd', '--port=1');
usage('--inetd', '--inetd', '--interface=127.0.0.1');
usage('--inetd', '--inetd', '--socket=/x');
usage('not an absolute path', '--socket=x');
usage('longer than 107 octets', '--socket=/' . 'x' x 107);
usage('given twice', '--socket=/x', '--socket=/y', '--socket=/x');
usage('there is no --socket', '--socket-mode=0600');
usage('not an octal number', '--socket=/x', "--socket-mode=$_")
    for qw(8 01000 00666 0x1 -1 rw), '6 ';

{
	my ($status, $out, $err) = run($t->bin, '');
	is(status_of($status), 'exit 64', 'an empty operand: 64');
}

# --version, --help
my %default;	# as --help tells them
{
	my ($status, $out, $err) = run($t->bin, '--version');
	is(status_of($status), 'exit 0', '--version: 0');
	like($out, qr/\Amsmtpd \d+\.\d+\n\z/, '--version: the version');
	is($err, '', '--version: no error');

	($status, $out, $err) = run($t->bin, '--help');
	is(status_of($status), 'exit 0', '--help: 0');
	is($err, '', '--help: no error');
	like($out, qr/--\Q$_\E\b/, "--help tells of --$_") for @arguments,
	    @flags;
	my @lines = split /\n/, $out;
	cmp_ok(scalar @lines, '<=', 36, '--help fits one screen');
	ok(!(grep { length > 80 } @lines), '--help: 80 columns');
	/--([a-z-]+)=.*\[(.*)\]$/ and $default{$1} = $2 for @lines;
	is(join(' ', grep { !exists $default{$_} } @arguments),
	    'socket hostname auth rules as', '--help: the options without a default');
}

# --help and the like, where standard output cannot be written to.
for my $words (['--version'], ['--help'], ['--print-sandbox'],
    ['--check', "--command=$cmd", @root]) {
	my $shown = $words->[0];
	my ($status, $out, $err) = run({ before => sub {
		open STDOUT, '>', '/dev/full' or die $!;
	} }, $t->bin, @$words);
	is(status_of($status), 'exit 74', "$shown >/dev/full: 74");
	like($err, qr/^msmtpd: standard output: No space/,
	    "$shown >/dev/full: said why");
}

# check: --check with these words; status and output.
sub check {
	return run($t->bin, '--check', @root, @_);
}

{
	my ($status, $out, $err) = check("--command=$cmd -f %F");
	is(status_of($status), 'exit 0', '--check: 0') or diag($err);
	like($out, qr/\Q$cmd\E/, '--check: the resolved command');
	like($out, qr/^\Q$_\E\s+\Q$default{$_}\E$/m, "--check: the default $_")
	    for grep { !/^(?:.*user|chroot|command)$/ } sort keys %default;
	like($out, qr/landlock/i, '--check: what the kernel gives');
	if (is_root()) {
		like($out, qr/\b$Msmtpd::Test::USER\b/, '--check: the user');
		like($out, qr/\b$Msmtpd::Test::PRIVSEP_USER\b/,
		    '--check: the privsep user');
	}

	# Every value that was given is shown, in both spellings.
	my %given = ('max-sessions' => 11, 'max-deliveries' => 12,
	    'max-recipients' => 13, 'max-size' => '14M', 'max-memory' => '15M',
	    'max-line' => 1600, 'max-auth-line' => 1700, 'max-errors' => 18,
	    'max-noops' => 19, 'min-rate' => 20, 'timeout' => 21,
	    'command-timeout' => 22, 'port' => 2323, 'interface' => '::1',
	    'socket' => '/run/x.sock', 'socket-mode' => '0660',
	    'hostname' => 'mail.example.org', 'received' => 'anonymous');
	($status, $out, $err) = check("--command=$cmd",
	    map { "--$_=$given{$_}" } sort keys %given);
	is(status_of($status), 'exit 0', '--check with =: 0') or diag($err);
	like($out, qr/^\Q$_\E\s+\Q$given{$_}\E$/m, "--$_=$given{$_}")
	    for sort keys %given;
	my ($status2, $out2) = check('--command', $cmd,
	    map { ("--$_", $given{$_}) } sort keys %given);
	is(status_of($status2), 'exit 0', '--check with spaces: 0');
	is($out2, $out, 'both spellings mean the same');

	# Each is shown with the largest unit that it is a multiple of.
	for (['--max-size=1k', 'max-size', '1K'],
	    ['--max-size=1024K', 'max-size', '1M'],
	    ['--max-size=1025', 'max-size', '1025'],
	    ['--max-memory=4097K', 'max-memory', '4097K'],
	    ['--max-memory=2g', 'max-memory', '2G'],
	    ['--max-memory=1024G', 'max-memory', '1024G'],
	    ['--timeout=1024', 'timeout', '1024'],
	    ['--max-size=512M', 'max-memory', '512M']) {
		my ($given, $name, $shown) = @$_;
		($status, $out) = check("--command=$cmd", '--max-size=1K',
		    $given);
		like($out, qr/^$name\s+\Q$shown\E$/m, "$given: $name $shown");
	}
	($status, $out) = check("--command=$cmd", '--inetd', '--debug');
	like($out, qr/^inetd\s+yes\n/m, '--inetd is shown');
	like($out, qr/^log\s+syslog\n/m, 'and that it logs to syslog');
	like($out, qr/^debug\s+yes\n/m, '--debug is shown');
	unlike($out, qr/^(?:interface|port)/m, 'and no address');
	unlike($out2, qr/smtputf8|auth-any/, 'no flag that was not given');
	($status, $out) = check("--command=$cmd", '--no-smtputf8',
	    '--auth-any');
	like($out, qr/^$_\s+yes$/m, "--$_ is shown")
	    for 'no-smtputf8', 'auth-any';
	like($out, qr/^auth\s+no$/m, 'which is not --auth');
	($status, $out) = check("--command=$cmd", '--auth=me,true');
	unlike($out, qr/^auth-any|true/m, 'nor the other way round');
	like($out, qr/^auth\s+me$/m, 'of which the user is shown');
	for my $log (qw(none stderr syslog /dev/null)) {
		($status, $out) = check("--command=$cmd", "--log=$log");
		like($out, qr/^log\s+\Q$log\E$/m, "--log=$log is shown");
	}
	($status) = check("--command=$cmd",
	    map { "--interface=127.0.0.$_" } 1 .. 64);
	is(status_of($status), 'exit 0', '64 interfaces');
	($status, $out, $err) = check("--command=$cmd",
	    '--interface=localhost');
	is(status_of($status), 'exit 64', '--check, a name as interface: 64');
	like($err, qr/--interface.*localhost/,
	    '--check, a name as interface: named');
	($status, $out) = check("--command=$cmd",
	    '--log=' . $t->dir . '/log');
	ok(!-e $t->dir . '/log' || -z _, '--check writes no log');
}

# The command: found at start, split without a shell.
sub bad_command {
	my ($command, $re, $name) = @_;
	my ($status, $out, $err) = check("--command=$command");
	is(status_of($status), 'exit 78', "--check, $name: 78");
	like($err, $re, "--check, $name: said why");
	($status, $out, $err) = run($t->bin, '--port=0', @root,
	    "--command=$command");
	is(status_of($status), 'exit 78', "start, $name: 78");
	like($err, $re, "start, $name: said why");
}

bad_command('no-such-program -x', qr/no-such-program.*\Q$ENV{PATH}\E/,
    'a program not in PATH');
bad_command('/no/such/program', qr{/no/such/program.*No such file},
    'a path that is not there');
bad_command($t->dir, qr/\Q@{[$t->dir]}\E.*not an executable/, 'a directory');
spew($t->dir . '/plain', "#!/bin/sh\n");
bad_command($t->dir . '/plain', qr/plain.*not an executable/,
    'a file that is not executable');
bad_command("$cmd $_ x", qr/\Q$_\E.*sh -c '.*"\$@"' %F/, "unquoted $_")
    for qw(| & ; < > ( ) $ ` * ? ~ ), '#';
bad_command("$cmd\nx", qr/newline.*sh -c/s, 'a newline');
bad_command("$cmd \"\$HOME\"", qr/\$.*sh -c/, 'an expansion in quotes');
bad_command("$cmd 'x", qr/unclosed single/, 'an unclosed single quote');
bad_command("$cmd \"x", qr/unclosed double/, 'an unclosed double quote');
bad_command("$cmd \\", qr/unclosed backslash/, 'a backslash at the end');
bad_command('   ', qr/no program/, 'only spaces');

done_testing();
