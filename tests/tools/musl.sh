#!/usr/bin/env bash
# Fetches musl for C programs of both architectures, for tests/suites/posix.rs:
# target/musl/{x86_64,aarch64}/usr. The packages are unpacked, not installed: Debian's compilers
# link with their files. Existing ones are kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh

fetch() { # <Debian's name of the architecture> <folder>
    rm -rf "$2"
    mkdir -p "$2"
    (cd "$2" && apt-get -qq -o APT::Sandbox::User=root -o Acquire::http::Timeout=30 download "musl-dev:$1") || return 1
    dpkg-deb --extract "$2"/*.deb "$2" || return 1
    rm "$2"/*.deb
}

for pair in amd64:x86_64 arm64:aarch64; do
    debian=${pair%:*}
    architecture=${pair#*:}
    folder=target/musl/$architecture
    library=usr/lib/$architecture-linux-musl/libc.a
    [ ! -s "$folder/$library" ] || continue
    command -v apt-get >/dev/null || die "no apt-get here; put musl for $architecture at $folder/$library and beside it"
    [ "$debian" = amd64 ] || know_arm64
    apt-cache policy "musl-dev:$debian" | grep -q 'Candidate: [0-9]' || apt_update
    # Renamed at the end, so that an incomplete folder is never used.
    again fetch "$debian" "$folder.new" && rm -rf "$folder" && mv "$folder.new" "$folder" && [ -s "$folder/$library" ] ||
        die "could not fetch musl-dev for $architecture"
done
