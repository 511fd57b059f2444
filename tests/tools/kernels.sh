#!/usr/bin/env bash
# Fetches the kernels of Debian's cloud images, for the boot tests:
# target/kernels/{x86_64,aarch64}/vmlinuz of this machine's release, and
# target/kernels/{x86_64-5.10,aarch64-5.10}/vmlinuz of Debian 11. The packages are unpacked, not
# installed. Existing kernels are kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh

# The package that linux-image-cloud-<architecture> depends on today.
concrete() { # <Debian's name of the architecture> [private_apt]
    "${@:2}" apt-cache show --no-all-versions "linux-image-cloud-$1:$1" 2>/dev/null |
        sed -n 's/^Depends:.*\(linux-image-[^ ,]*\).*/\1/p' | grep .
}

fetch() { # <Debian's name of the architecture> <folder> [private_apt]
    local package
    rm -f "$2"/*.deb
    package=$(concrete "$1" "${@:3}") || { say "apt knows no linux-image-cloud-$1"; return 1; }
    (cd "$2" && "${@:3}" apt-get -qq -o APT::Sandbox::User=root -o Acquire::http::Timeout=30 download "$package:$1") || return 1
    dpkg-deb --fsys-tarfile "$2"/*.deb | tar -x -C "$2" --wildcards './boot/vmlinuz-*' || return 1
    mv "$2"/boot/vmlinuz-* "$2/vmlinuz"
    rmdir "$2/boot"
    rm "$2"/*.deb
    say "$2/vmlinuz is of $package"
}

for pair in amd64:x86_64 arm64:aarch64; do
    debian=${pair%:*}
    folder=target/kernels/${pair#*:}
    [ -s "$folder/vmlinuz" ] && continue
    command -v apt-get >/dev/null || die "no apt-get here; put a kernel for ${pair#*:} at $folder/vmlinuz"
    mkdir -p "$folder"
    [ "$debian" = amd64 ] || know_arm64
    concrete "$debian" >/dev/null || apt_update
    again fetch "$debian" "$folder" || die "could not fetch a kernel for ${pair#*:}"
done

for pair in amd64:x86_64 arm64:aarch64; do
    debian=${pair%:*}
    folder=target/kernels/${pair#*:}-5.10
    [ -s "$folder/vmlinuz" ] && continue
    command -v apt-get >/dev/null || die "no apt-get here; put Linux 5.10 for ${pair#*:} at $folder/vmlinuz"
    mkdir -p "$folder"
    (
        make_private_apt "$PWD/$folder/apt" bullseye "$debian"
        again fetch "$debian" "$folder" private_apt
    ) || die "could not fetch Debian 11's kernel for ${pair#*:}"
    rm -r "$folder/apt"
done
