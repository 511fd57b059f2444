//! What the user asked for, in values that cannot be wrong.

use super::mistake::Word;
use super::number::{self, Bad};
use super::options::{Argument, Opt, Opts};
use crate::kernel::abi::{SHM_HUGE_SHIFT, SHM_HUGETLB, SHM_NORESERVE};
use crate::kernel::object::{Kind, Libc, Name};
use crate::kernel::port::Owner;

/// What one command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Create the objects of a [`Request`], or remove or only check them.
    Create,
    /// The same of all lines of a file.
    Batch,
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
}

/// The options of one command line, in the terms of the standard grammar. A repeated option
/// replaces its earlier value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    given: Opts,
    /// Values of the options that have a number, each in its range; those of others are any.
    numbers: [u64; Opt::NUMBERS],
    /// --name, as typed.
    pub name: &'a [u8],
    /// --batch, as typed; `-` is standard input.
    pub batch: &'a [u8],
    /// --ftok, as typed: a path, perhaps with an id.
    pub ftok: &'a [u8],
    /// --owner, as typed: a user, perhaps with a group, each an id or a name.
    pub accounts: &'a [u8],
    /// The owner, once the names are looked up.
    pub owner: Owner,
    /// --value, as typed: numbers.
    pub values: &'a [u8],
}

impl<'a> Request<'a> {
    /// An empty request.
    #[must_use]
    #[inline(never)] // size: 80 bytes on x86_64, 24 on aarch64 (make inline)
    pub const fn new() -> Self {
        Self {
            given: Opts::NONE,
            numbers: [0; Opt::NUMBERS],
            name: b"",
            batch: b"",
            ftok: b"",
            accounts: b"",
            owner: Owner::UNCHANGED,
            values: b"",
        }
    }

    /// Removes all options.
    pub const fn clear(&mut self) {
        self.given = Opts::NONE;
    }

    /// Adds an option, whose argument, if it has one, is `word`.
    ///
    /// # Errors
    /// Those of [`number::read`].
    pub fn give(&mut self, opt: Opt, word: Word<'a>) -> Result<(), Bad> {
        self.set(opt, number::read(word.argument, word.bytes)?);
        let text = match word.argument {
            Argument::Name => &mut self.name,
            Argument::File => &mut self.batch,
            Argument::Ftok => &mut self.ftok,
            Argument::Owner => &mut self.accounts,
            Argument::Values => &mut self.values,
            Argument::None
            | Argument::Unread
            | Argument::Size
            | Argument::Qbytes
            | Argument::Elements
            | Argument::Count
            | Argument::Libc
            | Argument::Mode
            | Argument::Key
            | Argument::HugePage => return Ok(()),
        };
        *text = word.bytes;
        Ok(())
    }

    /// Adds an option with this value.
    pub fn set(&mut self, opt: Opt, number: u64) {
        self.given = self.given | opt.bit();
        if let Some(place) = self.numbers.get_mut(opt.place()) {
            *place = number;
        }
    }

    /// The options that are given.
    #[must_use]
    pub const fn given(&self) -> Opts {
        self.given
    }

    /// Whether an option, or any of a set of them, is given.
    #[must_use]
    pub fn has(&self, opts: impl Into<Opts>) -> bool {
        self.given.any(opts.into())
    }

    /// The value of an option, if it is given; 0 where it is no number.
    #[must_use]
    pub fn get(&self, opt: Opt) -> Option<u64> {
        let number = self.numbers.get(opt.place()).copied().unwrap_or(0);
        self.has(opt).then_some(number)
    }

    /// Name of the POSIX objects.
    #[must_use]
    pub fn name(&self) -> Name<'a> {
        Name {
            bytes: self.name,
            libc: match self.get(Opt::Libc) {
                Some(1) => Libc::Musl,
                _ => Libc::Glibc,
            },
        }
    }

    /// Permission bits, 0 to 0777.
    #[must_use]
    #[inline(never)] // size: 64 bytes on x86_64, 56 on aarch64 (make inline)
    pub fn mode(&self) -> u32 {
        match self.get(Opt::Mode) {
            Some(mode) => low(mode),
            None if self.has(Opt::Keyed) => 0o666,
            None => 0o644,
        }
    }

    /// Key of the System V objects; 0 is IPC_PRIVATE. None for a random key that is not in use.
    #[must_use]
    pub fn key(&self) -> Option<u32> {
        self.get(Opt::Key).map(low)
    }

    /// How objects are printed.
    #[must_use]
    pub fn output(&self) -> Output {
        if self.has(Opt::Json) {
            Output::Json
        } else if self.has(Opt::Raw | Opt::Keyed) {
            Output::Raw
        } else {
            Output::Words
        }
    }

    /// Adds the options of another request that say how objects are printed.
    pub fn print_as(&mut self, other: &Self) {
        self.given = self.given | other.given.and(Opt::Json | Opt::Raw);
    }

    /// The path and the id of which ftok(3) makes the key.
    #[must_use]
    pub fn ftok(&self) -> Option<(&'a [u8], u64)> {
        let id = self.get(Opt::Ftok)?;
        let (path, _) = number::split_ftok(self.ftok);
        Some((path, id))
    }

    /// The user and the group of --owner, each an id or a name; empty where it is not given.
    #[must_use]
    pub fn owner_parts(&self) -> [&'a [u8]; 2] {
        let (user, group) = number::split_at(self.accounts, b':');
        [user, group.get(1..).unwrap_or_default()]
    }

    /// The first values of the semaphores, 0 to SEMVMX. The last one is that of all further
    /// semaphores too.
    #[must_use]
    pub const fn values(&self) -> Numbers<'a> {
        Numbers(self.values)
    }

    /// Whether a new System V object of this kind has properties that are set after its creation.
    #[must_use]
    pub fn has_properties(&self, kind: Kind) -> bool {
        let own = match kind {
            Kind::Shm => Opt::Lock,
            Kind::Queue => Opt::Qbytes,
            Kind::Sem => Opt::Value,
        };
        self.has(own | Opt::Owner)
    }

    /// The mode and the segment flags with which a new System V object of this kind is created. One
    /// that has properties gets its mode last, so that no other user opens it before. (SETALL needs
    /// write permission, for the owner too.)
    #[must_use]
    pub fn first_flags(&self, kind: Kind) -> u32 {
        let mode = match kind {
            _ if !self.has_properties(kind) => self.mode(),
            Kind::Sem => 0o600,
            Kind::Shm | Kind::Queue => 0,
        };
        match kind {
            Kind::Shm => mode | self.shm_flags(),
            Kind::Queue | Kind::Sem => mode,
        }
    }

    /// Flags of shmget(2): SHM_HUGETLB with the binary logarithm of the page size, 0 for the
    /// kernel's default; SHM_NORESERVE.
    #[must_use]
    pub fn shm_flags(&self) -> u32 {
        let mut flags = 0;
        if let Some(log) = self.get(Opt::Hugetlb) {
            flags |= SHM_HUGETLB | low(log) << SHM_HUGE_SHIFT;
        }
        if self.has(Opt::Noreserve) {
            flags |= SHM_NORESERVE;
        }
        flags
    }
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self::new()
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

/// Decimal numbers, separated by one byte each.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a>(&'a [u8]);

impl Iterator for Numbers<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let number = number::take(&mut self.0)?;
        self.0 = self.0.get(1..).unwrap_or_default();
        Some(number)
    }
}

/// A number that was checked to fit.
fn low(number: u64) -> u32 {
    number.try_into().unwrap_or_default()
}

#[cfg(test)]
#[path = "../../tests/unit/request.rs"]
mod tests;
