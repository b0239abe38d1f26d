#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# --auth: where the password comes from, what AUTH answers, how guessing is
# slowed down, and that no log ever has a password.  --auth-any: every password
# is right, and none is in the log either.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Fcntl;
use MIME::Base64 qw(encode_base64);
use Msmtpd::Clients qw(audit hurried stopped talk untrace);
use Msmtpd::Test qw(eventually is_root python run slurp spew status_of which);
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my ($user, $secret) = ('camera', 'Xyzzy, "q" \\ gr' . "\xc3\xbc\xc3\x9fe");
my @wrong = map { "Wr0ng-$_" } 1 .. 9;

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $command = '--command=' . $t->filer . ' -f %F --';
my $all_logs = '';

sub b64 { return encode_base64($_[0], '') }
sub plain { return b64(join "\0", @_ == 3 ? @_ : ('', @_)) }
sub now { return clock_gettime(CLOCK_MONOTONIC) }

# Every line of every daemon here is looked through at the end.
sub end_daemon {
	stopped($t);
	$all_logs .= $t->log;
}

# A parent that does not answer: begun here, looked at last.  The clock of
# that daemon runs faster.
my $stuck = Msmtpd::Test->new;
my $waiting;
if (hurried($stuck)) {
	$stuck->start('--command=' . $stuck->filer, '--timeout=100',
	    "--auth=$user,echo x");
	$waiting = $stuck->client;
	$waiting->cmd('EHLO client.example');
	$stuck->signal('STOP');
	$waiting->put('AUTH PLAIN ' . plain($user, 'x') .
	    "\r\nMAIL FROM:<a\@example.org>\r\n");
}

# A password file that only the command's user can read, and a comma, a pipe
# and a redirection in the command that reads it.
spew("$dir/out/secret", "$secret\r\nnot this line\n");
chmod 0400, "$dir/out/secret" or die $!;
chown +(getpwnam $Msmtpd::Test::USER)[2, 3], "$dir/out/secret" if is_root();
my $eval = "id -u >$dir/out/who; pwd >>$dir/out/who; " .
    "cut -d ' ' -f 1,6 /proc/\$\$/stat >>$dir/out/who; " .
    "cat $dir/out/secret | tee /dev/null";
$t->start('--debug', $command, "--auth=$user,$eval");
my $uid = is_root() ? (getpwnam $Msmtpd::Test::USER)[2] : $>;
my ($who, $pwd, $session) = split /\n/, slurp("$dir/out/who");
is($who, $uid, "passwordeval is run by the command's user");
like($session, qr/^(\d+) \1$/, 'in a session of its own');
SKIP: {
	skip 'not started as root', 1 unless is_root();
	is($pwd, '/', 'in the root directory');
}

# What is offered, and what comes before a login.
{
	my $c = $t->client;
	talk($c,
	    'AUTH PLAIN ' . plain($user, $secret) => qr/^503 5\.5\.1 /,
	    'EHLO client.example' => qr/^250-AUTH PLAIN LOGIN\r$/m,
	    'EHLO client.example' => qr/^250-AUTH=PLAIN LOGIN\r$/m,
	    'MAIL FROM:<a@example.org>' => qr/^530 5\.7\.0 /,
	    'HELP' => qr/^214 2\.0\.0 .* AUTH/,
	    'QUIT' => qr/^221 2\.0\.0 /);
}

