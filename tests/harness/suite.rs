//! What the integration tests of `tests/suites` share: the files under test, and a main function
//! that runs tests in IPC namespaces of their own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use libtest_mimic::{Arguments, Completion, Trial};

use crate::board::Board;
use crate::inherited;
use crate::namespace::{self, Privilege};
use crate::subject::Subject;
use crate::text;

/// The ipcmk under test for an architecture: the file that IPCMK_X86_64 or the like names.
///
/// # Panics
/// If there is no such architecture, the variable is not set, or its file does not exist.
pub fn ipcmk(architecture: &str) -> PathBuf {
    assert!(Board::named(architecture).is_some(), "no {architecture}");
    let variable = format!("IPCMK_{}", architecture.to_uppercase());
    let path = env::var_os(&variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} names no file: run the tests by `make test`"));
    assert!(path.is_file(), "{variable}: no file {}", path.display());
    path
}

/// The ipcmk for x86_64, as [`ipcmk`].
pub fn x86_64() -> PathBuf {
    ipcmk("x86_64")
}

/// The ipcmk for aarch64, as [`ipcmk`].
pub fn aarch64() -> PathBuf {
    ipcmk("aarch64")
}

/// The ipcmk of every architecture that runs under an emulator, with its name and the emulator.
pub fn emulated() -> impl Iterator<Item = (&'static str, Subject)> {
    Board::emulated().map(|(board, emulator)| {
        let subject = Subject::new(&ipcmk(board.name), Some(Path::new(emulator)));
        (board.name, subject.expect("our ipcmk and its emulator"))
    })
}

/// A test, with its name in reports and filters.
pub type Test = (&'static str, fn());

/// The main function of a suite with `harness = false`. Runs each test in an IPC namespace of its
/// own. The privilege for that is obtained before any thread starts, as a user namespace requires.
pub fn main(tests: &[Test]) -> ExitCode {
    run(|_| trials(tests))
}

/// The trials of [`main`], for a suite that has others beside them.
pub fn trials(tests: &[Test]) -> Vec<Trial> {
    let trial = |&(name, test): &Test| {
        Trial::test(name, move || {
            namespace::unshare()?;
            test();
            Ok(())
        })
    };
    tests.iter().map(trial).collect()
}

/// The same for tests that create their namespaces themselves, and that depend on the privilege of
/// this process.
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

/// A test that takes root and runs in an IPC namespace of its own. It is ignored without root, and
/// where something else is `missing`.
pub fn of_root(privilege: Privilege, (name, test): Test, missing: Option<&'static str>) -> Trial {
    let missing = match privilege {
        Privilege::Root => missing,
        Privilege::UserNamespace => Some("it takes root"),
    };
    Trial::ignorable_test(name, move || {
        if let Some(missing) = missing {
            return Ok(Completion::ignored_with(missing));
        }
        namespace::unshare()?;
        test();
        Ok(Completion::Completed)
    })
}

/// The seed of a test's random choices, which it prints: IPCMK_SEED, or else `usual`.
///
/// # Panics
/// If IPCMK_SEED is not a number.
pub fn seed(usual: u64) -> u64 {
    let text = env::var("IPCMK_SEED");
    let seed = text.map_or(usual, |text| text.parse().expect("IPCMK_SEED is a number"));
    println!("IPCMK_SEED={seed}");
    seed
}

/// Tries every item, on all processors, and fails with all complaints. The threads stay in the
/// caller's IPC namespace until they create their own.
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
                            .expect("no thread panics while it holds this")
                            .push(complaint);
                    }
                }
            });
        }
    });
    let complaints = complaints
        .into_inner()
        .expect("no thread panics while it holds this");
    let shown = complaints.iter().take(MOST_SHOWN);
    assert!(
        complaints.is_empty(),
        "{} of {} are wrong:\n{}",
        complaints.len(),
        items.len(),
        shown.map(String::as_str).collect::<Vec<_>>().join("\n")
    );
}

/// Most complaints that a failed test shows.
const MOST_SHOWN: usize = 40;

/// The prefix of a bash command line that runs it in an IPC namespace and with a /dev/shm of its
/// own.
pub const HARMLESS: &str = "unshare -rim sh -c 'mount -t tmpfs none /dev/shm && exec \"$@\"' sh";

/// Formats a run as a bash command line that is harmless to repeat.
pub fn reproduce(program: &Path, words: &[impl AsRef<[u8]>]) -> String {
    let words = words.iter().map(|word| text::shell_word(word.as_ref()));
    let line: Vec<String> = words.collect();
    format!("{HARMLESS} {} {}", program.display(), line.join(" "))
}
