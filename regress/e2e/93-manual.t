#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What msmtpd(1) says in tables is what the program does: options and their
# defaults, the replies to the command's end, the grammar of the audit line.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(eventually run slurp status_of);
use Test::More;

my $t = Msmtpd::Test->new;
my $man = slurp("$FindBin::Bin/../../man/msmtpd.1");

options();
sandbox();
statuses();
failures();
audit();
done_testing();

# The manual has --help's options, and --help's defaults.
sub options {
	my (undef, $help) = run($t->bin, '--help');
	my %about;
	while ($man =~ /^\.It Fl -([a-z-]+).*\n((?:(?!\.It |\.El).*\n)+)/mg) {
		my ($name, $about) = ($1, $2);
		$about{$name} = $about =~ s/^\.\w+ //mgr =~ s/\s+/ /gr =~
		    s/\\-/-/gr;
	}
	# The usage line has --name=value for any of them.
	my %option = map { $_ => 1 } $help =~ /--([a-z][a-z-]*)/g;
	delete $option{name};
	is_deeply([sort keys %about], [sort keys %option],
	    'the manual tells of the options that --help tells of');
	# Up to the next option with an argument.
	my %default = $help =~ /--([a-z-]+)=(?:(?!--[a-z-]+=).)*?\[([^\]]*)\]/gs;
	delete $default{auth};
	cmp_ok(scalar keys %default, '>=', 18, '--help tells of defaults');
	for my $name (sort keys %default) {
		for my $word (split /; | with --\w+/, $default{$name}) {
			like($about{$name}, qr/Default:.*\Q$word\E/,
			    "--$name: the default is $word");
		}
	}
	like($about{log}, qr/Default:.*stderr.*syslog/, '--log: two defaults');
}

# The manual sends its reader to --print-sandbox for the system calls of each
# process.
sub sandbox {
	my ($status, $out) = run($t->bin, '--print-sandbox');
	is(status_of($status), 'exit 0', '--print-sandbox');
	my ($process, %calls) = ('');
	for (split /\n/, $out) {
		$process = $1 if /^(\w+)(?: and the command)?: /;
		$calls{$process}++ if /^  \S/;
	}
	is(join(' ', sort keys %calls), 'deliver front parent',
	    'it has a list for each process');
}

