#!/usr/bin/env bash
# Looks for undefined behaviour: the unit tests, the scripted kernel and the whole program on a modelled kernel under
# Miri, where a nightly toolchain has it, else under AddressSanitizer. (The real file under valgrind is an ordinary test.)
set -euo pipefail
cd "$(dirname "$0")/../.."
triple=x86_64-unknown-linux-gnu

if cargo +nightly miri --version >/dev/null 2>&1; then
    run=(cargo +nightly miri test --target $triple --target-dir target/miri)
    export MIRIFLAGS=-Zmiri-permissive-provenance
else
    # The option is unstable; the run-time library comes with the stable toolchain.
    export RUSTC_BOOTSTRAP=1 CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS=-Zsanitizer=address
    run=(cargo test --target $triple --target-dir target/sanitized)
fi
# The packed texts are safe code, which Miri would read for minutes.
"${run[@]}" --package ipcmk --lib -- --skip words:: --skip errno::
"${run[@]}" --package ipcmk-tests --test scripted --test model
