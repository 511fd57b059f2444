#!/usr/bin/env bash
# Runs a command, as root, in a chroot that chroot.sh has made: in mount, IPC and PID namespaces of
# its own, with this repository at /ipcmk, read-only. Nothing that it writes stays. Its apt reaches
# the mirror as this machine's does.
#   in-chroot.sh <name> <command> [<argument>...]
set -euo pipefail
. "$(dirname "$0")/apt.sh"

if [ "${1-}" = --inside ]; then # <name> <command>...
    name=$2
    shift 2
    umask 022
    mount -t tmpfs -o mode=755 none .mount
    mkdir .mount/{written,work,root}
    mount -t overlay -o "lowerdir=$name,upperdir=.mount/written,workdir=.mount/work" none .mount/root
    cd .mount/root
    mkdir ipcmk
    # As the machine sees it, with target/, but without what is mounted there.
    mount --bind "$repository" ipcmk
    mount -o remount,bind,ro ipcmk
    mount -t proc none proc
    mount -t sysfs -o ro none sys
    mount -t devpts -o newinstance,ptmxmode=666 none dev/pts
    mount -t tmpfs -o mode=1777 none dev/shm
    rm -f etc/resolv.conf
    cp -L /etc/resolv.conf /etc/hosts etc/
    lend_apt .
    # This machine's certificates: for apt, and for all if the environment names them.
    certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    if [ -f "$certificates" ]; then
        cp -L "$certificates" etc/lent-certificates.crt
        echo 'Acquire::https::CAInfo "/etc/lent-certificates.crt";' >etc/apt/apt.conf.d/98lent
    fi
    pivot_root . mnt
    # The command sees neither this machine's files nor its environment.
    exec chroot . /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${SSL_CERT_FILE:+SSL_CERT_FILE=/etc/lent-certificates.crt CARGO_HTTP_CAINFO=/etc/lent-certificates.crt} \
        ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} ${no_proxy:+"no_proxy=$no_proxy"} \
        sh -c 'umount -l /mnt && exec "$@"' sh "$@"
fi

repository=$(realpath "$(dirname "$0")/../..")
script=$repository/tests/tools/${0##*/}
[ $# -ge 2 ] || die "usage: ${0##*/} <name> <command> [<argument>...]"
cd "$repository/target/chroots"
[ -e "$1.from" ] || die "no chroot $1: chroot.sh makes it"
become=()
[ "$(id -u)" = 0 ] || become=(sudo "--preserve-env=http_proxy,https_proxy,no_proxy,SSL_CERT_FILE")
"${become[@]}" mkdir -p .mount
exec "${become[@]}" env repository="$repository" unshare --mount --ipc --pid --fork --kill-child --propagation private \
    "$script" --inside "$@"
