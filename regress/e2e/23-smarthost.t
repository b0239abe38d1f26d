#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The answer is true: a client, msmtpd, real msmtp, and a smarthost that
# misbehaves at each stage of a session.  What the client hears is what the
# smarthost has said of the mail, or that it should try again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Smarthost;
use Msmtpd::Test qw(eventually free_port is_root run slurp spew status_of
    unprivileged which);
use Test::More;

my $msmtp = which('msmtp');
my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my ($smarthost, $rc);

# Stages at which the smarthost speaks about the mail, and all.
my @MAIL = qw(mail rcpt data end);
my @ALL = (qw(greeting ehlo starttls auth), @MAIL);
my %needs = (
	starttls => [offer => ['STARTTLS']],
	auth => [offer => ['AUTH PLAIN']],
);
my $auth = "auth plain\nuser bob\npassword secret\n";
my %config = (
	starttls => "tls on\ntls_starttls on\ntls_certcheck off\n",
	auth => $auth,
);

commands();
if (defined $msmtp) {
	stages();
	sayings();
	login();
	tls();
	network();
	configuration();
	language();
	delivered();
} else {
	SKIP: { skip 'msmtp is not installed', 1; }
}
done_testing();

# answer: what a client hears of a mail, and the audit line's fields: reply,
# command, why.  The reply ends with the id that the log has, and fits.
sub answer {
	my ($what, %mail) = @_;
	my $reply = $t->send(%mail);
	my $id = $reply =~ /, id=([0-9a-z]+\.[0-9a-z]+\.[0-9a-z]+)\z/ ? $1 :
	    'none';
	cmp_ok(length($reply) + 2, '<=', 512, "$what: the reply fits");
	unlike($reply, qr/[^ -~]/, "$what: the reply is harmless");
	like($reply, qr/^([245])\d\d \1\.\d+\.\d+ /, "$what: one class");
	$t->wait_log(qr/mail id=\Q$id\E client=/);
	my ($line) = $t->log =~ /(mail id=\Q$id\E client=.*)/;
	my %audit;
	@audit{qw(reply command why)} = $line =~
	    / reply=(\d+) command=(\S+) .* to=\S+(?: why="([^"]*)")?$/;
	is($audit{reply}, substr($reply, 0, 3),
	    "$what: the audit line's reply");
	$audit{log} = join '', $t->log =~ /^(.*id=\Q$id\E: command: .*\n)/mg;
	$reply =~ s/, id=\Q$id\E\z//;
	return ($reply, \%audit);
}

# A reply that any command prints, not only msmtp, is passed on.
sub commands {
	my $command = $t->script(<<'END');
input();
my %say = (
	line => ["550 5.1.1 No such user\n", 1],
	late => ["hello\n450 4.2.0 Later\nbye\n", 75],
	lines => ["451-4.7.1 One\r\n451-4.7.1 two\r\n451 4.7.1 three\r\n", 1],
	bare => ["550 No such user", 1],
	code => ["452\n", 1],
	busy => ["421 4.3.2 Busy\n", 1],
	login => ["535 5.7.8 bob, your password is wrong\n", 1],
	escapes => ["550 5.7.1 \e[31mr\xc3\xa9d\"\\\n", 1],
	long => ["550 5.7.1 " . 'x' x 3000 . "\n", 1],
	success => ["550 5.1.1 No such user\n", 0],
	none => ["no luck\n", 1],
	much => ["x" x 70 . "\n", 1, 20000, "550 5.1.1 After much\n"],
	killed => ["550 5.1.1 No such user\n", -9],
);
my ($who) = $ARGV[0] =~ /^(\w+)/;
my ($say, $status, $times, $last) = @{$say{$who}};
$| = 1;
print $say for 1 .. $times || 1;
print STDERR $last if $last;
kill 9, $$ if $status < 0;
exit $status;
END
	$t->start("--command=$command %F --");
	for my $case (
	    [line => '550 5.1.1 No such user', '550 5.1.1 No such user'],
	    [late => '450 4.2.0 Later', '450 4.2.0 Later'],
	    [lines => '451 4.7.1 One two three', '451 4.7.1 One two three'],
	    [bare => '550 5.0.0 No such user', '550 No such user'],
	    [code => '452 4.0.0 Refused for now, try again', '452 '],
	    [busy => '451 4.3.2 Busy', '421 4.3.2 Busy'],
	    [login => qr/^451 4\.7\.0 (?!.*bob)/,
	    '535 5.7.8 bob, your password is wrong'],
	    [escapes => '550 5.7.1 ?[31mr??d"\\',
	    '550 5.7.1 ?[31mr??d\\042\\\\'],
	    [long => qr/^550 5\.7\.1 x{397}\.\.\.\z/,
	    qr/^550 5\.7\.1 x{200,}\.\.\.\z/],
	    [success => '250 2.0.0 Ok: delivered', undef],
	    [none => '554 5.3.0 The command has failed',
	    'The command has failed'],
	    [much => '550 5.1.1 After much', '550 5.1.1 After much'],
	    [killed => '451 4.3.0 The command was killed, try again',
	    'The command was killed, try again']) {
		my ($who, $reply, $why) = @$case;
		my ($got, $audit) = answer($who, from => "$who\@example.org");
		ref $reply ? like($got, $reply, $who) :
		    is($got, $reply, $who);
		ref $why ? like($audit->{why}, $why, "$who: why") :
		    is($audit->{why}, $why, "$who: why");
	}
	$t->stop;
	priorities();
}

