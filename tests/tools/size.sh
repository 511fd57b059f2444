#!/usr/bin/env bash
# Compares the sizes of the files with those in tests/sizes.txt and with the limits of
# tests/boards.txt, or writes them to tests/sizes.txt and README.md's table (--update). A line there
# has board, bytes, compiler. With another compiler the code differs: its sizes are shown, and not
# compared.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/board.sh
. tests/tools/page.sh

committed=tests/sizes.txt

lines() { # prints such a line for each file
    local board bytes version rustc
    for board in $(boards); do
        # As in the Makefile: x86_64 is a plain build.
        rustc=rustc
        [ "$board" = x86_64 ] || rustc=$(tests/tools/cross.sh "$board" --which)
        bytes=$(stat -c %s "target/dist/ipcmk-$board")
        version=$("$rustc" --version)
        version=${version#rustc }
        echo "$board $bytes ${version%% *}"
    done
}
now=$(lines)

if [ "${1-}" = --update ]; then
    tee $committed <<<"$now"
    tests/tools/table.sh >target/boards.md
    between README.md boards target/boards.md
    exit
fi

status=0
if ! grep -q "^| file size, bytes .* $(awk '$1 == "x86_64" { print $2 }' $committed) |.* $(awk '$1 == "aarch64" { print $2 }' $committed) |" tests/bench/README.md; then
    echo "tests/bench/README.md has other sizes than $committed: run \`make figures\`"
    status=1
fi
while read -r one bytes rustc; do
    board "$one"
    read -r _ was with < <(grep "^$one " $committed) || true
    if [ -z "$was" ]; then
        verdict="nothing to compare with: run \`make size-update\` and commit $committed"
        status=1
    elif [ "$with" != "$rustc" ]; then
        echo "$one: $bytes bytes (rustc $rustc), not judged: the committed $was is of rustc $with"
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
    echo "$one: $bytes bytes (rustc $rustc), $verdict"
done <<<"$now"
exit $status
