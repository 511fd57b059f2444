#!/usr/bin/env bash
# Installs what is needed and missing on this machine; if nothing is missing, it changes nothing.
#   setup.sh                    for the tests
#   setup.sh build <board>...   for the files of these boards alone
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh
. tests/tools/board.sh

mapfile -t wanted < <(boards)
[ "${1-}" != build ] || wanted=("${@:2}")

[ "$(uname -sm)" = "Linux x86_64" ] ||
    die "not supported: building and testing here wants Linux on x86_64, this is $(uname -sm); for this machine alone: cargo build --release"
oldest_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
advice="install Rust $oldest_rust or later, from https://rustup.rs or, on Debian 12 and 13, by \`apt-get install cargo-web\`"
command -v cargo >/dev/null || die "no cargo: $advice"
rust=$(rustc --version) || die "no rustc: $advice"
printf '%s\n' "$oldest_rust" "$(cut -d ' ' -f 2 <<<"$rust")" | sort --check=quiet --version-sort ||
    die "$rust is too old: $advice"

# Debian packages, each with a program or file that shows whether it is installed.
needs="
gcc                     gcc
/usr/include/features.h libc6-dev
"
for board in "${wanted[@]}"; do
    board "$board"
    triple=${compiler%-gcc}
    [ "$compiler" = gcc ] || needs+="
$compiler               gcc-$triple
/usr/$triple/lib/libc.a libc6-dev-$debian-cross
"
done
[ "${1-}" = build ] || needs+="
qemu-aarch64            qemu-user
cpio                    cpio
strace                  strace
mandoc                  mandoc
groff                   groff
lexgrog                 man-db
zsh                     zsh
fish                    fish
python3                 python3
/var/lib/dpkg/info/python3-sysv-ipc.list python3-sysv-ipc
corelist                perl
jq                      jq
bindfs                  bindfs
/sbin/mkfs.ext4         e2fsprogs
/usr/bin/mksquashfs     squashfs-tools
/sbin/mkfs.btrfs        btrfs-progs
g++                     g++
valgrind                valgrind
ipcmk                   util-linux
systemd-analyze         systemd
dash                    dash
runc                    runc
skopeo                  skopeo
umoci                   umoci
oci-image-tool          oci-image-tool
/usr/lib/python3/dist-packages/pexpect python3-pexpect
mmdebstrap              mmdebstrap
lintian                 lintian
git                     git
yamllint                yamllint
/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
"
missing=()
while read -r sign package; do
    [ -z "$sign" ] || [ -e "$sign" ] || command -v "$sign" >/dev/null || missing+=("$package")
done <<<"$needs"
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || die "no apt-get here; please install what these Debian packages hold: ${missing[*]}"
    say "installing ${missing[*]}"
    apt_install "${missing[@]}" || die "apt could not install: ${missing[*]}"
fi

# The compiler's components. A rustup without network may hang instead of failing, so it has two
# minutes.
ask_rustup() {
    command -v rustup >/dev/null && RUSTUP_MAX_RETRIES=0 timeout --kill-after=5 120 rustup -q "$@" </dev/null
}
if [ "${1-}" != build ]; then
    for part in fmt clippy; do
        component=${part/#fmt/rustfmt}
        cargo "$part" --version >/dev/null 2>&1 || ask_rustup component add "$component" ||
            die "no $component: \`rustup component add $component\` did not work"
    done
    tests/tools/musl.sh
fi

# The boards whose libraries are missing: from rustup, or else from Debian. After a failure rustup is
# not asked again before `make clean`.
lacking() {
    local board
    for board in "${wanted[@]}"; do
        tests/tools/cross.sh "$board" --which >/dev/null 2>&1 || echo "$board"
    done
}
mapfile -t boards < <(lacking)
refused=target/rustup-has-no-libraries
if [ ${#boards[@]} -gt 0 ] && [ ! -e $refused ]; then
    targets=()
    for board in "${boards[@]}"; do
        board "$board"
        targets+=("$target")
    done
    if ! ask_rustup target add "${targets[@]}"; then
        mkdir -p target
        touch $refused
        say "rustup cannot fetch ${targets[*]}"
    fi
    mapfile -t boards < <(lacking)
fi
if [ ${#boards[@]} -gt 0 ]; then
    say "fetching Debian's compiler with the libraries of ${boards[*]}"
    tests/tools/rust.sh "${boards[@]}"
    mapfile -t boards < <(lacking)
    [ ${#boards[@]} = 0 ] || die "no Rust for ${boards[*]}: neither \`rustup target add\` nor Debian's rustc-web has the libraries"
fi
