#!/usr/bin/env bash
# Boots a kernel of target/kernels on an initramfs, and copies its console to standard output.
#   qemu.sh <kernel> <folder> <MiB> [<words of the kernel's command line>...]
# The folder is the content of the initramfs; the machine has so much memory. Whatever is process 1
# powers it off.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/board.sh

kernel "$1"
vmlinuz=target/kernels/$1/vmlinuz
folder=$2
mebibytes=$3
shift 3
PATH+=:$PWD/target/qemu/bin # see emulators.sh

# The kernel creates /dev/console itself, so this needs no root.
(cd "$folder" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=+0:+0) | gzip -1 >"$folder.initramfs"

# A limit of processor time, which other load does not affect. A sleeping machine uses none, so
# `timeout` limits that.
limit=${BOOT_SECONDS:-1800}
status=0
# shellcheck disable=SC2086 # the emulator and its options are words
(ulimit -t "$limit" && exec timeout --kill-after=10 $((limit * 6)) $emulator \
    -accel tcg -m "$mebibytes" -nographic -no-reboot -nic none -kernel "$vmlinuz" -initrd "$folder.initramfs" \
    -append "console=$console panic=-1 quiet mitigations=off rcupdate.rcu_expedited=1 $*" \
    </dev/null 2>&1) | tr -d '\r' || status=$?
case $status in
0) exit ;;
124) echo "qemu.sh: out of time" ;;
137 | 152) echo "qemu.sh: out of processor time" ;;
*) echo "qemu.sh: qemu exits with $status" ;;
esac >&2
exit $status
