//! What a run is in the middle of, so that a refusal can be told and explained.

use core::num::NonZero;

use super::step::Step;
use crate::cli::mistake::Refusal;
use crate::kernel::abi::IPC_PRIVATE;
use crate::kernel::errno::Errno;
use crate::kernel::object::{Kind, Libc};
use crate::kernel::port::{Attributes, State};

/// What a run is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// What it is doing.
    pub doing: Doing,
    /// The object that it is about, as the request asks for it.
    pub step: Step,
    /// Key of a System V object.
    pub key: u32,
    /// Flags of shmget(2), msgget(2) or semget(2), the mode among them.
    pub flags: u32,
    /// msg_qbytes that a System V queue is given.
    pub qbytes: u64,
    /// Mode, type and size of the POSIX object that exists, where they could be read.
    pub found: Option<State>,
    /// Whether the line gives an owner.
    pub has_owner: bool,
    /// Whether another process removed an object before the undo.
    pub is_gone: bool,
    /// The number in the other name of a POSIX object, and the errno of unlinking it, if that was
    /// refused; else [`Errno::NONE`].
    pub other: (u64, Errno),
    /// The file, or the name of a POSIX object.
    pub path: &'a [u8],
    /// The C library that uses a POSIX object.
    pub libc: Libc,
    /// Attributes of a POSIX queue, unless they are the kernel's choice.
    pub attributes: Option<Attributes>,
    /// What is wrong with the command line, if that is the error.
    pub refusal: Option<Refusal<'a>>,
    /// The line in a batch, from 1.
    pub line: Option<NonZero<u32>>,
    /// The words of that line.
    pub words: &'a [u8],
}

impl Attempt<'_> {
    /// No object yet.
    #[must_use]
    #[inline(always)] // a constant would be copied byte by byte
    pub const fn none() -> Self {
        Self {
            doing: Doing::Write,
            step: Step {
                kind: Kind::Shm,
                is_posix: false,
                amount: 0,
            },
            key: IPC_PRIVATE,
            flags: 0,
            qbytes: 0,
            found: None,
            has_owner: false,
            is_gone: false,
            other: (0, Errno::NONE),
            path: b"",
            libc: Libc::Glibc,
            attributes: None,
            refusal: None,
            line: None,
            words: b"",
        }
    }
}

/// What became of an object that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This run created it.
    Created,
    /// It was there.
    Found,
    /// This run removed it.
    Removed,
}

impl Outcome {
    /// That of an object that this run created, or else found.
    #[must_use]
    pub const fn created(is_new: bool) -> Self {
        if is_new { Self::Created } else { Self::Found }
    }
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Reads the file that a key is made of.
    Ftok,
    /// The same, of a --ftok without an id.
    FtokWithoutId,
    /// Looks a user or a group up by name.
    FindOwner,
    /// Reads the lines of a batch.
    ReadBatch,
    /// Maps memory.
    Memory,
    /// Blocks signals.
    BlockSignals,
    /// Chooses a random key.
    RandomKey,
    /// Looks for an existing object.
    Find,
    /// Creates an object.
    Create,
    /// Sets the size of a POSIX object that is a file, or writes to it.
    Fill,
    /// Allocates the pages of POSIX shared memory.
    Allocate,
    /// Refuses to create a segment that kernel.shm_rmid_forced would destroy.
    ForcedShm,
    /// Sets the values of a set's semaphores.
    SetValues,
    /// Makes the sem_otime of a set other than 0.
    MarkReady,
    /// Locks a segment in memory.
    Lock,
    /// Reads the limits of a kind of System V object.
    Limits,
    /// Sets owner, mode and msg_qbytes of a System V object.
    Set,
    /// Sets the owner of a POSIX object, and the mode that waits for it.
    Own,
    /// Sets the mode of a POSIX object.
    SetMode,
    /// Reads the umask.
    ReadUmask,
    /// Removes an object that a line names.
    Remove,
    /// Links a POSIX object to its name.
    Link,
    /// Finds a file of another process under that name.
    Replaced,
    /// Closes a POSIX object.
    Close,
    /// Unlinks its other name.
    Unlink,
    /// Writes the ids, or the help text.
    Write,
}
