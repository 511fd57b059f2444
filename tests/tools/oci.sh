#!/usr/bin/env bash
# `make oci`: an OCI image whose only file is /ipcmk, made without a daemon from target/dist.
#   oci.sh [<board>...]
# One board gives the image layout target/oci/ipcmk-<board>; none gives target/oci/ipcmk, the images
# of all boards under one index. Each is there as a folder and as a .tar, under the name `ipcmk:<version>`.
# OCI=<folder> takes the place of target/oci.
# The same files give the same bytes: package.sh has the date.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."
. tests/tools/board.sh
. tests/tools/package.sh

check_versions
created=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)

# The value of the first line `<name> = "<value>"` of Cargo.toml, which has no backslash and no quote.
of_cargo() {
    sed -n "s/^$1 = \"\([^\"\\\\]*\)\"\$/\1/p" Cargo.toml | head -n 1 | grep .
}
# The program's, and that of the crate syscalls: see dist/copyright.
license="$(of_cargo license) AND BSD-2-Clause"
description=$(of_cargo description)

# archive <folder>: a tar of it whose bytes depend on names and contents alone.
archive() {
    tar --create --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        --directory="$1" -- "${@:2}"
}

# blob <media type> [<members>] stores standard input in $layout, and prints its descriptor, with
# these members beside the usual ones.
blob() {
    local sum size
    cat >"$layout/new"
    sum=$(sha256sum <"$layout/new" | cut -d ' ' -f 1)
    size=$(stat --format=%s "$layout/new")
    mv "$layout/new" "$layout/blobs/sha256/$sum"
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s%s}' "$1" "$sum" "$size" "${2:+,$2}"
}

# image <board> stores its image, and prints the descriptor of its manifest.
image() {
    local platform diff layer config
    board "$1"
    # The names of Go's GOARCH, and of its GOARM.
    case $debian in
    amd64 | riscv64) platform="\"architecture\":\"$debian\"" ;;
    arm64) platform='"architecture":"arm64","variant":"v8"' ;;
    armhf) platform='"architecture":"arm","variant":"v7"' ;;
    i386) platform='"architecture":"386"' ;;
    *) echo "oci.sh: no name of OCI for $debian" >&2; return 1 ;;
    esac
    platform+=',"os":"linux"'
    install -D -m 755 "target/dist/ipcmk-$1" "$layout.root/ipcmk"
    archive "$layout.root" ipcmk >"$layout.layer"
    diff=$(sha256sum <"$layout.layer" | cut -d ' ' -f 1)
    layer=$(gzip -9 -n <"$layout.layer" | blob application/vnd.oci.image.layer.v1.tar+gzip)
    config=$(printf '{"created":"%s",%s,"config":{"Entrypoint":["/ipcmk"],"Labels":{%s}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"%s"}]}' \
        "$created" "$platform" "$labels" "$diff" "$created" | blob application/vnd.oci.image.config.v1+json)
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s],"annotations":{%s}}' \
        "$config" "$layer" "$labels" | blob application/vnd.oci.image.manifest.v1+json "\"platform\":{$platform}$2"
}

labels=
for label in title=ipcmk "version=$version" "licenses=$license" "description=$description" "created=$created"; do
    labels+=${labels:+,}"\"org.opencontainers.image.${label%%=*}\":\"${label#*=}\""
done
name="\"annotations\":{\"org.opencontainers.image.ref.name\":\"ipcmk:$version\"}"

case $# in
0) layout=${OCI:-target/oci}/ipcmk ;;
1) layout=${OCI:-target/oci}/ipcmk-$1 ;;
*) echo "oci.sh: one board, or none for all" >&2; exit 1 ;;
esac
rm -rf "$layout" "$layout".*
mkdir -p "$layout/blobs/sha256"
if [ $# = 1 ]; then
    descriptor=$(image "$1" ",$name")
else
    manifests=
    for one in $(boards); do
        manifests+=${manifests:+,}$(image "$one" "")
    done
    descriptor=$(printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s],"annotations":{%s}}' \
        "$manifests" "$labels" | blob application/vnd.oci.image.index.v1+json "$name")
fi
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "$descriptor" >"$layout/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
rm -r "$layout.root" "$layout.layer"
archive "$layout" blobs index.json oci-layout >"$layout.tar"
ls -l "$layout.tar"
