//! What the user reads: a line for each id, or the words for what went wrong.
//! The words are util-linux's where it has some: scripts search for them.

use heapless::Vec;

use crate::errno::Errno;
use crate::getopt::split_name;
use crate::kernel::{Fd, Kernel, write_all};
use crate::number::Bad;
use crate::options::{self, Argument};
use crate::plan::{Kind, MOST_STEPS, Made};
use crate::usage::{Mistake, Refusal};

/// Bytes of the longest output line, `Shared memory id: 2147483647` and a
/// newline.
const LONGEST_LINE: usize = 29;

/// The output of a run, to be written at once.
#[derive(Default)]
pub struct Lines(Vec<u8, { MOST_STEPS * LONGEST_LINE }>);

impl Lines {
    /// Adds the line of an object: its id, after the words if not `raw`.
    pub fn add(&mut self, object: &Made, raw: bool) {
        let words = if raw { "" } else { line(object.kind) };
        // The longest line times the most steps is what there is room for.
        _ = self.0.extend_from_slice(words.as_bytes());
        decimal(object.id.unsigned_abs(), &mut |digit| {
            _ = self.0.push(digit)
        });
        _ = self.0.push(b'\n');
    }

    /// The lines as they go out.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// util-linux's words before an id, to the letter.
const fn line(kind: Kind) -> &'static str {
    match kind {
        Kind::Shm => "Shared memory id: ",
        Kind::Queue => "Message queue id: ",
        Kind::Sem => "Semaphore id: ",
    }
}

/// Puts the digits of a number, ten at the most.
fn decimal<F: FnMut(u8)>(number: u32, put: &mut F) {
    if number >= 10 {
        decimal(number / 10, put);
    }
    put(b'0' + u8::try_from(number % 10).unwrap_or_default());
}

/// What the program was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Blocking signals.
    BlockSignals,
    /// Choosing a key.
    RandomKey,
    /// Creating a segment.
    Shm,
    /// Creating a segment that would be destroyed as its creator exits.
    ForcedShm,
    /// Creating a queue.
    Queue,
    /// Creating a semaphore set.
    Sem,
    /// Creating a POSIX object: that cannot be done yet.
    Posix,
    /// Writing the ids, or the help text.
    Write,
    /// Removing again what was created.
    Undo,
}

impl Doing {
    /// Creating an object of this kind.
    #[must_use]
    pub const fn create(kind: Kind) -> Self {
        match kind {
            Kind::Shm => Self::Shm,
            Kind::Queue => Self::Queue,
            Kind::Sem => Self::Sem,
        }
    }

    /// The words for its failure: util-linux's, where it has some.
    const fn words(self) -> &'static str {
        match self {
            Self::Shm => "create share memory failed",
            Self::Queue => "create message queue failed",
            Self::Sem => "create semaphore failed",
            Self::ForcedShm => {
                "create share memory failed: kernel.shm_rmid_forced=1 would remove it at exit"
            }
            Self::Posix => "POSIX objects are not supported yet",
            Self::BlockSignals => "block signals failed",
            Self::RandomKey => "get random key failed",
            Self::Write => "write error",
            Self::Undo => "an object is left behind",
        }
    }
}

/// Says what is wrong with a command line.
#[inline(never)] // its buffer would be in the frame of every run
pub fn refusal<K: Kernel>(refusal: &Refusal<'_>, kernel: &mut K) {
    let mut text = Text::new(kernel);
    text.fill(words(refusal), refusal.word.bytes);
    if refusal.mistake == Mistake::Ambiguous {
        let (name, _) = split_name(refusal.word.bytes);
        for spec in options::possibilities(refusal.grammar, name) {
            text.fill(" '--%'", spec.long());
        }
    }
    text.reason(reason(refusal));
    if refusal.keyed_reads {
        text.put(b"ipcmk: if this line gives a key, begin it with --keyed\n");
    }
    if !is_value(refusal) {
        text.put(b"Try 'ipcmk --help' for more information.\n");
    }
}