# Ways to log in, in a session of its own, and a mail after it.  All dialogues
# of AUTH, and what it refuses, are smtp_test's.
my %way = (
	'PLAIN, initial response' => ['AUTH PLAIN ' . plain($user, $secret)],
	'PLAIN' => ['AUTH PLAIN', qr/\A334 \z/, plain($user, $secret)],
	'LOGIN' => ['AUTH LOGIN', qr/\A334 VXNlcm5hbWU6\z/, b64($user),
	    qr/\A334 UGFzc3dvcmQ6\z/, b64($secret)],
);
for my $name (sort keys %way) {
	note($name);
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	# As cameras do it.
	$c->cmd('HELO client.example') if $name eq 'LOGIN';
	my @way = @{$way{$name}};
	talk($c, @way, qr/^235 2\.7\.0 /,
	    'MAIL FROM:<a@example.org> AUTH=<>' => qr/^250 2\.1\.0 /,
	    'RCPT TO:<b@example.org>' => qr/^250 2\.1\.5 /,
	    'DATA' => qr/^354 /);
	like($c->content("Subject: x\n\nx\n"), qr/^250 2\.0\.0 /, 'delivered');
	$c->cmd('QUIT');
	my @mails = $t->mails;
	unlink glob "$dir/out/*.mail $dir/out/*.args";
	like((untrace($mails[0]{mail}))[1], qr/with ESMTPA id /,
	    'Received says so');
}

is((audit($t, 1))[0]{auth}, $user, 'the log says who has logged in');

# As many answers, none of them late, take less than as many seconds: nobody
# has failed so far.
my $begin = now();
for (1 .. 10) {
	my $c = $t->client;
	$c->cmd('EHLO x');
	like($c->cmd('AUTH PLAIN ' . plain($user, $secret)), qr/^235/,
	    'logged in') or last;
}
cmp_ok(now() - $begin, '<', 10, 'without a failure no answer is late');

# Clients that others have written log in, before a failure makes them wait.
sub authenticates {
	my ($name, $program, @cmd) = @_;
	SKIP: {
		skip "$program is not installed", 1 unless which($program);
		my $in;
		open $in, '<', "$dir/mail" or die $!;
		my ($status, $out, $err) = run({ stdin => $in,
		    env => { LC_ALL => 'C.UTF-8', HOME => '/nonexistent' } },
		    $program, @cmd);
		is(status_of($status), 'exit 0', $name) or diag("$out$err");
	}
}
spew("$dir/mail", "Subject: x\n\nx\n");
spew("$dir/password", "$secret\n");
my ($host, $port) = ('127.0.0.1', $t->port);
my @mail = ('-f', 'a@example.org', 'b@example.org');
for my $mech ('PLAIN', 'LOGIN') {
	my $low = lc $mech;
	authenticates("msmtp, $mech", 'msmtp', '-C', '/dev/null',
	    "--host=$host", "--port=$port", '--tls=off', "--auth=$low",
	    "--user=$user", "--passwordeval=cat $dir/password", @mail);
	authenticates("curl, $mech", 'curl', '-sSq', '--crlf', '-T',
	    "$dir/mail", '--user', "$user:$secret", '--login-options',
	    "AUTH=$mech", '--mail-from', 'a@example.org', '--mail-rcpt',
	    'b@example.org', "smtp://$host:$port/");
	authenticates("swaks, $mech", 'swaks', '-s', "$host:$port", '-a',
	    $mech, '-au', $user, '-ap', $secret, '-f', 'a@example.org', '-t',
	    'b@example.org', '-S', '3');
	authenticates("s-nail, $mech", 's-nail', '-:/',
	    map({ ('-S', $_) } 'v15-compat', 'nosave', 'sendwait',
	    "smtp-auth=$low", "user=$user", "password=$secret",
	    "mta=smtp://$host:$port"), '-r', 'a@example.org', '-s', 'x',
	    'b@example.org');
}
SKIP: {
	my $python = python('smtplib') or
	    skip 'Python with smtplib is not installed', 1;
	authenticates('smtplib', $python, '-I', '-c', <<'END',
import base64, smtplib, sys
s = smtplib.SMTP(sys.argv[1], int(sys.argv[2]))
s.ehlo()
assert s.has_extn('auth')
# Its login() takes passwords in ASCII only.
plain = b'\0'.join([b'', sys.argv[3].encode(),
    open(sys.argv[4], 'rb').read().strip()])
assert s.docmd('AUTH', 'PLAIN ' + base64.b64encode(plain).decode())[0] == 235
s.sendmail('a@example.org', ['b@example.org'], 'Subject: x\r\n\r\nx\r\n')
s.quit()
END
	    $host, $port, $user, "$dir/password");
}
unlink glob "$dir/out/*.mail $dir/out/*.args";

