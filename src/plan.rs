//! A request to the steps that carry it out, in the order of their output.

use crate::abi::IPC_PRIVATE;
use crate::errno::Errno;
use crate::options::Opt;
use crate::posix::{Name, SEMAPHORE};
use crate::request::Request;
use crate::usage::Refusal;

/// Objects that one command line can ask for: two interfaces, three kinds.
pub const MOST_STEPS: usize = 6;

/// The kinds of objects, each of System V and of POSIX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shared memory: shmget(2), shm_open(3).
    Shm,
    /// Message queue: msgget(2), mq_open(3).
    Queue,
    /// Semaphores: a set of semget(2), a semaphore of sem_open(3).
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
    /// Whether it is one of POSIX.
    pub is_posix: bool,
    /// Bytes of shared memory or of a POSIX semaphore, semaphores of a set;
    /// nothing of a queue.
    pub amount: u64,
}

/// The identifier of a System V object, 0 to `2^31 - 1`.
pub type Id = u64;

/// How an object is told from others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called<'a> {
    /// System V: by number.
    Id(Id),
    /// POSIX: by name.
    Name(Name<'a>),
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made<'a> {
    /// What it is.
    pub kind: Kind,
    /// Which one it is.
    pub called: Called<'a>,
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
    /// The flags with which it is created; of a POSIX object its mode and type, or 0
    /// where they are not known.
    pub flags: u32,
    /// Somebody else has removed an object before the undo.
    pub is_gone: bool,
    /// The file, or the name, that it has to do with.
    pub path: &'a [u8],
    /// Messages, and bytes of a message, of a POSIX queue, where they are not the
    /// kernel's choice.
    pub attributes: Option<[u64; 2]>,
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
                is_posix: false,
                amount: 0,
            },
            key: IPC_PRIVATE,
            flags: 0,
            is_gone: false,
            path: b"",
            attributes: None,
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
    /// Giving a POSIX object to its owner.
    Own,
    /// Giving a POSIX object its name.
    Link,
    /// Closing a POSIX object.
    Close,
    /// Writing the ids, or the help text.
    Write,
}

/// The steps of a request, in the order of their output.
pub fn steps(request: &Request<'_>) -> impl Iterator<Item = Step> {
    RESOURCES.iter().filter_map(|&(opt, kind, is_posix)| {
        let mut amount = request.get(opt)?;
        if opt == Opt::PosixSemaphore {
            amount = SEMAPHORE_BYTES;
        }
        Some(Step {
            kind,
            is_posix,
            amount,
        })
    })
}

/// What can be asked for, in the order of output.
static RESOURCES: [(Opt, Kind, bool); MOST_STEPS] = [
    (Opt::Shmem, Kind::Shm, false),
    (Opt::PosixShmem, Kind::Shm, true),
    (Opt::Queue, Kind::Queue, false),
    (Opt::PosixMqueue, Kind::Queue, true),
    (Opt::Semaphore, Kind::Sem, false),
    (Opt::PosixSemaphore, Kind::Sem, true),
];

#[expect(clippy::as_conversions, reason = "from is not const")]
const SEMAPHORE_BYTES: u64 = SEMAPHORE as u64;
