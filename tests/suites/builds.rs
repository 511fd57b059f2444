//! The program builds wherever it is built: in any folder, with the settings of other builders, for
//! musl. A build that cannot keep the promises of src/lib.rs fails, and says why.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use ipcmk_tests::board::Board;
use ipcmk_tests::files::{Scratch, repository};

#[path = "elf/file.rs"]
mod file;

use file::Subject;

/// A copy of the sources, to be built in other ways or broken.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if root.exists() {
            fs::remove_dir_all(&root).expect("an earlier copy");
        }
        fs::create_dir_all(&root).expect("room for a copy");
        for entry in [
            "Cargo.toml",
            "Cargo.lock",
            "build.rs",
            "linker",
            "src",
            "tests",
            "dist",
            "README.md",
        ] {
            let from = repository().join(entry);
            if from.exists() {
                copy(&from, &root.join(entry)).expect(entry);
            }
        }
        Self(root)
    }

    /// Inserts `statements` at the beginning of the library's `write_all`, which every run calls.
    fn spoil(&self, statements: &str) {
        let file = self.0.join("src/kernel/port.rs");
        let source = fs::read_to_string(&file).expect("src/kernel/port.rs");
        let function = source
            .find("pub fn write_all<")
            .expect("kernel.rs has write_all");
        let body = function + source[function..].find("{\n").expect("and it has a body") + 2;
        let (before, after) = source.split_at(body);
        fs::write(&file, format!("{before}{statements}\n{after}")).expect("src/kernel/port.rs");
    }

    /// Links the program as `make build` does, with these settings and arguments of cargo beside.
    /// Returns the file, or what cargo and the linker say if that fails.
    fn link(
        &self,
        arch: &str,
        settings: &[(&str, &str)],
        arguments: &[&str],
    ) -> Result<Subject, String> {
        let board = Board::named(arch).expect("a board");
        // Flags of the environment are for the build scripts too, unless a target is named.
        let is_plain = arch == "x86_64" && settings.is_empty();
        let mut command = if is_plain {
            Command::new(env::var_os("CARGO").expect("cargo sets it"))
        } else {
            let mut command = Command::new(self.0.join("tests/tools/cross.sh"));
            command.arg(arch);
            command
        };
        let rust = repository().join("target/rust/rustc");
        let flags = [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "RUSTC",
            "RUSTC_WRAPPER",
        ];
        for variable in flags {
            command.env_remove(variable);
        }
        let output = command
            .args(["build", "--release", "--offline", "--bin", "ipcmk"])
            .args(arguments)
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            // The copy has no compiler of its own: see rust.sh.
            .env("CROSS_RUSTC", format!("rustc {}", rust.display()))
            .envs(settings.iter().copied())
            .output()
            .expect("cargo starts");
        if output.status.success() {
            let file = if is_plain {
                "target/release/ipcmk".to_owned()
            } else {
                format!("target/cross/{}/release/ipcmk", board.target)
            };
            let bytes = fs::read(self.0.join(file)).expect("the file");
            Ok(Subject { board, bytes })
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    #[track_caller]
    fn does_not_link(&self, arch: &str, reasons: &[&str]) {
        refused(self.link(arch, &[], &[]), reasons);
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // A failure leaves a directory in the target directory, which does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Copies a file, or a directory with all that it contains.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

const ARCHES: [&str; 2] = ["x86_64", "aarch64"];

/// That each of these lines is in what a failed build says.
#[track_caller]
fn refused(build: Result<Subject, String>, reasons: &[&str]) {
    let Err(said) = build else { panic!("it links") };
    for reason in reasons {
        let reason = format!("ERROR(ipcmk): {reason}");
        assert!(said.contains(&reason), "no {reason:?} in\n{said}");
    }
}

/// That a file with other settings than ours keeps the promises and runs. (With some of them, dead
/// data has the paths of sources.)
#[track_caller]
fn fit(build: Result<Subject, String>, how: &str) {
    let subject = build.unwrap_or_else(|said| panic!("{how}:\n{said}"));
    subject.is_a_static_executable();
    subject.has_one_segment();
    subject.has_nothing_to_write();
    let scratch = Scratch::new().expect("a directory");
    let file = scratch.join("ipcmk");
    fs::write(&file, &subject.bytes).expect("it is ours");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut command = match subject.board.emulator {
        Some(emulator) => Command::new(emulator),
        None => Command::new(&file),
    };
    if subject.board.emulator.is_some() {
        command.arg(&file);
    }
    // Without an object: the line is read, and refused.
    let output = command
        .args(["-Q", "-S", "99999", "--dry-run", "-k", "x"])
        .output();
    let said = String::from_utf8(output.expect("it starts").stderr).expect("ASCII");
    assert_eq!(
        said, "ipcmk: failed to parse key: 'x': Invalid argument\n",
        "{how}"
    );
}

/// The same sources give the same file in any directory. (This also shows that an unbroken copy
/// links, so the tests below fail for the right reason.)
#[test]
fn a_copy_elsewhere_gives_the_same_files() {
    let copy = Copy::new("unspoilt");
    for (arch, subject) in ARCHES.into_iter().zip(Subject::all()) {
        let built = copy.link(arch, &[], &[]).expect("it links");
        built.has_no_got();
        built.tells_nothing();
        // assert_eq would print both files.
        assert!(
            built.bytes == subject.bytes,
            "{arch}: the file is not what these sources make: `make build`"
        );
    }
}

/// What Buildroot sets for each package, whatever the package's own profile says.
const BUILDROOT: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "false"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "false"),
    ("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "false"),
];
const OPT_LEVEL: &str = "CARGO_PROFILE_RELEASE_OPT_LEVEL";
const PANIC: &str = "CARGO_PROFILE_RELEASE_PANIC";

fn buildroot_links(name: &str, arch: &str, levels: &[&str]) {
    let copy = Copy::new(name);
    for level in levels {
        let settings = [&BUILDROOT[..], &[(OPT_LEVEL, level)]].concat();
        fit(
            copy.link(arch, &settings, &[]),
            &format!("{arch}, opt-level {level}"),
        );
    }
}

#[test]
fn the_settings_of_buildroot_link() {
    buildroot_links("buildroot-s", "x86_64", &["s"]);
}

#[test]
#[ignore = "slow: `make images` runs it"]
fn the_settings_of_buildroot_link_on_each_board_at_each_level() {
    for board in Board::all() {
        let levels: &[&str] = match board.name {
            "riscv64" => &["s", "2", "3"],
            _ => &["s", "1", "2", "3"],
        };
        buildroot_links("buildroot-all", board.name, levels);
    }
    // There the optimiser leaves a panic, and the linker says what to set.
    let settings = [&BUILDROOT[..], &[(OPT_LEVEL, "1")]].concat();
    let build = Copy::new("buildroot-1").link("riscv64", &settings, &[]);
    refused(build, &["a panic can be reached in this release build"]);
}

#[test]
fn a_setting_that_breaks_the_promises_is_named() {
    let copy = Copy::new("settings");
    for (setting, value, reason) in [
        (OPT_LEVEL, "0", "opt-level = 0 leaves panics"),
        (BUILDROOT[2].0, "true", "debug-assertions are panics"),
        (BUILDROOT[3].0, "true", "overflow-checks are panics"),
        (PANIC, "unwind", "panic = \"unwind\" takes a library"),
    ] {
        let advice = match setting {
            OPT_LEVEL => format!("({OPT_LEVEL}=z)"),
            PANIC => format!("({PANIC}=abort)"),
            _ => format!("({setting}=false)"),
        };
        let build = copy.link("x86_64", &[(setting, value)], &[]);
        let said = build.as_ref().err().cloned().unwrap_or_default();
        refused(build, &[reason]);
        assert!(said.contains(&advice), "no {advice} in\n{said}");
    }
    // Set where no build script sees it.
    let config = ["--config", "profile.release.overflow-checks=true"];
    let reason = "a panic can be reached in this release build, through the code that was changed \
                  last: use get, checked arithmetic or a match there. If no code was changed, a \
                  setting of the profile is at fault: set CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=false";
    refused(copy.link("x86_64", &[], &config), &[reason]);
}

/// Rust's targets of musl link start files and position-independent code, whatever a build script
/// asks for. Rust's own are not on every machine: these flags link those of Debian's musl in the
/// same way.
fn musl_links(arch: &str) {
    let folder = repository().join("target/musl").join(arch).join("usr/lib");
    let entries = fs::read_dir(folder).expect("musl: tests/tools/musl.sh");
    let libraries = entries
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.join("rcrt1.o").exists())
        .expect("rcrt1.o");
    let board = Board::named(arch).expect("a board");
    let of_gcc = |name: &str| {
        let output = Command::new(board.compiler)
            .arg(format!("-print-file-name={name}"))
            .output();
        let path = String::from_utf8(output.expect("the compiler").stdout).expect("a path");
        path.trim_end().to_owned()
    };
    let mut flags = "-C relocation-model=pic -C link-arg=-static-pie".to_owned();
    let of_musl = |name: &str| libraries.join(name).display().to_string();
    for object in [
        of_musl("rcrt1.o"),
        of_musl("crti.o"),
        of_gcc("crtbeginS.o"),
        of_gcc("crtendS.o"),
        of_musl("crtn.o"),
    ] {
        assert!(Path::new(&object).is_file(), "no {object}");
        flags += &format!(" -C link-arg={object}");
    }
    let copy = Copy::new(&format!("musl-{arch}"));
    fit(
        copy.link(arch, &[("RUSTFLAGS", &flags)], &[]),
        &format!("{arch} with musl"),
    );
}

#[test]
fn it_links_beside_the_start_files_of_musl() {
    musl_links("x86_64");
}

#[test]
#[ignore = "slow: `make images` runs it"]
fn it_links_beside_the_start_files_of_musl_on_each_board() {
    for board in Board::all() {
        musl_links(board.name);
    }
}

/// Both in one copy: a link takes ten seconds.
#[test]
fn a_static_that_changes_does_not_link() {
    let copy = Copy::new("static");
    copy.spoil(
        "    use core::sync::atomic::{AtomicUsize, Ordering};
    static ZERO: AtomicUsize = AtomicUsize::new(0);
    static SEVEN: AtomicUsize = AtomicUsize::new(7);
    for calls in [&ZERO, &SEVEN] {
        if calls.fetch_add(1, Ordering::Relaxed) == 9 {
            return Err(Errno::EIO);
        }
    }",
    );
    let reasons = [
        "a static that starts as zeros can change (.bss)",
        "a static with an initial value can change (.data)",
    ];
    for arch in ARCHES {
        copy.does_not_link(arch, &reasons);
    }
}

#[test]
fn a_panic_that_can_be_reached_does_not_link() {
    let copy = Copy::new("panic");
    copy.spoil(
        "    #[expect(clippy::indexing_slicing, reason = \"that is the test\")]
    if bytes[100] == b'x' {
        return Err(Errno::EIO);
    }",
    );
    for arch in ARCHES {
        copy.does_not_link(arch, &["a panic can be reached in this release build"]);
    }
}

/// `make build` tells it before cargo does, whose own messages have many lines.
#[test]
fn a_compiler_that_is_too_old_is_named_in_one_line() {
    let scratch = Scratch::new().expect("a directory");
    let rustc = scratch.join("rustc");
    fs::write(&rustc, "#!/bin/sh\necho 'rustc 1.63.0'\n").expect("it is ours");
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = env::var("PATH").expect("a path");
    let output = Command::new(repository().join("tests/tools/setup.sh"))
        .args(["build", "x86_64"])
        .env("PATH", format!("{}:{path}", scratch.join("").display()))
        .output()
        .expect("setup.sh starts");
    let said = String::from_utf8(output.stderr).expect("ASCII");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(
        said,
        "setup.sh: rustc 1.63.0 is too old: install Rust 1.88 or later, from https://rustup.rs or, \
         on Debian 12 and 13, by `apt-get install cargo-web`\n"
    );
}