# Failures are answered late, and so is what is right, in any session, from
# then on: one answer a second in all.
{
	my @guess = map { 'AUTH PLAIN ' . plain(@$_) }
	    # These cannot be right, whatever the password is.
	    [$user, $secret . 'x' x 300], ['root', $user, $secret],
	    [$user, $wrong[1]];
	my @late = map { $t->client } @guess, 'right';
	$_->cmd('EHLO client.example') for @late;
	my $begin = now();
	$late[$_]->put("$guess[$_]\r\n") for 0 .. $#guess;
	for my $i (0 .. $#guess) {
		like($late[$i]->reply, qr/^535 5\.7\.8 /, "wrong, $i: 535");
		cmp_ok(now() - $begin, '>=', 0.99 + $i, 'not at once');
	}
	like($late[-1]->cmd('AUTH PLAIN ' . plain($user, $secret)),
	    qr/^235 /, 'the right one, elsewhere: 235');
	cmp_ok(now() - $begin, '>=', 0.99 + @guess, 'late, too');
}

# Three of them in a session.  No other identity than one's own, nothing
# longer than there can be: those are failures, too.
{
	my $c = $t->client;
	talk($c, 'EHLO client.example' => qr/^250/,
	    'AUTH PLAIN ' . plain('root', $user, $secret) => qr/^535 5\.7\.8 /,
	    'AUTH PLAIN ' . plain($user, $secret . 'x' x 300) =>
	    qr/^535 5\.7\.8 /,
	    'AUTH LOGIN' => qr/^334/, b64($user) => qr/^334/,
	    b64($wrong[2]) => qr/^421 4\.7\.0 /);
	ok($c->at_end, 'the third failure ends the session');
	$c->close;
	$t->wait_log(qr/ended: (too many authentication failures), mails=0/);
}

end_daemon();

# A client that guesses and goes away does not block other clients.  A failure
# for which the password is not looked at counts as well: it is answered late,
# and makes others late.
$t->start($command, "--auth=$user,cat $dir/password", '--max-sessions=5');
{
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	my $begin = now();
	like($c->cmd('AUTH PLAIN ' . plain('root', $user, $secret)),
	    qr/^535 5\.7\.8 /, "another's identity, first of all: 535");
	cmp_ok(now() - $begin, '>=', 0.99, 'not at once');
	like($c->cmd('AUTH PLAIN ' . plain($user, $secret)), qr/^235 /,
	    'then the right one: 235');
	cmp_ok(now() - $begin, '>=', 1.99, 'late, too');
	$c->close;
}
for (1 .. 60) {
	my $c = eval { $t->client } or last;
	# When the reply is there, all of this has been read.
	$c->put("EHLO client.example\r\nAUTH PLAIN " .
	    plain($user, $wrong[5]) . "\r\n");
	$c->reply;
	setsockopt $c->fh, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) or die $!;
	$c->close;
}
{
	my $c;
	# The last of them may still have their places.
	ok(eventually {
		$c = $t->client;
		$c->greeting =~ /^220 /;
	}, 'after 60 guessers who have gone: a session');
	talk($c, 'EHLO client.example' => qr/^250/,
	    'AUTH PLAIN ' . plain($user, $secret) => qr/^235 /);
	$c->close;
}
end_daemon();

