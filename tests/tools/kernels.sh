#!/usr/bin/env bash
# Fetches the kernels of Debian's cloud images, for the boot tests, and a busybox that can be a
# machine's init:
# target/kernels/{x86_64,aarch64}/{vmlinuz,busybox} of this machine's release, and
# target/kernels/{x86_64-5.10,aarch64-5.10}/vmlinuz of Debian 11. The packages are unpacked, not
# installed. Existing files are kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh

# The package that linux-image-cloud-<architecture> depends on today.
concrete() { # <Debian's name of the architecture> [private_apt]
    "${@:2}" apt-cache show --no-all-versions "linux-image-cloud-$1:$1" 2>/dev/null |
        sed -n 's/^Depends:.*\(linux-image-[^ ,]*\).*/\1/p' | grep .
}

fetch() { # <package>:<Debian's name of the architecture> <pattern of its file> <file> [private_apt]
    rm -rf "$3.new"
    mkdir -p "$3.new"
    (cd "$3.new" && "${@:4}" apt-get -qq -o APT::Sandbox::User=root -o Acquire::http::Timeout=30 download "$1") || return 1
    dpkg-deb --fsys-tarfile "$3.new"/*.deb | tar -x -C "$3.new" --wildcards "$2" || return 1
    find "$3.new" -type f ! -name '*.deb' -exec mv {} "$3" ';'
    rm -r "$3.new"
    say "$3 is of $1"
}

fetch_kernel() { # <Debian's name of the architecture> <file> [private_apt]
    local package
    package=$(concrete "$1" "${@:3}") || { say "apt knows no linux-image-cloud-$1"; return 1; }
    fetch "$package:$1" './boot/vmlinuz-*' "${@:2}"
}

for pair in amd64:x86_64 arm64:aarch64; do
    debian=${pair%:*}
    folder=target/kernels/${pair#*:}
    [ -s "$folder/vmlinuz" ] && [ -s "$folder/busybox" ] && continue
    command -v apt-get >/dev/null ||
        die "no apt-get here; put a kernel for ${pair#*:} at $folder/vmlinuz, and a static busybox at $folder/busybox"
    mkdir -p "$folder"
    [ "$debian" = amd64 ] || know_arm64
    concrete "$debian" >/dev/null || apt_update
    [ -s "$folder/vmlinuz" ] || again fetch_kernel "$debian" "$folder/vmlinuz" ||
        die "could not fetch a kernel for ${pair#*:}"
    # It is in bin, from Debian 13 on in usr/bin.
    [ -s "$folder/busybox" ] || again fetch "busybox-static:$debian" './*bin/busybox' "$folder/busybox" ||
        die "could not fetch busybox for ${pair#*:}"
done

for pair in amd64:x86_64 arm64:aarch64; do
    debian=${pair%:*}
    folder=target/kernels/${pair#*:}-5.10
    [ -s "$folder/vmlinuz" ] && continue
    command -v apt-get >/dev/null || die "no apt-get here; put Linux 5.10 for ${pair#*:} at $folder/vmlinuz"
    mkdir -p "$folder"
    (
        make_private_apt "$PWD/$folder/apt" bullseye "$debian"
        again fetch_kernel "$debian" "$folder/vmlinuz" private_apt
    ) || die "could not fetch Debian 11's kernel for ${pair#*:}"
    rm -r "$folder/apt"
done
