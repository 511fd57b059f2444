//! The kinds of standard output of a run: they take the ids, refuse them, or make the program wait.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::fault::signal_name;
use crate::output;
use crate::spawn::{self, Process};

/// Standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdout {
    /// A pipe.
    Pipe,
    /// No descriptor.
    Closed,
    /// No descriptor, and none for standard input and error either.
    AllClosed,
    /// A pipe; descriptor 2 is closed.
    ErrClosed,
    /// /dev/full.
    Full,
    /// A pipe without a reader.
    Broken,
    /// A pipe whose reader closes when the program begins to write.
    Leaving,
    /// A full pipe.
    Stuffed(Stuffed),
    /// A regular file, of which RLIMIT_FSIZE allows this many bytes.
    Limited(u64),
}

/// A full pipe, and what is done while the program waits for room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuffed {
    /// Whether a write to it blocks; otherwise it fails with EAGAIN.
    pub blocking: bool,
    /// A signal that the program inherits as ignored.
    pub ignored: Option<i32>,
    /// What happens when the program sleeps; the next one when it sleeps again, or still.
    pub acts: Vec<Act>,
}

/// What happens to a program that sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The pipe is emptied.
    Empty,
    /// The pipe's reader closes.
    Close,
    /// The program receives this signal.
    Signal(i32),
}

impl Stdout {
    /// A full pipe with O_NONBLOCK.
    pub fn stuffed(acts: impl Into<Vec<Act>>) -> Self {
        Self::Stuffed(Stuffed {
            blocking: false,
            ignored: None,
            acts: acts.into(),
        })
    }

    /// Which of the standard streams are closed.
    pub fn closed(&self) -> [bool; 3] {
        match self {
            Self::AllClosed => [true; 3],
            Self::Closed => [false, true, false],
            Self::ErrClosed => [false, false, true],
            _ => [false; 3],
        }
    }

    /// Whether it takes the whole output in the end; None for a limited file, where it depends on
    /// the run.
    pub fn takes_all(&self) -> Option<bool> {
        match self {
            Self::Pipe | Self::ErrClosed => Some(true),
            Self::Closed | Self::AllClosed | Self::Full | Self::Broken | Self::Leaving => {
                Some(false)
            }
            Self::Limited(_) => None,
            // The first act that affects the program decides.
            Self::Stuffed(stuffed) => stuffed.acts.iter().find_map(|act| match *act {
                Act::Empty => Some(true),
                Act::Close => Some(false),
                Act::Signal(signal) => stuffed.is_heard(signal).then_some(false),
            }),
        }
    }