# table: rows of the column list whose head has these words.
sub table {
	my ($head) = @_;
	my ($rows) = $man =~ /^\.It \Q$head\E\n(.*?)^\.El/ms;
	ok($rows, "there is a table $head") or return ();
	return map { [map { s/^ +| +$|\\&//gr } split / Ta\b/, s/^\.It //r] }
	    split /\n/, $rows;
}

# told: a mail's reply without the id that ends it.
sub told {
	my ($reply) = @_;
	return $reply =~ s/, id=[0-9a-z]+(?:\.[0-9a-z]+){2}\z//r;
}

# The daemon runs a command that ends as the recipient says.
sub statuses {
	my @rows = table('Em status Ta Em name Ta Em reply Ta Em text');
	my %reply = map { $_->[0] => "$_->[2] $_->[3]" } @rows;
	$t->start('--command=' . $t->script(<<'END'));
input();
exit $1 if $ARGV[0] =~ /^exit(\d+)@/;
kill $1, $$ if $ARGV[0] =~ /^signal(\d+)@/;
sleep 60;
END
	for my $status (0 .. 2, 31, 63 .. 79, 100, 126 .. 129, 255) {
		is(told($t->send(to => ["exit$status\@example.net"])),
		    $reply{$status} // $reply{other}, "exit status $status");
	}
	for my $signal (1, 9, 15) {
		is(told($t->send(to => ["signal$signal\@example.net"])),
		    $reply{signal}, "signal $signal");
	}
	is($t->stop, 0, 'it stops');
	# What the table calls by name is what the system does.
	for my $row (grep { $_->[1] =~ /^EX_/ } @rows) {
		my $file = -e '/usr/include/sysexits.h' &&
		    slurp('/usr/include/sysexits.h') or last;
		my ($value) = $file =~ /^#define\s+$row->[1]\s+(\d+)/m;
		is($row->[0], $value, "$row->[1] is $row->[0]");
	}
}

# running: the daemon, and a client whose command runs.
sub running {
	my (@options) = @_;
	my $started = $t->dir . '/out/started';
	unlink $started;
	$t->start(@options, '--command=' . $t->script(<<'END'));
open my $fh, '>', "$DIR/out/started" or die $!;
close $fh;
sleep 60;
END
	my $c = $t->client;
	$c->cmd('EHLO x');
	$c->mail(no_wait => 1);
	ok(eventually { -e $started }, 'the command runs');
	return $c;
}

# What is no fault of the mail.
sub failures {
	my %reply = map { $_->[0] => "$_->[1] $_->[2]" }
	    table('Em what Ta Em reply Ta Em text');
	my $c = running('--command-timeout=1');
	is(told($c->reply), $reply{'Fl -command-timeout No has passed'},
	    'a command that runs for too long');
	$t->stop;
	$c = running();
	$t->signal('TERM');
	$t->wait_log(qr/stopping/);
	$t->signal('TERM');
	is(told($c->reply), $reply{'the daemon stops'}, 'the daemon stops');
	like($c->reply, qr/^421 4\.3\.2 /, 'the session is over');
	is($t->wait_exit, 0, 'and the daemon ends');
	$c = running();
	kill 'KILL', $t->proc('deliver');
	is(told($c->reply), $reply{'cannot be run, deliver died'}, 'deliver died');
	is(status_of($t->wait_exit), 'exit 1', 'status 1');
}

# A parser made from the grammar takes real lines apart.
sub audit {
	my ($abnf) = $man =~ /^(audit   = .*?)^\.Ed/ms or
	    return fail('the grammar');
	my %rule = map { /^(\w+)\s*=\s*(.*)/s }
	    split /\n(?=\w)/, $abnf =~ s/ +;.*//mgr =~ s/\\-/-/gr;
	my $re = abnf_re(\%rule, $rule{audit});
	my $command = $t->script('print STDERR "550 5.1.1 \"no\"\n" and ' .
	    'exit 1 if $ARGV[0] =~ /^no/;');
	$t->start("--command=$command %F");
	my @rcpts = map { "rcpt$_\@example.net" } 1 .. 12;
	my $c = $t->client;
	for (['EHLO client.example', 'MAIL FROM:<alice@example.org>',
	    ['bob@example.net']],
	    ['EHLO a  b', 'MAIL FROM:<"a b\\\\c"@example.org>', \@rcpts],
	    ['HELO', 'MAIL FROM:<>', ['postmaster']],
	    ['EHLO x', 'MAIL FROM:<no@example.org>', ['bob@example.net']],
	    ["EHLO x", "MAIL FROM:<j\xc3\xbcrgen\@example.org> SMTPUTF8",
	    ['"x> y"@[IPv6:::1]']]) {
		my ($helo, $from, $to) = @$_;
		$c->cmd($_) for $helo, $from, map({ "RCPT TO:<$_>" } @$to),
		    'DATA';
		like($c->content("Subject: x\n"), $from =~ /<no/ ? qr/^550/ :
		    qr/^250/, $from);
	}
	# The last one is within a mail when the session ends.
	$c->cmd($_) for 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.org>',
	    'DATA';
	shutdown $c->fh, 1;
	ok($c->at_end, 'the session is over');
	$t->stop;
	my @lines = $t->log =~ /^msmtpd: front: (mail id=\S+ client=.*)$/mg;
	is(scalar @lines, 6, 'six audit lines');
	is(scalar(grep { / reply=- / } @lines), 1, 'one has no reply');
	is(scalar(grep { / why="550 5\.1\.1 \\042no\\042"$/ } @lines), 1,
	    'one says why');
	like($_, qr/^$re$/, 'as the grammar has it') for @lines;
	unlike('mail id=a.b.c client=[127.0.0.1]:1 user=x reply=250 to=<x>',
	    qr/^$re$/, 'which does not take just anything');
}

# abnf_re: an RFC 5234 definition as a regular expression: what the manual
# uses of it.
sub abnf_re {
	my ($rule, $def) = @_;
	my %core = (DIGIT => '[0-9]', base36 => '[0-9a-z]',
	    VCHAR => '[\x21-\x7e]', DQUOTE => '"', 'UTF8-non-ascii' => '[\x80-\xff]',
	    IPv4 => '[0-9.]+', IPv6 => '[0-9a-f:.]+');
	my $re = '';
	# An alternative's bar; or how often what: a string, a group, an
	# option, the name of a rule, a range of characters.
	while ($def =~ /\G\s*(?:(\/)|(\d*)(\*?)(\d*)(?:"([^"]*)"|
	    \(((?:"[^"]*"|[^"()])*)\)|\[((?:"[^"]*"|[^]["])*)\]|
	    ([A-Za-z][\w-]*)|%x([0-9A-F]{2})-([0-9A-F]{2})))/gcx) {
		my ($bar, $least, $star, $most) = ($1, $2, $3, $4);
		my ($string, $group, $option, $name) = ($5, $6, $7, $8);
		my ($from, $to) = ($9, $10);
		if (defined $bar) {
			$re .= '|';
			next;
		}
		$re .= defined $string ? quotemeta $string :
		    defined $from ? "[\\x$from-\\x$to]" :
		    defined $name && $core{$name} ? $core{$name} :
		    abnf_re($rule, $group // $option // $rule->{$name} //
		    die "the grammar has no rule $name\n");
		$re .= $star ? '{' . ($least || 0) . ",$most}" :
		    $least ne '' ? "{$least}" : defined $option ? '?' : '';
	}
	$def =~ /\G\s*\z/gc or die "not understood: " . substr $def, pos $def;
	return "(?:$re)";
}
