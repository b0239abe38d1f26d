#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# The log: an audit line for each mail, a line for each end that was no QUIT,
# none for a health check; and whatever a client says, one line of 1,000
# printable octets at most that can be taken apart.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Clients qw(audit logged stopped talk);
use Msmtpd::Test qw(have_ipv6 slurp);
use Test::More;

my $t = Msmtpd::Test->new;
my $command = '--command=' . $t->script('input(); my ($n) = ' .
    '$ARGV[0] =~ /^exit(\d+)/; exit($n // 0);') . ' %F';
$t->start($command, '--max-size=1M', '--max-errors=1000');

my $ORDER = 'id client user reply command size seconds helo from nrcpt to';

# How a word is shown, by the manual's words: vis(3) with VIS_CSTYLE and
# VIS_OCTAL, a space as \040, well-formed UTF-8 as it is.
sub word_ok {
	my ($word) = @_;
	return $word =~ /\A(?:[!-\[\]-~]|\\\\|\\[0-3][0-7]{2}|\\[abtnvfr0]|
	    [\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|
	    [\xf0-\xf4][\x80-\xbf]{3})*\z/x;
}

# one_mail: by this name and envelope, a test of its reply; returns its audit
# line, taken apart.
my $seen = 0;
sub one_mail {
	my ($helo, $re, %m) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $c = $t->client;
	$c->cmd($helo);
	like($c->mail(%m), $re, "a mail, $re");
	my $port = $c->fh->sockport;
	$c->cmd('QUIT');
	my @lines = audit($t, ++$seen);
	is(scalar @lines, $seen, 'one audit line');
	my %f = %{$lines[-1]};
	# A user without a name is uid=.
	is($f{order} =~ s/\buid\b/user/r, $f{reply} eq '250' ? $ORDER :
	    "$ORDER why", 'its fields, in their order');
	is($f{client}, "[127.0.0.1]:$port", 'the client');
	ok(word_ok($f{$_}), "$_ is as the manual says") or diag($f{line})
	    for qw(helo from to);
	cmp_ok(length "msmtpd: front: $f{line}", '<=', 1000,
	    'not longer than 1,000 octets');
	return \%f;
}

# What is ordinary.
{
	my $f = one_mail('EHLO client.example', qr/^250/, data => "x\n",
	    to => ['b@example.net', 'c@example.net']);
	is($f->{reply}, 250, 'reply');
	is($f->{command}, 'exit:0', 'fate');
	is($f->{helo}, 'client.example', 'name');
	is($f->{from}, '<sender@example.org>', 'sender');
	is($f->{nrcpt}, 2, 'how many recipients');
	is($f->{to}, '<b@example.net>,<c@example.net>', 'and who');
	like($f->{seconds}, qr/^\d+\.\d{3}$/, 'how long');
	like($f->{id}, qr/^[0-9a-z]+\.1\.1$/, 'id of session and mail');
	cmp_ok($f->{size}, '>', 60, 'size, with the Received field');
}
is(one_mail('HELO', qr/^250/, from => '')->{from}, '<>',
    'the null reverse-path');
is(one_mail('HELO', qr/^250/)->{helo}, '-', 'a client without a name');
is(one_mail('EHLO x', qr/^451/, from => 'exit75@example.org')->{command},
    'exit:75', 'a failure: its exit status');
is(one_mail('EHLO x', qr/^550/, from => 'exit67@example.org')->{reply},
    550, 'and its reply');
is(one_mail('EHLO x', qr/^550/, from => 'exit67@example.org')->{why},
    '"No such user"', 'and the reason');
{
	my $f = one_mail('EHLO x', qr/^552/, data => 'x' x 2_000_000);
	is($f->{reply}, 552, 'a mail that is too large');
	is($f->{command}, 'none', 'for which no command was run');
	is($f->{why}, '"Message too large"', 'and why');
}
is(one_mail('EHLO x', qr/^554 5\.4\.6/, data => "Received: x\n" x 100 .
    "\nx\n")->{reply}, 554, 'a mail that loops');

# Several in a session; NOOP and RSET between do not matter.
{
	my $c = $t->client;
	$c->cmd('EHLO client.example');
	like($c->mail, qr/^250/, 'a mail'), $c->cmd('RSET') for 1 .. 3;
	$c->cmd('QUIT');
	$seen += 3;
	my @ids = map { $_->{id} } (audit($t, $seen))[-3 .. -1];
	my ($session) = $ids[0] =~ /^(.*)\.1$/;
	is("@ids", "$session.1 $session.2 $session.3",
	    'mails of one session have its id, and a number each');
}

# Many recipients: ten, and how many.
{
	my @to = map { sprintf 'r%02d@example.net', $_ } 1 .. 25;
	my $f = one_mail('EHLO x', qr/^250/, to => \@to);
	is($f->{nrcpt}, 25, '25 recipients');
	is($f->{to}, join(',', (map { "<$_>" } @to[0 .. 9]), '...'),
	    'ten of them');
	$f = one_mail('EHLO x', qr/^250/, to => [@to[0 .. 9]]);
	unlike($f->{to}, qr/\.\.\./, 'just ten: all');
	@to = map { 'r' x 300 . "$_\@example.net" } 1 .. 12;
	$f = one_mail('EHLO x', qr/^250/, to => \@to,
	    from => 's' x 500 . '@example.org');
	is($f->{nrcpt}, 12, 'long ones: how many');
	like($f->{to}, qr/^<r+1@/, 'the first');
	like($f->{to}, qr/\.\.\.$/, 'and that there are more');
	like($f->{from}, qr/^<s+\.\.\.>$/, 'a long sender, cut');
}

# What a client says; each kind of octet is log_test's.  The command line takes
# no control character: name and addresses have none.
my %helo = (
	'my printer' => 'my\040printer',
	'back\slash' => 'back\\\\slash',
	"gr\xc3\xbc\xc3\x9fe" => "gr\xc3\xbc\xc3\x9fe",
	"latin\xfc" => 'latin\374',
	'x from=<forged@example.org>' =>
	    'x\040from=<forged@example.org>',
	'%s%n%x' => '%s%n%x',
);
for my $helo (sort keys %helo) {
	is(one_mail("EHLO $helo", qr/^250/)->{helo}, $helo{$helo},
	    "EHLO $helo{$helo}");
}

# As long as it may be, and cut: there is a mark, and nothing is cut within.
for my $unit ('x', "\xe2\x82\xac", "\xff") {
	my $f = one_mail('EHLO n' . $unit x (254 / length $unit), qr/^250/);
	like($f->{helo}, qr/\An.{100,}\.\.\.\z/,
	    'a long name is cut, and that shows') or diag($f->{helo});
	cmp_ok(length $f->{helo}, '<=', 127, 'at 127 octets');
}

# Addresses that try to be more than one field, or one recipient.
{
	my $f = one_mail('EHLO x', qr/^250/,
	    from => '"a b=c> to=<d"@example.org',
	    to => ['"x>,<y"@example.net', '"\\\\"@example.net']);
	is($f->{from}, '<"a\040b=c>\040to=<d"@example.org>',
	    'a quoted string as sender');
	is($f->{nrcpt}, 2, 'and two recipients');
	$f = one_mail('EHLO x', qr/^250/, param => ' SMTPUTF8',
	    from => "j\xc3\xb6rg\@m\xc3\xbcller.example",
	    to => ["\xe2\x82\xac\@example.net"]);
	is($f->{from}, "<j\xc3\xb6rg\@m\xc3\xbcller.example>",
	    'UTF-8 as it is');
}

# What is refused is logged with what the client said, in one line.
{
	my $c = $t->client;
	$c->cmd('EHLO x');
	talk($c, 'MAIL FROM:<a b>' => qr/^553/,
	    "MAIL FROM:<\xff\@example.org>" => qr/^553/,
	    'MAIL FROM:<' . 'x' x 1500 . '@>' => qr/^553/,
	    "NOOP \e[31m\r\x07" => qr/^500 5\.5\.2/,
	    "NOOP \0" => qr/^500 5\.5\.2/,
	    'FOO bar' => qr/^500 5\.5\.1/,
	    'QUIT' => qr/^221/);
	$t->wait_log(qr/^(.*refused: 553 .*<a b>)$/m);
	$t->wait_log(qr/^(.*refused: 553 .*<\\377\@example)/m);
	$t->wait_log(qr/^(.*refused: 553 .*x{100,}\.\.\.)$/m);
	$t->wait_log(qr/^(.*refused: 500 5\.5\.1 .*)\n\z/m);
	pass('what is refused is logged');
}

# A health check leaves nothing behind.
{
	my $before = length $t->log;
	for my $check ([], ['QUIT'], ['EHLO check', 'QUIT'], ['EHLO check'],
	    ['HELO check', 'NOOP', 'RSET', 'QUIT']) {
		my $c = $t->client;
		$c->cmd($_) for @$check;
		$c->close;
	}
	# One that does leave something, after them.
	my $c = $t->client;
	$c->cmd('MARK');
	$c->cmd('QUIT');
	logged($t, $before, qr/(refused: 500 5\.5\.1 [^\n]*\n)/);
	my $new = substr $t->log, $before;
	is(scalar(() = $new =~ /\n/g), 1, 'health checks are not logged') or
	    diag($new);
}

# Ends that were no QUIT, each with its reason, once.
sub ends {
	my ($name, $re, $code) = @_;
	my $before = length $t->log;
	my $c = $t->client;
	$code->($c);
	$c->close;
	my $why = logged($t, $before, qr/ended: ([^\n]*)\n/);
	like($why, $re, $name);
	is(scalar(() = substr($t->log, $before) =~ /ended: /g), 1, 'once');
}
ends('after a mail', qr/^client went away, mails=1$/, sub {
	my ($c) = @_;
	$c->cmd('EHLO x');
	$c->mail;
	shutdown $c->fh, 1;
});
ends('after an error', qr/^client went away, mails=0$/, sub {
	my ($c) = @_;
	$c->cmd('FOO');
	shutdown $c->fh, 1;
});
ends('within a mail', qr/^(?:client went away|connection lost), mails=0$/,
    sub {
	my ($c) = @_;
	$c->cmd("EHLO x");
	$c->cmd('MAIL FROM:<a@example.org>');
	$c->cmd('RCPT TO:<a@example.org>');
	$c->cmd('DATA');
	$c->put("half\r\n");
});
$t->wait_log(qr/(mail id=\S+ client=\S+ \S+ reply=- command=none size=\d+ (?#
    )seconds=0\.000 .*to=<a\@example\.org> why="c[a-z ]+")\n/);
pass('which has its audit line');
ends('after a last dot without a line end',
    qr/^message not ended with CR LF \. CR LF, mails=0$/, sub {
	my ($c) = @_;
	$c->cmd("EHLO x");
	$c->cmd('MAIL FROM:<a@example.org>');
	$c->cmd('RCPT TO:<a@example.org>');
	$c->cmd('DATA');
	$c->put("half\r\n.");
	shutdown $c->fh, 1;
	ok($c->at_end, 'closed');
});
ends('within the second mail', qr/^client went away, mails=1$/, sub {
	my ($c) = @_;
	$c->cmd("EHLO x");
	$c->mail;
	$c->cmd('MAIL FROM:<a@example.org>');
	$c->cmd('RCPT TO:<a@example.org>');
	$c->cmd('DATA');
	shutdown $c->fh, 1;
	ok($c->at_end, 'closed');
});
ends('after a mail that failed', qr/^client went away, mails=0$/, sub {
	my ($c) = @_;
	$c->cmd("EHLO x");
	like($c->mail(from => 'exit75@example.org'), qr/^451 /, 'a failure');
	shutdown $c->fh, 1;
	ok($c->at_end, 'closed');
});
# A script whose line ends are LF alone has said all that it has to say.
ends('a message that LF . LF ends',
    qr/^message not ended with CR LF \. CR LF, mails=0$/, sub {
	my ($c) = @_;
	$c->put("EHLO x\nMAIL FROM:<a\@example.org>\n" .
	    "RCPT TO:<a\@example.org>\nDATA\nSubject: x\n\nx\n.\nQUIT\n");
	shutdown $c->fh, 1;
	like($c->reply, qr/^$_/, "then $_") for 250, 250, 250, 354;
	ok($c->at_end, 'closed');
});
# Seven mails, four of them cut off; the last of them is looked for below.
$seen += 6;

# Recipients that are deferred are one line.
ends('too many recipients', qr/^client went away, mails=0$/, sub {
	my ($c) = @_;
	my $before = length $t->log;
	$c->cmd("EHLO x");
	$c->cmd('MAIL FROM:<a@example.org>');
	$c->put("RCPT TO:<r$_\@example.org>\r\n") for 1 .. 1050;
	my @deferred = grep { /^452 4\.5\.3 / } map { $c->reply } 1 .. 1050;
	is(scalar @deferred, 50, '50 recipients too many');
	like($c->cmd('RSET'), qr/^250 /, 'RSET');
	is(logged($t, $before, qr/: (deferred: [^\n]*)\n/),
	    'deferred: 452 4.5.3 Too many recipients (50 recipients)',
	    'one line with their number');
	is(scalar(() = substr($t->log, $before) =~ /deferred/g), 1, 'once');
	shutdown $c->fh, 1;
});

# Other protocols: closed at once, without a word of theirs in the log.
my %alien = map { ("$_ / HTTP/1.1" => ["$_ / HTTP/1.1\r\nHost: x\r\n\r\n" .
    "MAIL FROM:<a\@example.org>\r\n", 'HTTP request']) }
    qw(GET PROPFIND EHLO xyzzy);
$alien{'a header field'} = ["QUERY /\r\nHost: x\r\n\r\nEHLO x\r\n" .
    "MAIL FROM:<a\@example.org>\r\nRCPT TO:<b\@example.org>\r\nDATA\r\n" .
    "x\r\n.\r\n", 'HTTP request', 1];
$alien{'a long request'} = ['QUERY /' . 'x' x 100_000 . " HTTP/1.1\r\n" .
    "Host: x\r\n", 'HTTP request', 1];
$alien{'a TLS ClientHello'} = ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" .
    "\r\n" x 200, 'TLS ClientHello'];
