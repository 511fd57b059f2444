//! An output of the subject: where it goes, and what the runner reads of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::case::Stream;

/// Bytes that a full pipe is filled with at a time. A pipe's room is a multiple of it.
const FILLER: [u8; 4096] = [b'.'; 4096];

/// How often in a row, and how far apart, a subject must be seen asleep before it is taken to wait
/// for the pipe: it may also sleep a moment for a page of its file.
const SIGHTINGS: u32 = 10;
const APART: Duration = Duration::from_millis(5);

/// An output that nobody writes to yet.
pub struct Output(Source);

enum Source {
    /// The runner does not see it.
    Elsewhere,
    /// A pipe with so many bytes of filler in it.
    Pipe { reader: PipeReader, filler: usize },
    /// A file.
    File(File),
}

impl Output {
    /// Makes the output `stream`, and what a subject gets of it. `file` makes an empty file.
    pub fn open(
        stream: Stream,
        file: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<(Self, Stdio)> {
        let elsewhere = |stdio| (Self(Source::Elsewhere), stdio);
        Ok(match stream {
            Stream::Captured => {
                let (reader, writer) = io::pipe()?;
                (Self(Source::Pipe { reader, filler: 0 }), writer.into())
            }
            Stream::FullPipe => {
                let (reader, writer) = io::pipe()?;
                let filler = fill(&writer)?;
                (Self(Source::Pipe { reader, filler }), writer.into())
            }
            Stream::Limit(_) => {
                let file = file()?;
                (Self(Source::File(file.try_clone()?)), file.into())
            }
            Stream::Closed => elsewhere(Stdio::null()),
            Stream::Full => elsewhere(OpenOptions::new().write(true).open("/dev/full")?.into()),
            Stream::Broken => {
                let (_, writer) = io::pipe()?;
                elsewhere(writer.into())
            }
        })
    }

    /// Begins to read what the process `pid` writes; the runner's own copies of what it writes to
    /// must be closed.
    pub fn read(self, pid: libc::pid_t) -> Reading {
        match self.0 {
            Source::Elsewhere => Reading::Nothing,
            Source::File(file) => Reading::File(file),
            Source::Pipe { reader, filler } => {
                let (running, ended) = mpsc::channel();
                let thread = thread::spawn(move || {
                    if filler > 0 {
                        wait_for_sleep(pid, &ended);
                    }
                    drain(reader, filler)
                });
                Reading::Pipe { thread, running }
            }
        }
    }
}

/// An output that is being read.
pub enum Reading {
    /// There is nothing to read.
    Nothing,
    /// It is read when the subject has ended.
    File(File),
    /// Some thread reads it, so that the subject never waits for room, or not for long.
    Pipe {
        /// The thread.
        thread: JoinHandle<io::Result<Vec<u8>>>,
        /// Its end tells the thread that the subject has ended.
        running: Sender<()>,
    },
}

impl Reading {
    /// All that the subject wrote. Only after its end.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Nothing => Ok(Vec::new()),
            Self::File(file) => fs::read(format!("/proc/self/fd/{}", file.as_raw_fd())),
            Self::Pipe { thread, running } => {
                drop(running);
                thread.join().expect("reading a pipe does not panic")
            }
        }
    }
}

/// Makes a pipe one that does not block, and fills it; the answer is its room.
fn fill(mut writer: &PipeWriter) -> io::Result<usize> {
    // SAFETY: a descriptor that is open, no pointer.
    if unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut room = 0;
    loop {
        match writer.write(&FILLER) {
            Ok(written) => room += written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(room),
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the process sleeps, or has ended.
fn wait_for_sleep(pid: libc::pid_t, ended: &Receiver<()>) {
    let mut sightings = 0;
    while sightings < SIGHTINGS {
        if ended.recv_timeout(APART) == Err(RecvTimeoutError::Disconnected) {
            break;
        }
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            // It has just ended.
            continue;
        };
        // The name before the state may hold anything.
        let asleep = stat
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('S'));
        sightings = if asleep { sightings + 1 } else { 0 };
    }
}

/// Reads a pipe to its end; the answer is what stands behind the filler.
fn drain(mut reader: PipeReader, filler: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    match bytes.split_at_checked(filler) {
        Some((before, output)) if before.iter().all(|byte| *byte == FILLER[0]) => {
            Ok(output.to_owned())
        }
        _ => Err(io::Error::other("the pipe has lost what was in it before")),
    }
}
