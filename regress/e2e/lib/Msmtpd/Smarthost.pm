# SPDX-License-Identifier: ISC

# A smarthost that misbehaves as it is told: an SMTP server on the loopback
# interface which at each stage of a session can answer anything, cut the
# connection or stall, and which keeps what it was given.
#
# A plan is a hash of stages:
#
#	greeting ehlo starttls auth mail rcpt data end quit
#
# "end" is what follows the final dot, "rcpt:2" the second RCPT of a
# transaction alone.  What a stage does:
#
#	"550 5.1.1 no"		this reply; a newline within it begins a line
#	\"550 no\r\n"		these octets and no others
#	"close", "reset"	FIN, or RST
#	"stall"			no answer, until the client has gone
#	"splice PORT"		220, and from then on all octets go to and from
#				that port of the loopback interface
#	[ ... ]			several of these, one after the other
#
# A stage without a plan is answered as a server does that takes all mail.
# "offer" lists the lines after the first one of EHLO's reply.

package Msmtpd::Smarthost;

use strict;
use warnings;

use IO::Select;
use IO::Socket::IP;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Storable qw(nstore retrieve);

use Msmtpd::Test qw(eventually);

# No such process outlives its test by more than this, whatever happens.
my $LIFE = 600;

my %usual = (
	greeting => '220 smarthost.example ESMTP',
	starttls => '502 5.5.1 no TLS here',
	auth => '235 2.7.0 welcome',
	mail => '250 2.1.0 sender ok',
	rcpt => '250 2.1.5 recipient ok',
	data => '354 go ahead',
	end => '250 2.0.0 queued as 4711',
	quit => '221 2.0.0 bye',
);

# new: start it; dir is where it keeps its files.
sub new {
	my ($class, $dir) = @_;
	my $listener = IO::Socket::IP->new(LocalHost => '127.0.0.1',
	    LocalPort => 0, Listen => 16) or die "listen: $@\n";
	my $self = bless { dir => $dir, port => $listener->sockport,
	    seen => 0 }, $class;
	$self->plan;
	# Nobody writes to this pipe: its end tells the child that the test is
	# over.
	pipe my $r, $self->{alive} or die "pipe: $!\n";
	$self->{pid} = fork // die "fork: $!\n";
	if ($self->{pid} == 0) {
		close delete $self->{alive};
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
		alarm $LIFE;
		eval { _serve($self, $listener, $r); 1 } or print STDERR $@;
		POSIX::_exit(0);
	}
	return $self;
}

sub port { return $_[0]{port} }

# plan: what the sessions from now on meet.
sub plan {
	my ($self, %stages) = @_;
	nstore(\%stages, "$self->{dir}/plan.new");
	rename "$self->{dir}/plan.new", "$self->{dir}/plan" or die $!;
}

# session: wait for the end of the next session and return what it was: a hash
# of commands (all lines), from, to (a list) and mail (undef where no final
# dot has come; dots unstuffed, line ends CR LF).
sub session {
	my ($self) = @_;
	my $file = sprintf '%s/session-%d', $self->{dir}, ++$self->{seen};
	eventually { -e $file } or die "the smarthost has had no session\n";
	return retrieve($file);
}

# sessions: how many have ended.
sub sessions {
	my ($self) = @_;
	return scalar(() = glob "$self->{dir}/session-*[0-9]");
}

# forget: session() waits for one that ends after this.
sub forget {
	my ($self) = @_;
	$self->{seen} = $self->sessions;
}

sub stop {
	my ($self) = @_;
	my $pid = delete $self->{pid} or return;
	close delete $self->{alive};
	local ($?, $!);
	waitpid $pid, 0;
}

sub DESTROY { $_[0]->stop }

sub _serve {
	my ($self, $listener, $alive) = @_;
	my $n = 0;
	while (1) {
		my @ready = IO::Select->new($listener, $alive)->can_read;
		return if grep { $_ == $alive } @ready;
		my $fh = $listener->accept or next;
		my $s = { fh => $fh, alive => $alive, buf => '',
		    plan => retrieve("$self->{dir}/plan"),
		    record => { commands => [], to => [] } };
		eval { _session($s); 1 } or $@ eq "over\n" or die $@;
		close $fh;
		my $file = sprintf '%s/session-%d', $self->{dir}, ++$n;
		nstore($s->{record}, "$file.new");
		rename "$file.new", $file or die "$file: $!\n";
	}
}