# in_memory: which of these strings a process has in memory that it can write;
# undef with $! set where we may not look.
sub in_memory {
	my ($pid, @strings) = @_;
	my %found;
	no warnings 'portable';		# addresses of 64 bits
	open my $maps, '<', "/proc/$pid/maps" or return;
	open my $mem, '<:raw', "/proc/$pid/mem" or return;
	while (<$maps>) {
		my ($from, $to) = /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
		sysseek $mem, hex $from, 0 or return;
		my ($size, $octets) = (hex($to) - hex $from, '');
		while (length $octets < $size) {
			sysread $mem, $octets, $size - length $octets,
			    length $octets or last;
		}
		index($octets, $_) >= 0 and $found{$_} = 1 for @strings;
	}
	return \%found;
}

# front forgets what it has asked parent, however it came: each password here
# is its own, long enough not to be overwritten by the next.
my $sanitized = qx('@{[$t->bin]}' --print-sandbox) =~ /sanitizer: /;
$t->start($command, "--auth=$user,cat $dir/password");
SKIP: {
	skip 'a sanitizer keeps more than we do', 7 if $sanitized;
	my $front = $t->proc('front');
	my $c = $t->client;
	my $name = 'this-name-is-kept.example';
	$c->cmd("EHLO $name");
	my $found = in_memory($front, $name);
	skip "the memory of front: $!", 7 unless $found;
	ok($found->{$name}, "a client's name is in front's memory");
	$c->close;
	my $n = 0;
	my $long = sub {
		$n++;
		return join '', map { sprintf 'Wr0ng%d%03d', $n, $_ } 1 .. 27;
	};
	# What is sent before and after a reply that shows that the first part
	# has been read.
	my %way = (
		'in one piece' => sub { "NOOP\r\n",
		    'AUTH PLAIN ' . plain($user, $_[0]) . "\r\n" },
		'in two' => sub {
			my $auth = 'AUTH PLAIN ' . plain($user, $_[0]);
			return ("NOOP\r\n" . substr($auth, 0, 200),
			    substr($auth, 200) . "\r\n");
		},
		'in two, LOGIN' => sub {
			my $pass = b64($_[0]);
			return ('AUTH LOGIN ' . b64($user) . "\r\n" .
			    substr($pass, 0, 200), substr($pass, 200) .
			    "\r\n");
		},
		'too long' => sub { "NOOP\r\n",
		    'AUTH PLAIN ' . b64($_[0]) x 40 . "\r\n" },
		'in a line that is no command' => sub {
			return ("NOOP\r\nX" . substr(b64($_[0]), 0, 200),
			    substr(b64($_[0]), 200) . "\r\n");
		},
		'after the end' => sub { "QUIT\r\n" .
		    'AUTH PLAIN ' . plain($user, $_[0]) . "\r\n", '' },
	);
	for my $how (sort keys %way) {
		my $pass = $long->();
		my ($first, $second) = $way{$how}->($pass);
		$c = $t->client;
		$c->cmd("EHLO $name");
		$c->put($first);
		$c->reply;
		$c->put($second);
		# Buffers that are not in use are wiped after the reply, before
		# the session ends.
		$second ne '' ? $c->reply : $c->at_end;
		# Look for pieces of the password, as it is and in base64.
		my @part = map { substr($pass, $_ * 24, 12) } 0 .. 8;
		push @part, map { (substr(b64($pass), $_ * 24, 12),
		    substr(plain($user, $pass), $_ * 24 + 12, 12)) } 0 .. 10;
		$found = in_memory($front, @part) || { $! => 1 };
		is(join(' ', sort keys %$found), '',
		    "nothing of a password is left in it: $how");
		$c->close;
	}
}
end_daemon();

# A time-out that is not much longer than the delay.
$t->start($command, "--auth=$user,cat $dir/password", '--timeout=3');
{
	my $c = $t->client;
	talk($c, 'EHLO client.example' => qr/^250/,
	    'AUTH PLAIN ' . plain($user, $wrong[6]) => qr/^535 /,
	    'AUTH PLAIN ' . plain($user, $secret) => qr/^235 /);
	like($c->mail, qr/^250 /, '--timeout=3: a mail after a failure');
	$c->close;
}
end_daemon();

