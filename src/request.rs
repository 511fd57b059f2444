//! What the user asked for, in values that cannot be wrong.

use crate::abi::{IPC_PRIVATE, SEMVMX, SHM_HUGE_SHIFT, SHM_HUGETLB};
use crate::kernel::Identity;
use crate::number;
use crate::options::Grammar;
use crate::plan::Kind;

/// What one command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Create the objects of a [`Request`].
    Create,
    /// Create the objects of all lines of [`Request::batch`].
    Batch,
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
}

/// The objects that one command line asks for. Each kind stands on a line at
/// most once: a repeated option replaces its earlier value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// System V shared memory: its size in bytes.
    pub shm: Option<u64>,
    /// POSIX shared memory: its size in bytes.
    pub posix_shm: Option<u64>,
    /// System V message queue.
    pub queue: bool,
    /// POSIX message queue.
    pub posix_queue: bool,
    /// System V semaphore set: its number of semaphores.
    pub sem: Option<Nsems>,
    /// POSIX named semaphore.
    pub posix_sem: bool,
    /// Name of the POSIX objects, as given.
    pub name: Option<&'a [u8]>,
    /// Permissions of all of them.
    pub mode: Mode,
    /// Key of the System V objects.
    pub key: Key,
    /// An existing object with that key is as good as a new one.
    pub existing: bool,
    /// The file that the key is made of, and its id.
    pub ftok: Option<Ftok<'a>>,
    /// msg_qbytes of the System V queue, where it is not to be the kernel's.
    pub qbytes: Option<Qbytes>,
    /// Owner of the System V objects.
    pub owner: Owner,
    /// First values of the semaphores.
    pub values: Option<Values<'a>>,
    /// Flags of the segment beside its mode: SHM_HUGETLB with the size of a
    /// page, SHM_NORESERVE.
    pub shm_flags: u32,
    /// Keep the segment out of swap.
    pub lock: bool,
    /// What is printed.
    pub output: Output,
    /// The file that holds the lines to carry out.
    pub batch: Option<&'a [u8]>,
    /// The number of this line in that file, from 1; else 0.
    pub line: u32,
}

impl Request<'_> {
    /// A request for nothing yet, with the defaults of a grammar.
    #[must_use]
    #[inline(never)] // `make size`: a copy at its caller is larger
    pub const fn new(grammar: Grammar) -> Self {
        let (mode, output) = match grammar {
            Grammar::Standard => (0o644, Output::Words),
            Grammar::Keyed => (0o666, Output::Raw),
        };
        Self {
            shm: None,
            posix_shm: None,
            queue: false,
            posix_queue: false,
            sem: None,
            posix_sem: false,
            name: None,
            mode: Mode(mode),
            key: Key::Random,
            existing: false,
            ftok: None,
            qbytes: None,
            owner: Owner::UNCHANGED,
            values: None,
            shm_flags: 0,
            lock: false,
            output,
            batch: None,
            line: 0,
        }
    }

    /// Number of System V objects that are asked for.
    #[must_use]
    pub fn objects(&self) -> usize {
        usize::from(self.shm.is_some())
            + usize::from(self.queue)
            + usize::from(self.sem.is_some())
    }

    /// Whether a System V object is asked for.
    #[must_use]
    pub const fn wants_sysv(&self) -> bool {
        self.shm.is_some() || self.queue || self.sem.is_some()
    }

    /// Whether a POSIX object is asked for.
    #[must_use]
    pub const fn wants_posix(&self) -> bool {
        self.posix_shm.is_some() || self.posix_queue || self.posix_sem
    }

    /// Whether a new object of this kind is not whole as it is created.
    #[must_use]
    pub fn has_properties(&self, kind: Kind) -> bool {
        self.owner != Owner::UNCHANGED
            || match kind {
                Kind::Shm => self.lock,
                Kind::Queue => self.qbytes.is_some(),
                Kind::Sem => self.values.is_some(),
            }
    }

    /// The mode and the flags of its own with which a new object of this kind
    /// is created: nobody else may use one that is not whole. (To set the values
    /// of semaphores takes permission, for the owner too.)
    #[must_use]
    pub fn first_flags(&self, kind: Kind) -> u32 {
        let mode = match kind {
            _ if !self.has_properties(kind) => self.mode.bits(),
            Kind::Sem => 0o600,
            Kind::Shm | Kind::Queue => 0,
        };
        match kind {
            Kind::Shm => mode | self.shm_flags,
            Kind::Queue | Kind::Sem => mode,
        }
    }
}

/// What is printed of each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// util-linux's words and the id.
    Words,
    /// The id.
    Raw,
    /// All that there is to say.
    Json,
}

/// Permission bits, 0 to 0777.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(u16);

