# ipcmk. `make help` lists the targets; the scripts behind them are in tests/tools.

SHELL := bash
.DEFAULT_GOAL := build
.NOTPARALLEL:
PREFIX ?= /usr/local

# The same build whoever runs it: in target/, with no flags from the caller's environment.
export CARGO_TARGET_DIR := $(CURDIR)/target
export PATH := $(PATH):$(HOME)/.cargo/bin
unexport RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET

# What the tests run.
export IPCMK_X86_64 := $(CURDIR)/target/dist/ipcmk-x86_64
export IPCMK_AARCH64 := $(CURDIR)/target/dist/ipcmk-aarch64

# The test runner is a static file, so that it can be the only other program in an initramfs.
RUNNER := build --profile runner --package ipcmk-tests --bin cases

.PHONY: build
build: build-needs dist-x86_64 dist-aarch64 ## target/dist/ipcmk-x86_64 and ipcmk-aarch64, stripped, ready to ship
	@ls -l target/dist

.PHONY: check
check: lint dist-x86_64 runner-x86_64 ## the inner loop: lints, unit tests, and the cases on the real file, natively
	cargo test --quiet
	target/tests/cases-x86_64 --place native --subject "$(IPCMK_X86_64)" tests/cases

.PHONY: faults
faults: build runner-x86_64 runner-aarch64 kernels ## every fault at every system call of the real file, natively and in booted kernels, and the reports
	target/tests/cases-x86_64 --faults all --place native --subject "$(IPCMK_X86_64)" tests/cases/faults*.case -- --quiet
	tests/tools/boot.sh x86_64 /dev/stdout all-faults
	tests/tools/boot.sh aarch64 /dev/stdout all-faults

.PHONY: test
test: ## everything, everywhere: installs what is missing, builds, tests natively, in emulators and in booted kernels
	@tests/tools/all.sh

.PHONY: lint
lint: lint-format lint-clippy lint-man ## rustfmt, clippy and the man page's lint; a warning is an error

.PHONY: bench
bench: setup build ## size, page faults, instructions, system calls and time, beside util-linux and an assembly floor
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
size: build ## compare the sizes of the two files with tests/sizes.txt
	@tests/tools/size.sh

.PHONY: size-update
size-update: build ## write the sizes of the two files to tests/sizes.txt
	@tests/tools/size.sh --update

.PHONY: inline
inline: ## what each `#[inline(never)]` that is there for size saves; INLINE=--update writes the figures beside them
	@tests/tools/inline.sh $(INLINE)

.PHONY: bytes
bytes: dist-x86_64 ## where each byte of the x86_64 file goes
	@tests/tools/bytes.sh

.PHONY: figures
figures: setup build ## measure, and write the figures into tests/bench/README.md and README.md
	-cargo run --release --package ipcmk-tests --bin bench
	@tests/tools/figures.sh

.PHONY: docs
docs: ## write the man page anew from the table of options
	cargo run --quiet --example render >dist/ipcmk.1

.PHONY: install
install: ## copy this machine's ipcmk, after `make build`, to PREFIX (/usr/local), below DESTDIR
	install -D -m 755 target/dist/ipcmk-$$(uname -m) $(DESTDIR)$(PREFIX)/bin/ipcmk
	install -D -m 644 dist/ipcmk.1 $(DESTDIR)$(PREFIX)/share/man/man1/ipcmk.1

.PHONY: setup
setup: ## install what the tests need and this machine lacks (Debian 12 or later; root or sudo)
	@tests/tools/setup.sh

.PHONY: kernels
kernels: ## fetch Debian's kernels and busybox, and the emulators if they are missing, for the boot tests
	@tests/tools/kernels.sh
	@tests/tools/emulators.sh

.PHONY: clean
clean: ## remove target/
	rm -rf target

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

.PHONY: build-needs
build-needs:
	@tests/tools/setup.sh build

.PHONY: dist-x86_64
dist-x86_64:
	cargo build --release --bin ipcmk
	install -D -m 755 target/release/ipcmk target/dist/ipcmk-x86_64

.PHONY: dist-aarch64
dist-aarch64: build-needs
	tests/tools/cross.sh build --release --bin ipcmk
	install -D -m 755 target/cross/aarch64-unknown-linux-gnu/release/ipcmk target/dist/ipcmk-aarch64

.PHONY: runner-x86_64
runner-x86_64:
	CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS='-C target-feature=+crt-static' \
		cargo $(RUNNER) --target x86_64-unknown-linux-gnu
	install -D -m 755 target/x86_64-unknown-linux-gnu/runner/cases target/tests/cases-x86_64

.PHONY: runner-aarch64
runner-aarch64: build-needs
	CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS='-C target-feature=+crt-static' \
		tests/tools/cross.sh $(RUNNER)
	install -D -m 755 target/cross/aarch64-unknown-linux-gnu/runner/cases target/tests/cases-aarch64
