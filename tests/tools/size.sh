#!/usr/bin/env bash
# Compares the sizes of the two files with those in tests/sizes.txt, or writes them there
# (--update). A line there has architecture, bytes, compiler. With another compiler the code
# differs: its sizes are shown, and not compared.
set -euo pipefail
cd "$(dirname "$0")/../.."

committed=tests/sizes.txt
cross=$(tests/tools/cross.sh --which)

line() { # <architecture> <compiler>
    local bytes version
    bytes=$(stat -c %s "target/dist/ipcmk-$1") || return
    version=$("$2" --version) || return
    version=${version#rustc }
    echo "$1 $bytes ${version%% *}"
}
x86_64=$(line x86_64 rustc)
aarch64=$(line aarch64 "$cross")

if [ "${1-}" = --update ]; then
    limit=$(grep '^limit ' $committed)
    printf '%s\n' "$limit" "$x86_64" "$aarch64" | tee $committed
    exit
fi

status=0
if ! grep -q "^| file size, bytes .* $(awk '$1 == "x86_64" { print $2 }' $committed) |.* $(awk '$1 == "aarch64" { print $2 }' $committed) |" tests/bench/README.md; then
    echo "tests/bench/README.md has other sizes than $committed: run \`make figures\`"
    status=1
fi
limit=$(awk '$1 == "limit" { print $2 }' $committed)
for now in "$x86_64" "$aarch64"; do
    read -r arch bytes compiler <<<"$now"
    read -r _ was with <<<"$(grep "^$arch " $committed)"
    if [ -z "$was" ]; then
        verdict="nothing to compare with: run \`make size-update\` and commit $committed"
        status=1
    elif [ "$with" != "$compiler" ]; then
        echo "$arch: $bytes bytes (rustc $compiler), not judged: the committed $was is of rustc $with"
        continue
    elif [ "$was" != "$bytes" ]; then
        verdict="CHANGED by $((bytes - was)) from $was: if that is right, run \`make size-update\` and commit $committed"
        status=1
    else
        verdict="as committed"
    fi
    if [ "$bytes" -gt "$limit" ]; then
        verdict+="; OVER the limit of $limit"
        status=1
    fi
    echo "$arch: $bytes bytes (rustc $compiler), $verdict"
done
exit $status
