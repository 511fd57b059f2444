#!/usr/bin/env bash
# Runs cargo for a board of tests/boards.txt, with the first compiler that has that board's
# libraries: the default one, after `rustup target add`, or else Debian's (see rust.sh).
# Builds into target/cross/<Rust's target>.
#   cross.sh <board> build --release ...    cargo build --release ...
#   cross.sh <board> --which                prints the compiler, or fails
# CROSS_RUSTC replaces the compilers that it tries.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/board.sh

board "$1"
shift
oldest_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

find_compiler() {
    local rustc version libraries
    for rustc in ${CROSS_RUSTC:-rustc "$PWD/target/rust/rustc"}; do
        version=$("$rustc" --version 2>/dev/null) || continue
        version=$(cut -d' ' -f2 <<<"$version")
        printf '%s\n' "$oldest_rust" "$version" | sort --check=quiet --version-sort || continue
        libraries=$("$rustc" --print target-libdir --target "$target") || continue
        if compgen -G "$libraries/libstd-*.rlib" >/dev/null; then
            echo "$rustc"
            return
        fi
    done
    echo "cross.sh: no rustc here, $oldest_rust or later, has the libraries of $target: run \`make setup\`" >&2
    return 1
}

RUSTC=$(find_compiler)
if [ "${1-}" = --which ]; then
    echo "$RUSTC"
    exit
fi

export RUSTC
triple=${target//-/_}
export "CARGO_TARGET_${triple^^}_LINKER=$compiler"
subcommand=$1
shift
exec cargo "$subcommand" --target "$target" --target-dir target/cross "$@"
