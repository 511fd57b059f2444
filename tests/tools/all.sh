#!/usr/bin/env bash
# `make test`: runs every test in every place, then prints one report. A failing suite stops no
# other; any failure fails the run. The whole output of a suite is in target/tests/<suite>.log.
#
# It boots x86_64 and aarch64, each on two kernels, and for the cases alone one further kernel of
# tests/boards.txt: they take turns by the day. BOARDS names others, or is `all`.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
unset POSIXLY_CORRECT
export LC_ALL=C RUST_BACKTRACE=0 CARGO_TERM_COLOR=never
. tests/tools/board.sh
make=${MAKE:-make}
results=target/tests/results
# The shell's own `time`: processor seconds of a suite, user and system.
TIMEFORMAT='%U %S'

mkdir -p target/tests
# Without the files of the last run, no suite can pass on what this run failed to build.
rm -rf target/dist target/tests/*.log target/tests/*.time target/tests/*.tally target/tests/cases-*
: >$results

# suite <kind> <name> <command>... counts the tests of a suite by its kind: a `step` is no test, so
# only its failure counts; a `check` is one test; `cargo` reads cargo's summaries, `cases` the
# runner's tally.
suite() {
    local kind=$1 name=$2 log=target/tests/$2.log status=0 passed=0 failed=0 not_here=0 start=$SECONDS
    shift 2
    # A shell of its own: `time` counts all children that its shell has waited for.
    (time "$@" >"$log" 2>&1 </dev/null) 2>"$log.time" || status=$?
    case $kind in
    step) ;;
    check) passed=$((status == 0)) ;;
    cargo) read -r passed failed not_here < <(awk '/^test result:/ { p += $4; f += $6; n += $8 } END { print p + 0, f + 0, n + 0 }' "$log") ;;
    cases) read -r passed failed not_here < <(awk '{ p += $2; f += $3; n += $4 } END { print p + 0, f + 0, n + 0 }' "target/tests/$name.tally" 2>/dev/null || echo 0 0 0) ;;
    esac
    # A suite that was killed, or ran nothing, has failed, whatever it counted.
    if [ $status != 0 ] || { [ "$passed" = 0 ] && [ "$kind" != step ]; }; then failed=$((failed ? failed : 1)); fi
    echo "$name $passed $failed $not_here $((SECONDS - start)) $(tail -n 1 "$log.time")" >>$results
    if [ "$failed" = 0 ]; then
        echo "ok      $name: $passed passed, $((SECONDS - start)) s"
    else
        { sed -n '/^failures:/,$p' "$log" | grep . || tail -n 40 "$log"; } | tail -n 200 | sed "s/^/  $name| /"
        echo "FAILED  $name: $failed failed, $passed passed (exit status $status), see $log"
    fi
}

# Runs a command with settings that no result may depend on: `nohup make test &` ignores signals.
hostile() (
    trap '' HUP INT QUIT TERM PIPE USR1
    umask 077
    ulimit -S -n 64 -s 4096
    export LC_ALL=C.UTF-8 POSIXLY_CORRECT=1
    exec "$@"
)

cases() { # <place> <arguments of the runner>...
    suite cases "$1" hostile target/tests/cases-x86_64 --place "$1" --tally "target/tests/$1.tally" "${@:2}" tests/cases
}

# i686's cases on this machine's kernel, if that runs 32-bit programs: 126 is bash's status of a file
# whose format the kernel refuses.
native_i686() {
    local file=$PWD/target/dist/ipcmk-i686 status=0
    "$file" --version >/dev/null 2>&1 || status=$?
    if [ $status = 126 ]; then
        echo "not here: native-i686: this machine's kernel runs no 32-bit programs"
        echo "native-i686 0 0 1 0 0 0" >>$results
    else
        suite cases native-i686 hostile target/tests/cases-i686 --place native --tally target/tests/native-i686.tally \
            --subject "$file" tests/cases
    fi
}

# The kernels to boot: those of x86_64 and aarch64, where 5.10 and the one with pages of 16 KiB take
# turns, and one of another architecture.
day=$(($(date +%s) / 86400))
pair=(aarch64-5.10 aarch64-16k)
always=(aarch64 x86_64 x86_64-5.10)
mapfile -t others < <(kernels | cut -d ' ' -f 1 | grep -vxFf <(printf '%s\n' "${always[@]}" "${pair[@]}"))
case ${BOARDS-} in
'') turns=("${pair[$((day % 2))]}" "${others[$((day % ${#others[@]}))]}") ;;
all) turns=("${pair[@]}" "${others[@]}") ;;
*) read -ra turns <<<"$BOARDS" ;;
esac
echo "boots ${always[*]} and, in turn, ${turns[*]}: BOARDS='${turns[*]}' make test does so again"

boot() { # <kernel> [cases]
    suite cases "kernel-$1" tests/tools/boot.sh "$1" "target/tests/kernel-$1.tally" "${@:2}"
}

# Lists the machine's own objects. One that is new at the end was left behind by a test.
objects() {
    local kind
    for kind in shm msg sem; do
        awk -v kind=$kind 'NR > 1 { print kind, "key", $1, "id", $2 }' /proc/sysvipc/$kind
    done
    ls -A /dev/shm
    # Its queues, mounted in a mount namespace that ends with the list. That needs root.
    unshare --mount sh -c 'mount -t mqueue none /dev/shm && ls -A /dev/shm' 2>/dev/null | sed 's/^/queue /'
}
nothing_left() {
    local new
    new=$(comm -13 <(sort <<<"$at_start") <(objects | sort))
    [ -z "$new" ] || { echo "left behind in this machine's IPC namespace:"; echo "$new"; return 1; }
}
at_start=$(objects)

suite step setup tests/tools/setup.sh
suite step kernels tests/tools/kernels.sh "${always[@]}" "${turns[@]}"
suite step emulators tests/tools/emulators.sh
# Where nobody is root, the tests in chroots are not here.
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
    suite step chroot tests/tools/chroot.sh debian-12 bookworm
fi
suite step fetch-util-linux tests/tools/util-linux.sh
suite check lint-format "$make" --no-print-directory lint-format
suite check lint-clippy "$make" --no-print-directory lint-clippy
suite check lint-man "$make" --no-print-directory lint-man
suite step build "$make" --no-print-directory build-all
suite check size tests/tools/size.sh
suite step runners "$make" --no-print-directory $(boards | sed 's/^/runner-/')
# Two rows of suites side by side, each a processor's work or a little more. What counts a user's
# locked memory or queues on this machine's kernel is in one row: two such suites would count each
# other's. Each row, when it is done, boots what is left to boot.
queue=target/tests/boots
printf '%s\n' "${always[@]}" "${turns[@]/%/ cases}" >$queue
boots() {
    local kernel
    # Takes the first line off the list.
    while read -ra kernel < <(flock $queue.lock sed -i -e '1w /dev/stdout' -e 1d $queue); do
        boot "${kernel[@]}"
    done
}
beside() {
    suite cargo ub-valgrind tests/tools/ub.sh valgrind
    boots
}
beside &
suite cargo unit cargo test --no-fail-fast
suite cargo integration cargo test --no-fail-fast --package ipcmk-tests
suite cargo fuzz-corpus cargo test --no-fail-fast --package ipcmk-fuzz
suite step fuzz-build tests/tools/fuzz.sh build
# About ten seconds of processor time each.
suite check fuzz-argv env FUZZ_RUNS=800000 tests/tools/fuzz.sh argv
suite check fuzz-numbers env FUZZ_RUNS=2000000 tests/tools/fuzz.sh numbers
suite check fuzz-request env FUZZ_RUNS=150000 tests/tools/fuzz.sh request
cases native --subject "$PWD/target/dist/ipcmk-x86_64"
cases util-linux --util-linux
fetched=target/util-linux-2.41/usr
suite cases util-linux-2.41 target/tests/cases-x86_64 --util-linux --subject $fetched/bin/ipcmk \
    --through $fetched/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --tally target/tests/util-linux-2.41.tally tests/cases
for board in $(boards); do
    board "$board"
    [ "$user" = - ] || cases "qemu-user-$name" --subject "$PWD/target/dist/ipcmk-$name" --through "$user"
done
native_i686
suite cases faults hostile target/tests/cases-x86_64 --faults all --sample --place native --tally target/tests/faults.tally \
    --subject "$PWD/target/dist/ipcmk-x86_64" tests/cases/faults*.case
boots
wait
suite check nothing-left nothing_left

echo
grep -h 'objects lost' target/tests/faults.log target/tests/console-*.log
awk '
    BEGIN { print ""; printf "%-20s %8s %8s %8s %8s %8s\n", "suite", "passed", "failed", "not here", "seconds", "of CPU" }
    { printf "%-20s %8d %8d %8d %8d %8d\n", $1, $2, $3, $4, $5, $6 + $7; passed += $2; failed += $3 }
    END { print ""; print passed " passed, " failed " failed"; exit failed != 0 || passed == 0 }
' $results | tee target/tests/summary
