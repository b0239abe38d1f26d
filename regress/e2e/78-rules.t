#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# --rules: the manual's example and its answers, who may have written the file,
# and what clients hear: 550, 530, 450; a recipient that is refused leaves the
# others.  Grammar and decisions are rules_test's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Msmtpd::Clients qw(stopped talk);
use Msmtpd::Test qw(is_root run slurp spew status_of unprivileged which);
use POSIX qw(mkfifo);
use Test::More;

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $rules = "$dir/rules";
my $command = '--command=' . $t->filer . ' -f %F --';
my @check = ('--check', $t->root_options, $command);

sub plain { return encode_base64("\0$_[0]\0$_[1]", '') }

# The example of msmtpd.rules(5), with users that are everywhere.
my ($example, $questions) = slurp(
    "$FindBin::Bin/../../man/msmtpd.rules.5") =~
    /^\.\\" example: \w+\n\.Bd .*\n((?s:.*?))^\.Ed/mg;
s/www-data/nobody/g, s/group mail/group daemon/g for $example, $questions;
spew($rules, $example);
chmod 0644, $rules or die $!;
my $asked = 0;
for (split /\n/, $questions) {
	my ($as, $answer) = /^(.*?)  +(.*)$/ or die "what is $_\n";
	my ($status, $out, $err) = run($t->bin, @check, "--rules=$rules",
	    '--auth=camera,true', "--as=$as");
	is("$out$err", "$rules:" . ($answer =~ /^\d/ ? '' : ' ') . "$answer\n",
	    "the manual: $as");
	is(status_of($status), $answer =~ /allow/ ? 'exit 0' : 'exit 1',
	    'its status');
	$asked++;
}
is($asked, 8, 'all of its questions');
{
	my ($status, $out) = run($t->bin, @check, "--rules=$rules",
	    '--auth=camera,true');
	is(status_of($status), 'exit 0', '--check of a good file');
	like($out, qr/^rules +\Q$rules\E \(8\)$/m, 'says how many rules');
	($status, undef, my $err) = run($t->bin, @check, "--rules=$rules",
	    '--auth=camera,true', '--as=form x');
	is(status_of($status), 'exit 78', '--as: a wrong question');
	like($err, qr/--as: .*'form' is none of/, 'and what is wrong');
}

# What is no file of rules: with --check, and at a start.
sub refused {
	my ($what, $error, @before) = @_;
	for my $how ([@check], [$t->root_options, '--port=0', $command]) {
		my ($status, $out, $err) = run(@before, $t->bin, @$how,
		    "--rules=$rules");
		is(status_of($status), 'exit 78', "$what: 78");
		like($err, $error, 'with the cause');
	}
}
spew($rules, "allow any\n\nallow any form x\n");
refused('a wrong line', qr/--rules: \Q$rules\E:3: 'form' is none of/);
spew($rules, "allow user no-such-user-here\n");
refused('no such user', qr/rules:1: there is no user 'no-such-user-here'/);
spew($rules, "allow group no-such-group-here\n");
refused('no such group', qr/rules:1: there is no group 'no-such-group-here'/);
spew($rules, "allow auth camera\n");
refused('no such login', qr/rules:1: no --auth has the name 'camera'/);
spew($rules, "allow any\n" . '#' x 2000 . "\n" x 1048576);
refused('a large file', qr/larger than 1 MiB/);
spew($rules, "allow any\n");
for my $mode (0664, 0646) {
	chmod $mode, $rules or die $!;
	refused(sprintf('mode %o', $mode), qr/others than root may write/);
}
chmod 0644, $rules or die $!;
chmod 0775, $dir or die $!;
refused('a directory for others', qr/may write to its directory/);
chmod 01777, $dir or die $!;
SKIP: {
	skip 'the sticky directory is not root\'s', 2 unless is_root();
	my ($status) = run($t->bin, @check, "--rules=$rules");
	is(status_of($status), 'exit 0', 'a sticky directory');
	chown 12345, 0, $rules or die $!;
	($status, undef, my $err) = run($t->bin, @check, "--rules=$rules");
	like($err, qr/others than root may write to it/, "another user's file");
	chown 0, 0, $rules or die $!;
}
chmod 0755, $dir or die $!;
{
	rename $rules, "$rules.real" or die $!;
	refused('no file', qr/No such file/);
	symlink "$rules.real", $rules or die $!;
	my ($status) = run($t->bin, @check, "--rules=$rules");
	is(status_of($status), 'exit 0', 'a symbolic link');
	unlink $rules or die $!;
	mkfifo($rules, 0600) or die $!;
	refused('a FIFO', qr/not a regular file/);
	unlink $rules or die $!;
}

