//! What `make install`, `make release`, `make deb` and `cargo package` give: the files, where they
//! should be, the same bytes each time, and a package that installs, runs and goes.
//!
//! The slow tests are ignored: `make images` runs them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use ipcmk_tests::board::Board;
use ipcmk_tests::files::{Scratch, repository as root};
use ipcmk_tests::{inherited, suite};
use libtest_mimic::{Arguments, Completion, Trial};

#[path = "packages/chroot.rs"]
mod chroot;
#[path = "packages/deb.rs"]
mod deb;
#[path = "packages/install.rs"]
mod install;
#[path = "packages/release.rs"]
mod release;
#[path = "packages/source.rs"]
mod source;

/// This suite keeps the caller's user: in a user namespace, sudo does not work.
fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    inherited::settle().expect("no umask, limits or signals of the caller");
    let quick: [suite::Test; 14] = [
        (
            "make_install_installs_all_and_uninstall_removes_it",
            install::both,
        ),
        ("make_install_takes_the_names_of_gnu", install::names),
        ("make_install_builds_nothing", install::builds_nothing),
        ("each_file_of_dist_has_its_place", install::complete),
        ("a_release_has_a_tarball_for_each_board", release::tarballs),
        ("a_release_has_the_sums_of_its_files", release::sums),
        ("a_release_has_one_version", release::versions),
        ("files_have_the_time_of_the_sources", release::times),
        ("packages_are_the_same_twice", release::twice),
        ("a_deb_has_all_files_by_its_name", deb::files),
        ("a_deb_is_for_its_architecture", deb::fields),
        ("lintian_accepts_the_deb", deb::lintian),
        ("the_crate_installs_the_file_that_is_tested", source::krate),
        ("the_workflow_runs_the_commands_of_readme", source::workflow),
    ];
    let slow: [suite::Test; 2] = [
        ("packages_made_elsewhere_are_the_same", release::elsewhere),
        ("lintian_accepts_each_deb", deb::lintian_all),
    ];
    let in_chroot: [suite::Test; 1] = [("the_deb_comes_and_goes_on_debian_12", || {
        chroot::deb("bookworm");
    })];
    let in_chroot_and_slow: [suite::Test; 5] = [
        ("the_deb_comes_and_goes_on_debian_13", || {
            chroot::deb("trixie");
        }),
        ("shells_and_man_find_the_deb_s_files_on_debian_12", || {
            chroot::shells("bookworm");
        }),
        ("shells_and_man_find_the_deb_s_files_on_debian_13", || {
            chroot::shells("trixie");
        }),
        ("readme_builds_without_rustup_on_debian_12", || {
            chroot::without_rustup("bookworm");
        }),
        ("readme_builds_without_rustup_on_debian_13", || {
            chroot::without_rustup("trixie");
        }),
    ];
    let plain = |(name, test): suite::Test| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let mut trials: Vec<Trial> = quick.map(plain).into();
    trials.extend(slow.map(|test| plain(test).with_ignored_flag(true)));
    trials.extend(in_chroot.map(chroot::trial));
    trials.extend(in_chroot_and_slow.map(|test| chroot::trial(test).with_ignored_flag(true)));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs a command, which must succeed, and returns what it prints.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let status = output.status;
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout
}

/// Runs a command, which must fail, and returns what it says of that.
#[track_caller]
fn refused(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{command:?}: it works\n{said}");
    said
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Lists what is in a folder, directories too if `all`: mode and name, sorted by name.
fn list(folder: &Path, all: bool) -> String {
    let kind = if all { "-true" } else { "! -type d" };
    let line = format!(
        "find . -mindepth 1 {kind} -printf '%P %M\\n' | sort | sed 's/\\(.*\\) \\(.*\\)/\\2 \\1/'"
    );
    run(shell(&line).current_dir(folder))
}

fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-ec", line]);
    command
}

/// The time that packages are made at.
const EPOCH: &str = "1700000000";

/// A copy of the sources, with the files under test in target/dist.
struct Copy {
    root: PathBuf,
    _scratch: Option<Scratch>,
}

impl Copy {
    /// One that any user can read.
    fn new() -> Self {
        let scratch = Scratch::new().expect("room for a copy");
        let root = scratch.join("ipcmk");
        Self::make(&root);
        for board in Board::all() {
            let file = root
                .join("target/dist")
                .join(format!("ipcmk-{}", board.name));
            fs::copy(suite::ipcmk(board.name), file).expect("the file under test");
        }
        Self {
            root,
            _scratch: Some(scratch),
        }
    }

    fn make(root: &Path) {
        fs::create_dir_all(root.join("target/dist")).expect("room for a copy");
        run(Command::new("cp")
            .args([
                "-R",
                ".cargo",
                ".github",
                "Cargo.toml",
                "Cargo.lock",
                "LICENSE",
            ])
            .args(["Makefile", "README.md", "build.rs", "dist", "linker", "src"])
            .arg("tests")
            .arg(root)
            .current_dir(self::root()));
    }

    /// A command in this copy, without what the caller's environment says of packages and cargo.
    fn command(&self, line: &str) -> Command {
        let mut command = shell(line);
        command.current_dir(&self.root);
        for variable in [
            "ARCH",
            "CARGO_BUILD_TARGET",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "DEBEMAIL",
            "DEBFULLNAME",
            "DESTDIR",
            "MAKEFLAGS",
            "MFLAGS",
            "PREFIX",
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
        ] {
            command.env_remove(variable);
        }
        let cargo = PathBuf::from(env::var_os("CARGO").expect("cargo sets it"));
        let path = env::var("PATH").expect("a path");
        let folder = cargo.parent().expect("a file").display();
        command
            .env("PATH", format!("{folder}:{path}"))
            .env("CARGO_NET_OFFLINE", "true")
            // The copy has no compiler of its own: see rust.sh.
            .env(
                "CROSS_RUSTC",
                format!("rustc {}", root().join("target/rust/rustc").display()),
            )
            .env("SOURCE_DATE_EPOCH", EPOCH);
        command
    }

    /// The same for a command that makes packages: in a group whose files these must not be.
    fn packing(&self, line: &str) -> Command {
        let group = if nix::unistd::geteuid().is_root() {
            "setpriv --regid 65534 --clear-groups"
        } else {
            ""
        };
        self.command(&format!("{group} tests/tools/{line}"))
    }

    /// Replaces a text in a file.
    #[track_caller]
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.root.join(file);
        let text = String::from_utf8(read(&path)).expect("text");
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(path, text.replace(from, to)).expect("a copy");
    }
}

/// The version in Cargo.toml.
fn version() -> &'static str {
    let manifest = include_str!("../../Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = "));
    version.expect("a version").trim_matches('"')
}
