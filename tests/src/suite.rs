//! What the integration tests of `tests/tests` share: the files under test, and a main function
//! whose tests may make objects without anybody else seeing them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::namespace;
use crate::text;

/// The ipcmk for x86_64 that is under test: the file that IPCMK_X86_64 names.
///
/// # Panics
/// Where the variable is not set, or its file is not there.
pub fn x86_64() -> PathBuf {
    file("IPCMK_X86_64")
}

/// The ipcmk for aarch64 that is under test: the file that IPCMK_AARCH64 names.
///
/// # Panics
/// Where the variable is not set, or its file is not there.
pub fn aarch64() -> PathBuf {
    file("IPCMK_AARCH64")
}

fn file(variable: &str) -> PathBuf {
    let path = env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} names no file: run the tests by `make test`"));
    assert!(path.is_file(), "{variable}: no file {}", path.display());
    path
}

/// A test, with the name that reports show and filters match.
pub type Test = (&'static str, fn());

/// The main function of a file of tests without harness. Runs each test in an IPC namespace of its
/// own, which is made before any thread is: only so can a user who is not root have one.
pub fn main(tests: &[Test]) -> ExitCode {
    let arguments = Arguments::from_args();
    if let Err(error) = namespace::obtain_privilege() {
        eprintln!("no IPC namespace can be had (root, or user namespaces): {error}");
        return ExitCode::FAILURE;
    }
    let trial = |&(name, test): &Test| {
        Trial::test(name, move || {
            namespace::unshare()?;
            test();
            Ok(())
        })
    };
    libtest_mimic::run(&arguments, tests.iter().map(trial).collect()).exit_code()
}

/// Writes a run as a user would type it in bash to see it again without harm: in an IPC namespace
/// that ends with it.
pub fn reproduce(program: &Path, words: &[impl AsRef<[u8]>]) -> String {
    let words = words.iter().map(|word| text::shell_word(word.as_ref()));
    let line: Vec<String> = words.collect();
    format!("unshare -ri {} {}", program.display(), line.join(" "))
}
