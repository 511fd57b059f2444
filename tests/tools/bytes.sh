#!/usr/bin/env bash
# Where each byte of the x86_64 file goes: the same build with its symbols, grouped by room.
set -euo pipefail
cd "$(dirname "$0")/../.."

CARGO_PROFILE_RELEASE_STRIP=none cargo build --quiet --release --bin ipcmk --target-dir target/bytes
file=target/bytes/release/ipcmk
shipped=target/dist/ipcmk-x86_64
shipped_bytes=$(stat --format=%s "$shipped")
text=$(size --format=sysv "$file" | awk '$1 == ".text" { print $2 }')

{
    echo "headers $shipped_bytes $text"
    nm --radix=d --print-size --demangle "$file" | awk 'NF > 3 { size = $2; $1 = $2 = $3 = ""; print size, $0 }'
} | awk -v text="$text" '
    $1 == "headers" { row["ELF headers, program headers, section names"] = $2 - $3; next }
    {
        bytes = $1 + 0
        if (/BYTES|PAIRS/) name = "all texts, packed"
        else if (/NAMES|STANDARD|KEYED/) name = "table of options"
        else if (/ipcmk::words/) name = "words"
        else if (/heapless/) name = "heapless"
        else if (/ipcmk::sys|Linux|_start|memcpy|memset|memcmp|bcmp|strlen|Strings/) name = "sys: start-up, system calls, memory routines"
        else if (/ipcmk::grammar|ipcmk::number|ipcmk::request/) name = "grammar, number, request"
        else if (/ipcmk::getopt|ipcmk::options|FnMut|adapters/) name = "getopt, options"
        else if (/ipcmk::report|ipcmk::errno|ipcmk::hint/) name = "report, hint, errno"
        else if (/ipcmk::run|ipcmk::kernel|ipcmk::plan|ipcmk::posix|ipcmk::batch|ipcmk::measure/) name = "run, plan, kernel, posix, batch, measure"
        else name = "core, as far as not inlined"
        row[name] += bytes
        named += bytes
    }
    END {
        row["jump tables, ids, alignment"] = text - named
        for (name in row) { printf "%6d  %s\n", row[name], name | "sort -rn"; total += row[name] }
        close("sort -rn")
        printf "%6d  in all\n", total
    }'
