#!/usr/bin/env bash
# Makes target/chroots/<name>, a minimal Debian with further packages, for in-chroot.sh. An existing
# one is kept, until another suite or other packages are named.
#   chroot.sh <name> <suite> [<package>...]
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh

name=$1 suite=$2
shift 2
folder=$PWD/target/chroots/$name
umask 022
mkdir -p target/chroots
exec 9>"$folder.lock"
flock 9

[ "$(cat "$folder.from" 2>/dev/null)" != "$suite $*" ] || exit 0
command -v mmdebstrap >/dev/null || die "no mmdebstrap: run tests/tools/setup.sh first"

# The sources of a fresh installation. Debian's keyring is where the chroot has it too.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$(mirror_of Debian http://deb.debian.org/debian/)
security=$(mirror_of Debian-Security http://deb.debian.org/debian-security/)
sources=(
    "deb [signed-by=$keyring] $mirror $suite main"
    "deb [signed-by=$keyring] $mirror $suite-updates main"
    "deb [signed-by=$keyring] $security $suite-security main"
)

# Renamed at the end, so that an incomplete chroot is never used.
make_chroot() {
    local include=()
    [ $# = 0 ] || include=("--include=$*")
    as_root rm -rf "$folder.new"
    as_root mmdebstrap --logfile="$folder.log" --mode=root --variant=minbase "${include[@]}" --dpkgopt=force-unsafe-io \
        --setup-hook="bash -c '. tests/tools/apt.sh; lend_apt \"\$1\"' bash \"\$1\"" \
        --customize-hook="rm -f \"\$1\"/etc/apt/apt.conf.d/99lent \"\$1\"/etc/apt/auth.conf \"\$1\"/etc/apt/auth.conf.d/*" \
        "$suite" "$folder.new" "${sources[@]}" || { tail -n 20 "$folder.log" >&2; return 1; }
}
# mmdebstrap fetches the lists itself.
apt_update() { :; }

rm -f "$folder.from"
as_root rm -rf "$folder"
again make_chroot "$@" || die "could not make a chroot of $suite from $mirror"
as_root mv "$folder.new" "$folder"
echo "$suite $*" >"$folder.from"
say "made $folder: $suite${*:+ with $*}"
