#!/usr/bin/env bash
# Fetches the ipcmk of Debian 13's util-linux, which creates POSIX objects, with its C library:
# unpacked in target/util-linux-2.41, not installed. An existing copy is kept.
#   target/util-linux-2.41/ipcmk -q -n /x    to try it by hand
# apt checks Debian's signature as usual, with a state and sources of its own: this machine's apt
# stays unchanged.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh

root=$PWD/target/util-linux-2.41
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
library=usr/lib/x86_64-linux-gnu

version() { "$root/ipcmk" --version 2>/dev/null | sed 's/.* //'; }
recent() { printf '%s\n' 2.41 "$(version)" | sort --check=quiet --version-sort; }

! recent || exit 0
command -v apt-get >/dev/null || die "no apt-get here; please put util-linux 2.41 of Debian 13, unpacked, into $root"
[ -r $keyring ] || die "no $keyring: run tests/tools/setup.sh first"

# The mirror from which this machine has its Debian packages.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1) || true
mirror=${mirror:-http://deb.debian.org/debian/}

private_apt() {
    apt-get -qq -o Dir::State="$root/apt" -o Dir::State::status="$root/apt/status" -o Dir::Cache="$root/apt/cache" \
        -o Dir::Etc::sourcelist="$root/apt/trixie.sources" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User=root -o Acquire::http::Timeout=30 "$@" </dev/null
}

# again() updates the lists before each further try: those of the private apt.
apt_update() { private_apt update || true; }

fetch() {
    rm -f "$root"/*.deb
    (cd "$root" && private_apt download util-linux libc6) || return 1
    for package in "$root"/*.deb; do
        dpkg-deb --extract "$package" "$root" || return 1
    done
}

rm -rf "$root"
mkdir -p "$root"/apt/{lists,cache/archives}/partial
: >"$root/apt/status"
cat >"$root/apt/trixie.sources" <<END
Types: deb
URIs: $mirror
Suites: trixie
Components: main
Targets: Packages
Signed-By: $keyring
END
apt_update
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
