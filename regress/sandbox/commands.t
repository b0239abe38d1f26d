#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# Programs that people run as --command, under deliver's own sandbox.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../e2e/lib";

use File::Temp ();
use IO::Handle;
use IO::Socket::INET;
use Msmtpd::Test qw(eventually free_port is_root own_netns python run slurp
    spew status_of which);
use Test::More;

my $objdir = $ENV{OBJDIR} || '.obj';
my $run = "$objdir/regress/sandbox/run_sandboxed";
plan skip_all => "$run is not built" unless -x $run;
# A network namespace, so that no other server uses the ports.
own_netns() if is_root();

my $tmp = File::Temp->newdir('msmtpd-XXXXXXXX', TMPDIR => 1);
chmod 0755, "$tmp" or die $!;
File::Copy::copy($run, "$tmp/run_sandboxed") or die $!;
chmod 0755, "$tmp/run_sandboxed" or die $!;
mkdir "$tmp/home", 0755 or die $!;
my @uid = is_root() ? ('-u', $Msmtpd::Test::NOBODY) : ();
chown $Msmtpd::Test::NOBODY, $Msmtpd::Test::NOBODY, "$tmp/home"
    if is_root();

# sandboxed: run a program in deliver's sandbox; returns its wait status,
# standard output and standard error.
sub sandboxed {
	my ($opt, @cmd) = ref $_[0] ? @_ : ({}, @_);
	$opt->{env}{HOME} = "$tmp/home";
	$opt->{cwd} = '/';
	return run($opt, "$tmp/run_sandboxed", @uid, @cmd);
}

