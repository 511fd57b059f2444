//! What the integration tests of `tests/suites` share: the files under test, and a main function
//! whose tests may make objects without anybody else seeing them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use libtest_mimic::{Arguments, Trial};

use crate::inherited;
use crate::namespace::{self, Privilege};
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
    let trial = |&(name, test): &Test| {
        Trial::test(name, move || {
            namespace::unshare()?;
            test();
            Ok(())
        })
    };
    run(|_| tests.iter().map(trial).collect())
}

/// The same for tests that see to their namespaces themselves, and that depend on what this process
/// may do.
pub fn run(trials: impl FnOnce(Privilege) -> Vec<Trial>) -> ExitCode {
    let arguments = Arguments::from_args();
    match inherited::settle().and_then(|()| namespace::obtain_privilege()) {
        Ok(privilege) => libtest_mimic::run(&arguments, trials(privilege)).exit_code(),
        Err(error) => {
            eprintln!("no IPC namespace can be had (root, or user namespaces): {error}");
            ExitCode::FAILURE
        }
    }
}

/// The seed of a test's random choices, which it prints: this one, unless IPCMK_SEED is another.
///
/// # Panics
/// Where that is no number.
pub fn seed(usual: u64) -> u64 {
    let text = env::var("IPCMK_SEED");
    let seed = text.map_or(usual, |text| text.parse().expect("IPCMK_SEED is a number"));
    println!("IPCMK_SEED={seed}");
    seed
}

/// Tries every item, on all processors, and fails with what was wrong with any of them. The threads
/// are in the caller's IPC namespace until they make their own.
pub fn try_all<T: Sync>(items: &[T], attempt: impl Fn(&T) -> Result<(), String> + Sync) {
    let complaints = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for share in items.chunks(items.len().div_ceil(workers).max(1)) {
            let (complaints, attempt) = (&complaints, &attempt);
            scope.spawn(move || {
                for item in share {
                    if let Err(complaint) = attempt(item) {
                        complaints
                            .lock()
                            .expect("nobody panics with it")
                            .push(complaint);
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().expect("nobody panics with it");
    let shown = complaints.iter().take(MOST_SHOWN);
    assert!(
        complaints.is_empty(),
        "{} of {} are wrong:\n{}",
        complaints.len(),
        items.len(),
        shown.map(String::as_str).collect::<Vec<_>>().join("\n")
    );
}

/// How many complaints a failed test shows.
const MOST_SHOWN: usize = 40;

/// What goes before a command line in bash so that it does no harm: an IPC namespace and a /dev/shm
/// that end with it.
pub const HARMLESS: &str = "unshare -rim sh -c 'mount -t tmpfs none /dev/shm && exec \"$@\"' sh";

/// Writes a run as a user would type it in bash to see it again without harm.
pub fn reproduce(program: &Path, words: &[impl AsRef<[u8]>]) -> String {
    let words = words.iter().map(|word| text::shell_word(word.as_ref()));
    let line: Vec<String> = words.collect();
    format!("{HARMLESS} {} {}", program.display(), line.join(" "))
}
