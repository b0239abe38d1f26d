# SPDX-License-Identifier: ISC

# Daemons one of whose processes an attacker has taken over: the programs of
# regress/sandbox that do what --max-noops says.

package Msmtpd::Hostile;

use strict;
use warnings;

use Exporter qw(import);
use File::Copy ();
use Msmtpd::Test qw(status_of);
use Test::More;

our @EXPORT_OK = qw(hostile random_messages);

# hostile: start that program's daemon to do what is asked; its command files
# what it gets.
sub hostile {
	my ($program, $what, @options) = @_;
	my $t = Msmtpd::Test->new;
	File::Copy::copy($program, $t->bin) or die "$program: $!\n";
	$t->start("--max-noops=$what", '--command=' . $t->filer . ' -f %F --',
	    @options);
	return $t;
}

# random_messages: for each seed, code is given the daemon, and makes the
# messages come or waits for them.  The daemon ends with 1, or lives and stops
# with 0; as a test.
sub random_messages {
	my ($program, $code, @seeds) = @_;
	my %ends;
	for my $seed (@seeds) {
		my $t = hostile($program, $seed);
		$code->($t);
		$t->signal('TERM');
		my $status = status_of($t->wait_exit);
		$ends{$status}++;
		fail("seed $seed: $status") unless $status =~ /^exit [01]$/;
		fail("seed $seed: left") if $t->left;
		fail("seed $seed: sandbox")
		    if $t->log =~ /stopped by its sandbox/;
	}
	ok($ends{'exit 1'}, 'random messages: the daemon ends with 0 or 1: ' .
	    join ', ', map { "$_: $ends{$_}" } sort keys %ends);
}

1;
