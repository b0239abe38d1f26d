#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# fork(2) fails, and what commands do that no command should: print a
# gigabyte, never read, close their input at once, never end.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib", "$FindBin::Bin/lib";

use Msmtpd::Chaos qw(kids kin limit);
use Msmtpd::Test qw(all_gone eventually proc_status slurp status_of which);
use Test::More;
use Time::HiRes qw(time);

my $t = Msmtpd::Test->new;
my $dir = $t->dir;
my $command = $t->script(<<'END');
my $what = $ARGV[1];
if ($what =~ /^close/) { close STDIN; exit 0 }
if ($what =~ /^ignore/) { exit 0 }
if ($what =~ /^print/) {
	print 'x' x 65535, "\n" for 1 .. 16384;
} elsif ($what =~ /^shout/) {
	print STDERR "a\0b\r\e[31m\xff line\n" for 1 .. 1000;
} elsif ($what =~ /^hang/) {
	sleep 600;
} elsif ($what =~ /^deaf/) {
	$SIG{TERM} = 'IGNORE';
	sleep 600;
} elsif ($what =~ /^leave/) {
	# A child that keeps the output open, and prints.
	if (!fork) {
		open my $fh, '>', "$DIR/out/child" or die;
		syswrite $fh, $$;
		close $fh;
		while (1) { print 'y' x 65535, "\n" or exit }
	}
	until (-s "$DIR/out/child") { select undef, undef, undef, 0.01 }
}
file(input(), @ARGV);
END

$t->start("--command=$command %F", '--command-timeout=10');
my @kin = kin($t->pid);
sub mail {
	my ($what, $size) = @_;
	my $data = 'Subject: x' . "\n\n" . ('x' x 77 . "\n") x (($size || 0) /
	    78);
	return $t->send(to => ["$what\@example.net"], data => $data);
}

SKIP: {
	skip 'prlimit is not installed', 2 unless which('prlimit');
	limit($kin[2], 'nproc', 1);
	like(mail('plain'), qr/^451 4\.3\.0/, 'no process left: 451');
	$t->wait_log(qr/cannot run the command: Resource temporarily/);
	limit($kin[2], 'nproc', 10_000);
	like(mail('plain'), qr/^250/, 'a process left: 250');
}
my $data = sub { (proc_status($kin[$_[0]])->{VmData} =~ /^(\d+)/)[0] };
my @before = map { $data->($_) } 0 .. 2;
# Neither has to do with how much the mail is.
for my $size (0, 10_000_000) {
	like(mail('close', $size), qr/^250/, "closes its input, $size: 250");
	like(mail('ignore', $size), qr/^250/, "does not read, $size: 250");
}
my $start = time;
like(mail('print'), qr/^(?:250|451)/, 'prints too much: a verdict');
diag(sprintf 'to print 1 GB took %.1f s', time - $start);
$t->wait_log(qr/mail id=\S+: command: \d+ octets more are not logged/);
like(mail('shout'), qr/^250/, 'prints what is not printable: 250');
$t->wait_log(qr/\\r.*octets more are not logged/s);
# Octets that are neither ASCII nor well-formed UTF-8.
my @raw = grep { !/\A(?:[ -~]|\xc2[\xa0-\xbf]|[\xc3-\xdf][\x80-\xbf]|
    [\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*\z/x }
    split /\n/, $t->log;
is(scalar @raw, 0, 'prints what is not printable: encoded') or
    diag(explain($raw[0]));
cmp_ok(length $t->log, '<', 500_000, 'the log is of a bounded size');

# Two that do not end, at once, and one that does meanwhile.
my %c;
for my $what (qw(hang deaf)) {
	$c{$what} = $t->client;
	$c{$what}->cmd('EHLO x');
	$c{$what}->mail(to => ["$what\@example.net"], no_wait => 1);
}
like(mail('plain'), qr/^250/, 'others go on');
like($c{$_}->reply, qr/^451 4/, "$_: 451") for qw(hang deaf);
$t->wait_log(qr/command runs for 10 s, ending it/);
is(kids($kin[2]), 0, 'no command is left');

like(mail('leave'), qr/^250/, 'leaves a process behind: 250 all the same');
my $left = slurp("$dir/out/child");
ok(eventually { all_gone($left) },
    'leaves a process behind: that learns that nobody listens');
my @after = map { $data->($_) } 0 .. 2;
SKIP: {
	skip 'a sanitizer keeps memory of its own', 1
	    if slurp($t->bin) =~ /__(?:asan|ubsan|tsan)_/;
	ok(!(grep { $after[$_] > $before[$_] + 512 } 0 .. 2),
	    'memory is where it was') or diag("@before; @after");
}
is(status_of($t->stop), 'exit 0', 'stopped');
is(scalar $t->left, 0, 'no process is left');
done_testing();
