#!/usr/bin/env bash
# Boots Debian's kernel with the test runner as /init, /ipcmk and /cases, and reads the results from
# the console.
#   boot.sh <kernel> [<tally file>]             a board's own kernel: a sample of faults, an observer,
#                                               the cases; another kernel: the cases
#   boot.sh <kernel> [<tally file>] cases       the cases
#   boot.sh <kernel> [<tally file>] all-faults  a board's own kernel: all faults meant for a machine
# The kernels are those of tests/boards.txt: x86_64, x86_64-5.10 and so on.
# For each of these the runner prints a line `TALLY <place> <passed> <failed> <not here>`;
# then it powers the machine off.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/board.sh

kernel=$1
kernel "$kernel"
tally=${2:-/dev/stdout}
place=kernel-$name
log=target/tests/console-$kernel.log
[ "$kernel" != "$name-5.10" ] || place=kernel-5.10
case $kernel,${3-} in
"$name,") times=3 more=() ;;
"$name,all-faults") times=1 more=(ipcmk.faults=all) ;;
*, | *,cases) times=1 more=(ipcmk.faults=none) ;;
*) echo "boot.sh: ${*:3} is nothing to do on $kernel" >&2; exit 1 ;;
esac
root=target/tests/kernel-$kernel

rm -rf "$root"
mkdir -p "$root"/{proc,sys,dev,tmp,etc,cases}
install -m 755 "target/tests/cases-$name" "$root/init"
install -m 755 "target/dist/ipcmk-$name" "$root/ipcmk"
cp tests/cases/*.case "$root/cases/"
cp tests/differences.txt "$root/"
echo root:x:0:0::/: >"$root/etc/passwd"
echo root:x:0: >"$root/etc/group"

status=0
tests/tools/qemu.sh "$kernel" "$root" "$memory" ipcmk.place=$place "${more[@]}" >"$log" 2>"$log.err" || status=$?

read -r ended passed failed not_here < <(grep "^TALLY $place [0-9]* [0-9]* [0-9]*$" "$log" |
    awk '{ times++; passed += $3; failed += $4; not_here += $5 } END { print times + 0, passed, failed, not_here }')
if [ "$ended" != $times ]; then
    echo "boot.sh: $root gave no result ($(cat "$log.err"), status $status); $log ends:"
    tail -n 30 "$log"
    exit 1
fi
echo "$place $passed $failed $not_here" >>"$tally"
if [ "$passed" = 0 ] || [ "$failed" != 0 ]; then
    # libtest's lists of failures, if there are any
    sed -n '/^failures:/,/^test result:/p' "$log" | grep . || tail -n 30 "$log"
    exit 1
fi
