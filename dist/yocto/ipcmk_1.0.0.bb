SUMMARY = "Creates System V and POSIX IPC objects from a shell"
DESCRIPTION = "Creates shared memory, message queues and semaphores from a shell, and \
               removes them. It takes the command lines of util-linux's ipcmk. One \
               static file of about 40 KiB, which needs no C library."
HOMEPAGE = "https://crates.io/crates/ipcmk"
SECTION = "base"
CVE_PRODUCT = "ipcmk"
# BSD-2-Clause is that of the crate syscalls.
LICENSE = "MIT & BSD-2-Clause"
LIC_FILES_CHKSUM = "file://LICENSE;md5=187c0b8ebb623a584130d4fe246f3a2b \
                    file://dist/copyright;md5=8482476e036b534a0c50d1932f8a98ee"

# Without `;name=`: the fetcher unpacks into ${BP} the crate that is called so. Its
# checksum, SRC_URI[ipcmk-1.0.0.sha256sum], is added when it is published.
SRC_URI = "crate://crates.io/ipcmk/${PV}"
require ${BPN}-crates.inc

inherit cargo cargo-update-recipe-crates siteinfo systemd update-rc.d

# DEBUG_BUILD too builds for release: a debug build does not keep the promises on panics and memory.
CARGO_PROFILE = "release"
# The same for releases of Yocto that have no CARGO_PROFILE.
BUILD_MODE = "--release"
BUILD_DIR = "release"

# The file is bound to one address. Code for any address would be larger by 3 kB on 32 bits.
RUSTFLAGS:append = "${@bb.utils.contains('SITEINFO_BITS', '32', ' -C relocation-model=static', '', d)}"

# The linker has stripped it; to split or strip it again would change its layout.
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
# nooelint: oelint.vars.insaneskip
INSANE_SKIP:${PN} += "already-stripped"

# Those with code for system calls and the entry point.
COMPATIBLE_HOST = "(aarch64|arm|i.86|riscv64|x86_64)-.*linux(-gnueabi|-musl|-musleabi)?$"

# Each of these reads /etc/ipcmk.conf, which the package does not install: dist/ipcmk.conf in the
# sources is an example.
do_install:append() {
    install -D -m 0644 ${S}/dist/ipcmk.1 ${D}${mandir}/man1/ipcmk.1
    if ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'true', 'false', d)}; then
        install -D -m 0644 ${S}/dist/ipcmk.service ${D}${systemd_system_unitdir}/ipcmk.service
    fi
    if ${@bb.utils.contains('DISTRO_FEATURES', 'sysvinit', 'true', 'false', d)}; then
        install -D -m 0755 ${S}/dist/ipcmk.sysvinit ${D}${sysconfdir}/init.d/ipcmk
    fi
}

SYSTEMD_SERVICE:${PN} = "ipcmk.service"
INITSCRIPT_NAME = "ipcmk"
# After those that mount file systems and set the kernel's limits.
INITSCRIPT_PARAMS = "start 39 S . stop 90 0 6 ."

# It is the same file, ${bindir}/ipcmk.
RCONFLICTS:${PN} = "util-linux-ipcmk"
