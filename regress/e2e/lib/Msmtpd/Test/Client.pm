# SPDX-License-Identifier: ISC

# An SMTP client: commands and replies one by one, and whole transactions.

package Msmtpd::Test::Client;

use strict;
use warnings;

use IO::Select;
use IO::Socket::IP;

# new: by host and port, or with fh (and out, where it is another) given.
sub new {
	my ($class, %opt) = @_;
	my $fh = $opt{fh} || IO::Socket::IP->new(PeerHost => $opt{host},
	    PeerPort => $opt{port}, Timeout => $Msmtpd::Test::DEADLINE) ||
	    die "connect to $opt{host} port $opt{port}: $@\n";
	my $self = bless { fh => $fh, out => $opt{out} || $fh, buf => '',
	    test => $opt{test} }, $class;
	$self->{out}->autoflush(1);
	$self->{greeting} = $self->reply unless $opt{quiet};
	return $self;
}

sub greeting { return $_[0]{greeting} }
sub fh { return $_[0]{fh} }

sub _fail {
	my ($self, $what) = @_;
	$self->{test}->log if $self->{test};
	$self->{test} ? $self->{test}->trouble($what) : die "$what\n";
}

# _fill: read more; false at the end.
sub _fill {
	my ($self) = @_;
	my $s = IO::Select->new($self->{fh});
	$s->can_read($Msmtpd::Test::DEADLINE) or
	    $self->_fail("no reply in $Msmtpd::Test::DEADLINE s");
	my $got = sysread $self->{fh}, $self->{buf}, 65536,
	    length $self->{buf};
	return $got;
}

# reply: one reply, all its lines, without the last line end; '' where the
# connection ends before.
sub reply {
	my ($self) = @_;
	my $reply = '';
	while (1) {
		if ($self->{buf} =~ s/\A([^\n]*\n)//) {
			my $line = $1;
			$reply .= $line;
			next if $line =~ /^\d{3}-/;
			$reply =~ s/\r\n\z//;
			return $reply;
		}
		return '' unless $self->_fill;
	}
}

sub put {
	my ($self, $octets) = @_;
	my $off = 0;
	while ($off < length $octets) {
		my $n = syswrite $self->{out}, $octets, length($octets) - $off,
		    $off;
		return unless defined $n;
		$off += $n;
	}
}

sub cmd {
	my ($self, $line) = @_;
	$self->put("$line\r\n");
	return $self->reply;
}

# mail: a transaction; stops at the first refusal and returns it.
sub mail {
	my ($self, %m) = @_;
	my $from = defined $m{from} ? $m{from} : 'sender@example.org';
	my $to = $m{to} || ['rcpt@example.net'];
	my $reply = $self->cmd("MAIL FROM:<$from>" . ($m{param} || ''));
	return $reply if $reply !~ /^2/;
	for my $rcpt (@$to) {
		$reply = $self->cmd("RCPT TO:<$rcpt>");
		return $reply if $reply !~ /^2/;
	}
	$reply = $self->cmd('DATA');
	return $reply if $reply !~ /^354/;
	return $self->content(defined $m{data} ? $m{data} :
	    "Subject: test\n\nbody\n", $m{no_wait});
}

# content: the message after 354, dot-stuffed; returns the verdict.
sub content {
	my ($self, $data, $no_wait) = @_;
	$data =~ s/\r?\n/\r\n/g;
	$data .= "\r\n" if length $data && $data !~ /\r\n\z/;
	$data =~ s/^\./../gm;
	$self->put("$data.\r\n");
	return $no_wait ? undef : $self->reply;
}

# at_end: true where the server closes and has sent nothing more.
sub at_end {
	my ($self) = @_;
	return $self->{buf} eq '' && !$self->_fill;
}

sub close {
	my ($self) = @_;
	CORE::close($self->{out}) if $self->{out} != $self->{fh};
	CORE::close($self->{fh});
}

1;
