# SPDX-License-Identifier: ISC

# For prove --harness: TAP::Harness that lists before the summary what was
# skipped and why, and appends "passed failed skipped" to the file that
# $TAP_TOTALS names, so that several runs can be added up.  Perl runs what
# ends in .t; anything else is a program, run under $TEST_UNDER where that
# names one (valgrind).

package Msmtpd::Harness;

use strict;
use warnings;

use parent 'TAP::Harness';

sub new {
	my ($class, $args) = @_;
	my %skipped;
	# For us only: a command under test need not be able to read it.
	delete $ENV{PERL5LIB};
	my @under = split ' ', $ENV{TEST_UNDER} // '';

	my $self = $class->SUPER::new({ %$args, exec => sub {
		my (undef, $file) = @_;
		return [$file =~ /\.t\z/ ? $^X : @under, $file];
	} });

	$self->callback(made_parser => sub {
		my ($parser, $job) = @_;
		my $name = ref $job ? $job->[1] : "$job";
		$parser->callback(test => sub {
			my ($t) = @_;
			$skipped{$name}{$t->explanation}++ if $t->has_skip;
		});
		$parser->callback(plan => sub {
			my ($p) = @_;
			$skipped{$name}{$p->explanation}++ if $p->has_skip;
		});
	});
	$self->{msmtpd_skipped} = \%skipped;
	return $self;
}

sub summary {
	my ($self, $agg) = @_;
	my $skipped = $self->{msmtpd_skipped};

	for my $name (sort keys %$skipped) {
		for my $why (sort keys %{$skipped->{$name}}) {
			printf "skipped: %s: %s%s\n", $name, $why,
			    $skipped->{$name}{$why} > 1 ?
			    " ($skipped->{$name}{$why})" : '';
		}
	}
	_totals($agg) if $ENV{TAP_TOTALS};
	return $self->SUPER::summary($agg);
}

# A file that failed without a failed check (it died, the plan is wrong) is
# one failure; a file that was skipped whole is one skip.
sub _totals {
	my ($agg) = @_;
	my ($passed, $failed, $skipped) = (0, 0, 0);

	for my $p ($agg->parsers) {
		my $s = $p->skip_all ? 1 : scalar $p->skipped;
		my $f = scalar $p->failed;
		$f = 1 if $p->has_problems && !$f;
		$skipped += $s;
		$failed += $f;
		$passed += $p->passed - ($p->skip_all ? 0 : $s);
	}
	open my $fh, '>>', $ENV{TAP_TOTALS} or die "$ENV{TAP_TOTALS}: $!\n";
	print $fh "$passed $failed $skipped\n";
	close $fh or die "$ENV{TAP_TOTALS}: $!\n";
}

1;
