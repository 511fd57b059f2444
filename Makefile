# ipcmk. `make help` lists the targets; the scripts behind them are in tests/tools.

SHELL := bash
.DEFAULT_GOAL := build
.NOTPARALLEL:

# Where `make install` puts things: GNU's names.
PREFIX ?= /usr/local
prefix = $(PREFIX)
exec_prefix = $(prefix)
bindir = $(exec_prefix)/bin
datarootdir = $(prefix)/share
mandir = $(datarootdir)/man
docdir = $(datarootdir)/doc/ipcmk
bashdir = $(datarootdir)/bash-completion/completions
zshdir = $(datarootdir)/zsh/site-functions
fishdir = $(datarootdir)/fish/vendor_completions.d
INSTALL = install
INSTALL_PROGRAM = $(INSTALL)
INSTALL_DATA = $(INSTALL) -m 644
BOOT = ipcmk.conf ipcmk.inittab ipcmk.service
BOOT_SCRIPTS = ipcmk.initd ipcmk.sysvinit initramfs-tools/ipcmk dracut/module-setup.sh

# The same build whoever runs it: in target/, with no flags from the caller's environment.
export CARGO_TARGET_DIR := $(CURDIR)/target
export PATH := $(PATH):$(HOME)/.cargo/bin
unexport RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET

# The rows of tests/boards.txt, the kernels that they name, and Rust's name of a board.
NAMES := $(shell . tests/tools/board.sh; boards)
KERNELS := $(shell . tests/tools/board.sh; kernels | cut -d ' ' -f 1)
target_of = $(shell . tests/tools/board.sh; board $1; echo $$target)

# This machine, by its name in that table.
MACHINE := $(shell uname -m | sed 's/^armv[78]l$$/armv7/')
ARCH ?= $(MACHINE)
BUILT = target/dist/ipcmk-$(ARCH)

# What to package: every board, unless the caller sets ARCH.
PACKAGED := $(if $(filter file,$(origin ARCH)),$(NAMES),$(ARCH))

# What the tests run: IPCMK_X86_64 and so on.
$(foreach board,$(NAMES),$(eval export IPCMK_$(shell echo $(board) | tr a-z A-Z) := $(CURDIR)/target/dist/ipcmk-$(board)))

# The test runner is a static file, so that it can be the only other program in an initramfs.
RUNNER := build --profile runner --package ipcmk-tests --bin cases

.PHONY: build
build: build-needs dist-$(ARCH) ## target/dist/ipcmk-<arch> for this machine, or for ARCH=<arch>: stripped, ready to ship
	@ls -l target/dist/ipcmk-$(ARCH)

.PHONY: build-all
build-all: build-all-needs $(NAMES:%=dist-%) ## the same for each board of tests/boards.txt
	@ls -l target/dist

.PHONY: check
check: lint dist-x86_64 runner-x86_64 ## the inner loop: lints, unit tests, and the cases on the real file, natively
	cargo test --quiet
	target/tests/cases-x86_64 --place native --subject "$(IPCMK_X86_64)" tests/cases

.PHONY: faults
faults: build-all $(NAMES:%=runner-%) kernels ## every fault at every system call of the real file, natively and in booted kernels, and the reports
	target/tests/cases-x86_64 --faults all --place native --subject "$(IPCMK_X86_64)" tests/cases/faults*.case -- --quiet
	for board in $(NAMES); do tests/tools/boot.sh $$board /dev/stdout all-faults || exit; done

.PHONY: boards
boards: build-all $(NAMES:%=runner-%) kernels ## the cases in a booted machine for each kernel of tests/boards.txt, or for BOARDS=<kernels>
	for kernel in $(or $(filter-out all,$(BOARDS)),$(KERNELS)); do tests/tools/boot.sh $$kernel || exit; done

.PHONY: test
test: ## everything: installs what is missing, builds, tests natively, in emulators and booted kernels; BOARDS=all boots all
	@tests/tools/all.sh

.PHONY: lint
lint: lint-format lint-clippy lint-man ## rustfmt, clippy and the man page's lint; a warning is an error

.PHONY: bench
bench: setup build-all ## size, page faults, instructions, system calls and time, beside util-linux and an assembly floor
	cargo run --release --package ipcmk-tests --bin bench -- $(BENCH)

