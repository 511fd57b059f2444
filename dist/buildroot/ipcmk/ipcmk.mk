################################################################################
#
# ipcmk
#
################################################################################

IPCMK_VERSION = 1.0.0
# The server ignores what follows the question mark; the infrastructure puts the
# name of the archive there.
IPCMK_SITE = https://static.crates.io/crates/ipcmk/ipcmk-$(IPCMK_VERSION).crate?buildroot-path=filename
IPCMK_LICENSE = MIT, BSD-2-Clause (syscalls crate)
IPCMK_LICENSE_FILES = LICENSE dist/copyright

# The release profile of its Cargo.toml, which the infrastructure overrides:
# other settings give a larger file, or one in which a panic can be reached,
# which does not link.
IPCMK_CARGO_ENV = \
	CARGO_PROFILE_RELEASE_OPT_LEVEL="z" \
	CARGO_PROFILE_RELEASE_LTO="fat" \
	CARGO_PROFILE_RELEASE_CODEGEN_UNITS="1" \
	CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS="false" \
	CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS="false"

# The file is bound to one address. Code for any address would be larger by 3 kB
# on these. It links no compiler-builtins twice.
ifneq ($(filter arm i386,$(NORMALIZED_ARCH)),)
IPCMK_CARGO_ENV += \
	CARGO_TARGET_$(call UPPERCASE,$(RUSTC_TARGET_NAME))_RUSTFLAGS="-C relocation-model=static"
endif

# Without BR2_ENABLE_DEBUG, the infrastructure says so itself. A debug build does
# not keep the promises on panics and memory.
ifeq ($(BR2_ENABLE_DEBUG),y)
IPCMK_CARGO_BUILD_OPTS = --release
endif

# Each of these reads /etc/ipcmk.conf, which the package does not install:
# dist/ipcmk.conf in the sources is an example.
define IPCMK_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(@D)/dist/ipcmk.service \
		$(TARGET_DIR)/usr/lib/systemd/system/ipcmk.service
endef

define IPCMK_INSTALL_INIT_OPENRC
	$(INSTALL) -D -m 0755 $(@D)/dist/ipcmk.initd \
		$(TARGET_DIR)/etc/init.d/ipcmk
endef

# After S02sysctl, which sets the limits.
define IPCMK_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(@D)/dist/ipcmk.sysvinit \
		$(TARGET_DIR)/etc/init.d/S03ipcmk
endef

$(eval $(cargo-package))