impl Mode {
    /// These bits. None over 0777: to the calls, higher ones are flags.
    #[must_use]
    pub fn new(bits: u64) -> Option<Self> {
        match u16::try_from(bits) {
            Ok(bits @ 0..=0o777) => Some(Self(bits)),
            _ => None,
        }
    }

    /// The bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0.into()
    }
}

/// Number of semaphores in a set, 1 to `2^31 - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nsems(u32);

impl Nsems {
    /// A set of one.
    pub const ONE: Self = Self(1);

    /// This many; None out of range.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        match u32::try_from(number) {
            Ok(number @ 1..=INT_MAX) => Some(Self(number)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// Bytes that a queue may hold, 0 to `2^31 - 1`: the kernel keeps an int, and
/// cuts what is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qbytes(u32);

impl Qbytes {
    /// This many bytes; None out of range.
    #[must_use]
    pub fn new(bytes: u64) -> Option<Self> {
        match u32::try_from(bytes) {
            Ok(bytes @ 0..=INT_MAX) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The number of bytes.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.into()
    }
}

/// The owner of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id; [`u32::MAX`], which is none, for that of the process.
    pub uid: u32,
    /// Group id; [`u32::MAX`] for that of the process.
    pub gid: u32,
}

impl Owner {
    /// Who creates an object owns it.
    pub const UNCHANGED: Self = Self {
        uid: u32::MAX,
        gid: u32::MAX,
    };

    /// What [`number::owner`] gives.
    #[must_use]
    pub fn new(owner: u64) -> Self {
        let [a, b, c, d, gid @ ..] = owner.to_be_bytes();
        Self {
            uid: u32::from_be_bytes([a, b, c, d]),
            gid: u32::from_be_bytes(gid),
        }
    }
}

/// What ftok(3) makes a key of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ftok<'a> {
    /// Path of the file.
    pub path: &'a [u8],
    /// The id, 1 to 255.
    pub id: u8,
}

impl<'a> Ftok<'a> {
    /// `path[:id]`; None where the id, which [`number::ftok_id`] gives, is out
    /// of range.
    #[must_use]
    pub fn new(text: &'a [u8], id: u64) -> Option<Self> {
        let (path, _) = number::split_ftok(text);
        match u8::try_from(id) {
            Ok(id @ 1..) => Some(Self { path, id }),
            _ => None,
        }
    }
}

/// First values of semaphores: one for all, or one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values<'a> {
    text: &'a [u8],
    /// How many there are.
    pub count: u32,
    /// The largest one.
    pub most: u32,
}

impl<'a> Values<'a> {
    /// Values with commas between them; `summary` is what [`number::values`]
    /// makes of them.
    #[must_use]
    pub fn new(text: &'a [u8], summary: u64) -> Self {
        let [a, b, c, d, most @ ..] = summary.to_be_bytes();
        Self {
            text,
            count: u32::from_be_bytes([a, b, c, d]),
            most: u32::from_be_bytes(most),
        }
    }

    /// The values of so many semaphores, 0 to SEMVMX.
    pub fn of(self, nsems: u64) -> impl Iterator<Item = u16> {
        let mut rest = self.text;
        let mut value = 0;
        (0..nsems).map(move |_| {
            if let Some(next) = number::take(&mut rest) {
                value = u16::try_from(next).unwrap_or(SEMVMX);
                // The comma.
                rest = rest.get(1..).unwrap_or_default();
            }
            value
        })
    }
}

/// The flags of shmget(2) for huge pages of so many bytes, a power of two from 2
/// on. None for another number.
#[must_use]
pub fn huge_pages(bytes: u64) -> Option<u32> {
    match bytes.checked_ilog2() {
        Some(log @ 1..) if bytes.is_power_of_two() => Some(SHM_HUGETLB | log << SHM_HUGE_SHIFT),
        _ => None,
    }
}

/// The largest int of C.
const INT_MAX: u32 = 0x7fff_ffff;

/// The key that a System V object gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// One that nobody uses, at random.
    Random,
    /// This one, where 0 is IPC_PRIVATE: always a new object.
    Chosen(u32),
}

impl Key {
    /// This key; None over 32 bits.
    #[must_use]
    pub fn new(key: u64) -> Option<Self> {
        u32::try_from(key).ok().map(Self::Chosen)
    }

    /// The key that ftok(3) makes of a file and an id.
    #[must_use]
    pub fn ftok(file: &Identity, id: u8) -> Self {
        let [.., a, b] = file.ino.to_be_bytes();
        let [.., dev] = file.dev_minor.to_be_bytes();
        Self::Chosen(u32::from_be_bytes([id, dev, a, b]))
    }

    /// Whether no other object can have this key.
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self, Self::Chosen(IPC_PRIVATE))
    }
}

#[cfg(test)]
#[path = "../tests/unit/request.rs"]
mod tests;
