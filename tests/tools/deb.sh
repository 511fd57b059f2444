#!/usr/bin/env bash
# Makes Debian's package ipcmk-static from target/dist, for each of these boards, in target/deb. It
# installs beside util-linux's ipcmk, so all its files have the package's name. The same sources and
# compiler give the same bytes.
#   deb.sh <board>...
# DEBFULLNAME and DEBEMAIL, as Debian's own tools have them, name who packages it.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools/board.sh
. tests/tools/package.sh

check_versions
package=ipcmk-static
revision=1
maintainer="${DEBFULLNAME:-the ipcmk authors} <${DEBEMAIL:-ipcmk@example.org}>"
folder=$PWD/target/deb
rm -rf "$folder"
root=$folder/root
mkdir -p "$folder"

# edit <file> <sed command>... edits an installed file; each command must change something.
edit() {
    local file=$1 command
    for command in "${@:2}"; do
        sed "$command" "$file" >"$file.new"
        ! cmp --silent "$file" "$file.new" || die "\`$command\` changes nothing in ${file#"$root"}"
        cat "$file.new" >"$file"
        rm "$file.new"
    done
}

build() {
    local doc=$root/usr/share/doc/$package share=$root/usr/share
    "${MAKE:-make}" --no-print-directory --silent install ARCH="$name" DESTDIR="$root" prefix=/usr docdir=/usr/share/doc/$package/examples

    # Beside util-linux's files, and its completion.
    mv "$root/usr/bin/ipcmk" "$root/usr/bin/$package"
    mv "$share/man/man1/ipcmk.1" "$share/man/man1/$package.1"
    mv "$share/bash-completion/completions/ipcmk" "$share/bash-completion/completions/$package"
    mv "$share/fish/vendor_completions.d/ipcmk.fish" "$share/fish/vendor_completions.d/$package.fish"
    # Debian's zsh looks there.
    mkdir "$share/zsh/vendor-completions"
    mv "$share/zsh/site-functions/_ipcmk" "$share/zsh/vendor-completions/_$package"
    rmdir "$share/zsh/site-functions"
    edit "$share/bash-completion/completions/$package" 's/ipcmk ipcmk-static/ipcmk-static/'
    edit "$share/fish/vendor_completions.d/$package.fish" 's/ipcmk ipcmk-static/ipcmk-static/'
    edit "$share/zsh/vendor-completions/_$package" 's/ipcmk ipcmk-static/ipcmk-static/'
    edit "$share/man/man1/$package.1" \
        's/^\.TH IPCMK /.TH IPCMK\\-STATIC /' \
        's/^ipcmk \\- /ipcmk\\-static \\- /' \
        '/^\.SH SYNOPSIS/,/^\.SH/ s/^\\fBipcmk/&\\-static/' \
        "s/^\.SH DESCRIPTION/&\nDebian's package has it as \\\\fBipcmk\\\\-static\\\\fR, beside util\\\\-linux's \\\\fBipcmk\\\\fR.\n.PP/"
    edit "$share/man/man1/$package.1" 's#share/doc/ipcmk#/usr/share/doc/ipcmk\\-static/examples#'
    gzip -9n "$share/man/man1/$package.1"
    edit "$doc/examples/ipcmk.service" 's/=ipcmk --batch/=ipcmk-static --batch/' 's/man:ipcmk(1)/man:ipcmk-static(1)/'
    edit "$doc/examples/ipcmk.initd" 's/ipcmk --batch/ipcmk-static --batch/'
    edit "$doc/examples/ipcmk.sysvinit" 's/DAEMON="ipcmk"/DAEMON="ipcmk-static"/'
    edit "$doc/examples/ipcmk.inittab" 's/ipcmk --batch/ipcmk-static --batch/'

    install -m 644 dist/copyright "$doc/copyright"
    gzip -9n <dist/CHANGELOG.md >"$doc/changelog.gz"
    gzip -9n >"$doc/changelog.Debian.gz" <<END
$package ($version-$revision) unstable; urgency=medium

  * ipcmk $version: what has changed is in changelog.gz.

 -- $maintainer  $(date --utc --rfc-email --date "@$SOURCE_DATE_EPOCH")
END
    install -D -m 644 /dev/stdin "$share/lintian/overrides/$package" <<END
# It is packaged by its authors: there is no bug in Debian that asks for it.
$package: initial-upload-closes-no-bugs
END
    mkdir "$root/DEBIAN"
    (cd "$root" && find usr -type f | sort | xargs md5sum) >"$root/DEBIAN/md5sums"
    cat >"$root/DEBIAN/control" <<END
Package: $package
Version: $version-$revision
Architecture: $debian
Maintainer: $maintainer
Installed-Size: $(find "$root/usr" -printf '%y %s\n' | awk '{ all += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print all }')
Section: utils
Priority: optional
Description: create System V and POSIX IPC objects, without a C library
 ipcmk-static creates System V and POSIX shared memory, message queues and
 semaphores from a shell, prints their ids or names, and removes them. It takes
 the command lines of the ipcmk in util-linux.
 .
 It is one static file, for systems where util-linux is too big or missing: an
 initramfs, a rescue image, a container built from nothing.
END
    # It gives all files the time in SOURCE_DATE_EPOCH.
    # dpkg-deb lowers later times only.
    find "$root" -exec touch --date "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group --uniform-compression -Zxz --build "$root" "$folder/${package}_$version-${revision}_$debian.deb"
    rm -r "$root"
}

for board; do
    board "$board"
    build
done
ls -l "$folder"
