//! What standard output is in a run: something that takes the ids, that refuses them, or that makes
//! the program wait.

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
    /// A pipe with room.
    Pipe,
    /// No descriptor.
    Closed,
    /// No descriptor, and none for standard input and error either.
    AllClosed,
    /// A pipe with room, and no descriptor for standard error.
    ErrClosed,
    /// /dev/full.
    Full,
    /// A pipe whose reader is gone.
    Broken,
    /// A pipe whose reader goes as the program begins to write.
    Leaving,
    /// A pipe that is full.
    Stuffed(Stuffed),
    /// A regular file, where RLIMIT_FSIZE lets the program write so many bytes.
    Limited(u64),
}

/// A full pipe, and what is done while the program waits for room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuffed {
    /// Whether a write to it blocks, else it gives EAGAIN.
    pub blocking: bool,
    /// A signal that the program inherits as ignored.
    pub ignored: Option<i32>,
    /// What is done when it sleeps; then, when it sleeps again or still, the next.
    pub acts: Vec<Act>,
}

/// What is done to a program that sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The pipe is emptied.
    Empty,
    /// The pipe's reader goes.
    Close,
    /// The program gets this signal.
    Signal(i32),
}

impl Stdout {
    /// A full pipe that does not block.
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

    /// Whether it takes the whole output, sooner or later. Only a run of the limited file can tell.
    pub fn takes_all(&self) -> Option<bool> {
        match self {
            Self::Pipe | Self::ErrClosed => Some(true),
            Self::Closed | Self::AllClosed | Self::Full | Self::Broken | Self::Leaving => {
                Some(false)
            }
            Self::Limited(_) => None,
            // The first act that the program notices decides.
            Self::Stuffed(stuffed) => stuffed.acts.iter().find_map(|act| match *act {
                Act::Empty => Some(true),
                Act::Close => Some(false),
                Act::Signal(signal) => stuffed.is_heard(signal).then_some(false),
            }),
        }
    }

    /// Opens it: the program's end, and what we keep. A closed one is closed later.
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
                // One page. SAFETY: descriptors and numbers, no pointer.
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

    /// What the child does between clone and exec for it; only system calls.
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

/// The end of standard output that we keep.
pub enum End {
    /// There is none.
    None,
    /// A pipe.
    Pipe(PipeReader),
    /// A pipe that so many bytes fill.
    Full(PipeReader, usize),
    /// The file itself.
    File(File),
}

/// Sees to a program that waits to write, until it has ended: does one act after the other. Gives
/// the bytes read, those that filled the pipe included, and the reader unless it went.
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

/// Reads what a pipe that does not block holds now.
fn read_available(reader: &mut PipeReader, bytes: &mut Vec<u8>) -> io::Result<()> {
    match reader.read_to_end(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        result => result.map(drop),
    }
}

/// A regular file without a name.
fn memory_file() -> io::Result<File> {
    // SAFETY: a string that ends with NUL.
    let descriptor = check(unsafe { libc::memfd_create(c"stdout".as_ptr(), libc::MFD_CLOEXEC) })?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else has it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

/// Opens a device to write to.
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