# _wait: until there is something to read; the session is over where the test
# is.
sub _wait {
	my ($s) = @_;
	my @ready = IO::Select->new($s->{fh}, $s->{alive})->can_read;
	die "over\n" if grep { $_ == $s->{alive} } @ready;
}

sub _line {
	my ($s) = @_;
	while ($s->{buf} !~ /\n/) {
		_wait($s);
		sysread $s->{fh}, $s->{buf}, 65536, length $s->{buf} or
		    die "over\n";
	}
	$s->{buf} =~ s/\A(.*?)\r?\n//s;
	return $1;
}

sub _put {
	my ($s, $octets) = @_;
	local $SIG{PIPE} = 'IGNORE';
	while (length $octets) {
		my $n = syswrite $s->{fh}, $octets or die "over\n";
		substr $octets, 0, $n, '';
	}
}

# _act: do what the plan has for a stage; returns the last reply.
sub _act {
	my ($s, @stages) = @_;
	my ($stage) = grep { exists $s->{plan}{$_} } @stages;
	my $act = defined $stage ? $s->{plan}{$stage} : $usual{$stages[-1]};
	my $last = '';
	for my $one (ref $act eq 'ARRAY' ? @$act : $act) {
		$last = _do($s, $one);
	}
	return $last;
}

sub _do {
	my ($s, $act) = @_;
	if (ref $act) {
		_put($s, $$act);
		return $$act;
	}
	die "over\n" if $act eq 'close';
	if ($act eq 'reset') {
		setsockopt $s->{fh}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
		die "over\n";
	}
	while ($act eq 'stall') {
		_wait($s);
		sysread $s->{fh}, my $ignored, 65536 or die "over\n";
	}
	_splice($s, $1) if $act =~ /^splice (\d+)/;
	_put($s, join '', map { "$_\r\n" } split /\n/, $act);
	return $act;
}

sub _splice {
	my ($s, $port) = @_;
	my $to = IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $port) or die "port $port: $@\n";
	_put($s, "220 2.0.0 go ahead\r\n");
	while (1) {
		for my $from (IO::Select->new($s->{fh}, $to,
		    $s->{alive})->can_read) {
			sysread $from, my $octets, 65536 or die "over\n";
			syswrite $from == $to ? $s->{fh} : $to, $octets or
			    die "over\n";
		}
	}
}

sub _ehlo {
	my ($s) = @_;
	return _act($s, 'ehlo') if exists $s->{plan}{ehlo};
	my @lines = ('smarthost.example', @{$s->{plan}{offer} || []});
	my $last = pop @lines;
	_put($s, join '', map({ "250-$_\r\n" } @lines), "250 $last\r\n");
}

sub _content {
	my ($s) = @_;
	my $mail = '';
	while ((my $line = _line($s)) ne '.') {
		$mail .= $line =~ s/^\.//r . "\r\n";
	}
	$s->{record}{mail} = $mail;
}

sub _session {
	my ($s) = @_;
	my $r = $s->{record};
	_act($s, 'greeting');
	while (1) {
		my $line = _line($s);
		push @{$r->{commands}}, $line;
		my ($verb) = map { lc } $line =~ /^(\w*)/;
		if ($verb eq 'ehlo' || $verb eq 'helo') {
			_ehlo($s);
		} elsif ($verb eq 'mail') {
			($r->{from}) = $line =~ /<(.*)>/;
			_act($s, 'mail');
		} elsif ($verb eq 'rcpt') {
			push @{$r->{to}}, $line =~ /<(.*)>/;
			_act($s, 'rcpt:' . @{$r->{to}}, 'rcpt');
		} elsif ($verb eq 'data') {
			_act($s, 'data') =~ /^354/ or next;
			_content($s);
			_act($s, 'end');
		} elsif ($verb eq 'quit') {
			_act($s, 'quit');
			return;
		} elsif (exists $usual{$verb}) {
			_act($s, $verb);
		} else {
			_put($s, "500 5.5.1 what?\r\n");
		}
	}
}

1;
