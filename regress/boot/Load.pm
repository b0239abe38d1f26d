# SPDX-License-Identifier: ISC

# Clients that send one mail after another, and know of each what they were
# told: each 250 must be a file in /opt/mail, and nobody may be refused.

package Load;

use strict;
use warnings;

use IO::Socket::INET;
use MIME::Base64;
use POSIX ();
use Time::HiRes qw(sleep);

my $serial = 0;

sub reply {
	my ($s) = @_;
	while (defined(my $line = <$s>)) {
		return $1 if $line =~ /^(\d{3}) /;
	}
	return 0;
}

# One mail.  Returns "250", another reply, "refused" when the connection is,
# or "lost" when it ends early.
sub mail {
	my ($token, %arg) = @_;
	my $class = $arg{v6} ? 'IO::Socket::IP' : 'IO::Socket::INET';
	require IO::Socket::IP if $arg{v6};
	local $SIG{PIPE} = 'IGNORE';
	local $SIG{ALRM} = sub { die "timeout\n" };
	my $result = eval {
		alarm 60;
		my $s = $class->new(PeerHost => $arg{v6} ? '::1' :
		    '127.0.0.1', PeerPort => $arg{port} // 25,
		    Proto => 'tcp') or return "refused: $!";
		for (['', 220], ["EHLO boot-test\r\n", 250],
		    $arg{auth} ? ["AUTH PLAIN " . encode_base64(join("\0", '',
		    @{$arg{auth}}), '') . "\r\n", 235] : (),
		    ["MAIL FROM:<from\@example.org>\r\n", 250],
		    ["RCPT TO:<to\@example.org>\r\n", 250],
		    ["DATA\r\n", 354],
		    ["Subject: token $token\r\n\r\nHello.\r\n.\r\n", 250]) {
			my ($line, $want) = @$_;
			print $s $line or return 'lost';
			$s->flush;
			my $got = reply($s) or return 'lost';
			return $got if $got != $want;
		}
		print $s "QUIT\r\n";
		$s->flush;
		reply($s);
		close $s;
		return '250';
	};
	my $err = $@;
	alarm 0;
	return defined $result ? $result : "died: $err";
}

# start n clients; stop them, and get a hash: reply => how often; "missing":
# tokens with a 250 and without a file.
sub start {
	my ($class, $n, $dir) = @_;
	my $self = bless { n => $n, stop => "$dir/stop", logs => [],
	    pids => [] }, $class;
	$serial++;
	unlink $self->{stop};
	for my $i (1 .. $n) {
		my $log = "$dir/client.$serial.$i";
		push @{$self->{logs}}, $log;
		my $pid = fork // die "fork: $!\n";
		if ($pid == 0) {
			client("$serial.$i", $log, $self->{stop});
			POSIX::_exit(0);
		}
		push @{$self->{pids}}, $pid;
	}
	return $self;
}

sub client {
	my ($name, $log, $stop) = @_;
	my $i = 0;
	open my $fh, '>', $log or die "$log: $!\n";
	$fh->autoflush(1);
	while (!-e $stop) {
		$i++;
		my $got = mail("$name.$i");
		print $fh "$name.$i $got\n";
		# What ends at once must not spin.
		sleep($got eq '250' ? 0.01 : 0.05);
	}
}

# How many mails were accepted up to now.
sub accepted {
	my ($self) = @_;
	my $n = 0;
	for my $log (@{$self->{logs}}) {
		open my $fh, '<', $log or next;
		$n += grep { / 250$/ } <$fh>;
	}
	return $n;
}

sub stop {
	my ($self) = @_;
	my %count = (250 => 0, missing => []);

	open my $fh, '>', $self->{stop} or die "$self->{stop}: $!\n";
	close $fh;
	waitpid $_, 0 for @{$self->{pids}};
	for my $log (@{$self->{logs}}) {
		open my $in, '<', $log or die "$log: $!\n";
		while (<$in>) {
			my ($token, $got) = /^(\S+) (.*)$/ or next;
			$count{$got}++;
			push @{$count{missing}}, $token
			    if $got eq '250' && !-s "/opt/mail/$token";
		}
	}
	return \%count;
}

1;
