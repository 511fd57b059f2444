# What Buildroot (2026.08) gives a package of its cargo infrastructure, as far as ipcmk.mk takes it:
# variables, the environment of package/pkg-cargo.mk, and the commands of its steps.
#   make -f buildroot.mk SOURCES=<the crate> PACKAGE=<folder of ipcmk.mk> TARGET_DIR=<image> <target>
# The targets: `environment` prints it, `build` and `init-<SYSTEMD, SYSV or OPENRC>` install a file.
# BR2_..., NORMALIZED_ARCH, RUSTC_TARGET_NAME and the settings below are those of a configuration.

UPPERCASE = $(shell echo '$1' | tr 'a-z-' 'A-Z_')
INSTALL = install
OPT_LEVEL = 2
LTO = false
CHECKS = false
DEBUG = 0

PKG_CARGO_ENV = \
	__CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS="nightly" \
	CARGO_UNSTABLE_HOST_CONFIG="true" \
	CARGO_UNSTABLE_TARGET_APPLIES_TO_HOST="true" \
	CARGO_TARGET_APPLIES_TO_HOST="false" \
	CARGO_BUILD_TARGET="$(RUSTC_TARGET_NAME)" \
	CARGO_HOST_RUSTFLAGS="" \
	$(foreach profile,DEV RELEASE,\
		CARGO_PROFILE_$(profile)_INCREMENTAL="false" \
		CARGO_PROFILE_$(profile)_CODEGEN_UNITS="16" \
		CARGO_PROFILE_$(profile)_SPLIT_DEBUGINFO="off" \
		CARGO_PROFILE_$(profile)_OPT_LEVEL="$(OPT_LEVEL)" \
		CARGO_PROFILE_$(profile)_LTO="$(LTO)" \
		CARGO_PROFILE_$(profile)_DEBUG="$(DEBUG)" \
		CARGO_PROFILE_$(profile)_DEBUG_ASSERTIONS="$(CHECKS)" \
		CARGO_PROFILE_$(profile)_OVERFLOW_CHECKS="$(CHECKS)")
ifeq ($(NORMALIZED_ARCH),arm)
PKG_CARGO_ENV += \
	CARGO_TARGET_$(call UPPERCASE,$(RUSTC_TARGET_NAME))_RUSTFLAGS="-Clink-arg=-Wl,--allow-multiple-definition"
endif

cargo-package = THE_INFRASTRUCTURE := yes
include $(PACKAGE)/ipcmk.mk
ifneq ($(THE_INFRASTRUCTURE),yes)
$(error ipcmk.mk does not use the cargo infrastructure)
endif

.PHONY: environment build
environment:
	@env -i $(PKG_CARGO_ENV) $(IPCMK_CARGO_ENV) env

build:
	cd $(SOURCES) && env $(PKG_CARGO_ENV) $(IPCMK_CARGO_ENV) \
		cargo build --offline $(if $(BR2_ENABLE_DEBUG),,--release) \
		--manifest-path Cargo.toml --locked $(IPCMK_CARGO_BUILD_OPTS)
	cd $(SOURCES) && env $(PKG_CARGO_ENV) $(IPCMK_CARGO_ENV) \
		cargo install --offline --root $(TARGET_DIR)/usr/ --bins --path ./ --no-track --force \
		--locked -Z target-applies-to-host $(IPCMK_CARGO_INSTALL_OPTS)

# $(@D) is the folder of the sources.
INITS = SYSTEMD SYSV OPENRC
.PHONY: $(INITS:%=init-%) $(INITS:%=$(SOURCES)/init-%)
$(INITS:%=init-%): init-%: $(SOURCES)/init-%
$(INITS:%=$(SOURCES)/init-%): $(SOURCES)/init-%:
	$(IPCMK_INSTALL_INIT_$*)