$alien{'GET and a long line'} = ['GET /' . 'x' x 100_000 . "\r\n",
    'HTTP request'];
$alien{'get in one piece with SMTP'} = ["get / HTTP/1.0\nEHLO x\n" .
    "MAIL FROM:<a\@example.org>\nRCPT TO:<b\@example.org>\nDATA\nx\n.\n",
    'HTTP request'];
for my $name (sort keys %alien) {
	my ($text, $reason, $errors) = @{$alien{$name}};
	ends($name, qr/^\Q$reason\E, mails=0$/, sub {
		my ($c) = @_;
		$c->put($text);
		like($c->reply, qr/^500 /, "$name: 500") if $errors;
		like($c->reply, qr/^421 4\.7\.0 /, "$name: 421");
		ok($c->at_end, 'and closed at once');
	});
}
is(scalar(() = audit($t, ++$seen)), $seen, 'none of that was a mail');

# All that was logged above.
my $long = 0;
my $bad = 0;
for my $line (split /\n/, $t->log) {
	$long++ if length $line > 1000;
	# Well-formed UTF-8 apart, which has no C1 control either.
	my $rest = $line =~ s/\xc2[\xa0-\xbf]|[\xc3-\xdf][\x80-\xbf]|
	    [\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}//gxr;
	$bad++ if $rest =~ /[^ -~]/ || $line !~ /^msmtpd: /;
}
is($long, 0, 'no line is longer than 1,000 octets');
is($bad, 0, 'all is printable');
stopped($t);

