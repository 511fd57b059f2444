#!/usr/bin/env bash
# Fetches musl for C programs of each board, for tests/suites/posix.rs: target/musl/<board>/usr, of
# the release of Debian that the board's kernel is of. The packages are unpacked, not installed:
# Debian's compilers link with their files. Existing ones are kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
. tests/tools/board.sh

fetch() { # <folder>
    (cd "$1" && private_apt apt-get download musl-dev) || return 1
    dpkg-deb --extract "$1"/*.deb "$1" || return 1
    rm "$1"/*.deb
}

there() { compgen -G "$1/usr/lib/*-linux-musl*/libc.a" >/dev/null; }

for one in $(boards); do
    kernel "$one"
    folder=$PWD/target/musl/$name
    ! there "$folder" || continue
    command -v apt-get >/dev/null || die "no apt-get here; put musl for $name into $folder, as Debian's musl-dev has it"
    rm -rf "$folder" "$folder.new"
    mkdir -p "$folder.new"
    # Renamed at the end, so that an incomplete folder is never used.
    (
        make_private_apt "$folder.new/apt" "$suite" "$debian"
        again fetch "$folder.new"
    ) && rm -r "$folder.new/apt" && mv "$folder.new" "$folder" && there "$folder" || die "could not fetch musl-dev for $name"
done
