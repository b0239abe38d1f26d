#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# What the manual says in tables is what the program does: defaults, replies,
# exit status to reply, the grammar of the audit line.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Msmtpd::Test qw(eventually is_root run slurp status_of);
use POSIX ();
use Test::More;

my $top = "$FindBin::Bin/../..";
my $t = Msmtpd::Test->new;
my $man = slurp("$top/man/msmtpd.1");

options();
statuses();
signals();
replies();
diagnostics();
audit();
sandbox();
readme();
done_testing();

# section: the source of one.
sub section {
	my ($name) = @_;
	my ($text) = $man =~ /^\.Sh \Q$name\E\n(.*?)(?=^\.Sh |\z)/ms;
	ok(defined $text, "there is a section $name");
	return $text // '';
}

# Each option's default, where --help tells one, is in the manual's paragraph.
sub options {
	my (undef, $help) = run($t->bin, '--help');
	my $text = section('OPTIONS');
	my %about;
	while ($text =~ /^\.It Fl -([a-z-]+).*\n((?:(?!\.It |\.El).*\n)+)/mg) {
		my ($name, $about) = ($1, $2);
		$about =~ s/^\.\w+ //mg;
		$about =~ s/\s+/ /g;
		$about =~ s/\\-/-/g;
		$about{$name} = $about;
	}
	my %default;
	while ($help =~ /--([a-z-]+)=[^\[\n]*?(?:\n +[^\[\n-]*?)?\[([^\]\n]*)\]/g) {
		$default{$1} = $2 unless $1 eq 'auth';
	}
	cmp_ok(scalar keys %default, '>=', 18, '--help tells of defaults');
	for my $name (sort keys %default) {
		for my $word (split /; |with --\w+| +(?!%|-)/, $default{$name}) {
			next if $word =~ /^(?:-f|%F|--|)$/;
			like($about{$name}, qr/Default:.*\Q$word\E/,
			    "--$name: the default is $word");
		}
	}
	# What --check prints is what --help says.
	my @users = is_root() ? $t->root_options : ();
	my ($status, $out) = run($t->bin, '--check', @users, '--command=cat');
	is(status_of($status), 'exit 0', '--check');
	for my $name (sort keys %default) {
		next if $name =~ /^(?:.*user|chroot|command)$/;
		next unless $out =~ /^\Q$name\E +(\S+)$/m;
		like($default{$name}, qr/^\Q$1\E\b/, "--check: $name");
	}
}

# table: rows of the column list whose head has these words.
sub table {
	my ($text, $head) = @_;
	my ($rows) = $text =~ /^\.It \Q$head\E\n(.*?)^\.El/ms;
	ok($rows, "there is a table $head") or return ();
	return map { [map { s/^ +| +$|\\&//gr } split / Ta\b/, s/^\.It //r] }
	    split /\n/, $rows;
}

# The daemon runs a command that ends as the recipient says.
sub statuses {
	my @rows = table(section('COMMAND'),
	    'Em status Ta Em name Ta Em reply Ta Em text');
	cmp_ok(scalar @rows, '==', 18, 'rows of the table of exit status');
	my %reply = map { $_->[0] => "$_->[2] $_->[3]" } @rows;
	$t->start('--command=' . $t->script(<<'END'));
input();
exit $1 if $ARGV[0] =~ /^exit(\d+)@/;
kill $1, $$ if $ARGV[0] =~ /^signal(\d+)@/;
sleep 60;
END
	for my $status (0 .. 2, 31, 63 .. 79, 100, 126 .. 129, 255) {
		is($t->send(to => ["exit$status\@example.net"]),
		    $reply{$status} // $reply{other}, "exit status $status");
	}
	for my $signal (1, 9, 15) {
		is($t->send(to => ["signal$signal\@example.net"]),
		    $reply{signal}, "signal $signal");
	}
	# What the table calls by name is what the system does.
	for my $row (grep { $_->[1] =~ /^EX_/ } @rows) {
		my $file = -e '/usr/include/sysexits.h' &&
		    slurp('/usr/include/sysexits.h') or last;
		my ($value) = $file =~ /^#define\s+$row->[1]\s+(\d+)/m;
		is($row->[0], $value, "$row->[1] is $row->[0]");
	}
}

# What README names is there.
sub readme {
	my $readme = slurp("$top/README");
	my ($promise) = section('DESCRIPTION') =~
	    /^\.Ss The promise\n(.*?)^\.Pp/ms;
	ok(index($readme =~ s/\s+/ /gr, $promise =~ s/\s+/ /gr =~ s/ \z//r) >=
	    0, 'README and manual promise the same');
	for my $unit ($readme =~ /\b(msmtpd[\w@-]*\.(?:socket|service))\b/g) {
		ok(-e "$top/msmtpd/service/$unit", "README: $unit is a unit");
	}
	my ($source) = $readme =~ /^The source\n-+\n(.*)/ms;
	my ($in, $n) = ('', 0);
	for my $line (split /\n/, $source // '') {
		my ($indent, $name) = $line =~ /^( {4}| {6})(\S+)  /;
		next unless defined $name;
		$in = length $indent == 4 ? '' : $in;
		ok(scalar(my @found = glob "$top/$in$name"),
		    "README: $in$name exists");
		$in = $name if length $indent == 4;
		$n++;
	}
	cmp_ok($n, '>=', 8, 'README: the layout of the source');
	is_deeply([grep { length > 78 } split /\n/, $readme], [],
	    'README: 78 columns');
}

sub signals {
	my $sleep = '--command=' . $t->script(<<'END');
open my $fh, '>', "$DIR/out/started" or die $!;
close $fh;
sleep 60;
END
	my $started = $t->dir . '/out/started';
	my @rows = table(section('COMMAND'), 'Em what Ta Em reply Ta Em text');
	my %reply = map { $_->[0] => "$_->[1] $_->[2]" } @rows;
	is($t->stop, 0, 'it stops');
	$t->start('--command-timeout=1', $sleep);
	is($t->send, $reply{'Fl -command-timeout No has passed'},
	    'a command that runs for too long');
	$t->stop;
	$t->start($sleep);
	my $c = $t->client;
	$c->cmd('EHLO x');
	unlink $started;
	$c->mail(no_wait => 1);
	ok(eventually { -e $started }, 'the command runs');
	$t->signal('TERM');
	$t->wait_log(qr/stopping/);
	$t->signal('TERM');
	is($c->reply, $reply{'the daemon stops'}, 'the daemon stops');
	is($t->wait_exit, 0, 'and ends');
	$t->start($sleep);
	$c = $t->client;
	$c->cmd('EHLO x');
	unlink $started;
	$c->mail(no_wait => 1);
	ok(eventually { -e $started }, 'the command runs');
	kill 'KILL', $t->proc('deliver');
	is($c->reply, $reply{'cannot be run, deliver died'}, 'deliver died');
	is(status_of($t->wait_exit), 'exit 1', 'status 1');
}

# Each reply that is named is one that the source has.
sub replies {
	my $source = join '', map { slurp($_) } glob
	    "$top/msmtpd/*.c $top/msmtpd/*/*.c";
	(my $text = $man) =~ s/^\.\\".*\n//mg;
	my %seen;
	while ($text =~ /\b([245]\d\d) ([245]\.\d+\.\d+)\b/g) {
		next if $seen{"$1 $2"}++;
		my ($code, $enhanced) = ($1, $2);
		ok($source =~ /"\Q$code $enhanced\E / ||
		    $source =~ /\{ $code, "\Q$enhanced\E"/ ||
		    ($code eq '421' && $source =~ /"\Q$enhanced\E", "/),
		    "the source has $code $enhanced");
	}
	cmp_ok(scalar keys %seen, '>=', 25, 'replies are named');
}

# Each message of DIAGNOSTICS is one that the source has, but for what stands
# in capitals and for the system's own words.
sub diagnostics {
	my $source = join '', map { slurp($_) } glob
	    "$top/common/*.c $top/msmtpd/*.c $top/msmtpd/*/*.c";
	$source =~ s/"\s*\n\s*"//g;
	my %system = map { POSIX::strerror($_) => 1 } 1 .. 133;
	my @messages = section('DIAGNOSTICS') =~ /^\.It Sy "(.*)"$/mg;
	cmp_ok(scalar @messages, '>=', 30, 'messages in DIAGNOSTICS');
	for my $message (@messages) {
		my $rest = $message =~ s/^--[a-z-]+(?:=[A-Z]+)?: //r;
		my @parts = grep { length > 7 && !$system{$_} }
		    map { s/^[:;, ]+|[:;, ]+$//gr }
		    split /'[^']*'|\b[A-Z]+\b|\(?\.\.\.\)?|:\ (?=[A-Z][a-z])|
			(?:(?=\ \()|(?=\ in\ PATH))/x,
		    $rest =~ s/^(front|deliver)\b//r;
		my @missing = grep { index($source, $_) < 0 } @parts;
		is("@missing", '', "a message: $message");
	}
}

# A parser made from the grammar takes real lines apart.
sub audit {
	my ($abnf) = $man =~ /^(audit   = .*?)^\.Ed/ms or
	    return fail('the grammar');
	my %rule;
	$abnf =~ s/ +;.*//mg;
	$abnf =~ s/\\-/-/g;
	for (split /\n(?=\w)/, $abnf) {
		my ($name, $def) = /^(\w+)\s*=\s*(.*)/s;
		$rule{$name} = $def;
	}
	my $re = rule_re(\%rule, 'audit');
	$t->start('--command=true %F');
	my @rcpts = map { "rcpt$_\@example.net" } 1 .. 12;
	my $c = $t->client;
	for (['EHLO client.example', 'MAIL FROM:<alice@example.org>',
	    ['bob@example.net']],
	    ['EHLO a  b', 'MAIL FROM:<"a b\\\\c"@example.org>', \@rcpts],
	    ['HELO', 'MAIL FROM:<>', ['postmaster']],
	    ["EHLO x", "MAIL FROM:<j\xc3\xbcrgen\@example.org> SMTPUTF8",
	    ['"x> y"@[IPv6:::1]']]) {
		my ($helo, $from, $to) = @$_;
		$c->cmd($helo);
		$c->cmd($from);
		$c->cmd("RCPT TO:<$_>") for @$to;
		$c->cmd('DATA');
		like($c->content("Subject: x\n"), qr/^250/, $from);
	}
	$c->cmd('QUIT');
	$t->stop;
	my @lines = $t->log =~ /^msmtpd: front: (mail id=\S+ client=.*)$/mg;
	is(scalar @lines, 4, 'four audit lines');
	like($_, qr/^$re$/, 'as the grammar has it') for @lines;
	unlike('mail id=a.b.c client=[127.0.0.1]:1 reply=250 to=<x>',
	    qr/^$re$/, 'which does not take just anything');
	like($lines[1] // '', qr/helo=a\\040\\040b from=<"a\\040b\\\\\\\\c"/,
	    'a space is \040, a backslash two');
	like($lines[1] // '', qr/ nrcpt=12 .*,\.\.\.$/, 'ten are named');
	like($lines[2] // '', qr/ helo=- from=<> /, 'no name, no sender');
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

# rule_re: an RFC 5234 rule as a regular expression: what the manual uses of
# it.
sub rule_re {
	my ($rule, $name) = @_;
	my %core = (DIGIT => '[0-9]', base36 => '[0-9a-z]',
	    VCHAR => '[\x21-\x7e]',
	    'UTF8-non-ascii' => '[\x80-\xff]', IPv4 => '[0-9.]+',
	    IPv6 => '[0-9a-f:.]+');
	return $core{$name} if $core{$name};
	die "the grammar has no rule $name\n" unless $rule->{$name};
	my $def = $rule->{$name};
	my $re = '';
	my @repeat;
	while ($def =~ /\G\s*(?:
	    ("[^"]*") | (\*?\d*)\(  | (\)) | (\[) | (\]) | (\/) |
	    (\d*)(\*?)(\d*)([A-Za-z][\w-]*) )/gx) {
		if (defined $1) {
			$re .= quotemeta substr $1, 1, -1;
		} elsif (defined $2) {
			$re .= '(?:';
			# Only "(", "*(" and "*9(" are used.
			push @repeat, $2 eq '' ? '' : $2 eq '*' ? '*' :
			    '{0,' . substr($2, 1) . '}';
		} elsif (defined $3) {
			$re .= ')' . pop @repeat;
		} elsif (defined $4) {
			$re .= '(?:';
		} elsif (defined $5) {
			$re .= ')?';
		} elsif (defined $6) {
			$re .= '|';
		} else {
			my ($min, $star, $max, $sub) = ($7, $8, $9, $10);
			$re .= rule_re($rule, $sub);
			if ($star) {
				$re .= '{' . ($min || 0) . ',' . $max . '}';
			} elsif ($min ne '') {
				$re .= "{$min}";
			}
		}
	}
	return "(?:$re)";
}
