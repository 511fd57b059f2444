//! Runs many processes of a file under test at once.

use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::sync::Barrier;
use std::thread;

use crate::board::Board;
use crate::spawn::Launch;
use crate::subject::find_in_path;
use crate::suite;
use crate::tracer;
use crate::watchdog::Watchdog;

/// Number of processes at once.
pub const WORKERS: usize = 64;

/// A file under test.
pub struct Program {
    file: PathBuf,
    emulator: Option<PathBuf>,
}

impl Program {
    /// The file for x86_64.
    pub fn x86_64() -> Self {
        Self {
            file: suite::x86_64(),
            emulator: None,
        }
    }

    /// The file for another architecture, under qemu's user-mode emulation.
    ///
    /// # Panics
    /// If there is no emulator or no such file.
    pub fn emulated(architecture: &str) -> Self {
        let board = Board::named(architecture);
        let emulator = board.and_then(|board| board.emulator).expect("an emulator");
        Self {
            file: suite::ipcmk(architecture),
            emulator: Some(find_in_path(Path::new(emulator)).expect(emulator)),
        }
    }

    /// Prepares a process with these arguments, no environment and no input. Returns the reading
    /// ends of its outputs too.
    pub fn launch(&self, words: &[&str]) -> io::Result<(Launch, [PipeReader; 2])> {
        let file = self.file.as_os_str().as_bytes();
        let (program, before) = match &self.emulator {
            None => (file, vec![&b"ipcmk"[..]]),
            Some(emulator) => {
                let program = emulator.as_os_str().as_bytes();
                (program, vec![program, b"-0", b"ipcmk", file])
            }
        };
        let words = words.iter().map(|word| word.as_bytes());
        let environment: [&[u8]; 0] = [];
        let (stdout, to_stdout) = io::pipe()?;
        let (stderr, to_stderr) = io::pipe()?;
        let stdin = File::open("/dev/null")?;
        let streams = [stdin.into(), to_stdout.into(), to_stderr.into()];
        let launch = Launch::new(
            program,
            before.into_iter().chain(words),
            environment,
            streams,
        )?;
        Ok((launch, [stdout, stderr]))
    }

    /// Runs such a process to its end.
    pub fn run(&self, words: &[&str]) -> io::Result<Output> {
        let (launch, outputs) = self.launch(words)?;
        let child = Child::start(launch)?;
        // A pipe holds all of either output, so reading one after the other cannot block the
        // process.
        let [stdout, stderr] = outputs.map(read);
        Ok(Output {
            status: child.wait()?,
            stdout: stdout?,
            stderr: stderr?,
        })
    }
}

/// Reads a pipe to its end.
pub fn read(mut pipe: PipeReader) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A process that has been started and not waited for.
pub struct Child {
    pid: libc::pid_t,
    watchdog: Watchdog,
}

impl Child {
    /// Starts it.
    pub fn start(launch: Launch) -> io::Result<Self> {
        let arrived = |pid| Watchdog::over(pid).map(|watchdog| Self { pid, watchdog });
        // SAFETY: the closure does nothing.
        unsafe { launch.start(&|| Ok(()), arrived) }
    }

    /// Its pid. The kernel does not reuse it before it is waited for.
    pub fn pid(&self) -> libc::pid_t {
        self.pid
    }

    /// Waits for its end.
    pub fn wait(self) -> io::Result<ExitStatus> {
        let status = tracer::wait(self.pid)?;
        self.watchdog.check()?;
        Ok(ExitStatus::from_raw(status))
    }
}

/// Runs `work` for every worker at once, each in a thread of its own.
///
/// # Panics
/// If a worker panics.
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
