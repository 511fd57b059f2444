//! The objects: what kinds there are, and how one is told from another.

use super::errno::Errno;

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

    /// Its place in that order, from 0.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "from is not const")]
    pub const fn place(self) -> u8 {
        self as u8
    }
}

/// Bytes of the largest file, as which the kernel keeps shared memory. `linux/fs.h`,
/// MAX_LFS_FILESIZE.
pub const LARGEST_FILE: u64 = u64::MAX >> 1;

/// Most bytes that shmget(2) can be asked for where a word has 32 bits.
pub const MAX_ADDRESSES: Option<u64> = if usize::BITS == 32 {
    Some(0xffff_ffff)
} else {
    None
};

/// The identifier of a System V object, 0 to `2^31 - 1`.
pub type Id = usize;

/// The C library that will use an object. They differ on semaphores alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libc {
    /// The GNU C library.
    Glibc,
    /// musl.
    Musl,
}

/// The name of a POSIX object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// As it was typed, with or without a slash at its start.
    pub bytes: &'a [u8],
    /// The library that uses the object.
    pub libc: Libc,
}

/// How an object is told from others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called<'a> {
    /// System V: by number.
    Id(Id),
    /// POSIX: by name.
    Name(Name<'a>),
}

/// An object that this run has created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made<'a> {
    /// What it is.
    pub kind: Kind,
    /// Which one it is.
    pub called: Called<'a>,
    /// The errno of its removal, if that was refused; else [`Errno::NONE`].
    pub left: Errno,
}

impl Made<'_> {
    /// No object: what a place holds that has none yet.
    pub const NONE: Self = Self {
        kind: Kind::Shm,
        called: Called::Id(0),
        left: Errno::NONE,
    };
}
