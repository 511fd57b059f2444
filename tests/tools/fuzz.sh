#!/usr/bin/env bash
# Fuzzes the targets of tests/fuzz with libFuzzer, on a stable compiler.
#   fuzz.sh build               only builds them
#   fuzz.sh merge [target]...   adds the fewest inputs of target/fuzz that keep its coverage to
#                               tests/fuzz/corpus
#   fuzz.sh [target]...         runs these, or all, at the same time, until ^C, or for FUZZ_SECONDS, or
#                               FUZZ_RUNS executions each
# Fails if a target crashes, hangs, or runs fewer inputs than the corpus has or FUZZ_RUNS says. The
# input of a crash is printed and kept: put it into tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."
unset POSIXLY_CORRECT
triple=x86_64-unknown-linux-gnu
work=target/fuzz
seconds=${FUZZ_SECONDS:-0}
most=${FUZZ_RUNS:--1}
# Counters that the seed corpus alone reaches, unless the compiler has inserted none.
least_coverage=200
# libFuzzer's exit status after a signal, which ends a run without a time limit.
interrupted=72

command=fuzz
case ${1-} in build | merge) command=$1; shift ;; esac
targets=("$@")
[ $# -gt 0 ] || targets=(argv numbers request)

# The flags of `cargo fuzz --sanitizer none`. Set for --target, so that build scripts are not
# instrumented.
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS=${flags//$'\n'/ } \
    cargo build --quiet --target $triple --target-dir $work/build --profile fuzz \
    --package ipcmk-fuzz --features targets --bins
[ $command != build ] || exit 0

libfuzzer() { # <target> <arguments of libFuzzer>..., in a process of its own
    local longest=200
    [ "$1" != numbers ] || longest=60
    exec $work/build/$triple/fuzz/"$1" -max_len=$longest -timeout=10 -rss_limit_mb=1024 "${@:2}"
}

if [ $command = merge ]; then
    for target in "${targets[@]}"; do
        kept=tests/fuzz/corpus/$target
        rm -rf "$work/merged" && mkdir -p "$work/merged" "$work/$target/corpus" "$kept"
        (libfuzzer "$target" -merge=1 -use_counters=0 "$work/merged" "$kept" "$work/$target/corpus") 2>&1 | tail -n 1
        rm -rf "$kept" && mv "$work/merged" "$kept"
    done
    exit 0
fi

start=$SECONDS
processes=()
# TERM, since the children of a shell without job control ignore INT.
trap 'kill -TERM "${processes[@]}" 2>/dev/null || true' INT TERM
for target in "${targets[@]}"; do
    mkdir -p "$work/$target/corpus"
    rm -f "$work/$target"/{crash,timeout,oom,slow-unit}-*
    libfuzzer "$target" -max_total_time="$seconds" -runs="$most" -print_final_stats=1 -dict=tests/fuzz/dictionary.txt \
        -artifact_prefix="$work/$target/" "$work/$target/corpus" "tests/fuzz/corpus/$target" \
        >"$work/$target/log" 2>&1 </dev/null &
    processes+=($!)
done

failed=0
for index in "${!targets[@]}"; do
    target=${targets[index]} status=0
    log=$work/$target/log
    # A signal to this script interrupts `wait` before the target has ended.
    until wait "${processes[index]}" || { status=$?; ! kill -0 "${processes[index]}" 2>/dev/null; }; do status=0; done
    took=$((SECONDS - start))
    runs=$(awk '/^stat::number_of_executed_units:/ { runs = $2 } END { print runs + 0 }' "$log")
    progress=$(sed -n 's/^#.*\(cov: .*\) rss:.*/\1/p' "$log" | tail -n 1)
    read -r _ coverage _ <<<"$progress"
    echo "$target: $runs executions in $took s, ${progress:-no input tried}"
    if [ $status = 0 ] || [ $status = $interrupted ]; then
        inputs=$(find "tests/fuzz/corpus/$target" -type f | wc -l)
        if [ "$runs" -lt "$inputs" ] || [ "$runs" -lt "$most" ]; then
            echo "$target: too few executions: the corpus has $inputs inputs"
            failed=1
        elif [ "${coverage:-0}" -lt $least_coverage ]; then
            echo "$target: its branches are not counted"
            failed=1
        fi
        continue
    fi
    failed=1
    grep -vE '^#[0-9]' "$log" | tail -n 60
    for input in "$work/$target"/{crash,timeout,oom}-*; do
        [ -e "$input" ] || continue
        echo "$target fails (exit status $status). Keep the input, and fix the cause:"
        echo "  base64 -d <<<$(base64 -w 0 "$input") >tests/fuzz/corpus/$target/$(basename "$input")"
        echo "  cargo test --package ipcmk-fuzz"
    done
done
exit $failed
