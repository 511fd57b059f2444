#!/usr/bin/env bash
# Makes the files of a release from target/dist, in target/release-files: a tarball for each of these
# boards, and SHA256SUMS. The same sources and compiler give the same bytes.
#   release.sh <board>...
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/board.sh
. tests/tools/package.sh

check_versions
folder=target/release-files
rm -rf $folder
mkdir -p $folder

pack() {
    local name=ipcmk-$version-$target stage
    stage=$folder/stage
    install -D "target/dist/ipcmk-$1" "$stage/$name/ipcmk"
    install -m 644 README.md LICENSE dist/CHANGELOG.md "$stage/$name"
    install -m 644 dist/copyright "$stage/$name/COPYRIGHT"
    install -D -m 644 dist/ipcmk.1 "$stage/$name/doc/ipcmk.1"
    install -D -m 644 -t "$stage/$name/complete" dist/completions/*
    install -D -m 644 -t "$stage/$name/boot" dist/ipcmk.{conf,inittab,service}
    install dist/ipcmk.initd dist/ipcmk.sysvinit "$stage/$name/boot"
    install -D -t "$stage/$name/boot/initramfs-tools" dist/initramfs-tools/ipcmk
    install -D -t "$stage/$name/boot/dracut" dist/dracut/module-setup.sh
    tar -C "$stage" -c --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "$name" |
        gzip -9n >"$folder/$name.tar.gz"
    rm -r "$stage"
}

# SHA256SUMS names the compiler, on which the bytes of a program depend, by the name of a file: a
# comment would do for GNU's sha256sum, but busybox's takes it for a wrong sum.
name_compiler() {
    local rustc=rustc said
    # As in the Makefile: x86_64 is a plain build.
    [ "$1" = x86_64 ] || rustc=$(tests/tools/cross.sh "$1" --which)
    said=$("$rustc" --version)
    echo "$target: $said, linked by $("$compiler" --version | head -n 1)" >>"$folder/$(cut -d ' ' -f 1-2 <<<"$said" | tr ' ' -).txt"
}

for board; do
    board "$board"
    pack "$board"
    name_compiler "$board"
done
(cd $folder && sha256sum -- *.tar.gz *.txt >SHA256SUMS)
ls -l $folder
