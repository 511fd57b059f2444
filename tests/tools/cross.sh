#!/usr/bin/env bash
# Runs cargo for aarch64 with the first compiler that has that processor's libraries: the default
# one, after `rustup target add`, or else Debian's. Builds into target/cross, so that two compilers
# never share a cache.
#   cross.sh build --release ...    cargo build --release ...
#   cross.sh --which                prints the compiler, or fails
set -euo pipefail

cd "$(dirname "$0")/../.."

target=aarch64-unknown-linux-gnu
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

find_compiler() {
    local compiler version libraries
    for compiler in ${AARCH64_RUSTC:-rustc /usr/bin/rustc}; do
        version=$("$compiler" --version 2>/dev/null) || continue
        version=$(cut -d' ' -f2 <<<"$version")
        printf '%s\n' "$oldest" "$version" | sort --check=quiet --version-sort || continue
        libraries=$("$compiler" --print target-libdir --target "$target") || continue
        if compgen -G "$libraries/libstd-*.rlib" >/dev/null; then
            echo "$compiler"
            return
        fi
    done
    echo "cross.sh: no rustc here, $oldest or later, has the libraries of $target: run \`make setup\`" >&2
    return 1
}

compiler=$(find_compiler)
if [ "${1-}" = --which ]; then
    echo "$compiler"
    exit
fi

export RUSTC="$compiler"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
subcommand=$1
shift
exec cargo "$subcommand" --target "$target" --target-dir target/cross "$@"
