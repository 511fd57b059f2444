//! Opens an output of the subject, and reads it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread::{self, JoinHandle};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::case::Stream;
use crate::spawn::{self, Process};

/// Waits until a pipe has no reader. A child that another thread has forked keeps a copy of the
/// reader until its exec.
fn await_no_reader(writer: &PipeWriter) -> io::Result<()> {
    let mut entry = libc::pollfd {
        fd: writer.as_raw_fd(),
        events: 0,
        revents: 0,
    };
    // SAFETY: one entry, which stays until the call has returned.
    while unsafe { libc::poll(&raw mut entry, 1, -1) } == -1 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}

/// Bytes written at a time to fill a pipe. A pipe's capacity is a multiple of them.
const FILLER: [u8; 4096] = [b'.'; 4096];

/// An output that the subject has not got yet.
pub struct Output(Source);

enum Source {
    /// The runner does not read it.
    Elsewhere,
    /// A pipe with this many bytes of filler in it.
    Pipe { reader: PipeReader, filler: usize },
    /// A file.
    File(File),
}

impl Output {
    /// Opens the output `stream`. Returns the subject's end too. `file` creates an empty file.
    pub fn open(
        stream: Stream,
        file: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<(Self, OwnedFd)> {
        let elsewhere = |end: OwnedFd| (Self(Source::Elsewhere), end);
        let device = |path| OpenOptions::new().write(true).open(path);
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
            // `Closed` is closed in the child.
            Stream::Closed => elsewhere(device("/dev/null")?.into()),
            Stream::Full => elsewhere(device("/dev/full")?.into()),
            Stream::Broken => {
                let (reader, writer) = io::pipe()?;
                spawn::close(reader);
                await_no_reader(&writer)?;
                elsewhere(writer.into())
            }
        })
    }

    /// Begins to read what the process `pid`, which has not been waited for, writes. The runner
    /// must have closed its own copies of the writing end.
    pub fn read(self, pid: libc::pid_t) -> io::Result<Reading> {
        Ok(match self.0 {
            Source::Elsewhere => Reading::Nothing,
            Source::File(file) => Reading::File(file),
            Source::Pipe { mut reader, filler } => {
                let process = (filler > 0).then(|| Process::open(pid)).transpose()?;
                Reading::Pipe(thread::spawn(move || {
                    if let Some(process) = process {
                        process.waits_to_write()?;
                    }
                    let mut bytes = Vec::new();
                    reader.read_to_end(&mut bytes)?;
                    behind(filler, bytes)
                }))
            }
        })
    }
}

/// An output that the runner reads.
pub enum Reading {
    /// There is nothing to read.
    Nothing,
    /// Read when the subject has ended.
    File(File),
    /// Read by a thread, so that a full pipe does not block the subject for long.
    Pipe(JoinHandle<io::Result<Vec<u8>>>),
}

impl Reading {
    /// Returns all that the subject wrote. Call it only after the subject's end.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Nothing => Ok(Vec::new()),
            Self::File(file) => fs::read(format!("/proc/self/fd/{}", file.as_raw_fd())),
            Self::Pipe(thread) => thread.join().expect("reading a pipe does not panic"),
        }
    }
}

/// Sets O_NONBLOCK on a pipe and fills it. Returns its capacity.
pub fn fill(mut writer: &PipeWriter) -> io::Result<usize> {
    fcntl(writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let mut room = 0;
    loop {
        match writer.write(&FILLER) {
            Ok(written) => room += written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(room),
            Err(error) => return Err(error),
        }
    }
}

/// Returns the bytes after the filler in all that was read from a pipe.
pub fn behind(filler: usize, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    match bytes.split_at_checked(filler) {
        Some((before, output)) if before.iter().all(|byte| *byte == FILLER[0]) => {
            Ok(output.to_owned())
        }
        _ => Err(io::Error::other("the pipe has lost what was in it before")),
    }
}
