#!/usr/bin/env bash
# Installs what is needed and missing on this machine; if nothing is missing, it changes nothing.
#   setup.sh         for the tests
#   setup.sh build   for the two binaries alone
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/apt.sh

[ "$(uname -sm)" = "Linux x86_64" ] ||
    die "not supported: building and testing here wants Linux on x86_64, this is $(uname -sm); for this machine alone: cargo build --release"
command -v cargo >/dev/null || die "no cargo: install Rust first, from https://rustup.rs"

# Debian packages, each with a program or file that shows whether it is installed.
needs="
gcc                     gcc
/usr/include/features.h libc6-dev
aarch64-linux-gnu-gcc   gcc-aarch64-linux-gnu
/usr/aarch64-linux-gnu/lib/libc.a libc6-dev-arm64-cross
"
[ "${1-}" = build ] || needs+="
qemu-aarch64            qemu-user
cpio                    cpio
strace                  strace
mandoc                  mandoc
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

# The compiler's components. A rustup without network may hang instead of failing, so it has 60
# seconds.
ask_rustup() {
    command -v rustup >/dev/null && RUSTUP_MAX_RETRIES=0 timeout --kill-after=5 60 rustup -q "$@" </dev/null
}
if [ "${1-}" != build ]; then
    for part in fmt clippy; do
        component=${part/#fmt/rustfmt}
        cargo "$part" --version >/dev/null 2>&1 || ask_rustup component add "$component" ||
            die "no $component: \`rustup component add $component\` did not work"
    done
    tests/tools/musl.sh
fi

# The libraries of aarch64: from rustup, or else from Debian. After a failure rustup is not asked
# again before `make clean`.
if ! tests/tools/cross.sh --which >/dev/null 2>&1; then
    refused=target/rustup-has-no-aarch64
    if [ ! -e $refused ] && ! ask_rustup target add aarch64-unknown-linux-gnu; then
        mkdir -p target
        touch $refused
        say "rustup cannot fetch aarch64-unknown-linux-gnu"
    fi
fi
if ! tests/tools/cross.sh --which >/dev/null 2>&1; then
    say "installing Debian's compiler with the libraries of aarch64"
    if ! { command -v apt-get >/dev/null && know_arm64 && apt_install rustc-web libstd-rust-web-dev:arm64 &&
        tests/tools/cross.sh --which >/dev/null; }; then
        die "no Rust for aarch64: neither \`rustup target add aarch64-unknown-linux-gnu\` nor a recent libstd-rust-web-dev:arm64 of Debian (its security archive has the newest) can be had"
    fi
fi
