#!/usr/bin/env bash
# Fetches the ipcmk of Debian 13's util-linux, which creates POSIX objects, with its C library:
# unpacked in target/util-linux-2.41, not installed. An existing copy is kept.
#   target/util-linux-2.41/ipcmk -q -n /x    to try it by hand
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh

root=$PWD/target/util-linux-2.41
library=usr/lib/x86_64-linux-gnu

version() { "$root/ipcmk" --version 2>/dev/null | sed 's/.* //'; }
recent() { printf '%s\n' 2.41 "$(version)" | sort --check=quiet --version-sort; }

! recent || exit 0
command -v apt-get >/dev/null || die "no apt-get here; please put util-linux 2.41 of Debian 13, unpacked, into $root"

fetch() {
    rm -f "$root"/*.deb
    (cd "$root" && private_apt apt-get download util-linux libc6) || return 1
    for package in "$root"/*.deb; do
        dpkg-deb --extract "$package" "$root" || return 1
    done
}

rm -rf "$root"
make_private_apt "$root/apt" trixie amd64
again fetch || die "could not fetch util-linux of Debian 13 from $mirror"
say "unpacked $(cd "$root" && ls *.deb | paste -sd ' ')"
rm -r "$root"/*.deb "$root/apt"
cat >"$root/ipcmk" <<END
#!/bin/sh
root=\$(cd "\$(dirname "\$0")" && pwd)
exec "\$root/$library/ld-linux-x86-64.so.2" --argv0 ipcmk --library-path "\$root/$library" "\$root/usr/bin/ipcmk" "\$@"
END
chmod 755 "$root/ipcmk"
recent || die "what is in $root is util-linux '$(version)': not 2.41 or later"
