# shellcheck shell=bash
# Sourced by the scripts that make packages: what all packages of these sources share.

die() { echo "${0##*/}: $*" >&2; exit 1; }

# Modes and order of names are the same for everybody.
umask 022
export LC_ALL=C

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

# Refuses sources whose files, or whose tag, name different versions.
check_versions() {
    local source found tag tags
    while IFS='|' read -r source found; do
        [ "$found" = "$version" ] || die "Cargo.toml has version $version, $source ${found:-none}"
    done < <(
        echo "Cargo.lock|$(sed -n '/^name = "ipcmk"$/ { n; s/^version = "\(.*\)"/\1/p; }' Cargo.lock)"
        echo "dist/ipcmk.1|$(sed -n 's/^\.TH .*"ipcmk \([^"]*\)".*/\1/p' dist/ipcmk.1)"
        echo "dist/CHANGELOG.md|$(changelog | cut -d ' ' -f 1)"
    )
    # A statement of its own: git's failure ends the script.
    tags=$(own_git tag --points-at HEAD)
    for tag in $tags; do
        [[ $tag != v[0-9]* || $tag = "v$version" ]] || die "Cargo.toml has version $version, but this commit's tag is $tag"
    done
}

# Version and date of the newest entry in dist/CHANGELOG.md: `## 1.0.0 (2026-11-30)` or the like.
changelog() {
    sed -n 's/^## \[\{0,1\}\([0-9][0-9.]*\)[^0-9]*\([0-9-]*\).*/\1 \2/p' dist/CHANGELOG.md | head -n 1
}

# git, if these sources are a repository of their own.
own_git() {
    [ ! -e .git ] || git "$@"
}

# The time of all files in a package, in seconds: SOURCE_DATE_EPOCH, or the commit's, or that of the
# newest entry in dist/CHANGELOG.md.
if [ -z "${SOURCE_DATE_EPOCH-}" ]; then
    SOURCE_DATE_EPOCH=$(own_git log -1 --format=%ct)
    [ -n "$SOURCE_DATE_EPOCH" ] || SOURCE_DATE_EPOCH=$(date --utc --date "$(changelog | cut -d ' ' -f 2)" +%s)
fi
export SOURCE_DATE_EPOCH
