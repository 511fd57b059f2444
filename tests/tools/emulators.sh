#!/usr/bin/env bash
# Fetches qemu's machine emulators for the boot tests if this machine lacks one. They are unpacked in
# target/qemu, with the libraries that they need, and not installed: they could conflict with an
# installed qemu package. Run them as target/qemu/bin/qemu-system-<machine>.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
. tests/tools/board.sh

mapfile -t emulators < <(emulators)
there() {
    local emulator
    for emulator in "${emulators[@]}"; do
        "$emulator" --version >/dev/null 2>&1 || return 1
    done
}
! there || exit 0
PATH+=:$PWD/target/qemu/bin
! there || exit 0
command -v apt-get >/dev/null || die "no apt-get here; please install ${emulators[*]}"

root=target/qemu

# The packages that an installation would add, even if it would remove others. From Debian 13 on
# riscv64's emulator has a package of its own.
wanted() {
    local riscv=qemu-system-riscv
    apt-cache show $riscv >/dev/null 2>&1 || riscv=qemu-system-misc
    apt-get -qq --simulate --no-install-recommends install qemu-system-x86 qemu-system-arm $riscv | awk '$1 == "Inst" { print $2 }'
}

fetch() {
    local packages package
    mapfile -t packages < <(wanted | grep .)
    [ ${#packages[@]} -gt 0 ] || { say "apt knows no qemu-system-x86, qemu-system-arm or qemu-system-misc"; return 1; }
    rm -rf $root
    mkdir -p $root/packages $root/bin
    (cd $root/packages && apt-get -qq -o APT::Sandbox::User=root -o Acquire::http::Timeout=30 download "${packages[@]}") || return 1
    for package in $root/packages/*.deb; do
        dpkg-deb --extract "$package" $root || return 1
    done
    rm -r $root/packages
}

apt_update
again fetch || die "could not fetch qemu's machine emulators"

# The packages have a dozen other machines' emulators.
find $root/usr/bin -name 'qemu-system-*' | grep -vxFf <(printf "$root/usr/bin/%s\n" "${emulators[@]}") | xargs rm
libraries=$(find $root -name '*.so.*' -printf '$root/%P\n' | sed 's#/[^/]*$##' | sort -u | paste -sd :)
for emulator in "${emulators[@]}"; do
    # Some of usr/bin are scripts that start the program.
    program=usr/libexec/$emulator
    [ -x "$root/$program" ] || program=usr/bin/$emulator
    # This machine has it already.
    [ -x "$root/$program" ] || continue
    cat >$root/bin/"$emulator" <<END
#!/bin/sh
root=\$(cd "\$(dirname "\$0")/.." && pwd)
LD_LIBRARY_PATH="$libraries" exec "\$root/$program" \\
    -L "\$root/usr/share/qemu" -L "\$root/usr/share/seabios" -L "\$root/usr/lib/ipxe/qemu" "\$@"
END
    chmod 755 $root/bin/"$emulator"
done
there || die "not all of ${emulators[*]} start"
say "unpacked $(ls $root/bin | paste -sd ' ') in $root"
