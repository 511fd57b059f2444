#!/usr/bin/env bash
# Prints README.md's table of boards: tests/sizes.txt has the sizes, tests/boards.txt the rest.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/board.sh

row() { printf '| %-12s | %6s | %-26s | %-19s | %-13s |\n' "$@"; }

row architecture bytes tested "kernels booted" "oldest kernel"
echo "| --- | ---: | --- | --- | --- |"
for one in $(boards); do
    board "$one"
    bytes=$(awk -v name="$one" '$1 == name { print $2 }' tests/sizes.txt)
    where="in $user"
    [ "$user" != - ] || where=natively
    # Versions, with the word that tells two kernels of one version apart.
    booted=$(kernels | awk -v name="$one" '$2 == name { sub(/^[^-]*-?/, "", $1); print $3 ($1 == "" || $1 == $3 ? "" : "-" $1) }')
    row "$one" "$bytes" "$where and booted" "$(paste -sd , <<<"$booted" | sed 's/,/, /g')" "$oldest"
done
