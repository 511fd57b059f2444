#!/usr/bin/env bash
# Looks for undefined behaviour with three tools, or with those that are named: valgrind, address,
# miri.
#   valgrind  under memcheck: the unit tests, the scripted kernel, the whole program on a modelled
#             kernel (tests/suites/model.rs, with src/sys), and the fuzz corpus (the built binary:
#             tests/suites/valgrind.rs)
#   address   the same with AddressSanitizer
#   miri      the unit tests and the modelled kernel; needs a nightly toolchain with Miri, which
#             rustup installs
# Each must first find a planted error. A tool that cannot be installed fails.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
export RUST_BACKTRACE=0
work=target/ub
mkdir -p $work

# cargo, as a tool needs it.
cargo=(cargo)
judged() { # <arguments of cargo test>...
    "${cargo[@]}" test --quiet "$@" </dev/null
}

planted() { # <the tool's message about a read of freed memory>
    if judged --package ipcmk-tests --test planted >$work/planted.log 2>&1 || ! grep -q "$1" $work/planted.log; then
        cat $work/planted.log
        echo "it does not find an error that is there"
        return 1
    fi
}

tests() {
    judged --lib &&
        judged --package ipcmk-tests --test model --test scripted &&
        judged --package ipcmk-fuzz --test replay
}

by_valgrind() (
    export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="valgrind --quiet --error-exitcode=99"
    planted 'Invalid read' && tests
)

by_address() (
    # RUSTC_BOOTSTRAP enables -Zsanitizer in the stable toolchain. Tests leak memory on purpose, so
    # leaks are not reported.
    export RUSTC_BOOTSTRAP=1 CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS=-Zsanitizer=address
    export CARGO_BUILD_TARGET=x86_64-unknown-linux-gnu CARGO_TARGET_DIR=$work/address ASAN_OPTIONS=detect_leaks=0
    planted 'AddressSanitizer: heap-use-after-free' && tests
)

by_miri() (
    cargo=(cargo +nightly miri)
    there() { "${cargo[@]}" --version >/dev/null 2>&1; }
    there || timeout 300 rustup -q toolchain install nightly --profile minimal --component miri,rust-src </dev/null
    there || { echo "no Miri: \`rustup toolchain install nightly --component miri,rust-src\` did not work"; exit 1; }
    # Threads stand for processes that have exited, and leak; addresses become numbers for system
    # calls.
    export MIRIFLAGS="-Zmiri-ignore-leaks -Zmiri-permissive-provenance" CARGO_TARGET_DIR=$work/miri
    # Miri words its errors itself, unlike strerror. The packed texts are safe code, and would take
    # it minutes.
    planted 'Undefined Behavior' &&
        judged --lib -- --skip texts_are_those_of_strerror --skip words:: &&
        judged --package ipcmk-tests --test model
)

[ $# -gt 0 ] || set -- valgrind address miri
status=0
for judge in "$@"; do
    start=$SECONDS verdict="nothing found"
    "by_$judge" || { verdict=FAILED status=1; }
    echo "$judge: $verdict, $((SECONDS - start)) s"
done
exit $status
