#!/usr/bin/env bash
# Boots Debian's kernel with the test runner as /init, /ipcmk and /cases, and reads the results from
# the console.
#   boot.sh x86_64|aarch64 [<tally file>]              a sample of faults, an observer, the cases
#   boot.sh x86_64|aarch64 [<tally file>] all-faults   all faults meant for such a machine
#   boot.sh x86_64-5.10|aarch64-5.10 [<tally file>]    the cases, on Debian 11's Linux 5.10
# For each of these the runner prints a line `TALLY <place> <passed> <failed> <not here>`;
# then it powers the machine off.
set -euo pipefail
cd "$(dirname "$0")/../.."

kernel=$1
arch=${kernel%-*}
tally=${2:-/dev/stdout}
place=kernel-$arch
log=target/tests/console-$kernel.log
times=3 more=()
case $kernel,${3-} in
"$arch,") ;;
"$arch-5.10,") times=1 more=(ipcmk.faults=none) place=kernel-5.10 ;;
"$arch,all-faults") times=1 more=(ipcmk.faults=all) ;;
*) echo "boot.sh: ${*:3} is nothing to do on $kernel" >&2; exit 1 ;;
esac
PATH+=:$PWD/target/qemu/bin # see emulators.sh
root=target/tests/kernel-$kernel

case $arch in
x86_64) machine=q35 cpu=max,la57=off console=ttyS0 ;;
# pauth, sve, sme: the kernel sets them up for each process, which is slow under emulation.
aarch64) machine=virt cpu=max,pauth=off,sve=off,sme=off console=ttyAMA0 ;;
*) echo "boot.sh: unknown architecture $arch" >&2; exit 1 ;;
esac

# The kernel creates /dev/console itself, so this needs no root.
rm -rf "$root"
mkdir -p "$root"/{proc,sys,dev,tmp,etc,cases}
install -m 755 "target/tests/cases-$arch" "$root/init"
install -m 755 "target/dist/ipcmk-$arch" "$root/ipcmk"
cp tests/cases/*.case "$root/cases/"
cp tests/differences.txt "$root/"
echo root:x:0:0::/: >"$root/etc/passwd"
echo root:x:0: >"$root/etc/group"
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=+0:+0) | gzip -1 >"$root.initramfs"

# A limit of processor time, which other load does not affect. A sleeping machine uses none, so
# `timeout` limits that.
limit=${BOOT_SECONDS:-1800}
status=0
(ulimit -t "$limit" && exec timeout --kill-after=10 $((limit * 6)) "qemu-system-$arch" \
    -machine $machine -accel tcg -cpu $cpu -m 256 -nographic -no-reboot -nic none \
    -kernel "target/kernels/$kernel/vmlinuz" -initrd "$root.initramfs" \
    -append "console=$console panic=-1 quiet mitigations=off rcupdate.rcu_expedited=1 ipcmk.place=$place ${more[*]}" \
    </dev/null 2>&1) | tr -d '\r' >"$log" || status=$?

read -r ended passed failed not_here < <(grep "^TALLY $place [0-9]* [0-9]* [0-9]*$" "$log" |
    awk '{ times++; passed += $3; failed += $4; not_here += $5 } END { print times + 0, passed, failed, not_here }')
if [ "$ended" != $times ]; then
    echo "boot.sh: $root gave no result (qemu: status $status; 152 or 137 is out of processor time, 124 out of time); $log ends:"
    tail -n 30 "$log"
    exit 1
fi
echo "$place $passed $failed $not_here" >>"$tally"
if [ "$passed" = 0 ] || [ "$failed" != 0 ]; then
    # libtest's lists of failures, if there are any
    sed -n '/^failures:/,/^test result:/p' "$log" | grep . || tail -n 30 "$log"
    exit 1
fi