# Not offered: no word of it, and no password in the log.
$t->start('--debug', $command);
{
	my $c = $t->client;
	unlike($c->cmd('EHLO client.example'), qr/AUTH/,
	    'without --auth it is not offered');
	talk($c, 'AUTH PLAIN ' . plain($user, $secret) => qr/^502 5\.5\.1 /,
	    b64($secret) => qr/^500 5\.5\.1 /, 'QUIT' => qr/^221 /);
}
end_daemon();

# --auth-any: for devices that must log in.  Offered, not demanded; the name is
# in the log, and nowhere else.
$t->start('--debug', $command, '--auth-any');
my %name = (
	'' => undef,
	'camera 1' => 'camera\\0401',
	'a@b.example' => 'a@b.example',
	"gr\xc3\xbcn" => "gr\xc3\xbcn",
	'x from=<forged@example.org>' => 'x\\040from=<forged@example.org>',
	"two\nlines" => 'two?lines',
	'n' x 300 => 'n' x 60 . '...',
);
my $any = 0;
$t->forget_mails;
for my $name (sort keys %name) {
	my $c = $t->client;
	like($c->cmd('EHLO client.example'), qr/^250-AUTH PLAIN LOGIN\r?$/m,
	    '--auth-any: offered');
	talk($c, $any % 2 ? ('AUTH LOGIN' => qr/^334 /, b64($name) =>
	    qr/^334 /, b64($wrong[6]) => qr/^235 2\.7\.0 /) :
	    ('AUTH PLAIN ' . plain($name, $wrong[6]) => qr/^235 2\.7\.0 /));
	like($c->mail(to => ['b@example.org'], data => "Subject: x\n\nx\n"),
	    qr/^250/, 'and a mail is taken');
	$c->cmd('QUIT');
	is((audit($t, ++$any))[-1]{auth}, $name{$name}, 'the name in the log');
	my ($mail) = $t->mails;
	$t->forget_mails;
	like((untrace($mail->{mail}))[1], qr/with ESMTP id /,
	    'Received claims no login');
}
{
	my $c = $t->client;
	talk($c, 'EHLO x' => qr/^250/,
	    'AUTH PLAIN ' . plain('root', $user, $wrong[7]) => qr/^235 /,
	    'AUTH PLAIN ' . plain($user, $wrong[7]) => qr/^503 5\.5\.1 /,
	    'MAIL FROM:<a@example.org> AUTH=<>' => qr/^250 /,
	    'QUIT' => qr/^221 /);
	$c = $t->client;
	$c->cmd('EHLO x');
	like($c->mail, qr/^250/, 'a mail without a login');
	$c->cmd('QUIT');
	is((audit($t, ++$any))[-1]{auth}, undef, 'whose client has no name');
}
$t->forget_mails;
end_daemon();

# On a terminal: asked for, not shown.
sub pty {
	sysopen my $master, '/dev/ptmx', O_RDWR | O_NOCTTY or return;
	# TIOCSPTLCK and TIOCGPTN of Linux, but for MIPS, PowerPC and SPARC.
	my $number = pack 'i', 0;
	ioctl $master, 0x40045431, $number or return;
	ioctl $master, 0x80045430, $number or return;
	my $name = '/dev/pts/' . unpack 'i', $number;
	sysopen my $slave, $name, O_RDWR | O_NOCTTY or return;
	return ($master, $slave, $name);
}

# typist: a process that waits for the prompt and then types; returns its pid.
sub typist {
	my ($master, $text, $file) = @_;
	my $pid = fork // die "fork: $!\n";
	return $pid if $pid;
	my $seen = '';
	eval {
		local $SIG{ALRM} = sub { die "alarm\n" };
		alarm $Msmtpd::Test::DEADLINE;
		while ($seen !~ /password for .*: /) {
			sysread $master, $seen, 4096, length $seen or last;
		}
		syswrite $master, $text;
		while ($seen !~ /: .*\n/) {
			sysread $master, $seen, 4096, length $seen or last;
		}
	};
	eval { spew($file, $seen) };
	POSIX::_exit(0);
}

