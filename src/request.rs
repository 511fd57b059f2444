//! What the user asked for, in values that cannot be wrong.

use crate::abi::IPC_PRIVATE;

/// What one command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Create the objects of a [`Request`].
    Create,
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
    /// msg_qbytes of the System V queue, where it is not to be the kernel's.
    pub qbytes: Option<Qbytes>,
    /// Print bare ids.
    pub raw: bool,
}

impl Request<'_> {
    /// A request for nothing yet, with the standard grammar's defaults.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            shm: None,
            posix_shm: None,
            queue: false,
            posix_queue: false,
            sem: None,
            posix_sem: false,
            name: None,
            mode: Mode(0o644),
            key: Key::Random,
            existing: false,
            qbytes: None,
            raw: false,
        }
    }

    /// A request for nothing yet, with the keyed grammar's defaults.
    #[must_use]
    pub const fn keyed() -> Self {
        Self {
            mode: Mode(0o666),
            raw: true,
            ..Self::standard()
        }
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

    /// Whether no other object can have this key.
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self, Self::Chosen(IPC_PRIVATE))
    }
}

#[cfg(test)]
#[path = "../tests/unit/request.rs"]
mod tests;
