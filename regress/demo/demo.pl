#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# make demo: one mail goes from an SMTP client through msmtpd into a program,
# and what can be seen of it is shown.  Leaves nothing behind; exits 0 where
# all of it worked.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use IO::Socket::IP;
use Msmtpd::Test qw(is_root proc_status status_of);

my $PORT = 2525;

$| = 1;
my $ok = eval { demo(); 1 };
print $ok ? "\nIt worked.\n" : "\nIt did not work: $@";
exit !$ok;

sub heading {
	my ($text) = @_;
	print "\n$text\n", '-' x length $text, "\n\n";
}

sub demo {
	IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $PORT,
	    Listen => 1, ReuseAddr => 1) or
	    die "port $PORT of 127.0.0.1, which the demo uses, is taken ($!)\n";

	my $t = Msmtpd::Test->new;
	my @options = options($t);
	heading('msmtpd starts');
	print '    $ msmtpd ', join(" \\\n          ", map { /[ %]/ ?
	    s/^(--\w+=)(.*)/$1'$2'/r : $_ } @options), "\n\n";
	$t->start({ bare => 1 }, @options);
	show($t->log, '    ');

	heading('Its processes, as /proc shows them');
	processes($t);

	heading('A client sends a mail (C: client, S: msmtpd)');
	my $seen = length $t->log;
	converse($t);
	$t->wait_log(qr/bob\@example\.net/);
	print "\n";
	show(substr($t->log, $seen), '    ');

	heading('The mail, as the command got it');
	my @mails = $t->mails;
	die "the mail has not arrived\n" unless @mails == 1;
	print "    arguments: @{$mails[0]{args}}\n\n";
	show($mails[0]{mail}, '    | ');
	die "the mail is not the one that was sent\n" unless
	    $mails[0]{mail} =~ /\AReceived: .*\n\nHello, Bob\.\n\z/s;

	heading('msmtpd stops');
	$seen = length $t->log;
	my $status = status_of($t->stop);
	show(substr($t->log, $seen), '    ');
	my @left = $t->left;
	printf "    SIGTERM: %s; %s\n", $status, @left ?
	    "left behind: @left" : 'no process is left';
	die "it did not stop as it should\n" if $status ne 'exit 0' || @left;
}

# The users are msmtpd's own where they exist; a demo creates none.
sub options {
	my ($t) = @_;
	my @root = ();
	if (is_root()) {
		my ($user, $front) = defined getpwnam('msmtpd') &&
		    defined getpwnam('_msmtpd') ? qw(msmtpd _msmtpd) :
		    ($Msmtpd::Test::USER, $Msmtpd::Test::PRIVSEP_USER);
		chown((getpwnam $user)[2, 3], $t->dir . '/out') or die $!;
		@root = ("--user=$user", "--privsep-user=$front",
		    '--chroot=' . $t->dir . '/empty');
	}
	return ("--port=$PORT", @root, '--command=' .
	    $t->script('file(input(), @ARGV);', $t->dir . '/file-mail') .
	    ' -f %F --');
}

sub show {
	my ($text, $prefix) = @_;
	$text =~ s/^/$prefix/gm;
	print $text;
}

sub processes {
	my ($t) = @_;
	my %seccomp = (0 => 'none', 1 => 'strict', 2 => 'filter');
	my $dir = $t->dir;
	my @pids = ([parent => $t->pid], [front => $t->proc('front')],
	    [deliver => $t->proc('deliver')]);
	my $hidden;

	printf "    %-8s %-8s %-9s %-7s %-12s %-12s %s\n", 'process', 'pid',
	    'user', 'seccomp', 'no_new_privs', 'capabilities', 'root';
	for (@pids) {
		my ($name, $pid) = @$_;
		my $s = proc_status($pid) or die "$name has gone\n";
		my ($uid) = split ' ', $s->{Uid};
		my $root = readlink "/proc/$pid/root";
		$hidden = 1 unless defined $root;
		printf "    %-8s %-8d %-9s %-7s %-12s %-12s %s\n", $name, $pid,
		    scalar getpwuid $uid || $uid, $seccomp{$s->{Seccomp}},
		    $s->{NoNewPrivs} ? 'yes' : 'no',
		    $s->{CapPrm} =~ /^0+$/ ? 'none' : $s->{CapPrm},
		    $root // '(hidden)';
		die "$name is not confined\n" unless $s->{Seccomp} == 2 &&
		    $s->{NoNewPrivs} && $s->{CapPrm} =~ /^0+$/;
	}
	print "    (a process that is not dumpable shows its root directory ",
	    "to root only)\n" if $hidden;
}

sub converse {
	my ($t) = @_;
	my $c = $t->client;
	my $say = sub {
		my ($line, $want) = @_;
		print "    C: $line\n";
		hear($c->cmd($line), $want);
	};
	hear($c->greeting, 220);
	$say->('EHLO demo.example', 250);
	$say->('MAIL FROM:<alice@example.org>', 250);
	$say->('RCPT TO:<bob@example.net>', 250);
	$say->('DATA', 354);
	my @lines = ('From: alice@example.org', 'To: bob@example.net',
	    'Subject: demo', '', 'Hello, Bob.');
	print "    C: $_\n" for @lines;
	$c->put("$_\r\n") for @lines;
	$say->('.', 250);
	$say->('QUIT', 221);
}

sub hear {
	my ($reply, $want) = @_;
	(my $shown = $reply) =~ s/\r//g;
	show("$shown\n", '    S: ');
	die "expected $want\n" unless $reply =~ /^$want/;
}