SKIP: {
	my ($master, $slave, $tty) = pty();
	skip "no pseudo-terminal: $!", 7 unless $master;
	my $pid = typist($master, "$secret\n", "$dir/seen");
	$t->start({ before => sub {
		POSIX::setsid();
		sysopen my $fh, $tty, O_RDWR or POSIX::_exit(126);
	} }, '--debug', $command, "--auth=$user");
	waitpid $pid, 0;
	my $seen = slurp("$dir/seen");
	like($seen, qr/^password for $user: /, 'a prompt on the terminal');
	unlike($seen, qr/\Q$secret\E/, 'what is typed there is not shown');
	my $c = $t->client;
	talk($c, 'EHLO x' => qr/^250/,
	    'AUTH PLAIN ' . plain($user, $wrong[3]) => qr/^535 /,
	    'AUTH PLAIN ' . plain($user, $secret) => qr/^235 /);
	$c->close;
	end_daemon();
}

# No terminal; a command for the password that fails, prints nothing, too
# much, or only an empty line.
my %bad = (
	$user => qr/no terminal .*--auth=$user,/,
	"$user,exit 3" => qr/failed \(exit status 3\)/,
	"$user,kill -9 \$\$" => qr/failed \(signal 9\)/,
	"$user,true" => qr/password of $user is empty/,
	"$user,echo; echo $wrong[4]" => qr/password of $user is empty/,
	"$user,printf %256s x" => qr/longer than 255/,
	"$user," => qr/nothing follows the comma/,
	",echo x" => qr/user name/,
);
for my $auth (sort keys %bad) {
	my ($status, $out, $err) = run({ before => sub { POSIX::setsid() } },
	    $t->bin, '--port=0', $t->root_options, $command, "--auth=$auth");
	is(status_of($status), $auth =~ /^$user,?$|^,/ && $auth ne $user ?
	    'exit 64' : 'exit 78', "--auth='$auth' is an error");
	like($err, $bad{$auth}, 'that says why');
	$all_logs .= $err unless $auth =~ /echo/;
}

# 255 octets are not too many.
$t->start($command, "--auth=$user,printf %255s x");
{
	my $c = $t->client;
	talk($c, 'EHLO x' => qr/^250/,
	    'AUTH PLAIN ' . plain($user, ' ' x 254 . 'x') => qr/^235 /);
}
end_daemon();

# Neither yes nor no.
SKIP: {
	skip 'the daemon with the fast clock is not built: make tests', 4
	    unless $waiting;
	like($waiting->reply, qr/^454 4\.7\.0 /, 'parent does not answer: 454');
	like($waiting->reply, qr/^530 5\.7\.0 /, 'and nobody is logged in');
	$waiting->close;
	$stuck->signal('CONT');
	stopped($stuck);
}

# The line that could hold a password is in no log, in no spelling.
my $shown = substr $secret, 0, 5;
unlike($all_logs, qr/\Q$shown\E/, 'the password is in no log');
unlike($all_logs, qr/Wr0ng/, 'nor is a wrong one');
my %spelled = map { $_ => 1 } map { (b64($_), plain($user, $_),
    plain($user, $user, $_)) } $secret, @wrong;
# Of a long one its middle, which would be there if it were cut.
is(join(' ', grep { index($all_logs, length > 24 ? substr($_, 12, 12) :
    $_) >= 0 } sort keys %spelled), '', 'nor one in base64');
cmp_ok(scalar(() = $all_logs =~ /refused: 535/g), '>=', 8,
    'though failures are');
done_testing();
