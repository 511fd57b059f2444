#!/bin/bash
# dracut: /usr/lib/dracut/modules.d/95ipcmk/module-setup.sh. It puts ipcmk into each initramfs, as
# /usr/bin/ipcmk, and /etc/ipcmk.conf where that exists.

# Absolute paths: a plain `ipcmk` would be util-linux's, which needs a C library. /usr/local is from
# `make install`, ipcmk-static from the Debian package.
program() {
    local path
    for path in "$dracutsysrootdir"/usr/local/bin/ipcmk "$dracutsysrootdir"/usr/bin/ipcmk-static; do
        if [[ -x $path ]]; then
            echo "${path#"$dracutsysrootdir"}"
            return 0
        fi
    done
    return 1
}

check() {
    program > /dev/null && return 0
    derror "ipcmk: neither /usr/local/bin/ipcmk (make install) nor /usr/bin/ipcmk-static (the .deb) is there"
    return 1
}

depends() {
    return 0
}

install() {
    inst_simple "$(program)" /usr/bin/ipcmk || return
    if [[ -r $dracutsysrootdir/etc/ipcmk.conf ]]; then
        inst_simple /etc/ipcmk.conf
    fi
}
