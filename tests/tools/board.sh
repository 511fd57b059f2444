# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: reads tests/boards.txt.

# Prints the names of the boards.
boards() {
    awk '!/^#/ && $1 != "name" { print $1 }' tests/boards.txt
}

# board <name> sets a variable for each column of that row.
board() {
    read -r name target debian compiler user console memory limit oldest _ emulator < <(grep "^$1 " tests/boards.txt) ||
        { echo "${0##*/}: tests/boards.txt has no $1, only: $(boards | xargs)" >&2; return 1; }
}

# Prints a row for each kernel: name, board, version, Debian's suite, package.
kernels() {
    awk '!/^#/ && $1 != "name" {
        count = split($10, entry, ",")
        for (i = 1; i <= count; i++) {
            split(entry[i], part, "/")
            word = version = part[1]
            sub(/-.*/, "", version)
            sub(/.*-/, "", word)
            print $1 (i == 1 ? "" : "-" word), $1, version, part[2], part[3]
        }
    }' tests/boards.txt
}

# kernel <name> sets `version`, `suite` and `package`, and the columns of the board that it boots on.
kernel() {
    local of
    read -r _ of version suite package < <(kernels | grep "^$1 ") ||
        { echo "${0##*/}: tests/boards.txt has no kernel $1, only: $(kernels | cut -d ' ' -f 1 | xargs)" >&2; return 1; }
    board "$of"
}

# Prints the names of the machine emulators.
emulators() {
    local name
    for name in $(boards); do
        board "$name" && echo "${emulator%% *}"
    done
}