# at_home: the processes that it has left behind.
sub at_home {
	return grep { (eval { slurp("/proc/$_/environ") } // '') =~
	    m{\bHOME=\Q$tmp\E/home\0} } map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub works {
	my ($name, $want, @cmd) = @_;
	my ($status, $out, $err) = sandboxed(@cmd);
	is(status_of($status), 'exit 0', "$name: exit status") or
	    diag($out, $err);
	like($out, $want, "$name: output") or diag($err);
}

# Skip where there is no Python with these modules.
sub with_python {
	my ($code, @modules) = @_;
	SKIP: {
		my $path = python(@modules) or
		    skip "python3 with @modules is not installed", 1;
		$code->($path);
	}
}

# Skip where the program is not installed.
sub program {
	my ($name, $code) = @_;
	# Look where any user can execute the program: this user's own PATH may
	# have one that others cannot.
	my ($path) = grep { -x } map { "$_/$name" } qw(/usr/bin /bin);
	SKIP: {
		skip "$name is not installed", 1 unless $path;
		$code->($path);
	}
}

program('bash', sub {
	works('bash: pipes, substitution, jobs, here-document',
	    qr/^3 b ok\n\z/, $_[0], '-c', 'set -e; n=$(printf "a\nb\nc\n" | ' .
	    'wc -l | tr -d " "); x=$(tail -n 1 <<END' . "\n" . 'b' . "\n" .
	    'END' . "\n" . '); sleep 0.1 & wait $!; kill -0 $$; ' .
	    'echo "$n $x ok"');
});

program('sh', sub {
	works('sh: kill of its own job', qr/^143\n\z/, $_[0], '-c',
	    'sleep 100 & kill $!; wait $!; echo $?');
});

program('perl', sub {
	works('perl: fork, pipe, socket, temporary file, sleep', qr/^ok\n\z/,
	    $_[0], '-e', <<'END');
use strict; use warnings;
use File::Temp; use IO::Socket::INET; use Time::HiRes;
use Socket qw(getaddrinfo);
my $t = File::Temp->new; print $t "x"; close $t;
open my $p, "-|", "echo", "from a child" or die; <$p> =~ /child/ or die;
close $p or die;
IO::Socket::INET->new(Proto => "udp") or die "socket: $!";
getaddrinfo("127.0.0.1", 25) or die; Time::HiRes::usleep(1000);
local $SIG{ALRM} = sub { print "ok\n"; exit 0 }; alarm 1; select undef,undef,undef,10;
END
});

with_python(sub {
	works('python3: subprocess, threads, ssl, sqlite, asyncio',
	    qr/^ok\n\z/, $_[0], '-c', <<'END');
import asyncio, subprocess, threading, multiprocessing, tempfile, ssl, socket
import email, os, sqlite3, concurrent.futures
assert subprocess.run(["echo", "x"], capture_output=True).stdout == b"x\n"
t = threading.Thread(target=lambda: None); t.start(); t.join()
with concurrent.futures.ThreadPoolExecutor(4) as e:
    assert list(e.map(abs, [-1, -2])) == [1, 2]
async def main():
    p = await asyncio.create_subprocess_exec("true")
    assert await p.wait() == 0
asyncio.run(main())
ssl.create_default_context()
socket.getaddrinfo("127.0.0.1", 25)
sqlite3.connect(":memory:").execute("select 1")
c = multiprocessing.get_context("fork").Process(target=lambda: None)
c.start(); c.join(); assert c.exitcode == 0
with tempfile.TemporaryDirectory() as d: os.symlink("x", d + "/y")
print("ok")
END
}, qw(asyncio subprocess multiprocessing tempfile ssl email sqlite3
    concurrent.futures));

# A server for one connection in a child; returns its port and pid.
sub server {
	my ($code) = @_;
	my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or
	    die "listen: $!\n";
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		alarm 60;
		$code->(scalar $s->accept);
		POSIX::_exit(0);
	}
	return ($s->sockport, $pid);
}

program('curl', sub {
	my ($port, $pid) = server(sub {
		my ($c) = @_;
		while (<$c>) { last if /^\r?\n\z/ }
		print $c "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
		close $c;
	});
	works('curl: HTTP', qr/^ok\n\z/, $_[0], '-sS', '--max-time', 30,
	    "http://127.0.0.1:$port/");
	waitpid $pid, 0;
});

# openssl s_server as an SMTP server: what the client sends is its output,
# what it is to answer its input.
sub tls_server {
	my ($openssl) = @_;
	my $port = free_port();
	run($openssl, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
	    '-keyout', "$tmp/key.pem", '-out', "$tmp/cert.pem", '-days', 2,
	    '-subj', '/CN=localhost');
	my $pid = fork // die "fork: $!\n";
	return ($port, $pid) if $pid;
	alarm 60;
	pipe my $in_r, my $in_w or die $!;
	pipe my $out_r, my $out_w or die $!;
	my $server = fork // die "fork: $!\n";
	if ($server == 0) {
		open STDIN, '<&', $in_r or die $!;
		open STDOUT, '>&', $out_w or die $!;
		close $_ for $in_w, $out_r;
		alarm 60;
		exec $openssl, 's_server', '-quiet', '-accept',
		    "127.0.0.1:$port", '-cert', "$tmp/cert.pem", '-key',
		    "$tmp/key.pem", '-naccept', 1;
		die "$openssl: $!\n";
	}
	close $_ for $in_r, $out_w;
	$in_w->autoflush(1);
	print $in_w "220 tls.example ESMTP\r\n";
	my ($data, $mail) = (0, '');
	while (my $line = <$out_r>) {
		if ($data) {
			if ($line =~ /^\.\r?\n/) {
				$data = 0;
				print $in_w "250 2.0.0 Ok\r\n";
			} else {
				$mail .= $line;
			}
		} elsif ($line =~ /^DATA/i) {
			$data = 1;
			print $in_w "354 Go\r\n";
		} elsif ($line =~ /^QUIT/i) {
			print $in_w "221 Bye\r\n";
			last;
		} else {
			print $in_w "250 Ok\r\n";
		}
	}
	spew("$tmp/tls-mail", $mail);
	close $in_w;
	kill 'TERM', $server;
	waitpid $server, 0;
	POSIX::_exit(0);
}

program('msmtp', sub {
	my ($msmtp) = @_;
	my $openssl = which('openssl');
	skip 'openssl is not installed', 1 unless $openssl;
	my ($port, $pid) = tls_server($openssl);
	spew("$tmp/mail", "Subject: through TLS\n\nbody\n");
	my ($status, $out, $err);
	# It takes a moment until it listens.
	eventually {
		open my $in, '<', "$tmp/mail" or die $!;
		($status, $out, $err) = sandboxed({ stdin => $in }, $msmtp,
		    '--file=/dev/null', '--host=127.0.0.1', "--port=$port",
		    '--tls=on', '--tls-starttls=off', '--tls-certcheck=off',
		    '--auth=off', '-f', 'a\@example.org', '--',
		    'b\@example.net');
		$err !~ /Connection refused/;
	};
	is(status_of($status), 'exit 0', 'msmtp: a mail through TLS') or
	    diag($err);
	kill 'TERM', $pid if $status;
	waitpid $pid, 0;
	like(-e "$tmp/tls-mail" ? slurp("$tmp/tls-mail") : '',
	    qr/Subject: through TLS/, 'msmtp: it has arrived');
});

# dma's sendmail is set-group-ID, which no_new_privs takes from it: the
# command's user needs the group mail himself, to reach the spool.
SKIP: {
	my $dma = '/usr/sbin/dma';
	my $spool = '/var/spool/dma';
	my $mail = getgrnam 'mail';
	skip 'dma is not installed', 3 unless -x $dma;
	skip 'dma needs the group mail, so root', 3 unless is_root();
	spew("$tmp/mail", "Subject: by dma $$\n\nbody\n");
	open my $in, '<', "$tmp/mail" or die $!;
	my ($status, $out, $err) = sandboxed({ stdin => $in }, '-g', $mail,
	    $dma, '-f', 'a@example.org', '--', 'b@no-such-domain.invalid');
	is(status_of($status), 'exit 0', 'dma: takes a mail') or diag($err);
	# dma goes on to try, in a process of its own, and waits for minutes.
	ok(eventually {
		my @left = at_home();
		kill 'KILL', @left;
		!@left;
	}, 'dma: is ended');
	my @queued = grep { -f && (eval { slurp($_) } // '') =~
	    /Subject: by dma $$\n/ } glob "$spool/*";
	# And perhaps what dma sends back, which has it inside.
	cmp_ok(scalar @queued, '>=', 1, 'dma: it is in the spool');
	for my $file (@queued) {
		(my $id = $file) =~ s{.*/M}{};
		unlink $file, "$spool/Q$id";
	}
}

# The sandbox refuses the same calls to all of these programs.
program('unshare', sub {
	my ($status, $out, $err) = sandboxed($_[0], '-r', 'true');
	isnt($status, 0, 'unshare -r is refused');
});
with_python(sub {
	my ($status, $out) = sandboxed($_[0], '-c', <<'END');
import socket
s = socket.socket()
try:
    s.bind(("127.0.0.1", 0)); print("bound")
except PermissionError: print("refused")
END
	# landlock_create_ruleset: which ABI it has.
	skip 'Landlock here is older than ABI 4', 1
	    if syscall(444, 0, 0, 1) < 4;
	is($out, "refused\n", 'python3: bind on TCP is refused');
}, 'socket');
with_python(sub {
	my ($status, $out) = sandboxed($_[0], '-c', <<'END');
import socket
for family in (socket.AF_INET, socket.AF_INET6):
    try:
        socket.socket(family, socket.SOCK_STREAM, 262); print("made")
    except PermissionError: print("refused")
END
	is($out, "refused\nrefused\n", 'python3: as is multipath TCP, whose ' .
	    'bind Landlock does not see');
}, 'socket');
# deliver must not map memory that is writable and executable; commands may.
with_python(sub {
	my ($status, $out, $err) = sandboxed($_[0], '-c', <<'END');
import mmap
mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
print("made")
END
	is($out, "made\n", 'python3: code can be made at run time') or
	    diag($err);
}, 'mmap');

done_testing();
