//! A request to the steps that carry it out, in the order of their output.

use crate::abi::IPC_PRIVATE;
use crate::errno::Errno;
use crate::options::Opt;
use crate::request::Request;
use crate::usage::Refusal;

/// Objects that one command line can ask for: two interfaces, three kinds.
pub const MOST_STEPS: usize = 6;

/// The kinds of System V objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shared memory segment: shmget(2).
    Shm,
    /// Message queue: msgget(2).
    Queue,
    /// Semaphore set: semget(2).
    Sem,
}

impl Kind {
    /// All, in the order of output.
    pub const ALL: [Self; 3] = [Self::Shm, Self::Queue, Self::Sem];
}

/// One object to create. Its undo is the removal of the object, if this step
/// made it: see [`Made`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub kind: Kind,
    /// Bytes of a segment, semaphores of a set; nothing of a queue.
    pub amount: u64,
}

/// The identifier of a System V object, 0 to `2^31 - 1`.
pub type Id = u64;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// What it is.
    pub kind: Kind,
    /// Its identifier.
    pub id: Id,
    /// Whether it is new; what was found is not ours to remove.
    pub created: bool,
    /// Why it could not be removed again, if that was so.
    pub left: Errno,
}

/// What a run is in the middle of, so that a refusal can be told and explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// What it is doing.
    pub doing: Doing,
    /// The object that it has to do with.
    pub step: Step,
    /// That object's key.
    pub key: u32,
    /// The flags with which it is created.
    pub flags: u32,
    /// Somebody else has removed an object before the undo.
    pub is_gone: bool,
    /// The file that it has to do with.
    pub path: &'a [u8],
    /// What is wrong with the line, if that is it.
    pub refusal: Option<Refusal<'a>>,
    /// The number of its line in a batch, from 1; else 0.
    pub line: u32,
}

impl Attempt<'_> {
    /// Nothing to do with an object yet.
    #[must_use]
    #[inline(always)] // a constant would be copied byte by byte
    pub const fn none() -> Self {
        Self {
            doing: Doing::Write,
            step: Step {
                kind: Kind::Shm,
                amount: 0,
            },
            key: IPC_PRIVATE,
            flags: 0,
            is_gone: false,
            path: b"",
            refusal: None,
            line: 0,
        }
    }
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Making a key of the file.
    Ftok,
    /// Reading the lines of a batch from the file.
    ReadBatch,
    /// Getting memory.
    Memory,
    /// Blocking signals.
    BlockSignals,
    /// Choosing a key.
    RandomKey,
    /// Looking for an existing object.
    Find,
    /// Creating an object.
    Create,
    /// Creating a segment that would be destroyed as its creator exits.
    ForcedShm,
    /// Setting the values of a set's semaphores.
    SetValues,
    /// Keeping a segment out of swap.
    Lock,
    /// Setting owner, mode and msg_qbytes, which are a queue's amount.
    Set,
    /// Creating a POSIX object: that cannot be done yet.
    Posix,
    /// Writing the ids, or the help text.
    Write,
}

/// The step of a request that a kind is the object of, if there is one.
#[must_use]
#[inline(never)] // `make size`: a copy at its caller is larger
pub fn step(request: &Request<'_>, kind: Kind) -> Option<Step> {
    let amount = match kind {
        Kind::Shm => request.get(Opt::Shmem),
        Kind::Queue => request.get(Opt::Queue),
        Kind::Sem => request.get(Opt::Semaphore),
    }?;
    Some(Step { kind, amount })
}
