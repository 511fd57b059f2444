# shellcheck shell=bash Sourced by the other scripts: runs apt, and retries.

say() { echo "${0##*/}: $*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
    elif command -v sudo >/dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
    else
        die "apt needs root, and there is no sudo: run this as root once"
    fi
}

# A failure of a third-party source does not matter, as long as the packages can be fetched.
apt_update() {
    as_root apt-get -qq -o Acquire::http::Timeout=30 -o DPkg::Lock::Timeout=300 update || true
}

# Adds Debian's arm64 packages to the sources.
know_arm64() {
    dpkg --print-foreign-architectures | grep -qx arm64 || as_root dpkg --add-architecture arm64
}

# again <command>... retries: a mirror in mid-sync ("File has unexpected size") or a stale index is
# only temporarily wrong.
again() {
    local pause
    for pause in 2 10 30 60 stop; do
        if "$@"; then return 0; fi
        [ "$pause" != stop ] || return 1
        say "that failed; next try in $pause s"
        sleep "$pause"
        apt_update
    done
}

apt_install() {
    apt_update
    again as_root apt-get -qq -y --no-remove --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
        -o Acquire::http::Timeout=30 install "$@"
}
