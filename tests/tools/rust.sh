#!/usr/bin/env bash
# Fetches Debian 13's rustc-web with the libraries of these boards, for machines where rustup has
# none: unpacked in target/rust, not installed. cross.sh runs it as target/rust/rustc. Existing
# libraries are kept.
#   rust.sh <board>...
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
. tests/tools/board.sh

root=$PWD/target/rust
library=usr/lib/x86_64-linux-gnu

unpack() { # <package>... of the private apt
    rm -f "$root"/*.deb
    (cd "$root" && private_apt apt-get download "$@") || return 1
    for package in "$root"/*.deb; do
        dpkg-deb --extract "$package" "$root" || return 1
    done
    rm "$root"/*.deb
}

# The compiler, and what its own libraries need, down to the C library: Debian 12's is too old.
fetch_compiler() {
    local packages
    mapfile -t packages < <(private_apt apt-get --simulate --no-install-recommends install libstd-rust-web-dev |
        awk '$1 == "Inst" { print $2 }')
    unpack rustc-web "${packages[@]}"
}

if ! "$root/rustc" --version >/dev/null 2>&1; then
    command -v apt-get >/dev/null || die "no apt-get here"
    rm -rf "$root"
    make_private_apt "$root/apt" trixie amd64
    again fetch_compiler || die "could not fetch rustc-web of Debian 13 from $mirror"
    rm -r "$root/apt"
    cat >"$root/rustc" <<END
#!/bin/sh
root=\$(cd "\$(dirname "\$0")" && pwd)
exec "\$root/$library/ld-linux-x86-64.so.2" --argv0 rustc --library-path "\$root/$library" "\$root/usr/bin/rustc" "\$@"
END
    chmod 755 "$root/rustc"
    say "unpacked $("$root/rustc" --version) in $root"
fi

for board; do
    board "$board"
    ! compgen -G "$("$root/rustc" --print target-libdir --target "$target")/libstd-*.rlib" >/dev/null || continue
    make_private_apt "$root/apt" trixie "$debian"
    again unpack libstd-rust-web-dev || die "could not fetch libstd-rust-web-dev for $debian from $mirror"
    rm -r "$root/apt"
    say "unpacked the libraries of $target"
done