# What clients hear, and what the log says.
spew($rules, <<'END');
deny any from evil@*
allow auth joe to *@login.example
deny any to root@*
allow any from often@* rate 2/d
allow any from many@* to * rate 2/d
allow net 127.0.0.0/8 from *@good.example
allow auth ann
END
$t->start($command, "--rules=$rules", '--auth=joe,echo jpass',
    '--auth=ann,echo apass');
sub hello {
	my (@login) = @_;
	my $c = $t->client;
	like($c->cmd('EHLO client.example'), qr/^250-AUTH PLAIN LOGIN\r$/m,
	    'a login is offered');
	like($c->cmd('AUTH PLAIN ' . plain(@login)), qr/^235 /, "as $login[0]")
	    if @login;
	return $c;
}
{
	my $c = hello();
	talk($c, 'MAIL FROM:<evil@x.example>' => qr/^550 5\.7\.1 Not allowed$/,
	    'MAIL FROM:<x@good.example>' => qr/^250 /,
	    'RCPT TO:<a@net.example>' => qr/^250 /,
	    'RCPT TO:<"ROOT"@net.example.>' => qr/^550 5\.7\.1 Not allowed$/,
	    'RCPT TO:<x@login.example>' => qr/^250 /,
	    'RCPT TO:<b@net.example>' => qr/^250 /,
	    'DATA' => qr/^354 /);
	like($c->content("Subject: x\n\nx\n"), qr/^250 /, 'delivered');
	my ($mail) = $t->mails;
	is_deeply($mail->{args}, ['-f', 'x@good.example', '--',
	    map { "$_.example" } qw(a@net x@login b@net)],
	    'to all that were not refused');
	$t->wait_log(qr/refused: 550 5\.7\.1 Not allowed: rules, line 1: FROM:<evil\@x\.example>/);
	$t->wait_log(qr/refused: 550 5\.7\.1 Not allowed: rules, line 3: TO:<"ROOT"/);
	pass('the log names the lines');
}
{
	my $c = hello();
	talk($c, 'MAIL FROM:<x@y.example>' => qr/^530 5\.7\.0 /,
	    'AUTH PLAIN ' . plain('joe', 'apass') => qr/^535 /,
	    'AUTH PLAIN ' . plain('joe', 'jpass') => qr/^235 /,
	    'MAIL FROM:<x@y.example>' => qr/^250 /,
	    'RCPT TO:<a@net.example>' => qr/^550 5\.7\.1 /,
	    'RCPT TO:<x@login.example>' => qr/^250 /);
	$t->wait_log(qr/530 5\.7\.0 Authentication required: rules, line 2: FROM/);
	$t->wait_log(qr/550 5\.7\.1 Not allowed: no rule matches: TO:<a\@net/);
	$c = hello('ann', 'apass');
	talk($c, 'MAIL FROM:<x@y.example>' => qr/^250 /,
	    'RCPT TO:<x@login.example>' => qr/^250 /,
	    'RCPT TO:<root@x.example>' => qr/^550 5\.7\.1 /);
}

# Rates: mails, then recipients; each owner has its own.
{
	my $c = hello();
	for (1, 2) {
		like($c->mail(from => 'often@x.example', to =>
		    [qw(a@x.example b@x.example c@x.example)]), qr/^250 /,
		    "mail $_");
	}
	talk($c, 'MAIL FROM:<often@x.example>' => qr/^250 /,
	    'RCPT TO:<a@x.example>' =>
	    qr/^450 4\.7\.1 Too many mails, try again in (?:43[12]\d\d) s$/,
	    'RSET' => qr/^250 /,
	    'MAIL FROM:<many@x.example>' => qr/^250 /,
	    'RCPT TO:<a@x.example>' => qr/^250 /,
	    'RCPT TO:<b@x.example>' => qr/^250 /,
	    'RCPT TO:<c@x.example>' => qr/^450 4\.7\.1 /,
	    'RSET' => qr/^250 /);
	$t->wait_log(qr/deferred: 450 4\.7\.1 Too many mails.*: rules, line 4\n/);
	$t->wait_log(qr/deferred: 450 4\.7\.1 Too many mails.*: rules, line 5\n/);
	$c = hello('ann', 'apass');
	like($c->mail(from => 'often@x.example'), qr/^250 /, 'another owner');
}

