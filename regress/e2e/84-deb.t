#!/usr/bin/perl
# SPDX-License-Identifier: ISC

# make deb: what is in the packages, and what lintian says of them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Temp qw(tempdir);
use Msmtpd::Test qw(run which);
use Test::More;

# Sanitizers, another compiler: the packages are the same.
plan skip_all => 'is for the plain build: OBJDIR=.obj'
    if ($ENV{OBJDIR} // '.obj') !~ m{(?:^|/)\.obj$};
for my $program (qw(dpkg-buildpackage dh make)) {
	plan skip_all => "$program is not installed" unless which($program);
}
$Msmtpd::Test::DEADLINE = 300;

my $top = "$FindBin::Bin/../..";
my $tmp = tempdir('msmtpd-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
my $dir = "$tmp/deb";

# As if started by hand, whatever runs this.
delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS OBJDIR CC CFLAGS PERL5LIB)};
my ($status, $out, $err) = run('make', '-C', $top, 'deb', "DEB_DIR=$dir");
is($status, 0, 'make deb') or die "$out$err";

# contents: a package's file, and the mode and owner of each file in it.
sub contents {
	my ($name) = @_;
	my ($deb) = glob "$dir/${name}_[0-9]*.deb";
	my (undef, $list) = run('dpkg-deb', '-c', $deb // "$dir/$name");
	my %file;
	for (split /\n/, $list) {
		$file{$3} = "$1 $2"
		    if m{^(\S+) (\S+) +\d+ \S+ \S+ \.(/\S*[^/])(?: -> |$)};
	}
	return ($deb, \%file);
}

my ($deb, $file) = contents('msmtpd');
my (undef, $units) = run('pkg-config', '--variable=systemdsystemunitdir',
    'systemd');
chomp $units;
my @want = ('/usr/bin/msmtpd', '/etc/default/msmtpd', '/etc/init.d/msmtpd',
    '/usr/share/man/man1/msmtpd.1.gz',
    '/usr/share/man/man5/msmtpd.rules.5.gz',
    '/usr/share/man/man7/msmtpd-examples.7.gz',
    '/usr/lib/sysusers.d/msmtpd.conf', '/usr/lib/tmpfiles.d/msmtpd.conf',
    map { "$units/$_" } qw(msmtpd.socket msmtpd.service
    msmtpd-privsep.service msmtpd-inetd.socket msmtpd-inetd@.service
    msmtpd@.service system-msmtpd.slice));
is_deeply([grep { !m{^/usr/share/(?:doc|lintian)/} } sort keys %$file],
    [sort @want], 'msmtpd: its files');
my $link = "$units/msmtpd-inetd\@.service";
is_deeply([grep { $file->{$_} !~ m{^-rw[-x]r-[-x]r-[-x] root/root$} }
    grep { $_ ne $link } sort keys %$file], [],
    "msmtpd: all root's, no bit that gives rights");
like($file->{$link}, qr{^l\S+ root/root$}, 'msmtpd: one name is a link');
(undef, $out) = run('dpkg-deb', '-I', $deb, 'conffiles');
is($out, "/etc/default/msmtpd\n/etc/init.d/msmtpd\n", 'msmtpd: conffiles');
(undef, $out) = run('dpkg-deb', '-f', $deb, 'Conflicts', 'Replaces');
is_deeply([sort split /\n/, $out], ['Conflicts: msmtp-mta',
    'Replaces: msmtp-mta'], 'msmtpd: takes the place of msmtp-mta');

# The package, as it is unpacked: its program starts, and is this version.
run('dpkg-deb', '-x', $deb, "$tmp/root");
(undef, $out) = run("$tmp/root/usr/bin/msmtpd", '--version');
my ($version) = $out =~ /^msmtpd (\S+)$/;
(undef, $out) = run('dpkg-deb', '-f', $deb, 'Version');
is($version, $out =~ s/\s+\z//r, 'changelog and program are of one version');

(undef, $file) = contents('msmtpd-mta');
is_deeply([grep { !m{^/usr/share/} } sort keys %$file], ['/usr/bin/newaliases',
    '/usr/lib/sendmail', '/usr/sbin/sendmail'], 'msmtpd-mta: its links');

SKIP: {
	skip('lintian is not installed', 1) unless which('lintian');
	my ($changes) = glob "$dir/msmtpd_*.changes";
	my ($s, $o) = run('lintian', '--allow-root', '-I', '--pedantic',
	    '--tag-display-limit=0', $changes);
	is("$s: $o", '0: ', 'lintian has nothing to say, not even pedantically');
}

done_testing();
