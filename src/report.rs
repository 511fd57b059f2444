//! What the user reads: a line for each id, or the words for what went wrong.
//! The words are util-linux's where it has some: scripts search for them.

use core::num::NonZero;

use heapless::Vec;

use crate::errno::Errno;
use crate::getopt::split_name;
use crate::hint::Figures;
use crate::kernel::{Fd, Kernel, write_all};
use crate::number::Bad;
use crate::options::{self, Argument};
use crate::plan::{Attempt, Doing, Kind, MOST_STEPS, Made};
use crate::usage::{Mistake, Refusal};
use crate::words::Words;

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
        for digit in digits(object.id.unsigned_abs().into(), TEN).iter().rev() {
            _ = self.0.push(*digit);
        }
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

/// Digits of the longest number, `2^64 - 1`.
const MOST_DIGITS: usize = 20;

/// The digits of a number to a base of 10 or 16, the last one first.
fn digits(mut number: u64, base: NonZero<u64>) -> Vec<u8, MOST_DIGITS> {
    let mut digits = Vec::new();
    loop {
        let digit = u8::try_from(number % base).unwrap_or_default();
        // As many places as digits: it cannot be full.
        _ = digits.push(digit + if digit < 10 { b'0' } else { b'a' - 10 });
        number /= base;
        if number == 0 {
            return digits;
        }
    }
}

/// Base of decimal numbers.
const TEN: NonZero<u64> = NonZero::new(10).unwrap();
/// Base of hexadecimal numbers.
const SIXTEEN: NonZero<u64> = NonZero::new(16).unwrap();

/// The words for what failed: util-linux's, where it has some.
const fn failed(attempt: &Attempt) -> Words {
    match attempt.doing {
        Doing::Find | Doing::Create | Doing::SetQueue => Words::CREATE_FAILED.of(attempt.step.kind),
        Doing::ForcedShm => Words::FORCED_SHM,
        Doing::Posix => Words::POSIX_FAILED,
        Doing::BlockSignals => Words::BLOCK_FAILED,
        Doing::RandomKey => Words::RANDOM_FAILED,
        Doing::Write => Words::WRITE_FAILED,
    }
}

/// Answers --help or --version.
///
/// # Errors
/// Those of [`write_all`].
#[inline(never)] // its buffer would be in the frame of every run
pub fn answer<K: Kernel>(words: Words, kernel: &mut K) -> Result<(), Errno> {
    let mut text = Text::new(Fd::Out, kernel);
    text.fill(words);
    text.flush()
}

/// Says what is wrong with a command line.
#[inline(never)] // its buffer would be in the frame of every run
pub fn refusal<K: Kernel>(refusal: &Refusal<'_>, kernel: &mut K) {
    let mut text = Text::new(Fd::Err, kernel);
    text.word = refusal.word.bytes;
    text.begin(words(refusal));
    if refusal.mistake == Mistake::Ambiguous {
        let (name, _) = split_name(refusal.word.bytes);
        for spec in options::possibilities(refusal.grammar, name) {
            text.word = spec.long();
            text.fill(Words::POSSIBILITY);
        }
    }
    text.reason(reason(refusal));
    if refusal.keyed_reads {
        text.begin(Words::SAY_KEYED);
        text.reason(Errno::NONE);
    }
    if !is_value(refusal) {
        text.fill(Words::TRY_HELP);
    }
}