# With --debug a health check shows; IPv6 has its brackets.
my $where = have_ipv6() ? '::1' : '127.0.0.1';
$t->start($command, '--debug', "--interface=$where");
{
	my $c = Msmtpd::Test::Client->new(host => $where, port => $t->port,
	    test => $t);
	talk($c, 'EHLO check' => qr/^250/, 'QUIT' => qr/^221/);
	$t->wait_log(qr/(client=\[\Q$where\E\]:\d+ \S+: ended: QUIT, mails=0)/);
	pass('a health check, with --debug');
}
stopped($t);
# The zone is a file, which neither process can read when it needs the time.
SKIP: {
	my $zone = 'Asia/Kathmandu';
	skip "there is no time zone $zone", 5
	    unless -e "/usr/share/zoneinfo/$zone";
	my $log = $t->dir . '/zoned.log';
	$t->start({ env => { TZ => $zone }, log => $log },
	    '--command=' . $t->filer, "--log=$log");
	like($t->send, qr/^250/, "TZ=$zone: a mail");
	my ($mail) = $t->mails;
	like($mail->{mail}, qr/\AReceived: (?:[^\n]+\n\s+)*[^\n]*:\d\d\s\+0545\n/,
	    'its Received field has local time');
	stopped($t);
	my @lines = split /\n/, slurp($log);
	is(scalar(grep { !/^\S+T[\d:]{8}\+05:45 / } @lines), 0,
	    'as has the log file') or diag($lines[-1]);
}
done_testing();
