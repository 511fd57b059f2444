#!/usr/bin/env bash
# Prints what the bytes of the x86_64 file are: the same build with its symbols, grouped by the
# folders of src.
set -euo pipefail
cd "$(dirname "$0")/../.."

CARGO_PROFILE_RELEASE_STRIP=none cargo build --quiet --release --bin ipcmk --target-dir target/bytes
file=target/bytes/release/ipcmk
shipped_bytes=$(stat --format=%s target/dist/ipcmk-x86_64)
text=$(size --format=sysv "$file" | awk '$1 == ".text" { print $2 }')

nm --radix=d --print-size --demangle "$file" | awk -v text="$text" -v shipped="$shipped_bytes" '
    BEGIN {
        holds["sys"] = "sys: start-up, system calls, memory routines"
        holds["run"] = "run: creation, removal, batches"
        holds["report"] = "report: output, errors, hints"
        holds["plan"] = "plan: steps"
        holds["cli"] = "cli: the command line"
        holds["kernel"] = "kernel: objects, paths, the port"
    }
    NF > 3 {
        bytes = $2 + 0
        $1 = $2 = $3 = ""
        if (/words::(BITS|TEXTS|END)$/) name = "report: all texts, packed"
        else if (/cli::[a-z]+::[A-Z]+$/) name = "cli: the table of options"
        # The first ipcmk path in the name: the type of a method, or the folder of a function.
        else if (match($0, /ipcmk::[a-z]+::/)) name = holds[substr($0, RSTART + 7, RLENGTH - 9)]
        else if (/ (ipcmk_start|memcpy|memmove|memset|memcmp|bcmp|strlen)$/) name = holds["sys"]
        else name = "core and heapless, where not inlined"
        row[name == "" ? "unknown: " $0 : name] += bytes
        named += bytes
    }
    END {
        row["jump tables, constants, alignment"] = text - named
        row["ELF headers, section names"] = shipped - text
        for (name in row) { printf "%6d  %s\n", row[name], name | "sort -k1,1rn -k2"; total += row[name] }
        close("sort -k1,1rn -k2")
        printf "%6d  in all\n", total
    }'
