#!/usr/bin/env bash
# Boots a kernel of target/kernels on an initramfs, and copies its console to standard output.
#   qemu.sh <kernel> <folder> <MiB> [<words of the kernel's command line>...]
# The folder is the content of the initramfs; the machine has so much memory. Whatever is process 1
# powers it off.
set -euo pipefail
cd "$(dirname "$0")/../.."

kernel=$1
arch=${kernel%-*}
folder=$2
memory=$3
shift 3
PATH+=:$PWD/target/qemu/bin # see emulators.sh

case $arch in
x86_64) machine=q35 cpu=max,la57=off console=ttyS0 ;;
# pauth, sve, sme: the kernel sets them up for each process, which is slow under emulation.
aarch64) machine=virt cpu=max,pauth=off,sve=off,sme=off console=ttyAMA0 ;;
*) echo "qemu.sh: unknown architecture $arch" >&2; exit 1 ;;
esac

# The kernel creates /dev/console itself, so this needs no root.
(cd "$folder" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=+0:+0) | gzip -1 >"$folder.initramfs"

# A limit of processor time, which other load does not affect. A sleeping machine uses none, so
# `timeout` limits that.
limit=${BOOT_SECONDS:-1800}
status=0
(ulimit -t "$limit" && exec timeout --kill-after=10 $((limit * 6)) "qemu-system-$arch" \
    -machine $machine -accel tcg -cpu $cpu -m "$memory" -nographic -no-reboot -nic none \
    -kernel "target/kernels/$kernel/vmlinuz" -initrd "$folder.initramfs" \
    -append "console=$console panic=-1 quiet mitigations=off rcupdate.rcu_expedited=1 $*" \
    </dev/null 2>&1) | tr -d '\r' || status=$?
case $status in
0) exit ;;
124) echo "qemu.sh: out of time" ;;
137 | 152) echo "qemu.sh: out of processor time" ;;
*) echo "qemu.sh: qemu exits with $status" ;;
esac >&2
exit $status
