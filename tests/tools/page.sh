# shellcheck shell=bash Sourced by the scripts that write figures into a page.

# between <page> <marker> <file> replaces the text between <!-- marker --> and <!-- /marker -->.
between() {
    grep -qx "<!-- $2 -->" "$1" && grep -qx "<!-- /$2 -->" "$1" || { echo "$1 has no place for $2" >&2; exit 1; }
    awk -v marker="$2" -v file="$3" '
        $0 == "<!-- /" marker " -->" { skip = 0 }
        !skip
        $0 == "<!-- " marker " -->" { while ((getline line <file) > 0) print line; skip = 1 }
    ' "$1" >target/page.md
    cat target/page.md >"$1"
}