# What failed commands print is a warning where priorities can be seen: with
# syslog's numbers, on standard error as on systemd's journal.
sub priorities {
	my $command = $t->script(<<'END');
input();
print "a word\nand another";
exit($ARGV[0] =~ /^ok/ ? 0 : 1);
END
	# JOURNAL_STREAM names standard error's device and inode, which is a
	# pipe here, so it is set where the descriptor is known.
	my $before = sub {
		my ($dev, $ino) = (stat STDERR)[0, 1];
		$ENV{JOURNAL_STREAM} = "$dev:$ino";
	};
	$t->start({ before => $before }, "--command=$command %F --");
	$t->send(from => 'ok@example.org');
	$t->send(from => 'bad@example.org');
	$t->stop;
	my $log = $t->log;
	my @got = map { s/^(<\d>).*?(command: .*|reply=\d+).*/$1$2/r }
	    grep { /mail id=/ } split /\n/, $log;
	is_deeply(\@got, ['<6>command: a word', '<6>command: and another',
	    '<6>reply=250', '<4>command: a word', '<4>command: and another',
	    '<4>reply=554'], 'lines of a command whose mail failed are ' .
	    'warnings') or diag($log);
}

# smarthost: a new one, and the daemon with an msmtp that sends to it; more is
# for its configuration.
sub smarthost {
	my ($more) = @_;
	$smarthost //= do {
		mkdir "$dir/smarthost" or die $!;
		Msmtpd::Smarthost->new("$dir/smarthost");
	};
	$rc = "$dir/msmtprc";
	unlink $rc;
	spew($rc, "account default\nhost 127.0.0.1\nport " .
	    $smarthost->port . "\nauto_from off\ntls off\nauth off\n" .
	    ($more // ''));
	# msmtp refuses a file with a password that others can read.
	chmod 0600, $rc or die $!;
	if (is_root()) {
		my ($uid, $gid) = (getpwnam $Msmtpd::Test::USER)[2, 3];
		chown $uid, $gid, $rc or die $!;
	}
	$t->start("--command=$msmtp -C $rc -f %F --") unless $t->pid;
}

# row: one way to misbehave; the reply and the reason (undef: not looked at).
sub row {
	my ($what, $plan, $reply, $why) = @_;
	$smarthost->plan(%$plan);
	my ($got, $audit) = answer($what);
	ref $reply ? like($got, $reply, $what) : is($got, $reply, $what);
	if (ref $why) {
		like($audit->{why}, $why, "$what: why");
	} elsif (defined $why) {
		is($audit->{why}, $why, "$what: why");
	}
	isnt($audit->{command}, 'exit:0', "$what: msmtp says so")
	    if $got !~ /^2/;
	return $audit;
}

# Each stage, cut, silent, or answered with each class.
sub stages {
	for my $stage (@ALL) {
		smarthost($config{$stage});
		my @plan = @{$needs{$stage} || []};
		for my $how (qw(close reset)) {
			row("$stage: $how", { @plan, $stage => $how },
			    qr/^451 4\.\d\.\d /);
		}
		# msmtp's own timeout, for this row alone: a busy machine is
		# no smarthost that stalls.
		smarthost(($config{$stage} // '') . "timeout 1\n");
		row("$stage: stall", { @plan, $stage => 'stall' },
		    qr/^451 4\.\d\.\d /);
		smarthost($config{$stage});
		row("$stage: garbage", { @plan, $stage => \"hello\r\n" },
		    qr/^451 4\.\d\.\d /);
		row("$stage: too long a line", { @plan,
		    $stage => '550 5.7.1 ' . 'x' x 3000 },
		    qr/^451 4\.\d\.\d /);
		my $ours = !grep { $_ eq $stage } @MAIL;
		for my $said ('450 4.2.0 greylisted', '451 4.7.1 later',
		    '452 4.2.2 full', '454 4.7.0 not now', '550 5.1.1 no',
		    '552 5.3.4 too large', '554 5.7.1 spam') {
			# msmtp tries HELO then, and hears the same.
			row("$stage: $said", { @plan, $stage => $said },
			    $ours ? qr/^451 4\.[37]\.0 The smarthost refuses/ :
			    $said, $said);
		}
		# After EHLO's 421 msmtp tries HELO, and finds nobody.
		row("$stage: 421", { @plan,
		    $stage => ['421 4.3.2 busy', 'close'] },
		    $ours ? qr/^451 4\.\d\.0 / : '451 4.3.2 busy',
		    $stage eq 'ehlo' ? undef : '421 4.3.2 busy');
		$t->stop;
	}
}

# Replies of all forms, at each stage at which they speak about the mail.
sub sayings {
	smarthost();
	for my $stage (@MAIL) {
		row("$stage: several lines", { $stage =>
		    "550-5.7.1 one\n550-5.7.1 two\n550 5.7.1 three" },
		    '550 5.7.1 one two three', '550 5.7.1 one two three');
		row("$stage: fifty lines", { $stage => join("\n",
		    (map { "550-5.7.1 line $_ of fifty" } 1 .. 49),
		    '550 5.7.1 end') },
		    qr/^550 5\.7\.1 line 1 of fifty line 2 .*\.\.\.\z/);
		row("$stage: more lines than msmtp takes", { $stage =>
		    "550-no\n" x 60 . '550 no' }, qr/^451 4\.\d\.\d /);
		row("$stage: no enhanced code", { $stage => '550 no' },
		    '550 5.0.0 no', '550 no');
		row("$stage: one of another class", { $stage =>
		    '550 4.1.1 no' }, '550 5.0.0 4.1.1 no', '550 4.1.1 no');
		row("$stage: a code alone", { $stage => '550 ' },
		    '550 5.0.0 Refused');
		# msmtp takes this for no reply, and does not print it.
		row("$stage: a code without a space", { $stage => '550' },
		    qr/^451 4\.\d\.\d /);
		row("$stage: escapes, CR, 8-bit", { $stage =>
		    \"550 5.7.1 \e[2J\r\xc3\xbc\xff\x07 \"x\" \\\r\n" },
		    '550 5.7.1 ?[2J????? "x" \\',
		    '550 5.7.1 ?[2J????? \\042x\\042 \\\\');
		row("$stage: a reply within a reply", { $stage =>
		    '450 4.2.0 msmtp: server message: 550 5.1.1 no' },
		    '450 4.2.0 msmtp: server message: 550 5.1.1 no');
		row("$stage: as long as msmtp takes it", { $stage =>
		    '550 5.7.1 ' . 'x' x 490 },
		    qr/^550 5\.7\.1 x{397}\.\.\.\z/);
	}
	row('the second recipient', { 'rcpt:2' => '550 5.1.1 no' },
	    '250 2.0.0 Ok: delivered');
	$smarthost->plan('rcpt:2' => '550 5.1.1 no');
	my ($got) = answer('the second of two',
	    to => [qw(a@example.net b@example.net)]);
	is($got, '550 5.1.1 no', 'the second of two');
	# Replies with which nothing is refused.
	for (['mail', '354 go'], ['rcpt', '220 hello'], ['data', '250 ok'],
	    ['rcpt', "354-go\n354 on"], ['mail', '999 no']) {
		my ($stage, $said) = @$_;
		row("$stage: " . $said =~ s/\n/, /r, { $stage => $said },
		    qr/^451 4\.5\.0 /, qr/^The smarthost's reply is out/);
	}
	row('end: 354 go', { end => '354 go' }, qr/^451 4\.3\.0 /);
	# Codes that RFC 5321 does not have.
	for my $stage (@MAIL) {
		row("$stage: 571", { $stage => '571 5.7.1 blocked' },
		    '550 5.7.1 blocked', '571 5.7.1 blocked');
		row("$stage: 471", { $stage => '471 later' },
		    '450 4.0.0 later', '471 later');
	}
	row('530 to MAIL', { mail => '530 5.7.0 bob must log in' },
	    qr/^451 4\.7\.0 (?!.*bob)/, '530 5.7.0 bob must log in');
	row('after QUIT nothing counts', { quit => '550 5.1.1 no' },
	    '250 2.0.0 Ok: delivered');
	row('nor that it closes', { quit => 'close' },
	    '250 2.0.0 Ok: delivered');
	$t->stop;
}

# The client does not hear why the smarthost has refused the daemon's own
# login, since no client can mend that.
sub login {
	smarthost($auth);
	my @offer = (offer => ['AUTH PLAIN']);
	for my $said ('535 5.7.8 bob is unknown', '454 4.7.0 bob, later',
	    '534 5.7.9 bob, another way', '538 5.7.11 bob, not in the clear',
	    '550 5.7.1 bob is banned', '501 5.5.2 bob?',
	    "535-5.7.8 bob\n535 5.7.8 bob") {
		my $audit = row('AUTH: ' . $said =~ s/\n/, /r,
		    { @offer, auth => $said },
		    '451 4.7.0 The smarthost refuses the login, try again',
		    $said =~ s/\n535 5\.7\.8//r =~ s/-/ /r);
		like($audit->{log}, qr/bob/, 'the log has the words');
	}
	row("AUTH: $_", { @offer, auth => $_ }, qr/^451 4\.5\.0 /)
	    for '250 ok', '354 go';
	row('no AUTH is offered', {}, qr/^451 4\.\d\.\d /);
	$t->stop;
}

# TLS that cannot be had: msmtp gives up before it has said anything.
sub tls {
	my $openssl = which('openssl');
	smarthost("tls on\ntls_starttls on\ntls_certcheck off\n");
	row('no STARTTLS', {}, qr/^451 4\.\d\.\d /);
	row('STARTTLS, then garbage', { offer => ['STARTTLS'],
	    starttls => ['220 go ahead', \"hello\r\n"] }, qr/^451 4\.\d\.\d /);
	$t->stop;
	SKIP: {
		skip 'openssl is not installed', 1 unless defined $openssl;
		my ($status) = run($openssl, qw(req -x509 -nodes -newkey
		    rsa:2048 -subj /CN=smarthost.example -days 2 -keyout),
		    "$dir/key", '-out', "$dir/cert");
		is(status_of($status), 'exit 0', 'a certificate');
		my $port = free_port();
		my $pid = fork // die "fork: $!\n";
		if ($pid == 0) {
			open STDIN, '<', '/dev/null';
			open STDOUT, '>', '/dev/null';
			open STDERR, '>', '/dev/null';
			alarm 600;
			no warnings 'exec';
			exec $openssl, qw(s_server -quiet -accept),
			    "127.0.0.1:$port", '-key', "$dir/key", '-cert',
			    "$dir/cert";
			POSIX::_exit(127);
		}
		eventually {
			IO::Socket::IP->new(PeerHost => '127.0.0.1',
			    PeerPort => $port);
		} or die "openssl s_server does not listen\n";
		smarthost("tls on\ntls_starttls on\n");
		row('a certificate that is not trusted', {
		    offer => ['STARTTLS'], starttls => "splice $port" },
		    qr/^451 4\.\d\.\d /);
		$t->stop;
		smarthost("tls on\ntls_starttls off\nport $port\n");
		row('the same without STARTTLS', {}, qr/^451 4\.\d\.\d /);
		$t->stop;
		kill 'TERM', $pid;
		waitpid $pid, 0;
	}
	smarthost("tls on\ntls_starttls on\ntls_trust_file $dir/missing\n");
	row('a trust file that is missing', { offer => ['STARTTLS'] },
	    qr/^451 4\.3\.5 /);
	$t->stop;
}

sub network {
	smarthost('port ' . free_port() . "\n");
	row('a refused connection', {},
	    '451 4.3.0 Temporary failure, try again');
	smarthost("host nowhere.invalid\n");
	row('an unknown host', {}, qr/^451 4\.4\.4 /);
	$t->stop;
}

# A mistake in the configuration is answered with 4yz: the same mail passes
# once the administrator has mended it.
sub configuration {
	smarthost();
	unlink $rc or die $!;
	row('msmtprc is missing', {}, qr/^451 4\.3\.5 /);
	mkdir $rc or die $!;
	row('msmtprc is a directory', {}, qr/^451 4\.3\.5 /);
	rmdir $rc or die $!;
	smarthost("frob on\n");
	row('msmtprc is wrong', {}, qr/^451 4\.3\.5 /);
	smarthost();
	chmod 0644, $rc or die $!;
	spew($rc, slurp($rc) . "password secret\n");
	row('msmtprc has a secret that all can read', {}, qr/^451 4\.3\.5 /);
	smarthost();
	SKIP: {
		skip 'nobody can make a file unreadable for himself as root',
		    1 if $> == 0 && !is_root();
		chmod 0, $rc or die $!;
		row('msmtprc is unreadable', {}, qr/^451 4\.3\.5 /);
	}
	smarthost("passwordeval false\nauth plain\nuser bob\n");
	row('the password cannot be had', { offer => ['AUTH PLAIN'] },
	    qr/^451 4\.3\.5 /);
	$t->stop;
}

# Where the system speaks another language, msmtp would translate what the
# words are found by.
sub language {
	SKIP: {
		my $de = { LANGUAGE => 'de', LC_ALL => 'C.UTF-8' };
		spew("$dir/blank", '');
		my ($english, $german) = map {
			(run({ env => $_ }, $msmtp, '-C', "$dir/blank",
			    'a@example.net'))[2];
		} { LC_ALL => 'C' }, $de;
		skip 'msmtp speaks no German here', 1 if $german eq $english;
		smarthost();
		$t->stop;
		# As root the daemon hands on no more than LANG, and there may
		# be no locale but C and C.UTF-8.
		chown $Msmtpd::Test::NOBODY, -1, $rc if is_root();
		$t->start({ env => $de, as => [unprivileged()] },
		    "--command=$msmtp -C $rc -f %F --");
		row('in another language', { rcpt => '550 5.1.1 no' },
		    '550 5.1.1 no', '550 5.1.1 no');
		$t->stop;
	}
}

# And a mail that is taken arrives as it was sent.
sub delivered {
	smarthost();
	$smarthost->forget;
	row('all is well', {}, '250 2.0.0 Ok: delivered');
	my $session = $smarthost->session;
	is($session->{from}, 'sender@example.org', 'the sender');
	is_deeply($session->{to}, ['rcpt@example.net'], 'the recipient');
	like($session->{mail},
	    qr/^Received: .*\nSubject: test\r\n\r\nbody\r\n\z/ms,
	    'the content');
	is(status_of($t->stop), 'exit 0', 'the daemon ends with 0');
	$smarthost->stop;
	is(scalar(my @left = $t->left), 0, 'no process is left');
}