/// The words for a mistake.
const fn words(refusal: &Refusal<'_>) -> Words {
    match refusal.mistake {
        Mistake::UnknownLetter => Words::UNKNOWN_LETTER,
        Mistake::UnknownName => Words::UNKNOWN_NAME,
        Mistake::Ambiguous => Words::AMBIGUOUS,
        Mistake::LetterNeedsArgument => Words::LETTER_NEEDS_ARGUMENT,
        Mistake::NameNeedsArgument => Words::NAME_NEEDS_ARGUMENT,
        Mistake::NameTakesNone => Words::NAME_TAKES_NONE,
        Mistake::KeyedNotFirst => Words::KEYED_NOT_FIRST,
        Mistake::ExtraOperand => Words::EXTRA_OPERAND,
        Mistake::ModeTwice => Words::MODE_TWICE,
        Mistake::NoResource => Words::NO_RESOURCE,
        Mistake::NoName => Words::NO_NAME,
        Mistake::SeveralKeyed => Words::SEVERAL_KEYED,
        Mistake::NoSize => Words::NO_SIZE,
        Mistake::NsemsWithoutSet => Words::NSEMS_WITHOUT_SET,
        Mistake::Value(_) => match refusal.word.argument {
            Argument::Mode => Words::BAD_MODE,
            Argument::Key => Words::BAD_KEY,
            Argument::Elements => Words::BAD_ELEMENTS,
            Argument::Size | Argument::Text | Argument::None => Words::BAD_SIZE,
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

/// Says why nothing was created or printed, what may help, and which objects
/// are left, since their removal was refused.
#[inline(never)] // its buffer would be in the frame of every run
pub fn failure<K: Kernel>(
    attempt: &Attempt,
    errno: Errno,
    hint: Option<Words>,
    figures: &Figures,
    made: &[Made],
    kernel: &mut K,
) {
    let mut text = Text::new(Fd::Err, kernel);
    text.begin(failed(attempt));
    text.reason(errno);
    if let Some(words) = hint {
        text.figures = *figures;
        text.begin(words);
        text.reason(Errno::NONE);
    }
    for object in made.iter().filter(|object| object.left != Errno::NONE) {
        text.figures = [object.id.unsigned_abs().into(), 0, 0];
        text.begin(Words::LEFT.of(object.kind));
        text.reason(object.left);
    }
}

/// Bytes of a text that go out in one write; a longer one takes more. The help
/// text is shorter.
const WRITE: usize = 1536;

/// A text, written in one piece where it fits, and whole in any case.
struct Text<'k, K: Kernel> {
    kernel: &'k mut K,
    fd: Fd,
    /// The word that is wrong.
    word: &'k [u8],
    /// The figures of the next words.
    figures: Figures,
    waiting: Vec<u8, WRITE>,
}

impl<'k, K: Kernel> Text<'k, K> {
    #[inline(always)]
    fn new(fd: Fd, kernel: &'k mut K) -> Self {
        Self {
            kernel,
            fd,
            word: b"",
            figures: [0; 3],
            waiting: Vec::new(),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.waiting.extend_from_slice(bytes).is_err() {
            _ = self.flush();
            _ = write_all(self.kernel, self.fd, bytes);
        }
    }

    /// Begins a line with the program's name and these words.
    fn begin(&mut self, words: Words) {
        self.put(b"ipcmk: ");
        self.fill(words);
    }

    /// Puts words, with what they have places for.
    fn fill(&mut self, words: Words) {
        let mut figures = self.figures.into_iter();
        words.put(&mut |byte| {
            let base = match byte {
                b'@' => return self.put(self.word),
                b'%' => TEN,
                b'#' => SIXTEEN,
                _ => return self.put(&[byte]),
            };
            let figure = figures.next().unwrap_or_default();
            for digit in digits(figure, base).iter().rev() {
                self.put(&[*digit]);
            }
        });
    }

    /// Ends the line with a reason, if there is one.
    fn reason(&mut self, errno: Errno) {
        if errno != Errno::NONE {
            self.put(b": ");
            match errno.words() {
                Some(words) => self.fill(words),
                None => {
                    self.figures = [errno.number().into(), 0, 0];
                    self.fill(Words::UNKNOWN_ERRNO);
                }
            }
        }
        self.put(b"\n");
    }

    fn flush(&mut self) -> Result<(), Errno> {
        let written = write_all(self.kernel, self.fd, &self.waiting);
        self.waiting.clear();
        written
    }
}

impl<K: Kernel> Drop for Text<'_, K> {
    /// Nobody is left to hear of an error here.
    fn drop(&mut self) {
        _ = self.flush();
    }
}
