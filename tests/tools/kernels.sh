#!/usr/bin/env bash
# Fetches Debian's kernels for the boot tests, all of tests/boards.txt or those that are named:
# target/kernels/<kernel>/vmlinuz; and for x86_64 and aarch64 a busybox that can be a machine's init,
# beside the kernel. The packages are unpacked, not installed. Existing files are kept, until
# tests/boards.txt names another package: the file `from` has its name.
#   kernels.sh [<kernel>...]
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
. tests/tools/board.sh

fetch() { # <package> <pattern of its file> <file>
    rm -rf "$3.new"
    mkdir -p "$3.new"
    (cd "$3.new" && private_apt apt-get download "$1") || return 1
    dpkg-deb --fsys-tarfile "$3.new"/*.deb | tar -x -C "$3.new" --wildcards "$2" || return 1
    find "$3.new" -type f ! -name '*.deb' -exec mv {} "$3" ';'
    rm -r "$3.new"
    say "$3 is of $1 ($suite, $debian)"
}

fetch_kernel() { # <file>
    local concrete
    # The package that linux-image-<kind> depends on today.
    concrete=$(private_apt apt-cache show --no-all-versions "$package" 2>/dev/null |
        sed -n 's/^Depends:.*\(linux-image-[^ ,]*\).*/\1/p' | grep .) || { say "apt knows no $package"; return 1; }
    [[ $concrete = linux-image-$version.* ]] || die "$package of $suite is $concrete, not Linux $version"
    # riscv64's file is called vmlinux; each is what an emulator boots.
    fetch "$concrete" './boot/vmlinu[xz]-*' "$1"
}

mapfile -t all < <(kernels | cut -d ' ' -f 1)
[ $# -gt 0 ] || set -- "${all[@]}"
for one; do
    kernel "$one"
    folder=target/kernels/$one
    missing=()
    [ -s "$folder/vmlinuz" ] && [ "$(cat "$folder/from" 2>/dev/null)" = "$suite/$package" ] || missing+=(vmlinuz)
    case $one in x86_64 | aarch64) [ -s "$folder/busybox" ] || missing+=(busybox) ;; esac
    [ ${#missing[@]} -gt 0 ] || continue
    command -v apt-get >/dev/null ||
        die "no apt-get here; put Linux $version for $name at $folder/vmlinuz, the line $suite/$package at $folder/from, and for x86_64 and aarch64 a static busybox at $folder/busybox"
    mkdir -p "$folder"
    (
        make_private_apt "$PWD/$folder/apt" "$suite" "$debian"
        for file in "${missing[@]}"; do
            case $file in
            vmlinuz) again fetch_kernel "$folder/vmlinuz" && echo "$suite/$package" >"$folder/from" ;;
            # It is in bin, from Debian 13 on in usr/bin.
            busybox) again fetch busybox-static './*bin/busybox' "$folder/busybox" ;;
            esac || exit
        done
    ) || die "could not fetch what is missing in $folder: ${missing[*]}"
    rm -r "$folder/apt"
done
