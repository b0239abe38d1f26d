# SPDX-License-Identifier: ISC

# What the tests of SMTP from outside share: dialogues, the log taken apart,
# the Received fields that msmtpd adds.

package Msmtpd::Clients;

use strict;
use warnings;

use Exporter qw(import);
use File::Copy qw(copy);
use Msmtpd::Test qw(eventually memcheck);
use Test::More ();

our @EXPORT_OK = qw(arriving audit hurried logged stopped talk unstuffed
    untrace);

# How much faster the clock of the binary is that hurried() gives.  As slow as
# memcheck is, the daemon still has ten seconds to start then.
our $HURRY = memcheck() ? 3 : 20;

# talk: commands, each with what its reply must match; as tests.
sub talk {
	my ($client, @dialogue) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	while (my ($line, $re) = splice @dialogue, 0, 2) {
		my $reply = $client->cmd($line);
		my $shown = length $line > 60 ? substr($line, 0, 57) . '...' :
		    $line;
		$shown =~ s/[^ -~]/?/g;
		Test::More::like($reply, $re, "$shown: $re");
	}
}

# audit: the audit lines of the log, once there are n, as a list of hashes;
# "order" is the names of the fields as they stand in the line, "line" all of
# it.  The log comes by way of parent: a client may have its reply earlier.
sub audit {
	my ($t, $n) = @_;
	my @found;
	eventually {
		@found = _audit($t);
		@found >= $n;
	} or $t->trouble("there are not $n audit lines");
	return @found;
}

sub _audit {
	my ($t) = @_;
	my @found;
	for my $line (split /\n/, $t->log) {
		next unless $line =~
		    /^msmtpd: front: (mail (id=\S+ client=\S+ \S+ reply=.*))$/;
		my %f = (line => $1);
		my ($fields, @why) = $2 =~ /^(.*?)(?: (why="[^"]*"))?$/;
		my @pairs = map { [split /=/, $_, 2] } split(/ /, $fields),
		    grep { defined } @why;
		$f{order} = join ' ', map { $_->[0] } @pairs;
		$f{$_->[0]} = $_->[1] for @pairs;
		push @found, \%f;
	}
	return @found;
}

# logged: wait for a match in what is logged from that offset on; $1.
sub logged {
	my ($t, $from, $re) = @_;
	my $got;
	eventually {
		($got) = substr($t->log, $from) =~ $re;
		defined $got;
	} or $t->trouble("no $re in the log");
	return $got;
}

# untrace: a mail without the n Received fields that msmtpd has put in front
# of it, and those fields.  Their last line is the date: what the client has
# sent begins after it, even with a space.
my $date = qr/\t\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [-+]\d{4}/;

sub untrace {
	my ($mail, $n) = @_;
	my $trace = '';
	for (1 .. $n || 1) {
		$mail =~ s/\A(Received: from .*?;\n$date\n)//s or
		    die "no Received field: " . substr($mail, 0, 300) . "\n";
		$trace .= $1;
	}
	return ($mail, $trace);
}

# unstuffed: what the command gets of what a client sends between DATA's reply
# and the final "." CR LF, the rules of the manual written once more.
sub unstuffed {
	my ($sent) = @_;
	$sent =~ s/\r*\n/\n/g;
	$sent =~ tr/\r/ /;
	$sent =~ s/^\.//gm;
	return $sent;
}

# arriving: the same as it stands behind the Received field: without what is no
# part of a header before one, with an empty line before what has none.
my $field = qr/[!-9;-~]+[ \t]*:/;

sub arriving {
	my $mail = unstuffed($_[0]);
	return $mail if $mail =~ /\A(?:\n|\z)/;
	my $rest = $mail;
	do {
		$rest =~ s/\A\xef\xbb\xbf//;
		return $rest if $rest =~ /\A$field/;
	} while $rest =~ s/\AFrom .*(?:\@|\d\d:\d\d).*\n//;
	return "\n$mail";
}

# hurried: give the daemon under test the binary whose clock runs HURRY times
# as fast; false where it has not been built.
sub hurried {
	my ($t) = @_;
	my $fast = ($ENV{OBJDIR} || '') . '/regress/e2e/msmtpd-hurried';
	return 0 unless -x $fast;
	unlink $t->bin;
	copy($fast, $t->bin) or die "$fast: $!\n";
	chmod 0755, $t->bin or die $!;
	return 1;
}

# stopped: the daemon's regular end, as tests.
sub stopped {
	my ($t) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::is($t->stop, 0, 'the daemon ends with 0');
	Test::More::is(scalar $t->left, 0, 'and leaves no process');
}

1;