/// The words for a mistake; `%` stands for the word that is wrong.
const fn words(refusal: &Refusal<'_>) -> &'static str {
    match refusal.mistake {
        Mistake::UnknownLetter => "invalid option -- '%'",
        Mistake::UnknownName => "unrecognized option '--%'",
        Mistake::Ambiguous => "option '--%' is ambiguous; possibilities:",
        Mistake::LetterNeedsArgument => "option requires an argument -- '%'",
        Mistake::NameNeedsArgument => "option '--%' requires an argument",
        Mistake::NameTakesNone => "option '--%' doesn't allow an argument",
        Mistake::KeyedNotFirst => "option '--keyed' must be the first argument",
        Mistake::ExtraOperand => "extra operand '%'",
        Mistake::ModeTwice => "mode given twice: -p and '%'",
        Mistake::NoResource => "bad usage",
        Mistake::NoName => "name is required for POSIX IPC",
        Mistake::SeveralKeyed => "only one of -M, -Q and -S can have a key",
        Mistake::NoSize => "-p <size> is required with -M and -Q",
        Mistake::NsemsWithoutSet => "-s <nsems> goes with -S only",
        Mistake::Value(_) => match refusal.word.argument {
            Argument::Mode => "failed to parse mode: '%'",
            Argument::Key => "failed to parse key: '%'",
            Argument::Elements => "failed to parse elements: '%'",
            Argument::Size | Argument::Text | Argument::None => "failed to parse size: '%'",
        },
    }
}

/// The reason for a mistake, where it has one.
fn reason(refusal: &Refusal<'_>) -> Errno {
    if refusal.mistake == Mistake::Value(Bad::Range) {
        Errno::ERANGE
    } else if is_value(refusal) && refusal.word.argument != Argument::Elements {
        Errno::EINVAL
    } else {
        // Not even for a bad number of semaphores: util-linux's line has none.
        Errno::NONE
    }
}

/// Whether the line is right but for a value that is wrong or missing.
const fn is_value(refusal: &Refusal<'_>) -> bool {
    matches!(refusal.mistake, Mistake::Value(_) | Mistake::NoSize)
}

/// Says why nothing was created or printed.
#[inline(never)] // its buffer would be in the frame of every run
pub fn failure<K: Kernel>(doing: Doing, errno: Errno, kernel: &mut K) {
    let mut text = Text::new(kernel);
    text.put(doing.words().as_bytes());
    text.reason(errno);
}

/// Bytes of an error text that go out in one write; a longer one takes more.
const WRITE: usize = 512;

/// A text for standard error, written in one piece where it fits, and whole in
/// any case. Begins with the program's name.
struct Text<'k, K: Kernel> {
    kernel: &'k mut K,
    waiting: Vec<u8, WRITE>,
}

impl<'k, K: Kernel> Text<'k, K> {
    #[inline(always)]
    fn new(kernel: &'k mut K) -> Self {
        let mut text = Self {
            kernel,
            waiting: Vec::new(),
        };
        text.put(b"ipcmk: ");
        text
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.waiting.extend_from_slice(bytes).is_err() {
            self.flush();
            _ = write_all(self.kernel, Fd::Err, bytes);
        }
    }

    /// Puts `words` with `word` in the place of `%`.
    fn fill(&mut self, words: &str, word: &[u8]) {
        for &byte in words.as_bytes() {
            match byte {
                b'%' => self.put(word),
                _ => self.put(&[byte]),
            }
        }
    }

    /// Ends the line with a reason, if there is one.
    fn reason(&mut self, errno: Errno) {
        if errno != Errno::NONE {
            self.put(b": ");
            match errno.text() {
                Some(text) => self.put(text),
                None => {
                    self.put(b"errno ");
                    decimal(errno.number().into(), &mut |digit| self.put(&[digit]));
                }
            }
        }
        self.put(b"\n");
    }

    /// Nobody is left to hear of an error here.
    fn flush(&mut self) {
        _ = write_all(self.kernel, Fd::Err, &self.waiting);
        self.waiting.clear();
    }
}

impl<K: Kernel> Drop for Text<'_, K> {
    fn drop(&mut self) {
        self.flush();
    }
}
