//! Many processes of a file under test at once.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Barrier;
use std::thread;

use crate::suite;
use crate::watchdog::Watchdog;

/// Processes at once.
pub const WORKERS: usize = 64;

/// A file under test.
pub struct Program {
    file: PathBuf,
    emulator: Option<&'static str>,
}

impl Program {
    /// The file for x86_64.
    pub fn x86_64() -> Self {
        Self {
            file: suite::x86_64(),
            emulator: None,
        }
    }

    /// The file for aarch64, under an emulator.
    pub fn aarch64() -> Self {
        Self {
            file: suite::aarch64(),
            emulator: Some("qemu-aarch64"),
        }
    }

    /// A process with these arguments, no environment and no input, whose outputs are pipes.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = match self.emulator {
            None => {
                let mut command = Command::new(&self.file);
                command.arg0("ipcmk");
                command
            }
            Some(emulator) => {
                let mut command = Command::new(emulator);
                command.args(["-0", "ipcmk"]).arg(&self.file);
                command
            }
        };
        command
            .env_clear()
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs such a process to its end.
    pub fn run(&self, words: &[&str]) -> io::Result<Output> {
        let child = self.command(words).spawn()?;
        let watchdog = Watchdog::over(child.id().cast_signed())?;
        let output = child.wait_with_output()?;
        watchdog.check()?;
        Ok(output)
    }
}

/// Does the work of every worker at once, each in a thread of its own.
///
/// # Panics
/// Where a worker does.
pub fn at_once<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(WORKERS);
    let (barrier, work) = (&barrier, &work);
    thread::scope(|scope| {
        let start = |worker| {
            scope.spawn(move || {
                barrier.wait();
                work(worker)
            })
        };
        let workers: Vec<_> = (0..WORKERS).map(start).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker has panicked"))
            .collect()
    })
}
