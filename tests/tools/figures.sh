#!/usr/bin/env bash
# Writes the figures of the README anew, between its markers: those of `make bench` and of `make bytes`.
set -euo pipefail
cd "$(dirname "$0")/../.."

# between <marker> <file>: replaces what stands between <!-- marker --> and <!-- /marker -->.
between() {
    awk -v marker="$1" -v file="$2" '
        $0 == "<!-- /" marker " -->" { skip = 0 }
        !skip
        $0 == "<!-- " marker " -->" { while ((getline line <file) > 0) print line; skip = 1 }
    ' README.md >target/README.md
    cat target/README.md >README.md
}

between bench target/bench.md
between batch target/batch.md
cp target/batch.svg tests/bench/batch.svg
{ echo '```text'; tests/tools/bytes.sh; echo '```'; } >target/bytes.md
between bytes target/bytes.md
