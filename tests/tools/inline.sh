#!/usr/bin/env bash
# Measures what each `#[inline(never)]` that is there for size saves: removes that one attribute
# from a copy of the sources, builds both architectures, and prints by how many bytes the file
# grows. An attribute is there for size if its comment is `// size: ...`, with the figures of both
# architectures. One that saves less than 64 bytes on both must go.
#   inline.sh [--update] [<file in src>...]    all files, or these; --update writes the figures into
#                                              the comments
# The exit status is 1 if a comment has other figures, or if an attribute must go.
set -euo pipefail
cd "$(dirname "$0")/../.."

least=64
copy=target/inline
update=
if [ "${1-}" = --update ]; then
    update=yes
    shift
fi

# The copy keeps its target directory, so that only ipcmk itself is built again.
mkdir -p $copy
export CARGO_TARGET_DIR=$PWD/$copy/target CROSS_RUSTC="rustc $PWD/target/rust/rustc"
fresh() {
    rm -rf $copy/src
    cp -a --parents Cargo.toml Cargo.lock build.rs linker src tests dist README.md $copy
}

measure() { # prints the bytes on x86_64 and on aarch64
    (
        cd $copy
        cargo build --quiet --release --bin ipcmk
        tests/tools/cross.sh aarch64 build --quiet --release --bin ipcmk
    ) >&2
    stat -c %s $copy/target/release/ipcmk $copy/target/cross/aarch64-unknown-linux-gnu/release/ipcmk | xargs
}

mapfile -t places < <(grep -rnE '#\[inline\(never\)\] // (size|`make size`):' --with-filename "${@:-src}" | cut -d: -f1,2)
fresh
read -r whole_x86_64 whole_aarch64 < <(measure)
echo "with all of them: $whole_x86_64 bytes on x86_64, $whole_aarch64 on aarch64"
status=0
for place in "${places[@]}"; do
    file=${place%:*} line=${place#*:}
    fresh
    sed -i "${line}s|#\[inline(never)\] ||" "$copy/$file"
    read -r x86_64 aarch64 < <(measure)
    x86_64=$((x86_64 - whole_x86_64)) aarch64=$((aarch64 - whole_aarch64))
    figures="size: $x86_64 bytes on x86_64, $aarch64 on aarch64 (make inline)"
    name=$(tail -n +"$line" "$file" | grep -om1 'fn [a-z_]*' || true)
    verdict=
    if [ $x86_64 -lt $least ] && [ $aarch64 -lt $least ]; then
        verdict=": GOES, under $least"
        status=1
    elif [ -n "$update" ]; then
        sed -i "${line}s|//.*|// $figures|" "$file"
    elif ! sed -n "${line}p" "$file" | grep -qF "// $figures"; then
        verdict=": the comment states other figures"
        status=1
    fi
    echo "$place, $name: $figures$verdict"
done
exit $status