    /// Opens it. Returns the program's end, and ours. A closed one is closed in the child.
    pub fn open(&self) -> io::Result<(OwnedFd, End)> {
        Ok(match self {
            Self::Pipe | Self::ErrClosed | Self::Leaving => {
                let (reader, writer) = io::pipe()?;
                (writer.into(), End::Pipe(reader))
            }
            Self::Closed | Self::AllClosed => (device("/dev/null")?, End::None),
            Self::Full => (device("/dev/full")?, End::None),
            Self::Broken => {
                let (reader, writer) = io::pipe()?;
                spawn::close(reader);
                (writer.into(), End::None)
            }
            Self::Stuffed(stuffed) => {
                let (reader, writer) = io::pipe()?;
                // Reduces the pipe to one page. SAFETY: descriptors and numbers, no pointer.
                check(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 1) })?;
                let filler = output::fill(&writer)?;
                set_nonblocking(&writer, !stuffed.blocking)?;
                (writer.into(), End::Full(reader, filler))
            }
            Self::Limited(_) => {
                let file = memory_file()?;
                (file.try_clone()?.into(), End::File(file))
            }
        })
    }

    /// What the child does for it between clone(2) and exec; only system calls.
    pub fn in_child(&self) -> io::Result<()> {
        match self {
            Self::Limited(limit) => spawn::limit_resource(libc::RLIMIT_FSIZE, *limit),
            Self::Stuffed(Stuffed {
                ignored: Some(signal),
                ..
            }) => {
                // SAFETY: numbers, no pointer.
                if unsafe { libc::signal(*signal, libc::SIG_IGN) } == libc::SIG_ERR {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Stuffed {
    /// Whether this signal ends the wait.
    pub fn is_heard(&self, signal: i32) -> bool {
        let ends = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM].contains(&signal);
        ends && !self.blocking && self.ignored != Some(signal)
    }
}

/// Our end of standard output.
pub enum End {
    /// There is none.
    None,
    /// A pipe.
    Pipe(PipeReader),
    /// A pipe with this many bytes of filler in it.
    Full(PipeReader, usize),
    /// The file itself.
    File(File),
}

/// Serves a program that waits in a write, until it has ended: performs one act after the other.
/// Returns the bytes read, with the filler, and the reader if it is still open.
pub fn attend(
    process: &Process,
    mut reader: PipeReader,
    acts: &[Act],
) -> io::Result<(Vec<u8>, Option<PipeReader>)> {
    let mut bytes = Vec::new();
    set_nonblocking(&reader, true)?;
    for act in acts {
        if !process.waits_to_write()? {
            break;
        }
        match *act {
            Act::Signal(signal) => process.send(signal)?,
            Act::Empty => read_available(&mut reader, &mut bytes)?,
            Act::Close => {
                spawn::close(reader);
                return Ok((bytes, None));
            }
        }
    }
    set_nonblocking(&reader, false)?;
    Ok((bytes, Some(reader)))
}

/// Reads what a pipe with O_NONBLOCK holds now.
fn read_available(reader: &mut PipeReader, bytes: &mut Vec<u8>) -> io::Result<()> {
    match reader.read_to_end(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        result => result.map(drop),
    }
}

/// A regular file without a name.
fn memory_file() -> io::Result<File> {
    // SAFETY: a string that ends with a NUL.
    let descriptor = check(unsafe { libc::memfd_create(c"stdout".as_ptr(), libc::MFD_CLOEXEC) })?;
    // SAFETY: the descriptor is new, and no other value owns it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

/// Opens a device for writing.
pub fn device(path: &str) -> io::Result<OwnedFd> {
    Ok(OpenOptions::new().write(true).open(path)?.into())
}

fn set_nonblocking(end: &impl AsRawFd, on: bool) -> io::Result<()> {
    let flags = if on { libc::O_NONBLOCK } else { 0 };
    // SAFETY: descriptors and numbers, no pointer.
    check(unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETFL, flags) }).map(drop)
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

impl fmt::Display for Stdout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipe => f.write_str("a pipe"),
            Self::Closed => f.write_str("closed"),
            Self::AllClosed => f.write_str("closed like stdin and stderr"),
            Self::ErrClosed => f.write_str("a pipe, and stderr closed"),
            Self::Full => f.write_str("/dev/full"),
            Self::Broken => f.write_str("a pipe without a reader"),
            Self::Leaving => f.write_str("a pipe whose reader goes at the write"),
            Self::Limited(bytes) => write!(f, "a file that may have {bytes} bytes"),
            Self::Stuffed(stuffed) => write!(f, "{stuffed}"),
        }
    }
}

impl fmt::Display for Stuffed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.blocking {
            "a full pipe that blocks"
        } else {
            "a full pipe"
        })?;
        for act in &self.acts {
            match *act {
                Act::Empty => f.write_str(", emptied")?,
                Act::Close => f.write_str(", its reader goes")?,
                Act::Signal(signal) => {
                    let ignored = if Some(signal) == self.ignored {
                        " ignored"
                    } else {
                        ""
                    };
                    write!(f, ", {}{ignored}", signal_name(signal))?;
                }
            }
        }
        Ok(())
    }
}
