# Uses a semaphore set that another program initialises, by IPC::Semaphore; says what wait.c says.
use strict;
use warnings;
use IPC::Semaphore;
use IPC::SysV qw(IPC_CREAT IPC_EXCL IPC_NOWAIT);

$| = 1;
my $key = oct $ARGV[0];
die "there should be a set" if IPC::Semaphore->new($key, 1, IPC_CREAT | IPC_EXCL | 0600);
my $set = IPC::Semaphore->new($key, 1, 0) or die "semget: $!";
my $is_told = 0;
until ($set->stat->otime) {
    print "waiting\n" unless $is_told;
    $is_told = 1;
    select undef, undef, undef, 0.001;
}
$set->op(0, -1, IPC_NOWAIT) or die "semop: $!";
print $set->getval(0), "\n";
