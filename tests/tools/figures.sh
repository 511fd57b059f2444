#!/usr/bin/env bash
# Writes the figures of `make bench` and `make bytes` into tests/bench/README.md, and six rows of
# them into README.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/page.sh

page=tests/bench/README.md
between $page bench target/bench.md
between $page growth target/growth.md
cp target/growth.svg tests/bench/growth.svg
{ echo '```text'; tests/tools/bytes.sh; echo '```'; } >target/bytes.md
between $page bytes target/bytes.md

# README.md has these rows, compared with util-linux only.
awk -F '|' '
    function bare(cell) { gsub(/^ +| +$/, "", cell); return cell }
    BEGIN {
        split("file size, bytes|system calls, -Q|page faults, -Q|instructions, -Q|time, -Q, µs|time, -m 4096 -n /x, µs", rows)
        for (row in rows) shown[rows[row]]
    }
    NR == 1 { for (i = 3; i < NF; i++) column[bare($i)] = i }
    NR <= 2 || bare($2) in shown { print "|" $2 "|" $column["ipcmk"] "|" $column["util-linux"] "|" }
' target/bench.md >target/cost.md
[ "$(wc -l <target/cost.md)" = 8 ] || { echo "target/bench.md lacks a row that README.md shows" >&2; exit 1; }
between README.md cost target/cost.md
