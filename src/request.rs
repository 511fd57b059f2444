//! What the user asked for, in values that cannot be wrong.

use crate::abi::{SHM_HUGE_SHIFT, SHM_HUGETLB, SHM_NORESERVE};
use crate::kernel::Identity;
use crate::number::{self, Bad};
use crate::options::{Argument, Opt, applies};
use crate::plan::Kind;
use crate::posix::{Libc, Name};
use crate::usage::Word;

/// What one command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Create the objects of a [`Request`].
    Create,
    /// Create the objects of all lines of a file.
    Batch,
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
}

/// The options of one command line, in the terms of the standard grammar. A
/// repeated option replaces its earlier value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The set of options that are given.
    given: u32,
    /// Their values, each in the range of its kind; those of others are any.
    numbers: [u64; Opt::NUMBERS],
    /// Those that are no numbers: a name or the file of a batch, a file and
    /// id for ftok(3), values of semaphores, an owner.
    texts: [&'a [u8]; 4],
}

impl<'a> Request<'a> {
    /// A request for nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            given: 0,
            numbers: [0; Opt::NUMBERS],
            texts: [b""; 4],
        }
    }

    /// Takes all options back.
    pub const fn clear(&mut self) {
        self.given = 0;
    }

    /// Notes an option, whose argument, if it has one, is `word`.
    ///
    /// # Errors
    /// Those of [`number::read`].
    pub fn give(&mut self, opt: Opt, word: Word<'a>) -> Result<(), Bad> {
        self.set(opt, number::read(word.argument, word.bytes)?);
        if let Some(text) = self.texts.get_mut(place(word.argument)) {
            *text = word.bytes;
        }
        Ok(())
    }

    /// Gives a value to an option.
    pub fn set(&mut self, opt: Opt, number: u64) {
        self.given |= opt.set();
        if let Some(place) = self.numbers.get_mut(opt.place()) {
            *place = number;
        }
    }

    /// Whether any of a set of options is given.
    #[must_use]
    pub const fn has(&self, set: u32) -> bool {
        self.given & set != 0
    }

    /// The value of an option, if it is given; 0 where it is no number.
    #[must_use]
    pub fn get(&self, opt: Opt) -> Option<u64> {
        let number = self.numbers.get(opt.place()).copied().unwrap_or(0);
        self.has(opt.set()).then_some(number)
    }

    /// The text of an argument of this kind.
    #[must_use]
    pub fn text(&self, argument: Argument) -> &'a [u8] {
        self.texts.get(place(argument)).copied().unwrap_or_default()
    }

    /// Whether what an option [applies] to is on the line.
    #[must_use]
    pub const fn suits(&self, applies: u8) -> bool {
        let [.., low] = self.given.to_be_bytes();
        applies == applies::ANYTHING || low & applies != 0
    }

    /// Number of objects that are asked for.
    #[must_use]
    pub fn objects(&self) -> u64 {
        (self.given & (SYSV | POSIX)).count_ones().into()
    }

    /// What the POSIX objects are called.
    #[must_use]
    pub fn name(&self) -> Name<'a> {
        Name {
            bytes: self.text(Argument::Text),
            libc: match self.get(Opt::Libc) {
                Some(1) => Libc::Musl,
                _ => Libc::Glibc,
            },
        }
    }

    /// Permission bits, 0 to 0777.
    #[must_use]
    #[inline(never)] // `make size`: a copy at its caller is larger
    pub fn mode(&self) -> u32 {
        match self.get(Opt::Mode) {
            Some(mode) => low(mode),
            None if self.has(Opt::Keyed.set()) => 0o666,
            None => 0o644,
        }
    }

    /// Key of the System V objects, where 0 is IPC_PRIVATE; None for a random
    /// one that nobody uses.
    #[must_use]
    pub fn key(&self) -> Option<u32> {
        self.get(Opt::Key).map(low)
    }

    /// How objects are printed.
    #[must_use]
    #[inline(never)] // `make size`: a copy at its caller is larger
    pub const fn output(&self) -> Output {
        if self.has(Opt::Json.set()) {
            Output::Json
        } else if self.has(Opt::Raw.set() | Opt::Keyed.set()) {
            Output::Raw
        } else {
            Output::Words
        }
    }

    /// Takes over what another one says of the output.
    pub fn print_as(&mut self, other: &Self) {
        self.given |= other.given & (Opt::Json.set() | Opt::Raw.set());
    }

    /// The path and the id of which ftok(3) makes the key.
    #[must_use]
    pub fn ftok(&self) -> Option<(&'a [u8], u64)> {
        let id = self.get(Opt::Ftok)?;
        let (path, _) = number::split_ftok(self.text(Argument::Ftok));
        Some((path, id))
    }

    /// User id and group id of the owner; [`u32::MAX`] for that of the process.
    #[must_use]
    pub fn owner(&self) -> (u32, u32) {
        let is_given = self.has(Opt::Owner.set());
        let mut ids = Numbers(if is_given {
            self.text(Argument::Owner)
        } else {
            b""
        });
        let mut id = || ids.next().map_or(u32::MAX, low);
        (id(), id())
    }

    /// The first values of the semaphores, 0 to SEMVMX: of the first ones, the
    /// last of them being that of the rest too.
    #[must_use]
    pub const fn values(&self) -> Numbers<'a> {
        let [_, _, values, _] = self.texts;
        Numbers(values)
    }

    /// Whether a new System V object of this kind is not whole as it is created.
    #[must_use]
    pub const fn has_properties(&self, kind: Kind) -> bool {
        let own = match kind {
            Kind::Shm => Opt::Lock,
            Kind::Queue => Opt::Qbytes,
            Kind::Sem => Opt::Value,
        };
        self.has(own.set() | Opt::Owner.set())
    }

    /// The mode and the flags of its own with which a new System V object of this kind
    /// is created: nobody else may use one that is not whole. (To set the values
    /// of semaphores takes permission, for the owner too.)
    #[must_use]
    #[inline(never)] // `make size`: a copy at its caller is larger
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

    /// Flags of a segment beside its mode: SHM_HUGETLB with the logarithm of a
    /// page's size, 0 for the kernel's default; SHM_NORESERVE.
    #[must_use]
    pub fn shm_flags(&self) -> u32 {
        let mut flags = 0;
        if let Some(log) = self.get(Opt::Hugetlb) {
            flags |= SHM_HUGETLB | low(log) << SHM_HUGE_SHIFT;
        }
        if self.has(Opt::Noreserve.set()) {
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

/// The System V resources.
pub const SYSV: u32 = Opt::Shmem.set() | Opt::Queue.set() | Opt::Semaphore.set();
/// The POSIX resources.
pub const POSIX: u32 = Opt::PosixShmem.set() | Opt::PosixMqueue.set() | Opt::PosixSemaphore.set();

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

/// Decimal numbers with a byte between them.
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

/// Where the text of an argument of this kind is kept, if it is.
const fn place(argument: Argument) -> usize {
    match argument {
        Argument::Text => 0,
        Argument::Ftok => 1,
        Argument::Values => 2,
        Argument::Owner => 3,
        Argument::None
        | Argument::Size
        | Argument::Qbytes
        | Argument::Elements
        | Argument::Count
        | Argument::Libc
        | Argument::Mode
        | Argument::Key
        | Argument::HugePage => usize::MAX,
    }
}

/// A number that has been found to be small.
fn low(number: u64) -> u32 {
    number.try_into().unwrap_or_default()
}

/// The key that ftok(3) makes of a file and an id, 1 to 255.
#[must_use]
pub fn ftok(file: &Identity, id: u64) -> u64 {
    id << 24 | u64::from(file.dev_minor & 0xff) << 16 | file.ino & 0xffff
}

#[cfg(test)]
#[path = "../tests/unit/request.rs"]
mod tests;
