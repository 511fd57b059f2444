# shellcheck shell=bash
# Sourced by the other scripts: runs apt, and retries.

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

# mirror_of <label> <mirror> prints the mirror from which this machine has the packages of that part of
# Debian; if it has none, the one that is named.
mirror_of() {
    local found
    # shellcheck disable=SC2016 # apt replaces it
    found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" 2>/dev/null | head -n 1) || true
    echo "${found:-$2}"
}

# make_private_apt <folder> <suite> <architecture> makes an apt for packages of another release of
# Debian, with a state and sources of its own: this machine's apt stays unchanged. Debian's signature
# is checked as usual. Then `private_apt apt-get ...` and `private_apt apt-cache ...` use it, and
# again() updates its lists.
make_private_apt() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -r $keyring ] || die "no $keyring: run tests/tools/setup.sh first"
    private=$1 private_architecture=$3
    mirror=$(mirror_of Debian http://deb.debian.org/debian/)
    mkdir -p "$private"/{lists,cache/archives}/partial
    : >"$private/status"
    cat >"$private/private.sources" <<END
Types: deb
URIs: $mirror
Suites: $2
Components: main
Targets: Packages
Signed-By: $keyring
END
    apt_update() { private_apt apt-get update || true; }
    apt_update
}

private_apt() {
    "$1" -qq -o Dir::State="$private" -o Dir::State::status="$private/status" -o Dir::Cache="$private/cache" \
        -o Dir::Etc::sourcelist="$private/private.sources" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Architecture="$private_architecture" -o APT::Architectures="$private_architecture" \
        -o APT::Sandbox::User=root -o Acquire::http::Timeout=30 "${@:2}" </dev/null
}

# lend_apt <root> gives the apt of that root this machine's way to the mirror: proxies, certificates,
# passwords. A file that the settings name keeps its path.
lend_apt() {
    local file root=${1:?}
    {
        apt-config dump --no-empty Acquire | grep -v '^Acquire::IndexTargets::'
        echo 'Acquire::http::Timeout "30";'
    } >"$root/etc/apt/apt.conf.d/99lent"
    for file in /etc/apt/auth.conf /etc/apt/auth.conf.d/* \
        $(sed -n 's#^Acquire::https.*"\(/.*\)";$#\1#p' "$root/etc/apt/apt.conf.d/99lent"); do
        [ -f "$file" ] || continue
        mkdir -p "$root${file%/*}"
        cp -L --preserve=mode "$file" "$root$file"
    done
}