.PHONY: fuzz
fuzz: ## the fuzz targets, until ^C or for FUZZ_SECONDS; what they find is in target/fuzz
	@tests/tools/fuzz.sh

.PHONY: fuzz-corpus
fuzz-corpus: ## put what `make fuzz` has found into tests/fuzz/corpus, as few inputs as will do
	@tests/tools/fuzz.sh merge

.PHONY: ub
ub: ## look for undefined behaviour: under valgrind, with AddressSanitizer, and in Miri, which rustup is asked for
	@tests/tools/ub.sh

.PHONY: mutants
mutants: dist-x86_64 runner-x86_64 ## make each mistake of tests/mutants.txt in a copy, and see which test notices; MUTANTS=<names> for some
	tests/tools/mutants.py $(MUTANTS)

.PHONY: soak
soak: dist-x86_64 ## a million runs one after the other (SOAK=<n> of them); each object is removed, nothing may be left
	cargo run --release --package ipcmk-tests --bin soak -- $(SOAK)

.PHONY: size
size: build-all ## compare the sizes of the files with tests/sizes.txt and the limits of tests/boards.txt
	@tests/tools/size.sh

.PHONY: size-update
size-update: build-all ## write the sizes of the files to tests/sizes.txt and README.md
	@tests/tools/size.sh --update

.PHONY: inline
inline: ## what each `#[inline(never)]` that is there for size saves; INLINE=--update writes the figures beside them
	@tests/tools/inline.sh $(INLINE)

.PHONY: bytes
bytes: dist-x86_64 ## where each byte of the x86_64 file goes
	@tests/tools/bytes.sh

.PHONY: figures
figures: setup build-all ## measure, and write the figures into tests/bench/README.md and README.md
	-cargo run --release --package ipcmk-tests --bin bench
	@tests/tools/figures.sh

.PHONY: docs
docs: ## write the man page and the completions anew from the table of options
	cargo run --quiet --package ipcmk-tests --example render >dist/ipcmk.1
	for file in ipcmk.bash _ipcmk ipcmk.fish; do \
		cargo run --quiet --package ipcmk-tests --example render $$file >dist/completions/$$file || exit; done

# For the shell: in quotes, whatever its characters.
quoted = '$(subst ','\'',$1)'

# In docdir, boot files are examples: nothing runs them there.
.PHONY: install
install: ## copy ipcmk for ARCH, its man page, completions and boot files to PREFIX (/usr/local), below DESTDIR
	@[ -f $(BUILT) ] || { echo "there is no $(BUILT) yet: run \`make build\` first" >&2; exit 1; }
	$(INSTALL) -d $(call quoted,$(DESTDIR)$(bindir)) $(call quoted,$(DESTDIR)$(mandir)/man1) $(call quoted,$(DESTDIR)$(bashdir)) $(call quoted,$(DESTDIR)$(zshdir)) \
		$(call quoted,$(DESTDIR)$(fishdir)) $(call quoted,$(DESTDIR)$(docdir)/initramfs-tools) $(call quoted,$(DESTDIR)$(docdir)/dracut)
	$(INSTALL_PROGRAM) $(BUILT) $(call quoted,$(DESTDIR)$(bindir)/ipcmk)
	$(INSTALL_DATA) dist/ipcmk.1 $(call quoted,$(DESTDIR)$(mandir)/man1/ipcmk.1)
	$(INSTALL_DATA) dist/completions/ipcmk.bash $(call quoted,$(DESTDIR)$(bashdir)/ipcmk)
	$(INSTALL_DATA) dist/completions/_ipcmk $(call quoted,$(DESTDIR)$(zshdir)/_ipcmk)
	$(INSTALL_DATA) dist/completions/ipcmk.fish $(call quoted,$(DESTDIR)$(fishdir)/ipcmk.fish)
	$(INSTALL_DATA) $(BOOT:%=dist/%) $(call quoted,$(DESTDIR)$(docdir))
	for file in $(BOOT_SCRIPTS); do $(INSTALL_PROGRAM) dist/$$file $(call quoted,$(DESTDIR)$(docdir))/$$file || exit; done