# Clients that others have written.
$t->forget_mails;
my $port = $t->port;
spew("$dir/mail", "Subject: x\n\nx\n");
sub sends {
	my ($name, $want, $program, @cmd) = @_;
	SKIP: {
		skip "$program is not installed", 2 unless which($program);
		my $in;
		open $in, '<', "$dir/mail" or die $!;
		my ($status, $out, $err) = run({ stdin => $in,
		    env => { HOME => '/nonexistent' } }, $program, @cmd);
		like("$out$err", $want, $name);
		isnt(status_of($status), 'exit 0', "... and fails");
	}
}
my @msmtp = ('-C', '/dev/null', '--host=127.0.0.1', "--port=$port",
    '--tls=off');
my @curl = ('-sSvq', '--crlf', '-T', "$dir/mail", "smtp://127.0.0.1:$port/");
sends('msmtp: 550 to MAIL', qr/550 5\.7\.1 Not allowed/, 'msmtp', @msmtp,
    '--auth=off', '-f', 'evil@x.example', 'a@x.example');
sends('msmtp: 530', qr/530 5\.7\.0 Authentication required/, 'msmtp', @msmtp,
    '--auth=off', '-f', 'x@y.example', 'a@x.example');
sends('msmtp: 450', qr/450 4\.7\.1 Too many mails/, 'msmtp', @msmtp,
    '--auth=off', '-f', 'often@x.example', 'a@x.example');
sends('curl: 550 to RCPT', qr/550 5\.7\.1 Not allowed/, 'curl', @curl,
    '--mail-from', 'x@good.example', '--mail-rcpt', 'root@x.example');
is(scalar $t->mails, 0, 'nothing of that is delivered');
SKIP: {
	skip 'curl is not installed', 1 unless which('curl');
	run('curl', @curl, '--mail-from', 'x@good.example', '--mail-rcpt',
	    'root@x.example', '--mail-rcpt', 'a@x.example',
	    '--mail-rcpt-allowfails');
	my ($mail) = $t->mails;
	is($mail && $mail->{args}[-1], 'a@x.example',
	    'curl: the other recipient has it');
}
stopped($t);

# The user of a client, by TCP: this one may, and another may not.
spew($rules, "allow uid $>\n");
$t->start($command, "--rules=$rules");
unlike($t->client->cmd('EHLO x'), qr/AUTH/, 'no --auth: no login is offered');
like($t->send, qr/^250 /, 'a user that a rule names');
SKIP: {
	my @other = unprivileged();
	skip 'not root', 1 unless is_root() && @other;
	my (undef, $out, $err) = run(@other, $^X, '-MIO::Socket::IP', '-e',
	    <<'END', $port = $t->port);
my $s = IO::Socket::IP->new(PeerAddr => '127.0.0.1', PeerPort => $ARGV[0]);
for my $line ('EHLO x', 'MAIL FROM:<a@b>') {
	do { $_ = <$s> } until /^\d+ /;
	print $s "$line\r\n";
}
do { $_ = <$s> } until /^\d+ /;
print;
END
	like($out, qr/^550 5\.7\.1 /, 'a user that none names');
}
stopped($t);

# No rule at all.
spew($rules, "# nobody\n");
$t->start($command, "--rules=$rules");
like($t->send, qr/^550 5\.7\.1 Not allowed/, 'an empty file refuses all');
stopped($t);
# As many rules as a file can have, or nearly: the last one decides.
spew($rules, join '', (map { sprintf "deny any from %s%05d\@example.org to %s\n",
    'a' x 48, $_, 'b' x 30 } 1 .. 9000), "allow any from last\@example.org\n");
$t->start($command, "--rules=$rules");
like($t->send(from => 'last@example.org'), qr/^250 /, '9,001 rules');
stopped($t);

done_testing();