.PHONY: uninstall
uninstall: ## remove what `make install` with the same variables has put there
	rm -f $(call quoted,$(DESTDIR)$(bindir)/ipcmk) $(call quoted,$(DESTDIR)$(mandir)/man1/ipcmk.1) $(call quoted,$(DESTDIR)$(bashdir)/ipcmk) \
		$(call quoted,$(DESTDIR)$(zshdir)/_ipcmk) $(call quoted,$(DESTDIR)$(fishdir)/ipcmk.fish)
	cd $(call quoted,$(DESTDIR)$(docdir)) 2>/dev/null || exit 0; \
		rm -f $(BOOT) $(BOOT_SCRIPTS); \
		rmdir initramfs-tools dracut "$$PWD" 2>/dev/null; true

.PHONY: release
release: package-needs $(PACKAGED:%=dist-%) ## target/release-files: a tarball for ARCH, or for each board, and SHA256SUMS
	@tests/tools/release.sh $(PACKAGED)

.PHONY: deb
deb: package-needs $(PACKAGED:%=dist-%) ## target/deb: Debian's package ipcmk-static for ARCH, or for each board
	@tests/tools/deb.sh $(PACKAGED)

.PHONY: oci
oci: package-needs $(PACKAGED:%=dist-%) ## target/oci: an image that holds ipcmk alone, for ARCH, or for each board under one index
	@tests/tools/oci.sh $(if $(filter file,$(origin ARCH)),,$(ARCH))

.PHONY: images
images: setup build-all ## all tests of what is shipped, the slow ones too: images, packages, builds, in chroots of Debian 12 and 13
	@tests/tools/kernels.sh x86_64
	@tests/tools/emulators.sh
	cargo test --no-fail-fast --package ipcmk-tests --test images --test packages --test builds -- --include-ignored --test-threads 1

.PHONY: setup
setup: ## install what the tests need and this machine lacks (Debian 12 or later; root or sudo)
	@tests/tools/setup.sh

.PHONY: kernels
kernels: ## fetch Debian's kernels and busybox, and the emulators if they are missing, for all boot tests
	@tests/tools/kernels.sh
	@tests/tools/emulators.sh

.PHONY: clean
clean: ## remove target/, where chroots are root's
	rm -rf target || sudo rm -rf target

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target text; do \
		printf '  make %-12s %s\n' "$$target" "$$text"; done

# The parts.

.PHONY: lint-format
lint-format:
	cargo fmt --all --check -- -l

.PHONY: lint-clippy
lint-clippy:
	cargo clippy --quiet --workspace --all-targets -- --deny warnings

.PHONY: lint-man
lint-man:
	mandoc -T lint -W warning dist/ipcmk.1
	for device in ascii utf8; do ! groff -man -ww -z -T$$device -rLL=78n dist/ipcmk.1 2>&1 | grep . || exit; done
	lexgrog dist/ipcmk.1

.PHONY: build-needs build-all-needs package-needs
build-needs:
	@tests/tools/setup.sh build $(ARCH)
build-all-needs:
	@tests/tools/setup.sh build $(NAMES)
package-needs:
	@tests/tools/setup.sh build $(PACKAGED)

# As a plain `cargo build --release` on this machine makes it.
.PHONY: dist-x86_64
dist-x86_64:
	cargo build --release --bin ipcmk
	install -D -m 755 target/release/ipcmk target/dist/ipcmk-x86_64

CROSS := $(filter-out x86_64,$(NAMES))
.PHONY: $(CROSS:%=dist-%)
$(CROSS:%=dist-%): dist-%:
	@tests/tools/setup.sh build $*
	tests/tools/cross.sh $* build --release --bin ipcmk
	install -D -m 755 target/cross/$(call target_of,$*)/release/ipcmk target/dist/ipcmk-$*

.PHONY: $(NAMES:%=runner-%)
$(NAMES:%=runner-%): runner-%:
	@tests/tools/setup.sh build $*
	RUSTFLAGS='-C target-feature=+crt-static' tests/tools/cross.sh $* $(RUNNER)
	install -D -m 755 target/cross/$(call target_of,$*)/runner/cases target/tests/cases-$*
